/* SPDX-License-Identifier: MIT */
#pragma once

/* How finely energies are told. Pure functions.
 *
 * What an ordinary user is told is rounded to its own uncertainty: digits beyond that say nothing of his program, and
 * those of a counter of the whole package may say something of somebody else's (PLATYPUS, CVE-2020-8694). A figure's
 * step is the largest of 1, 2 and 5 times a power of ten that is no larger than its uncertainty, and never finer than
 * a least one; that adds an eighth to the uncertainty at most. */

#include <stdint.h>

/* Of what ordinary users are told; 1 stands for every digit there is. */
#define PUBLIC_STEP_UJ UINT64_C(1000)

/* The step of a figure that is uncertain by so much; an uncertainty that is not known (NAN) is none. */
uint64_t told_step_uj(uint64_t least_uj, double uncertainty_uj);

/* To the nearest step; step 1 leaves it as it is. */
uint64_t round_uj(uint64_t uj, uint64_t step_uj);
int64_t round_signed_uj(int64_t uj, uint64_t step_uj);

/* A figure as it is told. */
uint64_t told_uj(uint64_t uj, double uncertainty_uj, uint64_t least_uj);
int64_t told_signed_uj(int64_t uj, double uncertainty_uj, uint64_t least_uj);
double told_j(double j, double uncertainty_uj, uint64_t least_uj);

/* Of an energy that was read while the program runs, at no move of the counter: off by what is used in a period of
 * it (tick_period_max_ns()). */
double running_uncertainty_uj(uint64_t uj, uint64_t ns, uint64_t period_ns);

/* An uncertainty as it is told: to two digits, rounded up (GUM 7.2.6), since it grows with the very power that is
 * told no finer; to 1 µJ where every digit is told. Not finite values stay. */
double told_uncertainty_uj(double uj, uint64_t least_uj);
