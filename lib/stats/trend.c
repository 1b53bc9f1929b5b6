/* SPDX-License-Identifier: MIT */
#include "trend.h"

#include <errno.h>
#include <math.h>

#include <glib.h>

#include "summary.h"

/* t(t−1)(2t+5), of n trials or of a group of t equal ones. */
static double variance_term(size_t t) {
        return (double) t * ((double) t - 1) * (2 * (double) t + 5);
}

static double variance(const double *values, size_t n) {
        g_autofree double *sorted = stats_sorted(values, n);
        double sum = variance_term(n);
        size_t group = 1;

        for (size_t i = 1; i <= n; i++) {
                if (i < n && sorted[i] == sorted[i - 1]) {
                        group++;
                        continue;
                }
                sum -= variance_term(group);
                group = 1;
        }
        return sum / 18;
}

int trend_compute(const double *values, size_t n, Trend *ret) {
        g_autofree double *slopes = NULL;
        size_t n_slopes = 0;
        Trend trend = {};
        double slope = 0;

        if (n < 2)
                return -ENODATA;
        for (size_t i = 0; i < n; i++)
                if (!isfinite(values[i]))
                        return -EINVAL;

        slopes = g_new(double, n *(n - 1) / 2);
        for (size_t i = 0; i < n; i++)
                for (size_t j = i + 1; j < n; j++) {
                        trend.s += (values[j] > values[i]) - (values[j] < values[i]);
                        slopes[n_slopes++] = (values[j] - values[i]) / (double) (j - i);
                }
        (void) stats_median(slopes, n_slopes, &slope);
        trend.drift = slope * (double) (n - 1);

        /* One less than S, towards 0: S moves in steps of 2 and the normal distribution does not. */
        if (trend.s != 0)
                trend.z = (double) (trend.s - (trend.s > 0 ? 1 : -1)) / sqrt(variance(values, n));
        trend.found = fabs(trend.z) > TREND_Z;
        *ret = trend;
        return 0;
}
