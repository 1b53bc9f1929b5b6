/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/stat.h>

#include "calibrator.h"
#include "offline-bus.h"
#include "temporary.h"

#define DAY_USEC (UINT64_C(86400) * USEC_PER_SEC)

typedef struct Fixture {
        OfflineBus offline;
        sd_bus_message *m;
        sd_event *event;
        char *top, *path;
        Config *config;
        CpuInfo cpu;
        Calibrator *calibrator;
        unsigned changes;
} Fixture;

static void on_changed(void *userdata) {
        ((Fixture *) userdata)->changes++;
}

static HostFingerprint *fingerprint(Fixture *f) {
        g_autoptr(Sysroot) root = NULL;

        g_assert_cmpint(sysroot_open(f->top, &root), ==, 0);
        return host_fingerprint_new(root, &f->cpu, f->config, "perf", "2-3");
}

/* A service that starts. */
static void start(Fixture *f) {
        calibrator_free(f->calibrator);
        f->calibrator = calibrator_new(f->event, f->top, on_changed, f);
        calibrator_set_host(f->calibrator, fingerprint(f), f->config->calibration_max_age_usec);
}

static void set_up(Fixture *f, const void *data) {
        offline_bus_init(&f->offline);
        g_assert_cmpint(sd_event_new(&f->event), >=, 0);
        f->top = temporary_new();
        f->path = g_build_filename(f->top, "calibration", NULL);
        temporary_write(f->top, "proc/sys/kernel/osrelease", "6.1.0-49-amd64\n");
        f->config = config_new();
        f->cpu = (CpuInfo){ .microcode = (char *) "0xf4" };
        start(f);
}

static void tear_down(Fixture *f, const void *data) {
        calibrator_free(f->calibrator);
        sd_bus_message_unref(f->m);
        config_free(f->config);
        sd_event_unref(f->event);
        offline_bus_clear(&f->offline);
        temporary_free(f->top);
        g_free(f->top);
        g_free(f->path);
}

static Calibration *figures(double noise_floor) {
        Calibration *calibration = calibration_new();

        calibration->noise_floor = calibration->noise_spin = noise_floor;
        calibration->noise_memory = noise_floor / 2;
        calibration->pairs = 20;
        calibration->meter = g_strdup("perf");
        calibration_add_idle(calibration, "package-0", 12.25);
        return calibration;
}

static void calibrate(Fixture *f, double noise_floor) {
        calibrator_begin(f->calibrator);
        g_assert_cmpint(calibrator_keep(f->calibrator, figures(noise_floor)), ==, 0);
}

static double cited(Fixture *f, const char *meter) {
        JobContext context = {};
        g_autofree char *absent = NULL;

        calibrator_cite(f->calibrator, meter, false, &context);
        absent = context.noise_floor_absent;
        g_assert_true((context.noise_floor > 0) == (absent == NULL));
        g_assert_true((context.noise_floor_usec > 0) == (absent == NULL));
        return context.noise_floor;
}

static char *why_not(Fixture *f, const char *meter) {
        JobContext context = {};

        calibrator_cite(f->calibrator, meter, false, &context);
        g_assert_cmpfloat(context.noise_floor, ==, 0);
        return context.noise_floor_absent;
}

static void check_why(Fixture *f, const char *meter, const char *part) {
        g_autofree char *why = why_not(f, meter);

        g_assert_nonnull(why);
        g_assert_nonnull(strstr(why, part));
}

static void test_never(Fixture *f, const void *data) {
        check_why(f, "perf", "was never calibrated");
        g_assert_cmpuint(f->changes, ==, 0);
}

static void test_is_kept(Fixture *f, const void *data) {
        struct stat st;

        calibrate(f, 0.02);
        g_assert_cmpuint(f->changes, ==, 1);
        g_assert_cmpfloat(cited(f, "perf"), ==, 0.02);
        g_assert_cmpint(stat(f->path, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 0777, ==, 0600);

        start(f);
        g_assert_cmpfloat(cited(f, "auto"), ==, 0.02);
        calibrate(f, 0.03);
        start(f);
        g_assert_cmpfloat(cited(f, "powercap"), ==, 0.03);
}

static void test_storage(Fixture *f, const void *data) {
        StoredCalibration first = { .figures = figures(0.0123), .measured_usec = 1700000000123456, .host = NULL };
        g_autoptr(StoredCalibration) second = NULL, third = NULL;

        first.host = fingerprint(f);
        g_assert_cmpint(stored_calibration_load(f->path, &second), ==, -ENOENT);
        g_assert_cmpint(stored_calibration_save(&first, f->path), ==, 0);
        g_assert_cmpint(stored_calibration_load(f->path, &second), ==, 0);
        g_assert_cmpuint(second->measured_usec, ==, 1700000000123456);
        g_assert_cmpfloat(second->figures->noise_floor, ==, 0.0123);
        g_assert_cmpuint(second->figures->idle->len, ==, 1);
        g_assert_cmpstr(second->host->kernel, ==, "6.1.0-49-amd64");
        g_assert_cmpstr(second->host->microcode, ==, "0xf4");
        g_assert_cmpstr(second->host->configuration, ==, first.host->configuration);
        g_assert_cmpint(stored_calibration_save(&first, "/nonexistent/calibration"), ==, -ENOENT);

        temporary_write(f->top, "calibration", "[Calibration]\nmeasured=12\n");
        g_assert_cmpint(stored_calibration_load(f->path, &third), ==, -EBADMSG);
        temporary_write(f->top, "calibration", "no key file");
        g_assert_cmpint(stored_calibration_load(f->path, &third), ==, -EBADMSG);
        start(f);
        check_why(f, "perf", "was never calibrated");
        calibration_free(first.figures);
        host_fingerprint_free(first.host);
}

static void test_expires_by_age(Fixture *f, const void *data) {
        g_autoptr(HostFingerprint) host = fingerprint(f);
        const StoredCalibration stored = { .measured_usec = 1000 * DAY_USEC, .host = host };
        static const struct {
                uint64_t now_days, max_age_days;
                bool expired;
        } cases[] = {
                { 1000, 30, false }, { 1029, 30, false }, { 1030, 30, true },
                { 2000, 30, true },  { 2000, 0, false },  { 900, 30, false }, /* a clock that was set back */
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *reason = stored_calibration_expired(&stored, host, cases[i].now_days * DAY_USEC,
                                                                     cases[i].max_age_days * DAY_USEC);

                g_assert_cmpint(reason != NULL, ==, cases[i].expired);
                g_assert_true(!reason || strstr(reason, "CalibrationMaxAge"));
        }
}

/* Those who watch the property hear of it when it happens. */
static void test_age_is_watched(Fixture *f, const void *data) {
        f->config->calibration_max_age_usec = 200 * USEC_PER_MSEC;
        start(f);
        calibrate(f, 0.02);
        g_assert_cmpuint(f->changes, ==, 1);
        while (f->changes == 1)
                g_assert_cmpint(sd_event_run(f->event, 60 * USEC_PER_SEC), >, 0);
        check_why(f, "perf", "CalibrationMaxAge");

        f->config->calibration_max_age_usec = 0;
        calibrator_set_host(f->calibrator, fingerprint(f), 0);
        g_assert_cmpuint(f->changes, ==, 3);
        g_assert_cmpfloat(cited(f, "perf"), ==, 0.02);
}

static void set_text(char **member, const char *text) {
        g_free(*member);
        *member = g_strdup(text);
}

static void test_expires_by_fingerprint(Fixture *f, const void *data) {
        calibrate(f, 0.02);

        temporary_write(f->top, "proc/sys/kernel/osrelease", "6.1.0-50-amd64\n");
        start(f);
        check_why(f, "perf", "the kernel is no longer 6.1.0-49-amd64 but 6.1.0-50-amd64");
        temporary_write(f->top, "proc/sys/kernel/osrelease", "6.1.0-49-amd64\n");
        start(f);
        g_assert_cmpfloat(cited(f, "perf"), ==, 0.02);

        f->cpu.microcode = (char *) "0xf6";
        start(f);
        check_why(f, "perf", "the microcode is no longer 0xf4 but 0xf6");
        f->cpu.microcode = NULL;
        start(f);
        check_why(f, "perf", "the microcode is no longer 0xf4 but unknown");
        f->cpu.microcode = (char *) "0xf4";

        set_text(&f->config->governor, "performance");
        start(f);
        check_why(f, "perf", "the configuration is no longer Governor=keep but Governor=performance");
        set_text(&f->config->governor, "keep");

        /* What does not bear on a measurement may change. */
        f->config->retain_count = 5;
        start(f);
        g_assert_cmpfloat(cited(f, "perf"), ==, 0.02);
}

static void test_every_setting_counts(Fixture *f, const void *data) {
        g_autoptr(HostFingerprint) host = fingerprint(f);
        static const char *const names[] = { "Partition=",    "Isolation=",    "Governor=",    "EPP=",  "Turbo=",
                                             "MinFrequency=", "MaxFrequency=", "IRQAffinity=", "CPUs=", "Meter=" };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                g_assert_nonnull(strstr(host->configuration, names[i]));
}

/* Whatever is configured while it runs: it is of the host as it was. */
static void test_reload_meanwhile(Fixture *f, const void *data) {
        calibrator_begin(f->calibrator);
        set_text(&f->config->turbo, "off");
        calibrator_set_host(f->calibrator, fingerprint(f), f->config->calibration_max_age_usec);
        g_assert_cmpint(calibrator_keep(f->calibrator, figures(0.02)), ==, 0);
        check_why(f, "perf", "Turbo=keep");
}

/* Another governor or frequency is another noise. */
static void test_tuned(Fixture *f, const void *data) {
        g_autofree char *absent = NULL;
        JobContext context = {};

        calibrate(f, 0.01);
        g_assert_cmpfloat(cited(f, "perf"), ==, 0.01);
        calibrator_cite(f->calibrator, "perf", true, &context);
        absent = context.noise_floor_absent;
        g_assert_cmpfloat(context.noise_floor, ==, 0);
        g_assert_cmpstr(absent, ==,
                        "this host was calibrated as it is configured, and this job has settings of its own");
}

static void test_meters(Fixture *f, const void *data) {
        Calibration *modelled;

        calibrate(f, 0.02);
        check_why(f, "model", "calibrated with the meter perf, and this job has model");
        check_why(f, "none", "this job has none");

        modelled = figures(0.01);
        modelled->simulated = true;
        set_text(&modelled->meter, "model");
        calibrator_begin(f->calibrator);
        g_assert_cmpint(calibrator_keep(f->calibrator, modelled), ==, 0);
        g_assert_cmpfloat(cited(f, "model"), ==, 0.01);
        check_why(f, "auto", "calibrated with the meter model");
}

static int read_nothing(sd_bus_message *m) {
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{sv}"), >, 0);
        return sd_bus_message_at_end(m, false);
}

static void look_at_property(Fixture *f) {
        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(calibrator_append(f->calibrator, f->m), >=, 0);
        offline_message_turn(f->m);
}

static void check_member(Fixture *f, const char *name, const char *type, void *ret) {
        const char *key;

        g_assert_cmpint(sd_bus_message_read(f->m, "{sv}", &key, type, ret), >, 0);
        g_assert_cmpstr(key, ==, name);
}

static void test_property(Fixture *f, const void *data) {
        uint64_t measured, before = now_realtime_usec();
        const char *reason;
        int expired;

        look_at_property(f);
        g_assert_cmpint(read_nothing(f->m), >, 0);

        calibrate(f, 0.02);
        look_at_property(f);
        g_assert_cmpint(sd_bus_message_enter_container(f->m, 'a', "{sv}"), >, 0);
        check_member(f, "measured", "t", &measured);
        g_assert_cmpuint(measured, >=, before);
        check_member(f, "expired", "b", &expired);
        g_assert_false(expired);
        {
                double noise_floor;

                check_member(f, "noise-floor", "d", &noise_floor);
                g_assert_cmpfloat(noise_floor, ==, 0.02);
        }

        temporary_write(f->top, "proc/sys/kernel/osrelease", "6.12\n");
        start(f);
        look_at_property(f);
        g_assert_cmpint(sd_bus_message_enter_container(f->m, 'a', "{sv}"), >, 0);
        check_member(f, "measured", "t", &measured);
        check_member(f, "expired", "b", &expired);
        g_assert_true(expired);
        check_member(f, "reason", "s", &reason);
        g_assert_cmpstr(reason, ==, "the kernel is no longer 6.1.0-49-amd64 but 6.12");
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("/calibrator/never", test_never);
        ADD("/calibrator/is-kept", test_is_kept);
        ADD("/calibrator/storage", test_storage);
        ADD("/calibrator/expires-by-age", test_expires_by_age);
        ADD("/calibrator/age-is-watched", test_age_is_watched);
        ADD("/calibrator/expires-by-fingerprint", test_expires_by_fingerprint);
        ADD("/calibrator/every-setting-counts", test_every_setting_counts);
        ADD("/calibrator/reload-meanwhile", test_reload_meanwhile);
        ADD("/calibrator/meters", test_meters);
        ADD("/calibrator/tuned", test_tuned);
        ADD("/calibrator/property", test_property);
        return g_test_run();
}
