/* SPDX-License-Identifier: MIT */
#pragma once

/* Noise from the project's own generator: the same on every machine. */

#include <math.h>

#include "prng.h"

/* Even over (0, 1). */
static inline double simulated_even(Prng *prng) {
        return ((double) (prng_next(prng) >> 11) + 0.5) * 0x1p-53;
}

/* Gaussian with standard deviation 1 (Box and Muller). */
static inline double simulated_gauss(Prng *prng) {
        const double size = sqrt(-2 * log(simulated_even(prng)));

        return size * cos(2 * M_PI * simulated_even(prng));
}

/* Exponential with median 0 and standard deviation 1: skewed to the right. */
static inline double simulated_skewed(Prng *prng) {
        return -log(simulated_even(prng)) - M_LN2;
}
