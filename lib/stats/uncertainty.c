/* SPDX-License-Identifier: MIT */
#include "uncertainty.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include <glib.h>

/* √(π/2), the standard error of the median of Gaussian values over that of their mean. */
#define MEDIAN_OVER_MEAN 1.2533141373155

static bool all_sound(const WindowFacts *facts) {
        const double values[] = { facts->power_w, facts->edge_s,       facts->tail_s,
                                  facts->end_s,   facts->tail_power_w, facts->tail_power_u_w };

        for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
                if (!isfinite(values[i]) || values[i] < 0)
                        return false;
        for (size_t i = 0; i < facts->n_units; i++)
                if (!isfinite(facts->units_j[i]) || facts->units_j[i] < 0)
                        return false;
        return true;
}

void uncertainty_combine(Uncertainty *uncertainty) {
        const double idle = uncertainty->tail + uncertainty->baseline;

        uncertainty->standard =
                        hypot(hypot(uncertainty->tick, uncertainty->quantisation), hypot(idle, uncertainty->spread));
        uncertainty->expanded = UNCERTAINTY_COVERAGE * uncertainty->standard;
}

int uncertainty_of_window(const WindowFacts *facts, Uncertainty *ret) {
        Uncertainty uncertainty = {};

        if (!all_sound(facts))
                return -EINVAL;
        uncertainty.tick = facts->power_w * facts->edge_s * M_SQRT2;
        for (size_t i = 0; i < facts->n_units; i++)
                uncertainty.quantisation = hypot(uncertainty.quantisation, facts->units_j[i] / sqrt(6));
        uncertainty.tail = hypot(facts->tail_s * facts->tail_power_u_w, facts->tail_power_w * facts->end_s);
        uncertainty_combine(&uncertainty);
        *ret = uncertainty;
        return 0;
}

void uncertainty_of_sum(const Uncertainty *windows, size_t n, Uncertainty *ret) {
        Uncertainty sum = {};

        for (size_t i = 0; i < n; i++) {
                sum.tick = hypot(sum.tick, windows[i].tick);
                sum.quantisation = hypot(sum.quantisation, windows[i].quantisation);
                sum.tail += windows[i].tail;
                sum.baseline += windows[i].baseline;
                sum.spread = hypot(sum.spread, windows[i].spread);
        }
        uncertainty_combine(&sum);
        *ret = sum;
}

int uncertainty_of_median(const Summary *summary, const Uncertainty *trials, size_t n, Uncertainty *ret,
                          double *ret_low, double *ret_high) {
        Uncertainty all, uncertainty;
        double others;

        if (n != summary->n)
                return -EINVAL;
        if (!summary->has_ci)
                return -ENODATA;
        /* The parts of the sum are √Σu² and Σu: the mean square, and over √n once more, is √Σu² / n. */
        uncertainty_of_sum(trials, n, &all);
        uncertainty = (Uncertainty){
                .tick = MEDIAN_OVER_MEAN * all.tick / (double) n,
                .quantisation = MEDIAN_OVER_MEAN * all.quantisation / (double) n,
                .tail = all.tail / (double) n,
                .baseline = all.baseline / (double) n,
        };
        uncertainty_combine(&uncertainty);
        others = uncertainty.expanded;
        uncertainty.spread = (summary->ci_high - summary->ci_low) / 2 / UNCERTAINTY_COVERAGE;
        uncertainty_combine(&uncertainty);
        *ret_low = summary->median - hypot(summary->median - summary->ci_low, others);
        *ret_high = summary->median + hypot(summary->ci_high - summary->median, others);
        *ret = uncertainty;
        return 0;
}

void uncertainty_scale(Uncertainty *uncertainty, double factor) {
        const double size = fabs(factor);

        uncertainty->tick *= size;
        uncertainty->quantisation *= size;
        uncertainty->tail *= size;
        uncertainty->baseline *= size;
        uncertainty->spread *= size;
        uncertainty_combine(uncertainty);
}

double uncertainty_relative(const Uncertainty *uncertainty, double value) {
        return value == 0 ? INFINITY : uncertainty->expanded / fabs(value);
}
