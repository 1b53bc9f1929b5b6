/* SPDX-License-Identifier: MIT */
#pragma once

/* How far an energy may be off, and why. Every part is a standard uncertainty in the unit of the number it belongs to
 * (J here), found as the Guide to the expression of uncertainty in measurement (GUM, JCGM 100:2008) has it. Pure
 * functions. */

#include <stddef.h>

#include "summary.h"

/* Expanded over standard uncertainty at 95 % (GUM 6.2 and G.3). What comes with few degrees of freedom (baseline,
 * spread) is stated as the half of its own 95 % interval divided by this (GUM 4.3.4), so that one factor fits the
 * whole. */
#define UNCERTAINTY_COVERAGE 1.959963984540054

typedef struct Uncertainty {
        double tick;         /* when the counter's edges were at which the window opened and closed */
        double quantisation; /* the counters' unit */
        double tail;         /* what was subtracted for the time from the end of the program to the edge */
        double baseline;     /* of a net energy: the idle power that was subtracted */
        double spread;       /* of a summary: the trials */
        double standard;     /* all of them */
        double expanded;     /* half of the 95 % interval: 1.96 · standard */
} Uncertainty;

/* What is known of one window. */
typedef struct WindowFacts {
        double power_w; /* energy over wall, mean */
        double edge_s;  /* standard uncertainty of the time of one edge: the jitter of an edge that was waited for; a
                         * period / √12 where windows are not aligned (GUM 4.3.7) */
        const double *units_j; /* the unit of each counter in the sum */
        size_t n_units;
        double tail_s;         /* from the end of the program to the closing edge; 0: nothing was subtracted */
        double end_s;          /* standard uncertainty of the end of the program */
        double tail_power_w;   /* what the tail was taken to draw */
        double tail_power_u_w; /* and its standard uncertainty */
} WindowFacts;

/* tick = power · edge · √2: two edges, each as uncertain. quantisation = √(Σ unit² / 6): both readings of a counter
 * are off by up to one unit, evenly (GUM 4.3.7, F.2.2.1). tail = √((tail · u(power))² + (power · u(end))²). -EINVAL
 * when a fact is negative or not finite. */
int uncertainty_of_window(const WindowFacts *facts, Uncertainty *ret);

/* Of the sum of several windows: their edges and readings are independent, the power of their tails is the same one.
 * Of no windows all is 0. */
void uncertainty_of_sum(const Uncertainty *windows, size_t n, Uncertainty *ret);

/* Of the median of the trials that `summary` is about, and the interval to state with it. Tick and quantisation fall
 * with 1.2533/√n, the standard error of a median over the standard deviation; tail and baseline stay, since one
 * baseline serves all trials. The spread is the order-statistic interval's half-width / 1.96. Chance that trials
 * differ by already shows in the spread, so that tick and quantisation count twice: the interval errs to the wide
 * side. The interval keeps the shape that the trials have: each side is the root of the squares of the order-statistic
 * interval's side and of 1.96 · the other parts, so that it never is narrower than the one of the trials alone.
 * -ENODATA when the summary has no interval (n ≤ 5): no interval is stated then. -EINVAL when n is not the summary's.
 */
int uncertainty_of_median(const Summary *summary, const Uncertainty *trials, size_t n, Uncertainty *ret,
                          double *ret_low, double *ret_high);

/* Of a number times `factor`, as the energy per run where a window holds several. */
void uncertainty_scale(Uncertainty *uncertainty, double factor);

/* Sets standard and expanded from the parts. Tail and baseline come from one estimate of the idle power and err to the
 * same side, so that they are added before they are squared (GUM 5.2.2, correlation 1); the others are independent. */
void uncertainty_combine(Uncertainty *uncertainty);

/* expanded over |value|: above 10 % a trial is TOO_SHORT. Infinite for a value of 0. */
double uncertainty_relative(const Uncertainty *uncertainty, double value);
