/* SPDX-License-Identifier: MIT */
/* C1: includes /dev/zero.
 * Tries: to have the compiler read without end.
 * Expected: zero CE
 * Why: a device is refused by the compiler, or it reads until its own memory or time limit. */

#include "/dev/zero"

int main(void) {
        return 0;
}
