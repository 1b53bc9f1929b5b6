/* SPDX-License-Identifier: MIT */
#pragma once

/* How long a comparison has to be. */

#include <stddef.h>

#define PLAN_POWER 0.8
#define PLAN_PAIRS_MAX 10000

/* How likely comparison_of_pairs() of n pairs is to find a true change of `effect` (a fraction above −1) significant,
 * of the right sign and, with a threshold above 0, larger than that, which is to call it improved or regressed, when
 * the noise of ln(B/A) is Gaussian with the standard deviation sigma_pair: P(Bin(n, Φ(|δ|/σ)) ≥ n + 1 − k), δ = ln(1 +
 * effect), k = summary_rank(n). 0 when n < 6. -EINVAL when effect is 0, not above −1 or not finite, sigma_pair or the
 * threshold is not finite or negative, or n is above 10,000. Source: the power of the sign test, Hollander, Wolfe &
 * Chicken, Nonparametric Statistical Methods, 3rd ed., §3.4. With a threshold that is P(X(k) > 0 and the median is
 * above ϑ), ϑ = ln(1 + threshold), of n Gaussian deviates around |δ|, by numerical integration over the density of the
 * median, or of the lower of its two: David & Nagaraja, Order Statistics, 3rd ed., §2.1 f. */
int plan_power(double effect, double sigma_pair, double threshold, size_t n, double *ret);

/* The smallest number of pairs with a power of at least 80 %. It is not so that each larger number has it: a test that
 * counts has a level that goes up and down with n, and this returns one of the good ones. Errors as above; -ERANGE
 * when 10,000 pairs are not enough, as when the effect is not above the threshold: at it, every second job at most
 * calls it improved or regressed. */
int plan_pairs(double effect, double sigma_pair, double threshold, size_t *ret);
