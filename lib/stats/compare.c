/* SPDX-License-Identifier: MIT */
#include "compare.h"

#include <errno.h>
#include <math.h>

#include <glib.h>

#include "binomial.h"
#include "compare-internal.h"
#include "summary.h"

#define SIGMA_PER_MAD 1.4826 /* of the normal distribution */
#define NOISE_FLOOR_PERCENT 95

static const char *const words[] = {
        [COMPARISON_TOO_FEW] = "too few pairs to tell",
        [COMPARISON_NO_CHANGE] = "no change detected",
        [COMPARISON_WITHIN] = "change within the noise threshold",
        [COMPARISON_IMPROVED] = "improved",
        [COMPARISON_REGRESSED] = "regressed",
};
G_STATIC_ASSERT(G_N_ELEMENTS(words) == _COMPARISON_WORD_MAX);

const char *comparison_word_to_string(ComparisonWord word) {
        return words[word];
}

int energies_check(const double *energies, size_t n) {
        if (n == 0)
                return -ENODATA;
        for (size_t i = 0; i < n; i++)
                if (!isfinite(energies[i]) || energies[i] <= 0)
                        return -EINVAL;
        return 0;
}

int noise_floor_check(double noise_floor) {
        return isfinite(noise_floor) && noise_floor >= 0 ? 0 : -EINVAL;
}

/* The word of one of `family` comparisons. */
static ComparisonWord decide(const Comparison *comparison, size_t family) {
        if (comparison->p_adjusted > COMPARE_ALPHA)
                return comparison->p_least * (double) family > COMPARE_ALPHA ? COMPARISON_TOO_FEW
                                                                             : COMPARISON_NO_CHANGE;
        if (fabs(comparison->change) <= comparison->threshold)
                return COMPARISON_WITHIN;
        return comparison->change < 0 ? COMPARISON_IMPROVED : COMPARISON_REGRESSED;
}

void comparison_finish(Comparison *comparison, double noise_floor) {
        comparison->threshold = MAX(COMPARE_THRESHOLD_MIN, noise_floor);
        comparison->p_adjusted = comparison->p;
        comparison->word = decide(comparison, 1);
}

/* ln(b/a) of each pair; NULL and an error as comparison_of_pairs() has them. */
static int differences(const double *a, const double *b, size_t n, double **ret) {
        double *d;
        int r;

        r = energies_check(a, n);
        if (r == 0)
                r = energies_check(b, n);
        if (r < 0)
                return r;
        d = g_new(double, n);
        for (size_t i = 0; i < n; i++)
                d[i] = log(b[i]) - log(a[i]);
        *ret = d;
        return 0;
}

static double sign_test(const double *d, size_t n) {
        size_t above = 0, below = 0;

        for (size_t i = 0; i < n; i++) {
                above += d[i] > 0;
                below += d[i] < 0;
        }
        return (double) fminl(1, 2 * binomial_cdf(n - MAX(above, below), n, 0.5L));
}

int comparison_of_pairs(const double *a, const double *b, size_t n, double noise_floor, Comparison *ret) {
        g_autofree double *d = NULL;
        Comparison comparison = { .n = n };
        Summary summary;
        int r;

        r = noise_floor_check(noise_floor);
        if (r == 0)
                r = differences(a, b, n, &d);
        if (r == 0)
                r = summary_compute(d, n, &summary);
        if (r < 0)
                return r;
        comparison.change = expm1(summary.median);
        comparison.has_ci = summary.has_ci;
        if (summary.has_ci) {
                comparison.low = expm1(summary.ci_low);
                comparison.high = expm1(summary.ci_high);
        }
        comparison.sigma_pair = SIGMA_PER_MAD * summary.mad;
        comparison.p = sign_test(d, n);
        comparison.p_least = (double) fminl(1, 2 * binomial_cdf(0, n, 0.5L));
        comparison_finish(&comparison, noise_floor);
        *ret = comparison;
        return 0;
}

static int compare_p(const void *a, const void *b) {
        double x = (*(Comparison *const *) a)->p, y = (*(Comparison *const *) b)->p;

        return (x > y) - (x < y);
}

void comparison_adjust(Comparison *comparisons, size_t n) {
        g_autofree Comparison **by_p = g_new(Comparison *, n);
        double largest = 0;

        for (size_t i = 0; i < n; i++)
                by_p[i] = &comparisons[i];
        qsort(by_p, n, sizeof(*by_p), compare_p);
        for (size_t i = 0; i < n; i++) {
                largest = MAX(largest, MIN(1, by_p[i]->p * (double) (n - i)));
                by_p[i]->p_adjusted = largest;
                by_p[i]->word = decide(by_p[i], n);
        }
}

ComparisonGate comparison_gate(const Comparison *comparison, double fail_above, double fail_below) {
        switch (comparison->word) {
        case COMPARISON_REGRESSED:
                return fail_above > 0 && comparison->change > fail_above ? COMPARISON_ABOVE : COMPARISON_PASSED;
        case COMPARISON_IMPROVED:
                return fail_below > 0 && -comparison->change > fail_below ? COMPARISON_BELOW : COMPARISON_PASSED;
        case COMPARISON_TOO_FEW:
                return COMPARISON_UNTOLD;
        default:
                return COMPARISON_PASSED;
        }
}

int comparison_noise_floor(const double *a, const double *b, size_t n, double *ret) {
        g_autofree double *d = NULL, *sorted = NULL;
        int r;

        r = differences(a, b, n, &d);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                d[i] = fabs(d[i]);
        sorted = stats_sorted(d, n);
        *ret = expm1(sorted[(n * NOISE_FLOOR_PERCENT + 99) / 100 - 1]);
        return 0;
}
