/* SPDX-License-Identifier: MIT */
#include "binomial.h"

#include <math.h>

long double binomial_cdf(size_t k, size_t n, long double p) {
        long double term = powl(1 - p, (long double) n), sum = term;

        for (size_t i = 0; i < k && i < n; i++) {
                term *= (long double) (n - i) / (long double) (i + 1) * p / (1 - p);
                sum += term;
        }
        return fminl(sum, 1);
}
