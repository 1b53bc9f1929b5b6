/* SPDX-License-Identifier: MIT */
#pragma once

/* What a list of trials comes to. Pure functions on arrays of doubles; nothing is dropped, whatever it looks like. */

#include <stdbool.h>
#include <stddef.h>

typedef struct Summary {
        size_t n;
        double median;
        double mad;             /* median of |x − median|, not scaled */
        double ci_low, ci_high; /* of the median, at least 95 %; only when has_ci */
        bool has_ci;            /* n ≥ 6 */
        double min, max, mean;
} Summary;

/* -ENODATA when n is 0, -EINVAL when a value is not finite. */
int summary_compute(const double *values, size_t n, Summary *ret);

/* A sorted copy; g_free(). */
double *stats_sorted(const double *values, size_t n);

/* The mean of the middle two when n is even. -ENODATA when n is 0. */
int stats_median(const double *values, size_t n, double *ret);

/* The two-sided 95 % quantile of Student's t with so many degrees of freedom; NAN with none. */
double stats_t_quantile(size_t freedom);

/* NAN without values. */
double stats_mean(const double *values, size_t n);

/* The sample's standard deviation s, with n − 1; NAN with fewer than two values. */
double stats_deviation(const double *values, size_t n);

/* Half the width of the 95 % interval of the mean, t·s/√n (GUM 4.2.3, G.3.2); NAN with fewer than two values. */
double stats_mean_half_width(const double *values, size_t n);

/* The rank k of the order-statistic (sign-test) interval [x(k), x(n+1−k)] of the median: the largest k with
 * 2·P(Bin(n, ½) < k) ≤ 0.05; 0 when there is none (n ≤ 5). Assumes no distribution.
 * Source: Conover, Practical Nonparametric Statistics, 3rd ed., §3.2; Hahn & Meeker, Statistical Intervals, §5.2. */
size_t summary_rank(size_t n);

/* Half the interval's width over |median|: what --until-rel-ci looks at. -ENODATA without an interval or when the
 * median is 0. */
int summary_relative_half_width(const Summary *summary, double *ret);
