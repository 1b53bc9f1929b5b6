/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "calibrator.h"
#include "log.h"

#define FILE_NAME "calibration"

struct Calibrator {
        sd_event *event;
        sd_event_source *timer; /* when it will be too old */
        char *path;
        CalibratorChanged changed;
        void *userdata;
        HostFingerprint *host, *begun;
        uint64_t max_age_usec;
        StoredCalibration *stored; /* NULL: there is none */
};

Calibrator *calibrator_new(sd_event *event, const char *state_dir, CalibratorChanged changed, void *userdata) {
        Calibrator *calibrator = g_new(Calibrator, 1);
        int r;

        *calibrator = (Calibrator){ .event = sd_event_ref(event),
                                    .path = g_build_filename(state_dir, FILE_NAME, NULL),
                                    .changed = changed,
                                    .userdata = userdata };
        r = stored_calibration_load(calibrator->path, &calibrator->stored);
        if (r < 0 && r != -ENOENT)
                log_errno(LOG_WARNING, r, "%s cannot be read; this host has to be calibrated again", calibrator->path);
        return calibrator;
}

Calibrator *calibrator_free(Calibrator *calibrator) {
        if (!calibrator)
                return NULL;
        sd_event_source_disable_unref(calibrator->timer);
        sd_event_unref(calibrator->event);
        host_fingerprint_free(calibrator->host);
        host_fingerprint_free(calibrator->begun);
        stored_calibration_free(calibrator->stored);
        g_free(calibrator->path);
        g_free(calibrator);
        return NULL;
}

static int on_too_old(sd_event_source *source, uint64_t usec, void *userdata) {
        Calibrator *calibrator = userdata;

        calibrator->timer = sd_event_source_disable_unref(calibrator->timer);
        calibrator->changed(calibrator->userdata);
        return 0;
}

/* Nobody would hear otherwise that it has expired. */
static void watch_age(Calibrator *calibrator) {
        uint64_t end_usec;
        int r;

        calibrator->timer = sd_event_source_disable_unref(calibrator->timer);
        if (!calibrator->stored || calibrator->max_age_usec == 0 ||
            __builtin_add_overflow(calibrator->stored->measured_usec, calibrator->max_age_usec, &end_usec) ||
            end_usec <= now_realtime_usec())
                return;
        r = sd_event_add_time(calibrator->event, &calibrator->timer, CLOCK_REALTIME, end_usec, 0, on_too_old,
                              calibrator);
        if (r < 0)
                log_errno(LOG_WARNING, r, "cannot set a timer");
}

void calibrator_set_host(Calibrator *calibrator, HostFingerprint *host, uint64_t max_age_usec) {
        host_fingerprint_free(calibrator->host);
        calibrator->host = host;
        calibrator->max_age_usec = max_age_usec;
        watch_age(calibrator);
        if (calibrator->stored)
                calibrator->changed(calibrator->userdata);
}

void calibrator_begin(Calibrator *calibrator) {
        host_fingerprint_free(calibrator->begun);
        calibrator->begun = host_fingerprint_copy(calibrator->host);
}

int calibrator_keep(Calibrator *calibrator, Calibration *figures) {
        stored_calibration_free(calibrator->stored);
        calibrator->stored = g_new(StoredCalibration, 1);
        *calibrator->stored = (StoredCalibration){ .figures = figures,
                                                   .measured_usec = now_realtime_usec(),
                                                   .host = g_steal_pointer(&calibrator->begun) };
        watch_age(calibrator);
        calibrator->changed(calibrator->userdata);
        return stored_calibration_save(calibrator->stored, calibrator->path);
}

static char *expired(const Calibrator *calibrator) {
        return stored_calibration_expired(calibrator->stored, calibrator->host, now_realtime_usec(),
                                          calibrator->max_age_usec);
}

static int append_members(const Calibrator *calibrator, sd_bus_message *m) {
        g_autofree char *reason = expired(calibrator);
        int r;

        r = sd_bus_message_append(m, "{sv}{sv}", "measured", "t", calibrator->stored->measured_usec, "expired", "b",
                                  (int) (reason != NULL));
        if (r >= 0 && reason)
                r = sd_bus_message_append(m, "{sv}", "reason", "s", reason);
        if (r < 0)
                return r;
        return calibration_append_members(m, calibrator->stored->figures);
}

int calibrator_append(const Calibrator *calibrator, sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        if (calibrator->stored) {
                r = append_members(calibrator, m);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static char *why_none(const Calibrator *calibrator, const char *meter, bool tuned) {
        const StoredCalibration *stored = calibrator->stored;
        g_autofree char *reason = NULL;

        if (!stored)
                return g_strdup("this host was never calibrated");
        reason = expired(calibrator);
        if (reason)
                return g_strdup_printf("the calibration of this host does not hold any more: %s", reason);
        if (stored->figures->simulated != (strcmp(meter, "model") == 0) || strcmp(meter, "none") == 0)
                return g_strdup_printf("this host was calibrated with the meter %s, and this job has %s",
                                       stored->figures->meter, meter);
        if (tuned)
                return g_strdup("this host was calibrated as it is configured, and this job has settings of its own");
        return NULL;
}

void calibrator_cite(const Calibrator *calibrator, const char *meter, bool tuned, JobContext *ret) {
        ret->noise_floor_absent = why_none(calibrator, meter, tuned);
        if (ret->noise_floor_absent)
                return;
        ret->noise_floor = calibrator->stored->figures->noise_floor;
        ret->noise_floor_usec = calibrator->stored->measured_usec;
}
