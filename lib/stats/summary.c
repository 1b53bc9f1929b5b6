/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <limits.h>
#include <string.h>

#include <glib.h>

#include "summary.h"

#define ALPHA 0.05L

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

double *stats_sorted(const double *values, size_t n) {
        double *sorted = g_new(double, n);

        memcpy(sorted, values, n * sizeof(double));
        qsort(sorted, n, sizeof(double), compare_doubles);
        return sorted;
}

static double median_of_sorted(const double *sorted, size_t n) {
        return n % 2 == 1 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

int stats_median(const double *values, size_t n, double *ret) {
        g_autofree double *sorted = NULL;

        if (n == 0)
                return -ENODATA;
        sorted = stats_sorted(values, n);
        *ret = median_of_sorted(sorted, n);
        return 0;
}

/* Two-sided 95 % quantiles of Student's t, by degrees of freedom. */
static const double t_quantiles[] = { NAN,   12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                      2.201, 2.179,  2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080,
                                      2.074, 2.069,  2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042 };

double stats_t_quantile(size_t freedom) {
        /* Beyond the table, 1.96 and the first term of its expansion in 1 ÷ freedom. */
        return freedom < G_N_ELEMENTS(t_quantiles) ? t_quantiles[freedom] : 1.96 + 2.4 / (double) freedom;
}

double stats_mean(const double *values, size_t n) {
        double mean = 0;

        /* A running mean, which a sum of large values cannot overflow. */
        for (size_t i = 0; i < n; i++)
                mean += (values[i] - mean) / (double) (i + 1);
        return n > 0 ? mean : NAN;
}

double stats_deviation(const double *values, size_t n) {
        const double mean = stats_mean(values, n);
        double squares = 0;

        if (n < 2)
                return NAN;
        for (size_t i = 0; i < n; i++)
                squares += (values[i] - mean) * (values[i] - mean);
        return sqrt(squares / (double) (n - 1));
}

double stats_mean_half_width(const double *values, size_t n) {
        return n < 2 ? NAN : stats_t_quantile(n - 1) * stats_deviation(values, n) / sqrt((double) n);
}

size_t summary_rank(size_t n) {
        long double probability, below = 0;
        size_t k = 0;

        /* P(Bin(n, ½) = k), from which P(< k) grows term by term. 2⁻ⁿ stays above a long double's smallest value up
         * to n = 16,000, far more trials than a job may have; beyond that the rank is 0, no interval. */
        probability = ldexpl(1.0L, -(int) MIN(n, (size_t) INT_MAX));
        if (probability <= 0)
                return 0;
        while (k < n / 2) {
                below += probability;
                if (2 * below > ALPHA)
                        break;
                probability *= (long double) (n - k) / (long double) (k + 1);
                k++;
        }
        return k;
}

int summary_compute(const double *values, size_t n, Summary *ret) {
        g_autofree double *sorted = NULL, *deviations = NULL;
        Summary summary = { .n = n };
        size_t rank;

        if (n == 0)
                return -ENODATA;
        for (size_t i = 0; i < n; i++)
                if (!isfinite(values[i]))
                        return -EINVAL;

        sorted = stats_sorted(values, n);
        summary.median = median_of_sorted(sorted, n);
        summary.min = sorted[0];
        summary.max = sorted[n - 1];

        summary.mean = stats_mean(sorted, n);

        deviations = g_new(double, n);
        for (size_t i = 0; i < n; i++)
                deviations[i] = fabs(values[i] - summary.median);
        (void) stats_median(deviations, n, &summary.mad);

        rank = summary_rank(n);
        if (rank > 0) {
                summary.has_ci = true;
                summary.ci_low = sorted[rank - 1];
                summary.ci_high = sorted[n - rank];
        }
        *ret = summary;
        return 0;
}

int summary_relative_half_width(const Summary *summary, double *ret) {
        if (!summary->has_ci || summary->median == 0)
                return -ENODATA;
        *ret = (summary->ci_high - summary->ci_low) / 2 / fabs(summary->median);
        return 0;
}
