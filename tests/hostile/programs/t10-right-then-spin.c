/* SPDX-License-Identifier: MIT */
/* T10: the right answer, flushed, and then a loop.
 * Tries: to be judged by its output alone.
 * Expected: TLE
 * Why: a limit comes before the answer in the order of verdicts. */

#include <stdio.h>

int main(void) {
        puts("42");
        fflush(stdout);
        for (volatile unsigned long n = 0;; n++)
                ;
}
