/* SPDX-License-Identifier: MIT */
#include <stdio.h>

static long long values[10000];

int main(void) {
        long long sum;
        int n;

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
