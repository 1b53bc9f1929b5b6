/* SPDX-License-Identifier: MIT */
#pragma once

#include "compare.h"

/* -EINVAL unless all are finite and above 0, and n is not 0: -ENODATA. */
int energies_check(const double *energies, size_t n);
int noise_floor_check(double noise_floor);

/* threshold, p_adjusted and word of a comparison that stands alone and has all else. */
void comparison_finish(Comparison *comparison, double noise_floor);
