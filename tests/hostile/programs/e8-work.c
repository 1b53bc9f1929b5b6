/* SPDX-License-Identifier: MIT */
/* E8: an honest program, while others validate.
 * Tries: to be disturbed by Validate jobs on the same package, which the harness submits beside it.
 * Expected: AC
 * Why: one job at a time: the intervals in which the jobs ran do not overlap. */

#include <stdio.h>

int main(void) {
        volatile unsigned long sum = 0;

        for (unsigned long i = 0; i < 20000000; i++)
                sum += i;
        printf("%lu\n", sum);
        return 0;
}
