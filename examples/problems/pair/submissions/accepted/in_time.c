/* SPDX-License-Identifier: MIT */
/* Takes 0.8 s, from which the limit follows: 1.1 times it, rounded up to a second. */
#include <stdio.h>
#include <time.h>

/* Burns CPU time until the process has used that much, whatever the speed of the machine. */
static void spin(double seconds) {
        struct timespec now;

        do
                clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        while ((double) now.tv_sec + 1e-9 * (double) now.tv_nsec < seconds);
}

static long long values[10000];

int main(void) {
        long long sum;
        int n;

        spin(0.8);
        if (scanf("%d %lld", &n, &sum) != 2 || n > 10000)
                return 1;
        for (int i = 0; i < n; i++)
                if (scanf("%lld", &values[i]) != 1)
                        return 1;
        for (int i = 0; i < n; i++)
                for (int j = i + 1; j < n; j++)
                        if (values[i] + values[j] == sum) {
                                printf("%d %d\n", i + 1, j + 1);
                                return 0;
                        }
        puts("impossible");
        return 0;
}
