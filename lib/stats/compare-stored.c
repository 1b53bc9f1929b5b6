/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "compare-internal.h"
#include "summary.h"

#define EXACT_MAX 30
#define NORMAL_QUANTILE 1.9599639845400545 /* of 1 − α/2 */

/* How U, the number of (i, j) with b_j above a_i, is distributed when nothing changed. */
typedef struct Null {
        size_t n_a, n_b;
        long double *cumulated; /* P(U ≤ u) for u = 0 … n_a·n_b; NULL: the normal distribution */
        double mean, sigma;
} Null;

static void null_clear(Null *null) {
        g_free(null->cumulated);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Null, null_clear)

/* The arrangements of n_a and n_b trials that have each U, by the largest trial of all: f(a, b, u) = f(a − 1, b, u −
 * b) + f(a, b − 1, u), with row a of the table being f(a, b) of the b reached. */
static long double *count(size_t n_a, size_t n_b) {
        const size_t width = n_a * n_b + 1;
        g_autofree long double *table = g_new0(long double, (n_a + 1) * width);
        long double *cumulated = g_new(long double, width), sum = 0;

        for (size_t a = 0; a <= n_a; a++)
                table[a * width] = 1;
        for (size_t b = 1; b <= n_b; b++)
                for (size_t a = 1; a <= n_a; a++)
                        for (size_t u = b; u < width; u++)
                                table[a * width + u] += table[(a - 1) * width + u - b];
        for (size_t u = 0; u < width; u++)
                cumulated[u] = sum += table[n_a * width + u];
        for (size_t u = 0; u < width; u++)
                cumulated[u] /= sum;
        return cumulated;
}

/* Σ (t³ − t) over the groups of t equal trials. */
static double ties(const double *a, size_t n_a, const double *b, size_t n_b) {
        const size_t n = n_a + n_b;
        g_autofree double *all = g_new(double, n), *sorted = NULL;
        double sum = 0;
        size_t group = 1;

        for (size_t i = 0; i < n; i++)
                all[i] = i < n_a ? a[i] : b[i - n_a];
        sorted = stats_sorted(all, n);
        for (size_t i = 1; i <= n; i++) {
                if (i < n && sorted[i] == sorted[i - 1]) {
                        group++;
                        continue;
                }
                sum += (double) group * ((double) group * (double) group - 1);
                group = 1;
        }
        return sum;
}

static Null null_make(const double *a, size_t n_a, const double *b, size_t n_b) {
        const double pairs = (double) n_a * (double) n_b, n = (double) n_a + (double) n_b;
        const double tied = ties(a, n_a, b, n_b);
        Null null = { .n_a = n_a, .n_b = n_b, .mean = pairs / 2 };

        if (tied == 0 && n_a <= EXACT_MAX && n_b <= EXACT_MAX)
                null.cumulated = count(n_a, n_b);
        null.sigma = sqrt(pairs / 12 * (n + 1 - tied / (n * (n - 1))));
        return null;
}

/* P(U ≤ u) on both sides, u not above the mean. */
static double null_p(const Null *null, double u) {
        if (null->cumulated)
                return (double) fminl(1, 2 * null->cumulated[(size_t) u]);
        if (null->sigma <= 0) /* all are equal */
                return 1;
        return fmin(1, erfc(fmax(null->mean - u - 0.5, 0) / null->sigma / M_SQRT2));
}

/* The rank from both ends of the sorted differences at which the interval ends: the largest k with 2·P(U < k) ≤ α; 0:
 * there is no interval. */
static size_t null_rank(const Null *null) {
        const size_t pairs = null->n_a * null->n_b;
        size_t k = 0;

        if (!null->cumulated)
                return (size_t) fmax(floor(null->mean - NORMAL_QUANTILE * null->sigma + 0.5), 0);
        while (k < pairs / 2 && 2 * null->cumulated[k] <= COMPARE_ALPHA)
                k++;
        return k;
}

/* 2 / C(n_a + n_b, n_a): every trial of one above every trial of the other. */
static double least_p(size_t n_a, size_t n_b) {
        double logarithm =
                        lgamma((double) n_a + (double) n_b + 1) - lgamma((double) n_a + 1) - lgamma((double) n_b + 1);

        return fmin(1, 2 * exp(-logarithm));
}

int comparison_of_stored(const double *a, size_t n_a, const double *b, size_t n_b, double noise_floor,
                         Comparison *ret) {
        const size_t pairs = n_a * n_b;
        Comparison comparison = { .n = MIN(n_a, n_b), .sigma_pair = NAN };
        g_autofree double *d = NULL, *sorted = NULL;
        g_auto(Null) null = {};
        double u = 0, median = 0;
        size_t rank;
        int r;

        r = noise_floor_check(noise_floor);
        if (r == 0)
                r = energies_check(a, n_a);
        if (r == 0)
                r = energies_check(b, n_b);
        if (r < 0)
                return r;

        d = g_new(double, pairs);
        for (size_t i = 0; i < n_a; i++)
                for (size_t j = 0; j < n_b; j++) {
                        u += b[j] > a[i] ? 1 : b[j] == a[i] ? 0.5 : 0;
                        d[i * n_b + j] = log(b[j]) - log(a[i]);
                }
        sorted = stats_sorted(d, pairs);
        (void) stats_median(d, pairs, &median);
        comparison.change = expm1(median);

        null = null_make(a, n_a, b, n_b);
        comparison.p = null_p(&null, MIN(u, (double) pairs - u));
        comparison.p_least = least_p(n_a, n_b);
        rank = comparison.p_least > COMPARE_ALPHA ? 0 : null_rank(&null);
        comparison.has_ci = rank > 0;
        if (rank > 0) {
                comparison.low = expm1(sorted[rank - 1]);
                comparison.high = expm1(sorted[pairs - rank]);
        }
        comparison_finish(&comparison, noise_floor);
        *ret = comparison;
        return 0;
}
