/* SPDX-License-Identifier: MIT */
/* The difference of two large numbers loses the small one. */
#include <math.h>
#include <stdio.h>

int main(void) {
        double sum = 0, squares = 0, value;
        int n;

        if (scanf("%d", &n) != 1)
                return 1;
        for (int i = 0; i < n; i++) {
                if (scanf("%lf", &value) != 1)
                        return 1;
                sum += value;
                squares += value * value;
        }
        printf("%.9f %.9f\n", sum / n, sqrt(fmax(squares / n - sum / n * (sum / n), 0)));
        return 0;
}
