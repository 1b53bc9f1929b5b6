/* SPDX-License-Identifier: MIT */
/* C1: includes the compiler's environment.
 * Tries: to learn secrets of the service's environment from the messages.
 * Expected: environ WA|CE
 * Why: the environment is the box's minimum; it is no C. A compiler that reads as much as the file's size says reads
 * nothing of it, and what is left of the program prints nothing. */

#include "/proc/self/environ"

int main(void) {
        return 0;
}
