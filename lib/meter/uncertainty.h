/* SPDX-License-Identifier: MIT */
#pragma once

/* How far off an energy may be, by what it comes from: the one place where parts are put together. Each part is half
 * the width of the interval that has the true value with about 95 %, in µJ (JCGM 100:2008, the Guide to the expression
 * of uncertainty in measurement, GUM, 6.2: expanded uncertainty). Pure functions.
 *
 * Parts are independent of one another, so that all together are the root of the sum of their squares (GUM 5.1.2,
 * equation 10). That holds of tail and baseline, too: both take off idle power, but what is uncertain of a tail is for
 * the most part the power of looking for the edge, which the baseline does not have, and a tail is a hundredth of the
 * shortest window, so that what they have in common changes the sum by less than a hundredth. The same part of
 * several windows is another matter: there the idle power is the very same, and errs to the same side in all of them
 * (GUM 5.2.2, correlation 1). */

typedef struct Uncertainty {
        double tick_uj;         /* when the counters moved */
        double quantisation_uj; /* what they count in */
        double tail_uj;         /* the power that was taken off between the edges and what is measured */
        double baseline_uj;     /* the power when idle; of net energy only */
        double spread_uj;       /* how the trials differ; of a median only */
} Uncertainty;

/* Of the sum of two domains between the same edges, beside the same idle machine: what is off in one is off in the
 * other, too, but for what they count in. */
void uncertainty_add_domain(Uncertainty *sum, const Uncertainty *more);

/* Of the sum of two windows, whose edges and readings are others but whose idle power is the same. */
void uncertainty_add(Uncertainty *sum, const Uncertainty *more);

/* Of an energy times `factor` ≥ 0: that of one run, where a window holds several. */
void uncertainty_scale(Uncertainty *uncertainty, double factor);

/* All parts together. */
double uncertainty_total_uj(const Uncertainty *uncertainty);

/* The same without the baseline: of gross energy. */
double gross_uncertainty_uj(const Uncertainty *uncertainty);
