/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

/* P(Bin(n, p) ≤ k), exact to rounding. p ≤ ½ and n ≤ 16,000, so that (1 − p)ⁿ, where the sum starts, is not yet too
 * small for a long double. */
long double binomial_cdf(size_t k, size_t n, long double p);
