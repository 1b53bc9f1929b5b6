/* SPDX-License-Identifier: MIT */
/* Takes 1.3 times the limit. */
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
        long long value, before = 0, start = 0, best_start = 0;
        long n, length = 0, best = 0;

        if (scanf("%ld", &n) != 1)
                return 1;
        for (long i = 0; i < n; i++) {
                if (scanf("%lld", &value) != 1)
                        return 1;
                if (length == 0 || value < before) {
                        length = 0;
                        start = value;
                }
                length++;
                if (length > best) {
                        best = length;
                        best_start = start;
                }
                before = value;
        }
        spin(1.3);
        printf("%ld %lld\n", best, best_start);
        return 0;
}
