/* SPDX-License-Identifier: MIT */
#include "errors.h"
#include "request-fixture.h"

static void append_everything(Fixture *f) {
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const RequestKey *key = &request_keys[id];
                int r = 0;

                if (is_number(key->type))
                        append_number(f, id, f->limits.bounds[id].max);
                else if (key->type == KEY_CHOICE)
                        r = sd_bus_message_append(f->m, "{sv}", key->name, "s", key->choices[1] ?: key->choices[0]);
                else if (key->type == KEY_STRING)
                        r = sd_bus_message_append(f->m, "{sv}", key->name, "s", key->name);
                else if (key->type == KEY_DOUBLE)
                        r = sd_bus_message_append(f->m, "{sv}", key->name, "d", 0.25);
                else if (key->type == KEY_BOOLEAN)
                        r = sd_bus_message_append(f->m, "{sv}", key->name, "b", 1);
                else if (key->type == KEY_STRINGS && id != REQUEST_ARGV)
                        r = sd_bus_message_append(f->m, "{sv}", key->name, "as", 1, "A=b");
                else if (key->type == KEY_FD || key->type == KEY_FD_OR_BYTES)
                        append_fd(f, key->name, O_RDWR);
                g_assert_cmpint(r, >=, 0);
        }
}

/* What the daemon passes on is what the worker reads, though the configuration moved the bounds. */
static void test_round_trip(Fixture *f, const void *data) {
        g_autoptr(Request) first = NULL, second = NULL;
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        f->limits.bounds[REQUEST_TRIALS].max = 5000;
        f->limits.bounds[REQUEST_MEMORY_MAX].max = UINT64_C(1) << 50;
        begin(f, true);
        append_everything(f);
        first = accepted(f);
        g_assert_cmphex(first->given, ==, BIT(N_REQUEST_KEYS) - 1);

        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(request_append(f->m, first), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(request_from_message(f->m, JOB_MEASURE, NULL, &second, &error), ==, 0);
        g_assert_cmphex(second->given, ==, BIT(N_REQUEST_KEYS) - 1);
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const RequestKey *key = &request_keys[id];

                if (is_number(key->type))
                        g_assert_cmpuint(number_of(first, id), ==, number_of(second, id));
                if (key->type == KEY_STRING || key->type == KEY_CHOICE)
                        g_assert_cmpstr(*(char **) ((uint8_t *) first + key->offset), ==,
                                        *(char **) ((uint8_t *) second + key->offset));
        }
        g_assert_cmpstr(second->env[0], ==, "A=b");
        g_assert_cmpfloat(second->rel_ci, ==, 0.25);
        g_assert_cmpfloat(second->max_joules, ==, 0.25);
        g_assert_true(second->detach);
        g_assert_cmpint(second->stdin_fd, >, 2);
        g_assert_cmpint(second->cwd_fd, >, 2);
}

/* All defaults, bytes as stdin, and a request without values: what is not there stays not there. */
static void test_round_trip_of_defaults(Fixture *f, const void *data) {
        g_autoptr(Request) first = request_new(JOB_MEASURE, &f->limits), second = NULL;
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        first->argv = g_strsplit("a b", " ", -1);
        first->stdin_bytes = g_bytes_new("xyz", 3);
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(request_append(f->m, first), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(request_from_message(f->m, JOB_MEASURE, &f->limits, &second, &error), ==, 0);
        g_assert_true(g_bytes_equal(first->stdin_bytes, second->stdin_bytes));
        g_assert_cmpuint(first->seed, ==, second->seed);
        g_assert_false(second->given & (BIT(REQUEST_LABEL) | BIT(REQUEST_CWD) | BIT(REQUEST_ENV) |
                                        BIT(REQUEST_REL_CI) | BIT(REQUEST_MAX_JOULES) | BIT(REQUEST_OUTPUT)));
        g_assert_true(second->given & BIT(REQUEST_TRIALS));
}

static void test_append_given(Fixture *f, const void *data) {
        g_autoptr(Request) first = request_new(JOB_MEASURE, NULL), second = NULL;
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autofree char *message = NULL;

        first->argv = g_strsplit("a b", " ", -1);
        first->given |= BIT(REQUEST_ARGV);
        g_assert_cmpint(request_set_text(first, REQUEST_TRIALS, NULL, "5000", &message), ==, 0);
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(request_append_given(f->m, first), >=, 0);
        offline_message_turn(f->m);
        f->limits.bounds[REQUEST_TRIALS].max = 5000;
        g_assert_cmpint(request_from_message(f->m, JOB_MEASURE, &f->limits, &second, &error), ==, 0);
        g_assert_cmphex(second->given, ==, BIT(REQUEST_ARGV) | BIT(REQUEST_TRIALS));
        g_assert_cmpuint(second->trials, ==, 5000);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(errors_register(), >=, 0);
        ADD("/request-append/round-trip", test_round_trip);
        ADD("/request-append/defaults", test_round_trip_of_defaults);
        ADD("/request-append/given", test_append_given);
        return g_test_run();
}
