/* SPDX-License-Identifier: MIT */
#pragma once

/* What a program takes beside what the machine takes anyway. Pure functions. */

#include <stdbool.h>
#include <stddef.h>

#include "uncertainty.h"

/* A net energy is left out when the baseline's interval is wider than this part of the gross energy. */
#define NET_BASELINE_MAX 0.1

/* A program below so many floors is mostly start-up. */
#define FLOOR_TIMES 5

/* The idle power of a job, from idle windows between its trials. */
typedef struct Baseline {
        size_t n;
        double power_w;       /* mean of the windows */
        double low_w, high_w; /* its 95 % interval */
        double uncertainty_w; /* half of that / 1.96 */
        double drift_w;       /* from the first window to the last; 0 when none was found */
} Baseline;

/* power_w: of the windows in the order they were made. The standard error s/√n with Student's factor for n − 1 degrees
 * of freedom (GUM G.3), and where trend_compute() finds a drift, drift/√12 beside it: a trial may stand anywhere along
 * it (GUM 4.3.7). A mean and not a median: a window that was disturbed without a known cause must widen the interval.
 * -ENODATA when n < 2, which tells no interval; -EINVAL when a value is not finite. */
int baseline_compute(const double *power_w, size_t n, Baseline *ret);

/* gross − power · wall, which may be below 0 and is not clamped: an energy around 0 that cannot become negative would
 * be too large in the mean. Its uncertainty is the gross energy's with baseline = u(power) · wall added. -ERANGE when
 * the baseline's interval · wall is wider than 10 % of the gross energy: the net one is to be left out, with this as
 * the reason. -EINVAL when gross or wall is not finite or not above 0. */
int net_compute(double gross_j, const Uncertainty *gross, double wall_s, const Baseline *baseline, double *ret_j,
                Uncertainty *ret);

/* How many floors an energy is, both of one run, both gross or both net; *ret_near: it is under five. -EINVAL when one
 * is not finite or the floor is not above 0. */
int floor_compare(double energy_j, double floor_j, double *ret_times, bool *ret_near);
