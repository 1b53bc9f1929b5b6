/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "binomial.h"
#include "summary.h"

#define PIECES 256U /* of each half of the integral (Simpson); even */

/* A Gaussian deviate's chance to be below z, and the logarithm of its density. */
static double below(double z) {
        return erfc(-z / M_SQRT2) / 2;
}

static double log_density(double z) {
        return -z * z / 2 - log(2 * M_PI) / 2;
}

/* P(Bin(n, p) ≤ k) for any p: binomial_cdf() wants the smaller side. */
static double at_most(size_t k, size_t n, double p) {
        if (k >= n)
                return 1;
        return p <= 0.5 ? (double) binomial_cdf(k, n, p) : 1 - (double) binomial_cdf(n - k - 1, n, 1 - p);
}

/* n pairs in units of their noise, the true change at 0: where no change and the threshold lie from there. */
typedef struct Named {
        size_t n, rank;
        double zero, threshold;
} Named;

/* Density of the median at z, or with an even n of the lower of the two it lies between, the median being above the
 * threshold; and, counted, of fewer than `rank` pairs being on the wrong side of zero. */
static double density(const Named *named, double z, bool counted) {
        const size_t lower = (named->n - 1) / 2, upper = named->n - 1 - lower;
        const double least = named->n % 2 == 0 ? fmax(z, 2 * named->threshold - z) : z;
        const double log_ways =
                        lgamma((double) named->n + 1) - lgamma((double) lower + 1) - lgamma((double) upper + 1);
        const double weight = exp(log_ways + log_density(z) + (double) lower * log(below(z)) +
                                  (double) upper * log(below(-least)));

        return counted ? weight * at_most(named->rank - 1, lower, below(named->zero) / below(z)) : weight;
}

static double integrate(const Named *named, double from, double to, bool counted) {
        const double step = (to - from) / PIECES;
        double sum = 0;

        if (from >= to)
                return 0;
        for (unsigned i = 0; i <= PIECES; i++)
                sum += (i == 0 || i == PIECES ? 1 : i % 2 == 1 ? 4 : 2) * density(named, from + i * step, counted);
        return sum * step / 3;
}

/* The lower of two middle ones may be below the threshold, but not below zero, nor farther below than two neighbours
 * lie apart: that is about 2.5/n, and the integral has to see it. */
static double named_power(const Named *named, bool counted) {
        const double reach = 10 * sqrt(M_PI_2 / (double) named->n); /* standard deviations of a median */
        const double split = fmin(fmax(named->threshold, -reach), reach);
        const double nearest = fmax(fmax(named->zero, -reach), split - 100 / (double) named->n);
        const double from = named->n % 2 == 0 ? nearest : split;

        return fmin(integrate(named, from, split, counted) + integrate(named, split, reach, counted), 1);
}

/* In logarithms, where a decrease has farther to go; none is larger than all. */
static double limit_of(double effect, double threshold) {
        if (effect > 0)
                return log1p(threshold);
        return threshold < 1 ? -log1p(-threshold) : INFINITY;
}

static int named_init(double effect, double sigma_pair, double threshold, size_t n, Named *ret) {
        double change, beyond;

        if (!isfinite(effect) || effect <= -1 || effect == 0 || !isfinite(sigma_pair) || sigma_pair < 0 ||
            !isfinite(threshold) || threshold < 0 || n > PLAN_PAIRS_MAX)
                return -EINVAL;
        change = fabs(log1p(effect));
        beyond = change - limit_of(effect, threshold);
        *ret = (Named){ .n = n, .rank = summary_rank(n) };
        if (sigma_pair > 0) {
                ret->zero = -change / sigma_pair;
                ret->threshold = -beyond / sigma_pair;
        } else {
                ret->zero = -INFINITY;
                ret->threshold = beyond > 0 ? -INFINITY : INFINITY;
        }
        return 0;
}

/* The chance that one pair has the wrong sign, and then that less than k of them do. */
static double significant_power(const Named *named) {
        return named->rank > 0 ? (double) binomial_cdf(named->rank - 1, named->n, below(named->zero)) : 0;
}

int plan_power(double effect, double sigma_pair, double threshold, size_t n, double *ret) {
        Named named;
        int r;

        r = named_init(effect, sigma_pair, threshold, n, &named);
        if (r < 0)
                return r;
        *ret = named.rank > 0 && threshold > 0 ? named_power(&named, true) : significant_power(&named);
        return 0;
}

/* To be both is no likelier than to be either, which is sooner found out. */
static bool is_enough(const Named *named, bool threshold) {
        if (significant_power(named) < PLAN_POWER)
                return false;
        return !threshold || (named_power(named, false) >= PLAN_POWER && named_power(named, true) >= PLAN_POWER);
}

int plan_pairs(double effect, double sigma_pair, double threshold, size_t *ret) {
        for (size_t n = 1; n <= PLAN_PAIRS_MAX; n++) {
                Named named;
                int r;

                r = named_init(effect, sigma_pair, threshold, n, &named);
                if (r < 0)
                        return r;
                if (is_enough(&named, threshold > 0)) {
                        *ret = n;
                        return 0;
                }
        }
        return -ERANGE;
}
