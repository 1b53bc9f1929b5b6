/* SPDX-License-Identifier: MIT */
#pragma once

/* What a program takes beside what the machine takes anyway. Pure functions. */

#include <stdbool.h>

/* A net energy is left out when the interval of what is taken off is wider than this part of the gross energy. */
#define NET_BASELINE_MAX 0.1

/* A program below so many floors is mostly start-up. */
#define FLOOR_TIMES 5

/* What the idle machine draws around a trial. */
typedef struct IdlePower {
        double power_w;
        double half_w; /* half the width of its 95 % interval */
} IdlePower;

/* gross − power · wall, which may be below 0 and is not clamped: an energy around 0 that cannot become negative would
 * be too large in the mean. *ret_half_j: half the width of the 95 % interval of what was taken off. -ERANGE when that
 * interval is wider than 10 % of the gross energy: the net one is to be left out, with this as the reason. -EINVAL
 * when gross is not finite or below 0, or wall not finite or not above 0. */
int net_compute(double gross_j, double wall_s, const IdlePower *idle, double *ret_j, double *ret_half_j);

/* How many floors an energy is, both of one run, both gross or both net; *ret_near: it is under five. -EINVAL when one
 * is not finite or the floor is not above 0. */
int floor_compare(double energy_j, double floor_j, double *ret_times, bool *ret_near);
