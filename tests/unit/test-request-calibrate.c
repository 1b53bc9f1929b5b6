/* SPDX-License-Identifier: MIT */
#include "request-fixture.h"

static void set_up(Fixture *f, const void *data) {
        setup(f, data);
        f->kind = JOB_CALIBRATE;
        f->limits.bounds[REQUEST_TRIALS].fallback = 5; /* DefaultTrials is of programs */
}

static void test_defaults(Fixture *f, const void *data) {
        g_autoptr(Request) request = NULL;

        begin(f, false);
        request = accepted(f);
        g_assert_cmpuint(request->trials, ==, CALIBRATION_TRIALS);
        g_assert_cmpstr(request->profile, ==, "box");
        g_assert_null(request->argv);
}

static void test_trials(Fixture *f, const void *data) {
        static const uint32_t trials[] = { 1, CALIBRATION_TRIALS_MIN - 1, CALIBRATION_TRIALS_MIN, 100 };

        for (size_t i = 0; i < G_N_ELEMENTS(trials); i++) {
                g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
                g_autoptr(Request) request = NULL;

                begin(f, false);
                g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "trials", "u", trials[i]), >=, 0);
                g_assert_cmpint(finish(f, &request, &error), ==, trials[i] < CALIBRATION_TRIALS_MIN ? -EBADMSG : 0);
                if (request)
                        g_assert_cmpuint(request->trials, ==, trials[i]);
                else
                        g_assert_true(g_str_has_prefix(error.message, "trials: "));
        }
}

/* What is run, on what and by which meter is not the caller's to say: the noise would be of something else. */
static void test_refused(Fixture *f, const void *data) {
        static const char *const keys[] = { "profile", "isolation", "meter", "resolution", "problem-name" };

        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
                g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
                g_autoptr(Request) request = NULL;

                begin(f, false);
                g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", keys[i], "s", "host"), >=, 0);
                g_assert_cmpint(finish(f, &request, &error), ==, -EBADMSG);
                g_assert_nonnull(strstr(error.message, "is no key of a calibration"));
        }
        begin(f, true);
        {
                g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
                g_autoptr(Request) request = NULL;

                g_assert_cmpint(finish(f, &request, &error), ==, -EBADMSG);
                g_assert_true(g_str_has_prefix(error.message, "argv: is no key of a calibration"));
        }
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, teardown)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("/request-calibrate/defaults", test_defaults);
        ADD("/request-calibrate/trials", test_trials);
        ADD("/request-calibrate/refused", test_refused);
        return g_test_run();
}
