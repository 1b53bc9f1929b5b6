/* SPDX-License-Identifier: MIT */
/* Its numbers have 32 bits. */
#include <stdio.h>

int main(void) {
        int value, before = 0, start = 0, best_start = 0;
        long n, length = 0, best = 0;

        if (scanf("%ld", &n) != 1)
                return 1;
        for (long i = 0; i < n; i++) {
                if (scanf("%d", &value) != 1)
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
        printf("%ld %d\n", best, best_start);
        return 0;
}
