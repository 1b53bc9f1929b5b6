/* SPDX-License-Identifier: MIT */
#include "errors.h"
#include "request-fixture.h"

/* What does not go with the others: the directory and the input of profile host. */
#define HOST_ONLY (BIT(REQUEST_CWD) | BIT(REQUEST_STDIN))
/* The results of a function are not judged by a validator; and argv is there already. */
#define IN_PARTS (BIT(REQUEST_FUNCTION) | BIT(REQUEST_ARGV))

static void append_structured(Fixture *f, KeyId id) {
        int r = 0;

        if (id == REQUEST_BLOBS)
                append_blobs_fd(f);
        else if (id == REQUEST_FILES)
                append_file(f, "src/a.c", 1, 9, 0755);
        else if (id == REQUEST_TESTS)
                append_test(f, "secret/1");
        else if (id == REQUEST_VALIDATOR)
                r = sd_bus_message_append(f->m, "{sv}", "validator", "a{sv}", 4, "type", "s", "testlib", "files",
                                          "a(sttu)", 1, "check", UINT64_C(2), UINT64_C(3), 0700, "argv", "as", 1,
                                          "./check", "args", "as", 2, "--a", "b");
        g_assert_cmpint(r, >=, 0);
}

static void append_key(Fixture *f, KeyId id) {
        const RequestKey *key = &request_keys[id];
        int r = 0;

        if (is_number(key->type))
                append_number(f, id, f->limits.bounds[id].max);
        else if (key->type == KEY_CHOICE)
                r = sd_bus_message_append(f->m, "{sv}", key->name, "s", key->choices[1] ?: key->choices[0]);
        else if (key->type == KEY_STRING)
                r = sd_bus_message_append(f->m, "{sv}", key->name, "s", id == REQUEST_TUNE ? "epp=power" : key->name);
        else if (key->type == KEY_DOUBLE)
                r = sd_bus_message_append(f->m, "{sv}", key->name, "d", 0.25);
        else if (key->type == KEY_BOOLEAN)
                r = sd_bus_message_append(f->m, "{sv}", key->name, "b", 1);
        else if (key->type == KEY_STRINGS)
                r = sd_bus_message_append(f->m, "{sv}", key->name, "as", 1, "A=b");
        else if (key->type == KEY_FD || id == REQUEST_STDIN)
                append_fd(f, key->name, O_RDWR);
        else
                append_structured(f, id);
        g_assert_cmpint(r, >=, 0);
}

static void append_all_but(Fixture *f, uint64_t left_out) {
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++)
                if (!(left_out & BIT(id)) && request_key_takes(id, f->kind))
                        append_key(f, id);
}

static Request *pass_on(Fixture *f, const Request *first) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        Request *second = NULL;
        int r;

        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(request_append(f->m, first), >=, 0);
        offline_message_turn(f->m);
        r = request_from_message(f->m, f->kind, NULL, &second, &error);
        g_assert_cmpstr(error.message, ==, NULL);
        g_assert_cmpint(r, ==, 0);
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const RequestKey *key = &request_keys[id];

                if (is_number(key->type) && request_key_takes(id, f->kind))
                        g_assert_cmpuint(number_of(first, id), ==, number_of(second, id));
                if (key->type == KEY_STRING || key->type == KEY_CHOICE)
                        g_assert_cmpstr(*(char **) ((uint8_t *) first + key->offset), ==,
                                        *(char **) ((uint8_t *) second + key->offset));
        }
        return second;
}

/* What the daemon passes on is what the worker reads, though the configuration moved the bounds. */
static void test_round_trip(Fixture *f, const void *data) {
        g_autoptr(Request) first = NULL, second = NULL;
        const uint64_t compare_only = BIT(REQUEST_FAIL_ABOVE) | BIT(REQUEST_FAIL_BELOW);
        const uint64_t all = (BIT(N_REQUEST_KEYS) - 1) & ~(HOST_ONLY | BIT(REQUEST_FUNCTION) | compare_only);

        f->limits.bounds[REQUEST_TRIALS].max = 5000;
        f->limits.bounds[REQUEST_MEMORY_MAX].max = UINT64_C(1) << 50;
        begin(f, true);
        append_all_but(f, HOST_ONLY | IN_PARTS);
        first = accepted(f);
        g_assert_cmphex(first->given, ==, all);

        second = pass_on(f, first);
        g_assert_cmphex(second->given, ==, all);
        g_assert_cmpstr(second->env[0], ==, "A=b");
        g_assert_cmpfloat(second->rel_ci, ==, 0.25);
        g_assert_cmpfloat(second->max_joules, ==, 0.25);
        g_assert_true(second->detach);
        g_assert_cmpint(second->blobs_fd, >, 2);
}

static void test_round_trip_of_host(Fixture *f, const void *data) {
        g_autoptr(Request) first = NULL, second = NULL;

        begin(f, true);
        append_fd(f, "cwd", O_RDWR);
        append_fd(f, "stdin", O_RDWR);
        first = accepted(f);
        second = pass_on(f, first);
        g_assert_cmpint(second->stdin_fd, >, 2);
        g_assert_cmpint(second->cwd_fd, >, 2);
        g_assert_cmpstr(second->profile, ==, "host");
}

/* Keys that a validation does not take are not passed on with their defaults either. */
static void test_round_trip_of_validation(Fixture *f, const void *data) {
        g_autoptr(Request) first = NULL, second = NULL;

        f->kind = JOB_VALIDATE;
        begin(f, true);
        append_all_but(f, IN_PARTS);
        first = accepted(f);
        second = pass_on(f, first);
        g_assert_cmpint(second->kind, ==, JOB_VALIDATE);
        g_assert_false(second->given & (BIT(REQUEST_TRIALS) | BIT(REQUEST_METER) | BIT(REQUEST_CWD)));
        g_assert_true(second->given & BIT(REQUEST_TESTS));
}

static void test_parts(Fixture *f, const void *data) {
        g_autoptr(Request) first = NULL, second = NULL;
        const RequestFile *file;
        const RequestTest *test;

        f->kind = JOB_VALIDATE;
        begin(f, true);
        append_all_but(f, IN_PARTS);
        first = accepted(f);
        second = pass_on(f, first);

        g_assert_cmpuint(second->files->len, ==, 1);
        file = &g_array_index(second->files, RequestFile, 0);
        g_assert_cmpstr(file->name, ==, "src/a.c");
        g_assert_cmpuint(file->offset, ==, 1);
        g_assert_cmpuint(file->size, ==, 9);
        g_assert_cmpuint(file->mode, ==, 0755);
        g_assert_cmpuint(second->tests->len, ==, 1);
        test = &g_array_index(second->tests, RequestTest, 0);
        g_assert_cmpstr(test->name, ==, "secret/1");
        g_assert_cmpuint(test->input_offset, ==, 0);
        g_assert_cmpuint(test->input_size, ==, 4);
        g_assert_cmpuint(test->answer_offset, ==, 4);
        g_assert_cmpuint(test->answer_size, ==, 6);
        g_assert_cmpstr(second->validator->type, ==, "testlib");
        g_assert_cmpstr(second->validator->argv[0], ==, "./check");
        g_assert_cmpstr(second->validator->args[1], ==, "b");
        g_assert_null(second->validator->args[2]);
        g_assert_null(second->validator->language);
        file = &g_array_index(second->validator->files, RequestFile, 0);
        g_assert_cmpstr(file->name, ==, "check");
        g_assert_cmpuint(file->mode, ==, 0700);
}

/* Each member of the dictionaries, away from its default. */
static void test_dictionaries(Fixture *f, const void *data) {
        g_autoptr(Request) first = NULL, second = NULL, third = NULL, fourth = NULL;

        begin(f, true);
        append_blobs_fd(f);
        append_test(f, "1");
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "validator", "a{sv}", 4, "absolute", "d", 0.5, "relative",
                                              "d", 1e-6, "case-sensitive", "b", 0, "space-sensitive", "b", 1),
                        >=, 0);
        first = accepted(f);
        second = pass_on(f, first);
        g_assert_cmpstr(second->validator->type, ==, "tokens");
        g_assert_cmpfloat(second->validator->absolute, ==, 0.5);
        g_assert_cmpfloat(second->validator->relative, ==, 1e-6);
        g_assert_false(second->validator->case_sensitive);
        g_assert_true(second->validator->space_sensitive);

        begin(f, false);
        append_blobs_fd(f);
        append_test(f, "1");
        append_file(f, "a.py", 0, 10, 0644);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "function", "a{sv}", 6, "name", "s", "fib",
                                              "float-tolerance", "d", 0.0, "relative-tolerance", "d", 0.5,
                                              "string-case-sensitive", "b", 0, "ignore-whitespace", "b", 1,
                                              "list-order-matters", "b", 0),
                        >=, 0);
        third = accepted(f);
        fourth = pass_on(f, third);
        g_assert_null(fourth->argv);
        g_assert_cmpstr(fourth->language, ==, "python3");
        g_assert_cmpstr(fourth->profile, ==, "box");
        g_assert_cmpstr(fourth->function->name, ==, "fib");
        g_assert_cmpfloat(fourth->function->float_tolerance, ==, 0);
        g_assert_cmpfloat(fourth->function->relative_tolerance, ==, 0.5);
        g_assert_false(fourth->function->string_case_sensitive);
        g_assert_true(fourth->function->ignore_whitespace);
        g_assert_false(fourth->function->list_order_matters);
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
        ADD("/request-append/host", test_round_trip_of_host);
        ADD("/request-append/validation", test_round_trip_of_validation);
        ADD("/request-append/parts", test_parts);
        ADD("/request-append/dictionaries", test_dictionaries);
        ADD("/request-append/defaults", test_round_trip_of_defaults);
        ADD("/request-append/given", test_append_given);
        return g_test_run();
}
