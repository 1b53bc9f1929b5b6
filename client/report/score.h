/* SPDX-License-Identifier: MIT */
#pragma once

/* One number between 0 and 1 for how well a correct program did, in energy and in time: what a search for better
 * programs is rewarded with. */

#include <stdbool.h>

typedef struct ScoreParameters {
        double reference_j, reference_s;       /* where each half is 1/2 */
        double energy_exponent, time_exponent; /* how steep it is there */
        double beta;                           /* how many times time weighs what energy does */
        double cutoff;                         /* beyond that many references the score is 0 */
} ScoreParameters;

/* 1 J, 10 ms, exponents 1.2 and 1, beta 1.5, cutoff 50. */
extern const ScoreParameters score_defaults;

/* With r the value in references, s = 1 / (1 + r^k) for energy (e) and time (t), then the weighted harmonic mean
 * (1 + β²) · e · t / (β² · e + t), within 0 … 1. 0 when the program is not correct, a value is not finite or below 0,
 * or one is beyond the cutoff. */
double score(const ScoreParameters *parameters, bool correct, double energy_j, double time_s);
