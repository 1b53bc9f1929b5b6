/* SPDX-License-Identifier: MIT */
/* O7: the right answer, and white space without end.
 * Tries: to have a validator skip it for ever.
 * Expected: OLE
 * Why: white space is output and counts towards the cap. */

#include <stdio.h>

int main(void) {
        puts("42");
        for (;;)
                if (fputs("                               \n", stdout) < 0)
                        return 1;
}
