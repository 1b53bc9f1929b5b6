/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "report-internal.h"

void body_tick(Body *body) {
        const Tick *tick = &body->record->tick;
        const char *reason = body->record->tick_absent ?: "the job ended before the counter was looked at";

        if (tick->period_ns > 0) {
                body_int(body, "tick_ns", tick->period_ns);
                body_int(body, "tick_jitter_ns", tick->jitter_ns);
                body_double(body, "tick_spread", tick->spread);
                return;
        }
        body_absent(body, "tick_ns", "measurement.meter.tick_ns", reason);
        body_absent(body, "tick_jitter_ns", "measurement.meter.tick_jitter_ns", reason);
        body_absent(body, "tick_spread", "measurement.meter.tick_spread", reason);
}

/* Of one start; rounded as all of them together are, which is finer than one of them could be told. */
void body_floor(Body *body) {
        const JobRecord *record = body->record;
        const TrialRecord *floor = job_floor(record);
        Uncertainty uncertainty;
        double n;

        if (!floor) {
                body_absent(body, "floor", "measurement.floor",
                            record->meter_absent                            ? record->meter_absent
                            : record->floor_absent                          ? record->floor_absent
                            : record->floor && record->floor->energy_absent ? record->floor->energy_absent
                                                                            : "the job ended before it was measured");
                return;
        }
        n = (double) floor->iterations;
        uncertainty = floor_uncertainty(floor);
        body_open(body, "floor");
        body_int(body, "iterations", floor->iterations);
        body_double(body, "total_j",
                    (double) told_uj(floor->total_uj, gross_uncertainty_uj(&uncertainty), body->step_uj) / 1e6 / n);
        if (floor->has_net)
                body_double(body, "net_j",
                            (double) told_signed_uj(floor->net_uj, uncertainty_total_uj(&uncertainty), body->step_uj) /
                                            1e6 / n);
        else
                body_absent(body, "net_j", "measurement.floor.net_j",
                            floor->net_absent ?: "the job ended before an idle window was taken");
        body_double(body, "wall_s", (double) floor->wall_ns / 1e9 / n);
        body_double(body, "cpu_s", (double) floor->cpu_usec / 1e6 / n);
        uncertainty_scale(&uncertainty, 1 / n);
        if (meter_simulated(record->meter))
                body_absent(body, "uncertainty_uj", "measurement.floor.uncertainty_uj", REPORT_MODELLED);
        else
                body_uncertainty(body, "uncertainty_uj", &uncertainty);
        body_close(body);
}

/* As fine as the energy of a window of that length is told, which is uncertain by as much as the power. */
static double told_watts(const Body *body, double watts, double half_w, uint64_t ns) {
        const double uj_per_w = (double) ns / 1e3;

        return (double) told_signed_uj(llround(watts * uj_per_w), half_w * uj_per_w, body->step_uj) / uj_per_w;
}

/* Of the median. Too few windows have no interval: it is as uncertain as one of them. */
static double half_width(const Baseline *baseline, size_t domain, const Summary *summary) {
        return summary->has_ci ? (summary->ci_high - summary->ci_low) / 2 : baseline_error_watts(baseline, domain);
}

static void write_power(Body *body, size_t domain, const char *path) {
        const Baseline *baseline = body->record->baseline;
        const IdleWindow *window = g_ptr_array_index(baseline->windows, 0);
        const uint64_t ns = window->to_ns - window->from_ns;
        g_autofree char *power_path = g_strconcat(path, ".power_w", NULL);
        g_autofree char *ci_path = g_strconcat(path, ".ci95_w", NULL);
        Summary summary;
        double half_w;

        if (baseline_summary(baseline, domain, &summary) < 0) {
                body_absent(body, "power_w", power_path, "no idle window could be read");
                body_absent(body, "ci95_w", ci_path, "no idle window could be read");
                return;
        }
        half_w = half_width(baseline, domain, &summary);
        body_double(body, "power_w", told_watts(body, summary.median, half_w, ns));
        if (!summary.has_ci) {
                body_absent(body, "ci95_w", ci_path, "fewer than 6 idle windows have no 95 % interval");
                return;
        }
        body_open_array(body, "ci95_w");
        json_builder_add_double_value(body->builder, told_watts(body, summary.ci_low, half_w, ns));
        json_builder_add_double_value(body->builder, told_watts(body, summary.ci_high, half_w, ns));
        body_close_array(body);
}

static void write_idle_windows(Body *body) {
        const Baseline *baseline = body->record->baseline;

        body_open_array(body, "windows");
        for (guint i = 0; i < baseline->windows->len; i++) {
                const IdleWindow *window = g_ptr_array_index(baseline->windows, i);
                const uint64_t ns = window->to_ns - window->from_ns;

                body_open(body, NULL);
                body_int(body, "wall_ns", ns);
                if (isfinite(window->watts[baseline->n_domains]))
                        body_double(body, "power_w",
                                    told_watts(body, window->watts[baseline->n_domains],
                                               window->error_watts[baseline->n_domains], ns));
                else
                        body_absent(body, "power_w", "measurement.baseline.windows[].power_w",
                                    "a counter could not be read");
                body_close(body);
        }
        body_close_array(body);
}

void body_baseline(Body *body) {
        const Baseline *baseline = body->record->baseline;
        const MeterDomain *domains;
        size_t n;

        if (!baseline || baseline->windows->len == 0) {
                body_absent(body, "baseline", "measurement.baseline",
                            body->record->meter_absent ?: "the job ended before an idle window was taken");
                return;
        }
        domains = meter_domains(body->record->meter, &n);
        body_open(body, "baseline");
        write_power(body, n, "measurement.baseline");
        body_open(body, "domains");
        for (size_t i = 0; i < n; i++) {
                g_autofree char *path = g_strconcat("measurement.baseline.domains.", domains[i].name, NULL);

                body_open(body, domains[i].name);
                write_power(body, i, path);
                body_close(body);
        }
        body_close(body);
        write_idle_windows(body);
        body_close(body);
}
