/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

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
        printf("%.9f %.9f\n", mean, sqrt(squares / n));
        return 0;
}
