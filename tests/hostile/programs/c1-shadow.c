/* SPDX-License-Identifier: MIT */
/* C1: includes /etc/shadow.
 * Tries: to have the compiler print password hashes in its messages.
 * Expected: shadow CE
 * Why: the compiler runs in a box: there is no such file, and none of it may stand in the report. */

#include "/etc/shadow"

int main(void) {
        return 0;
}
