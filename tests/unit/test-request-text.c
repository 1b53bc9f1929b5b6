/* SPDX-License-Identifier: MIT */
#include <glib.h>

#include "request.h"

#define BIT(id) (UINT64_C(1) << (id))

typedef struct Fixture {
        RequestLimits limits;
} Fixture;

static void setup(Fixture *f, const void *data) {
        request_limits_init(&f->limits);
        f->limits.bounds[REQUEST_MEMORY_MAX].max = UINT64_C(1) << 30;
}

static void teardown(Fixture *f, const void *data) {
}

static uint64_t number_of(const Request *request, KeyId id) {
        const void *p = (const uint8_t *) request + request_keys[id].offset;

        return request_keys[id].type == KEY_UINT32 ? *(const uint32_t *) p : *(const uint64_t *) p;
}

static void test_text(Fixture *f, const void *data) {
        static const struct {
                KeyId id;
                const char *text;
                uint64_t value;
        } right[] = {
                { REQUEST_TRIALS, "1", 1 },
                { REQUEST_COOLDOWN, "0", 0 },
                { REQUEST_COOLDOWN, "2", 2000000 },
                { REQUEST_COOLDOWN, "500ms", 500000 },
                { REQUEST_COOLDOWN, "2s", 2000000 },
                { REQUEST_COOLDOWN, "1.5s", 1500000 },
                { REQUEST_COOLDOWN, "100us", 100 },
                { REQUEST_COOLDOWN, "100µs", 100 },
                { REQUEST_COOLDOWN, "1min", 60000000 },
                { REQUEST_COOLDOWN, "0.1", 100000 },
                { REQUEST_JOB_LIMIT, "0.5h", 1800000000 },
                { REQUEST_JOB_LIMIT, "60m", 3600000000 },
                { REQUEST_MEMORY_MAX, "64M", 64 << 20 },
                { REQUEST_MEMORY_MAX, "64MiB", 64 << 20 },
                { REQUEST_MEMORY_MAX, "0.5G", 512 << 20 },
                { REQUEST_MEMORY_MAX, "4194304", 4 << 20 },
                { REQUEST_OUTPUT_MAX, "1K", 1024 },
                { REQUEST_SEED, "9007199254740991", (UINT64_C(1) << 53) - 1 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(right); i++) {
                g_autoptr(Request) request = request_new(JOB_MEASURE, &f->limits);
                g_autofree char *message = NULL;
                int r;

                r = request_set_text(request, right[i].id, &f->limits, right[i].text, &message);
                g_assert_cmpstr(message, ==, NULL);
                g_assert_cmpint(r, ==, 0);
                g_assert_cmpuint(number_of(request, right[i].id), ==, right[i].value);
                g_assert_cmphex(request->given, ==, BIT(right[i].id));
        }
}

static void test_wrong_text(Fixture *f, const void *data) {
        static const struct {
                KeyId id;
                const char *text, *message;
                int error;
        } wrong[] = {
                { REQUEST_TRIALS, "0", "trials: 0 is out of range; 1 to 1000", -ERANGE },
                { REQUEST_TRIALS, "", "trials: \"\" is not understood; give a whole number", -EINVAL },
                { REQUEST_TRIALS, "-1", "trials: \"-1\" is not understood; give a whole number", -EINVAL },
                { REQUEST_TRIALS, "+1", "trials: \"+1\" is not understood; give a whole number", -EINVAL },
                { REQUEST_TRIALS, "1.5", "trials: \"1.5\" is not understood; give a whole number", -EINVAL },
                { REQUEST_TRIALS, "9x", "trials: \"9x\" is not understood; give a whole number", -EINVAL },
                { REQUEST_TRIALS, "18446744073709551616",
                  "trials: \"18446744073709551616\" is too large a number; give a whole number", -ERANGE },
                { REQUEST_TRIALS, "4294967297",
                  "trials: 4294967297 is out of range; 1 to 1000 (MaxTrials in jouletraced.conf raises the limit)",
                  -ERANGE },
                { REQUEST_COOLDOWN, "61", "cooldown: 61s is out of range; 0 to 1min", -ERANGE },
                { REQUEST_COOLDOWN, "1..5s", NULL, -EINVAL },
                { REQUEST_COOLDOWN, "1.s", NULL, -EINVAL },
                { REQUEST_COOLDOWN, ".5s", NULL, -EINVAL },
                { REQUEST_COOLDOWN, "1,5s", NULL, -EINVAL },
                { REQUEST_COOLDOWN, "5 parsecs",
                  "cooldown: \"5 parsecs\" is not understood; give a time such as 500ms, 2s or 1.5min", -EINVAL },
                { REQUEST_COOLDOWN, "99999999999999999999999.5h", NULL, -ERANGE },
                { REQUEST_COOLDOWN, "18446744073709551615h", NULL, -ERANGE },
                { REQUEST_MEMORY_MAX, "64Q",
                  "memory-max: \"64Q\" is not understood; give a size such as 65536, 64M or 1G", -EINVAL },
                { REQUEST_REL_CI, "100%", "rel-ci: 1 is out of range; more than 0 and less than 1", -ERANGE },
                { REQUEST_REL_CI, "2", "rel-ci: \"2\" has no percent sign; give a share such as 0.02 or 2%", -EDOM },
                { REQUEST_REL_CI, "x", "rel-ci: \"x\" is not understood; give a share such as 0.02 or 2%", -EINVAL },
                { REQUEST_MAX_JOULES, "5%", NULL, -EINVAL },
                { REQUEST_MAX_JOULES, "nan", NULL, -EINVAL },
                { REQUEST_MAX_JOULES, "1e999", NULL, -ERANGE },
                { REQUEST_DETACH, "maybe", "detach: \"maybe\" is not understood; give true or false", -EINVAL },
                { REQUEST_METER, "msr", "meter: \"msr\" is not one of: auto, perf, powercap, model, none", -EINVAL },
                { REQUEST_ON_FAILURE, "go", "on-failure: \"go\" is not one of: stop, continue", -EINVAL },
                { REQUEST_MAX_TESTS, "10001", "max-tests: 10001 is out of range; 0 to 10000", -ERANGE },
                { REQUEST_LANGUAGE, "C++", "language: \"C++\" is no language's name; such as c, cpp or python3",
                  -EINVAL },
                { REQUEST_BLOBS, "x", "blobs: has no form as text", -EINVAL },
                { REQUEST_FILES, "x", "files: has no form as text", -EINVAL },
                { REQUEST_TESTS, "x", "tests: has no form as text", -EINVAL },
                { REQUEST_VALIDATOR, "x", "validator: has no form as text", -EINVAL },
                { REQUEST_FUNCTION, "x", "function: has no form as text", -EINVAL },
                { REQUEST_ARGV, "x", "argv: has no form as text", -EINVAL },
                { REQUEST_CWD, "x", "cwd: has no form as text", -EINVAL },
                { REQUEST_STDIN, "x", "stdin: has no form as text", -EINVAL },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
                g_autoptr(Request) request = request_new(JOB_MEASURE, &f->limits);
                g_autofree char *message = NULL;

                g_assert_cmpint(request_set_text(request, wrong[i].id, &f->limits, wrong[i].text, &message), ==,
                                wrong[i].error);
                g_assert_nonnull(message);
                if (wrong[i].message)
                        g_assert_cmpstr(message, ==, wrong[i].message);
                g_assert_cmphex(request->given, ==, 0);
        }
}

static void test_other_text(Fixture *f, const void *data) {
        g_autoptr(Request) request = request_new(JOB_MEASURE, &f->limits);
        g_autofree char *message = NULL;

        g_assert_cmpint(request_set_text(request, REQUEST_REL_CI, NULL, "1%", &message), ==, 0);
        g_assert_cmpfloat(request->rel_ci, ==, 0.01);
        g_assert_cmpint(request_set_text(request, REQUEST_MAX_JOULES, NULL, "1.5", &message), ==, 0);
        g_assert_cmpfloat(request->max_joules, ==, 1.5);
        g_assert_cmpint(request_set_text(request, REQUEST_DETACH, NULL, NULL, &message), ==, 0);
        g_assert_true(request->detach);
        g_assert_cmpint(request_set_text(request, REQUEST_DETACH, NULL, "No", &message), ==, 0);
        g_assert_false(request->detach);
        g_assert_cmpint(request_set_text(request, REQUEST_LABEL, NULL, "a b", &message), ==, 0);
        g_assert_cmpint(request_set_text(request, REQUEST_LABEL, NULL, "c", &message), ==, 0);
        g_assert_cmpstr(request->label, ==, "c");
        g_assert_cmpint(request_set_text(request, REQUEST_METER, NULL, "model", &message), ==, 0);
        g_assert_cmpstr(request->meter, ==, "model");

        g_assert_cmpint(request_set_text(request, REQUEST_PROFILE, NULL, "box", &message), ==, 0);
        g_assert_cmpstr(request->profile, ==, "box");
        g_assert_cmpint(request_set_text(request, REQUEST_LANGUAGE, NULL, "c++17", &message), ==, 0);
        g_assert_cmpstr(request->language, ==, "c++17");
        g_assert_cmpint(request_set_text(request, REQUEST_REGION, NULL, NULL, &message), ==, 0);
        g_assert_true(request->region);
        g_assert_cmpint(request_set_text(request, REQUEST_MAX_TESTS, NULL, "7", &message), ==, 0);
        g_assert_cmpuint(request->max_tests, ==, 7);

        /* The default of one follows the other. */
        g_assert_cmpint(request_set_text(request, REQUEST_CPU_LIMIT, NULL, "1s", &message), ==, 0);
        g_assert_cmpuint(request->wall_limit_usec, ==, 3 * USEC_PER_SEC);

        /* Without limits the bounds without a knob still hold. */
        g_assert_cmpint(request_set_text(request, REQUEST_TRIALS, NULL, "100000", &message), ==, 0);
        g_assert_cmpint(request_set_text(request, REQUEST_CPU_LIMIT, NULL, "18446744073709s", &message), ==, 0);
        g_assert_cmpuint(request->wall_limit_usec, ==, UINT64_MAX);
        g_assert_cmpint(request_set_text(request, REQUEST_WARMUPS, NULL, "101", &message), ==, -ERANGE);
        g_assert_cmpstr(message, ==, "warmups: 101 is out of range; 0 to 100");
}

/* What a validation does not take it does not take from a command line either. */
static void test_kind(Fixture *f, const void *data) {
        g_autoptr(Request) request = request_new(JOB_VALIDATE, &f->limits);
        g_autofree char *message = NULL;

        g_assert_cmpint(request_set_text(request, REQUEST_MAX_TESTS, &f->limits, "3", &message), ==, 0);
        g_assert_cmpint(request_set_text(request, REQUEST_TRIALS, &f->limits, "3", &message), ==, -EINVAL);
        g_assert_cmpstr(message, ==, "trials: is no key of a job that only validates; leave it out, or measure");
        g_assert_cmphex(request->given, ==, BIT(REQUEST_MAX_TESTS));
        request->kind = JOB_COMPARE;
        g_assert_cmpint(request_set_text(request, REQUEST_FAIL_ABOVE, &f->limits, "250%", &message), ==, 0);
        g_assert_cmpfloat(request->fail_above, ==, 2.5);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("/request-text/right", test_text);
        ADD("/request-text/wrong", test_wrong_text);
        ADD("/request-text/kind", test_kind);
        ADD("/request-text/other", test_other_text);
        return g_test_run();
}
