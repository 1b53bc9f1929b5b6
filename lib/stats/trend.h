/* SPDX-License-Identifier: MIT */
#pragma once

/* Whether trials change while the job goes on. Pure functions on arrays in the order in which the trials ran. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREND_Z 1.96

typedef struct Trend {
        int64_t s;    /* pairs of trials of which the later is the larger, minus those of which it is the smaller */
        double z;     /* s over its standard deviation when nothing drifts; > 0 rises; 0 when all are equal */
        double drift; /* from the first trial to the last along the median slope, in the unit of the values */
        bool found;   /* |z| > 1.96 */
} Trend;

/* Mann–Kendall: S = Σ sign(x_j − x_i) over i < j; Var S = [n(n−1)(2n+5) − Σ t(t−1)(2t+5)] / 18 with t the size of each
 * group of equal values; z = (S ∓ 1) / √Var S. Assumes no distribution and no shape of the trend. Fewer than 5 trials
 * cannot reach 1.96. The drift is (n − 1) times the median of all slopes (x_j − x_i) / (j − i). -ENODATA when n < 2,
 * -EINVAL when a value is not finite. Source: Gilbert, Statistical Methods for Environmental Pollution Monitoring
 * (1987), §16.4 (equations 16.3 and 16.5), §16.5 (Sen's slope); Kendall, Rank Correlation Methods, 4th ed., ch. 4. */
int trend_compute(const double *values, size_t n, Trend *ret);
