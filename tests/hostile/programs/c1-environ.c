/* SPDX-License-Identifier: MIT */
/* C1: includes the compiler's environment.
 * Tries: to learn secrets of the service's environment from the messages.
 * Expected: environ CE
 * Why: the environment is the box's minimum; it is no C. */

#include "/proc/self/environ"

int main(void) {
        return 0;
}
