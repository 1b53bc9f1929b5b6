/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "report-internal.h"

static void write_micros(Body *body, const char *member, double uj) {
        body_int(body, member, (uint64_t) llround(ceil(told_uncertainty_uj(uj, body->step_uj))));
}

void body_uncertainty(Body *body, const char *member, const Uncertainty *uncertainty) {
        body_open(body, member);
        write_micros(body, "tick", uncertainty->tick_uj);
        write_micros(body, "quantisation", uncertainty->quantisation_uj);
        write_micros(body, "tail", uncertainty->tail_uj);
        write_micros(body, "baseline", uncertainty->baseline_uj);
        if (uncertainty->spread_uj > 0)
                write_micros(body, "spread", uncertainty->spread_uj);
        write_micros(body, "total", gross_uncertainty_uj(uncertainty));
        write_micros(body, "net", uncertainty_total_uj(uncertainty));
        body_close(body);
}

static void write_joules(Body *body, const char *member, double uj) {
        body_double(body, member, told_uncertainty_uj(uj, body->step_uj) / 1e6);
}

void body_median_uncertainty(Body *body, const char *member, const char *path, const Uncertainty *uncertainty) {
        static const char *const of_spread[] = { "spread", "total" };

        if (meter_simulated(body->record->meter)) {
                body_absent(body, member, path, REPORT_MODELLED);
                return;
        }
        body_open(body, member);
        write_joules(body, "tick", uncertainty->tick_uj);
        write_joules(body, "quantisation", uncertainty->quantisation_uj);
        write_joules(body, "tail", uncertainty->tail_uj);
        write_joules(body, "baseline", uncertainty->baseline_uj);
        if (isfinite(uncertainty->spread_uj)) {
                write_joules(body, "spread", uncertainty->spread_uj);
                write_joules(body, "total", uncertainty_total_uj(uncertainty));
        } else
                for (size_t i = 0; i < G_N_ELEMENTS(of_spread); i++) {
                        g_autofree char *where = g_strconcat(path, ".", of_spread[i], NULL);

                        body_absent(body, of_spread[i], where, "fewer than 6 trials have no 95 % interval");
                }
        body_close(body);
}
