/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "report-internal.h"

/* What the daemon says of the calibration that holds for this job. */
void body_noise_floor(Body *body, const char *path) {
        const JobContext *context = body->record->context;
        g_autoptr(GDateTime) time = NULL;
        g_autofree char *text = NULL;

        if (*context->noise_floor_absent != '\0') {
                body_absent(body, "noise_floor", path, context->noise_floor_absent);
                return;
        }
        time = g_date_time_new_from_unix_utc((gint64) (context->noise_floor_usec / USEC_PER_SEC));
        text = time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
        body_open(body, "noise_floor");
        body_double(body, "fraction", context->noise_floor);
        body_string(body, "measured", text);
        body_close(body);
}

static void write_known(Body *body, const char *member, double value, const char *path, const char *reason) {
        if (isfinite(value))
                body_double(body, member, value);
        else
                body_absent(body, member, path, reason);
}

static void body_floor_found(Body *body) {
        const JobRecord *record = body->record;
        const Calibration *calibration = record->calibration;
        const char *unknown = record->floor_absent ?: "the energy of /bin/true could not be measured";
        const char *no_net = isfinite(calibration->floor_j) && record->floor->net_absent ? record->floor->net_absent
                                                                                         : unknown;
        const bool modelled = calibration->simulated && isfinite(calibration->floor_j);

        write_known(body, "floor_j", calibration->floor_j, "calibration.floor_j", unknown);
        write_known(body, "floor_uncertainty_j", calibration->floor_error_j, "calibration.floor_uncertainty_j",
                    modelled ? REPORT_MODELLED : unknown);
        write_known(body, "floor_net_j", calibration->floor_net_j, "calibration.floor_net_j", no_net);
        write_known(body, "floor_net_uncertainty_j", calibration->floor_net_error_j,
                    "calibration.floor_net_uncertainty_j", modelled ? REPORT_MODELLED : no_net);
}

void body_calibration(Body *body) {
        const JobRecord *record = body->record;
        const Calibration *calibration = record->calibration;

        if (!calibration) {
                body_absent(body, "calibration", "calibration", record->message ?: "the job did not come to its end");
                return;
        }
        body_open(body, "calibration");
        body_double(body, "noise_floor", calibration->noise_floor);
        body_double(body, "noise_spin", calibration->noise_spin);
        body_double(body, "noise_memory", calibration->noise_memory);
        body_int(body, "pairs", calibration->pairs);
        body_bool(body, "simulated", calibration->simulated);
        body_string(body, "meter", calibration->meter);
        write_known(body, "tick_s", calibration->tick_ns > 0 ? (double) calibration->tick_ns / 1e9 : NAN,
                    "calibration.tick_s", record->tick_absent ?: "the counter has no tick");
        write_known(body, "tick_jitter_s", calibration->tick_ns > 0 ? (double) calibration->tick_jitter_ns / 1e9 : NAN,
                    "calibration.tick_jitter_s", record->tick_absent ?: "the counter has no tick");
        write_known(body, "tick_step_uj", calibration->tick_step_uj, "calibration.tick_step_uj",
                    record->tick_absent ?: "the counter has no tick");
        body_floor_found(body);
        body_open(body, "idle_w");
        for (guint i = 0; i < calibration->idle->len; i++) {
                const CalibrationIdle *idle = &g_array_index(calibration->idle, CalibrationIdle, i);

                body_double(body, idle->domain, idle->watts);
        }
        body_close(body);
        body_close(body);
}
