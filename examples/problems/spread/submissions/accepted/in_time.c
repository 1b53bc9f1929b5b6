/* SPDX-License-Identifier: MIT */
/* Takes 0.8 s, from which the limit follows: 1.1 times it, rounded up to a second. */
#include <math.h>
#include <stdio.h>
#include <time.h>

/* Burns CPU time until the process has used that much, whatever the speed of the machine. */
static void spin(double seconds) {
        struct timespec now;

        do
                clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        while ((double) now.tv_sec + 1e-9 * (double) now.tv_nsec < seconds);
}

int main(void) {
        double mean = 0, squares = 0, value;
        int n;

        if (scanf("%d", &n) != 1)
                return 1;
        for (int i = 1; i <= n; i++) {
                double before;

                if (scanf("%lf", &value) != 1)
                        return 1;
                before = value - mean;
                mean += before / i;
                squares += before * (value - mean);
        }
        spin(0.8);
        printf("%.9f %.9f\n", mean, sqrt(squares / n));
        return 0;
}
