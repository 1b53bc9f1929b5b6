/* SPDX-License-Identifier: MIT */
/* E7: an honest program, while a neighbour loads the host.
 * Tries: to have a competitor's result made bad from a login session; the harness starts the neighbour.
 * Expected: AC
 * Why: the reserved core is nobody else's; load on the same package is seen, and the job is measured again or says so
 * (UNSTABLE, INVALIDATED), never silently worse. */

#include <stdio.h>

int main(void) {
        volatile unsigned long sum = 0;

        for (unsigned long i = 0; i < 20000000; i++)
                sum += i;
        printf("%lu\n", sum);
        return 0;
}
