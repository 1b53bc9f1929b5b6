/* SPDX-License-Identifier: MIT */
#include "uncertainty.h"

#include <math.h>

void uncertainty_add_domain(Uncertainty *sum, const Uncertainty *more) {
        sum->tick_uj += more->tick_uj;
        sum->quantisation_uj = hypot(sum->quantisation_uj, more->quantisation_uj);
        sum->tail_uj += more->tail_uj;
        sum->baseline_uj += more->baseline_uj;
}

void uncertainty_add(Uncertainty *sum, const Uncertainty *more) {
        sum->tick_uj = hypot(sum->tick_uj, more->tick_uj);
        sum->quantisation_uj = hypot(sum->quantisation_uj, more->quantisation_uj);
        sum->tail_uj += more->tail_uj;
        sum->baseline_uj += more->baseline_uj;
}

void uncertainty_scale(Uncertainty *uncertainty, double factor) {
        uncertainty->tick_uj *= factor;
        uncertainty->quantisation_uj *= factor;
        uncertainty->tail_uj *= factor;
        uncertainty->baseline_uj *= factor;
        uncertainty->spread_uj *= factor;
}

double gross_uncertainty_uj(const Uncertainty *uncertainty) {
        return hypot(hypot(uncertainty->tick_uj, uncertainty->quantisation_uj),
                     hypot(uncertainty->tail_uj, uncertainty->spread_uj));
}

double uncertainty_total_uj(const Uncertainty *uncertainty) {
        return hypot(gross_uncertainty_uj(uncertainty), uncertainty->baseline_uj);
}
