/* SPDX-License-Identifier: MIT */
/* C2: includes itself twice.
 * Tries: 2^200 lines before the compiler's nesting limit ends it.
 * Expected: itself CE
 * Why: the compile step has limits of its own. */

#include __FILE__
#include __FILE__

int main(void) {
        return 0;
}
