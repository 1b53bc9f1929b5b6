/* SPDX-License-Identifier: MIT */
#pragma once

/* Trials that stand far from the others. They are reported and never dropped: a trial is left out only for evidence
 * that does not come from its energy. Pure functions on arrays. */

#include <stddef.h>

/* A clean Gaussian job of 9 trials has a score above 5 in 5 of 100 cases, above 10 in 1 of 200. */
#define OUTLIER_NOTE_SCORE 5.0
#define OUTLIER_WARN_SCORE 10.0

typedef enum OutlierLevel {
        OUTLIER_NONE,
        OUTLIER_NOTE, /* score > 5 */
        OUTLIER_WARN, /* score > 10 */
} OutlierLevel;

/* The modified z-score of each value, |0.6745·(x − median) / MAD|, into ret[n]. `unit` is what the counter counts in,
 * in the unit of the values (per run where they are): the MAD is taken as at least that, since trials of a coarse
 * counter can all be equal but one. With unit 0 and a MAD of 0 a value off the median scores infinity. -ENODATA when n
 * is 0, -EINVAL when a value or the unit is not finite, or the unit is negative. Source: Iglewicz & Hoaglin, How to
 * Detect and Handle Outliers (ASQC, 1993), §3.4; 0.6745 is the normal distribution's upper quartile. */
int outlier_scores(const double *values, size_t n, double unit, double *ret);

OutlierLevel outlier_level(double score);
