/* SPDX-License-Identifier: MIT */
#include "net.h"

#include <errno.h>
#include <math.h>

int net_compute(double gross_j, double wall_s, const IdlePower *idle, double *ret_j, double *ret_half_j) {
        const double half_j = idle->half_w * wall_s;

        if (!isfinite(gross_j) || !isfinite(wall_s) || gross_j < 0 || wall_s <= 0)
                return -EINVAL;
        if (2 * half_j > NET_BASELINE_MAX * gross_j)
                return -ERANGE;
        *ret_j = gross_j - idle->power_w * wall_s;
        *ret_half_j = half_j;
        return 0;
}

int floor_compare(double energy_j, double floor_j, double *ret_times, bool *ret_near) {
        if (!isfinite(energy_j) || !isfinite(floor_j) || floor_j <= 0)
                return -EINVAL;
        *ret_times = energy_j / floor_j;
        *ret_near = *ret_times < FLOOR_TIMES;
        return 0;
}
