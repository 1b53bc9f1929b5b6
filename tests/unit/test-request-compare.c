/* SPDX-License-Identifier: MIT */
#include "errors.h"
#include "request-fixture.h"

/* The request of a comparison: which dictionary takes which key, and what becomes of it. */

static void begin_compare(Fixture *f) {
        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(sd_bus_message_open_container(f->m, 'a', "a{sv}"), >=, 0);
}

static void open_dictionary(Fixture *f) {
        g_assert_cmpint(sd_bus_message_open_container(f->m, 'a', "{sv}"), >=, 0);
}

static void close_container(Fixture *f) {
        g_assert_cmpint(sd_bus_message_close_container(f->m), >=, 0);
}

static void add_candidate(Fixture *f, const char *program) {
        open_dictionary(f);
        KEY_SET("argv", "as", 1, program);
        close_container(f);
}

/* The candidates end, the options begin. */
static void begin_options(Fixture *f) {
        close_container(f);
        open_dictionary(f);
}

static int read_back(Fixture *f, const RequestLimits *limits, Request **ret, char **ret_message) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        int r;

        r = request_compare_from_message(f->m, limits, ret, &error);
        *ret_message = g_strdup(error.message);
        return r;
}

static int finish_compare(Fixture *f, Request **ret, char **ret_message) {
        close_container(f);
        offline_message_turn(f->m);
        return read_back(f, &f->limits, ret, ret_message);
}

static Request *accepted_compare(Fixture *f) {
        g_autofree char *message = NULL;
        Request *request = NULL;
        int r;

        r = finish_compare(f, &request, &message);
        g_assert_cmpstr(message, ==, NULL);
        g_assert_cmpint(r, ==, 0);
        return request;
}

static void refused_compare(Fixture *f, const char *expected) {
        g_autofree char *message = NULL;
        Request *request = NULL;

        g_assert_cmpint(finish_compare(f, &request, &message), ==, -EBADMSG);
        g_assert_null(request);
        g_assert_cmpstr(message, ==, expected);
}

static Request *candidate(const Request *request, unsigned i) {
        return g_ptr_array_index(request->candidates, i);
}

/* Two programs, and each kind of number, text and choice among the options. */
static Request *two_with_options(Fixture *f) {
        begin_compare(f);
        open_dictionary(f);
        KEY_SET("argv", "as", 2, "/bin/echo", "a");
        KEY_SET("cpu-limit", "t", UINT64_C(2000000));
        KEY_SET("candidate-id", "s", "first");
        append_fd(f, "cwd", O_RDONLY);
        close_container(f);
        add_candidate(f, "/bin/true");
        begin_options(f);
        KEY_SET("trials", "u", 12);
        KEY_SET("min-window", "t", UINT64_C(200000));
        KEY_SET("isolation", "s", "confined");
        KEY_SET("label", "s", "faster?");
        KEY_SET("allow-filtered", "b", 1);
        KEY_SET("seed", "t", UINT64_C(7));
        KEY_SET("fail-above", "d", 0.02);
        return accepted_compare(f);
}

static void check_two(const Request *request) {
        g_assert_cmpint(request->kind, ==, JOB_COMPARE);
        g_assert_cmpuint(request->candidates->len, ==, 2);
        g_assert_cmpfloat(request->fail_above, ==, 0.02);
        g_assert_cmpfloat(request->fail_below, ==, 0);
        g_assert_cmpuint(request->trials, ==, 12);
        g_assert_null(request->argv);
        for (unsigned i = 0; i < 2; i++) {
                const Request *one = candidate(request, i);

                g_assert_cmpint(one->kind, ==, JOB_MEASURE);
                g_assert_cmpuint(one->trials, ==, 12);
                g_assert_cmpuint(one->warmups, ==, 2);
                g_assert_cmpuint(one->min_window_usec, ==, 200000);
                g_assert_cmpstr(one->isolation, ==, "confined");
                g_assert_cmpstr(one->label, ==, "faster?");
                g_assert_true(one->allow_filtered);
                g_assert_cmpuint(one->seed, ==, 7);
                g_assert_cmpfloat(one->fail_above, ==, 0);
        }
        g_assert_cmpstr(candidate(request, 0)->argv[1], ==, "a");
        g_assert_cmpuint(candidate(request, 0)->wall_limit_usec, ==, 5000000);
        g_assert_cmpstr(candidate(request, 0)->candidate_id, ==, "first");
        g_assert_cmpint(candidate(request, 0)->cwd_fd, >, 2);
        g_assert_cmpstr(candidate(request, 1)->argv[0], ==, "/bin/true");
        g_assert_cmpuint(candidate(request, 1)->wall_limit_usec, ==, 61000000);
        g_assert_null(candidate(request, 1)->candidate_id);
        g_assert_cmpint(candidate(request, 1)->cwd_fd, ==, -1);
}

static void test_candidate_is_a_measurement(Fixture *f, const void *data) {
        g_autoptr(Request) request = two_with_options(f);

        check_two(request);
}

/* What the daemon passes on is what the worker reads. */
static void test_round_trip(Fixture *f, const void *data) {
        g_autoptr(Request) first = two_with_options(f), second = NULL;
        g_autofree char *message = NULL;

        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(request_compare_append(f->m, first), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(read_back(f, NULL, &second, &message), ==, 0);
        g_assert_cmpstr(message, ==, NULL);
        check_two(second);
        /* every key is named, those with their defaults among them */
        g_assert_true(second->given & BIT(REQUEST_WARMUPS));
        g_assert_true(candidate(second, 1)->given & BIT(REQUEST_TASKS_MAX));
}

/* What a client sends: the keys it was told, and no other. */
static void test_given(Fixture *f, const void *data) {
        g_autoptr(Request) first = request_new(JOB_COMPARE, NULL), second = NULL, third = NULL;
        g_autofree char *message = NULL;

        for (unsigned i = 0; i < 2; i++) {
                Request *one = request_add_candidate(first, NULL);

                one->argv = g_strsplit(i == 0 ? "/bin/a" : "/bin/b", " ", -1);
                one->given = BIT(REQUEST_ARGV);
        }
        g_assert_cmpint(request_set_text(first, REQUEST_TRIALS, NULL, "20", &message), ==, 0);
        g_assert_cmpint(request_set_text(first, REQUEST_FAIL_BELOW, NULL, "5%", &message), ==, 0);
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(request_compare_append_given(f->m, first), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(read_back(f, NULL, &second, &message), ==, 0);
        g_assert_cmphex(second->given, ==, BIT(REQUEST_TRIALS) | BIT(REQUEST_FAIL_BELOW));
        g_assert_cmphex(candidate(second, 0)->given, ==, BIT(REQUEST_ARGV) | BIT(REQUEST_TRIALS));
        g_assert_cmpfloat(second->fail_below, ==, 0.05);
        g_assert_cmpuint(candidate(second, 1)->trials, ==, 20);
        g_assert_cmpstr(candidate(second, 1)->argv[0], ==, "/bin/b");

        /* The options that a candidate was given with the others stay theirs. */
        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(request_compare_append_given(f->m, second), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(read_back(f, NULL, &third, &message), ==, 0);
        g_assert_cmpstr(message, ==, NULL);
        g_assert_cmphex(third->given, ==, second->given);
}

/* Each key of a measurement is a candidate's or the options', or no comparison's at all; never both. */
static void test_table(void) {
        static const char *const measure_only[] = { "output", "error-output", "rel-ci", "max-trials", NULL };

        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const RequestKey *key = &request_keys[id];
                const bool candidates = request_key_takes(id, REQUEST_CANDIDATE);
                const bool options = request_key_takes(id, JOB_COMPARE);

                g_assert_false(candidates && options);
                g_assert_cmpint(candidates || options, !=, g_strv_contains(measure_only, key->name));
                /* what is copied to every candidate is plain */
                if (options)
                        g_assert_true(is_number(key->type) || key->type == KEY_STRING || key->type == KEY_CHOICE ||
                                      key->type == KEY_DOUBLE || key->type == KEY_BOOLEAN);
        }
}

static void test_wrong_place(Fixture *f, const void *data) {
        static const struct {
                const char *key, *type;
                bool with_options;
                const char *message;
        } cases[] = {
                { "trials", "u", false,
                  "candidate 2: trials: is the same for all candidates; give it with the options" },
                { "fail-above", "d", false,
                  "candidate 2: fail-above: is the same for all candidates; give it with the options" },
                { "max-trials", "u", false,
                  "candidate 2: max-trials: is no key of a comparison; leave it out, or measure" },
                { "tasks-max", "u", true, "tasks-max: may differ between candidates; give it with each of them" },
                { "rel-ci", "d", true, "rel-ci: is no key of a comparison; leave it out, or measure" },
                { "trails", "u", true, "\"trails\": no such key; did you mean trials?" },
                { "fail-above", "u", true, "fail-above: is of type \"u\"; it must be a number (d)" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                begin_compare(f);
                add_candidate(f, "/bin/true");
                open_dictionary(f);
                KEY_SET("argv", "as", 1, "/bin/false");
                if (cases[i].with_options) {
                        close_container(f);
                        begin_options(f);
                }
                if (cases[i].type[0] == 'u')
                        KEY_SET(cases[i].key, "u", 10);
                else
                        KEY_SET(cases[i].key, "d", 0.5);
                if (!cases[i].with_options) {
                        close_container(f);
                        begin_options(f);
                }
                refused_compare(f, cases[i].message);
        }
}

/* Keys of a comparison are not silently ignored elsewhere. */
static void test_other_jobs(Fixture *f, const void *data) {
        begin(f, true);
        KEY_SET("fail-above", "d", 0.5);
        refused(f, "fail-above: is no key of a job that measures one program; leave it out, or compare");
        begin_validation(f, true);
        KEY_SET("fail-below", "d", 0.5);
        refused(f, "fail-below: is no key of a job that only validates; leave it out, or compare");
}

static void test_numbers_of_candidates(Fixture *f, const void *data) {
        for (unsigned n = 0; n <= REQUEST_CANDIDATES_MAX + 1; n++) {
                g_autoptr(Request) request = NULL;
                g_autofree char *message = NULL;

                begin_compare(f);
                for (unsigned i = 0; i < n; i++)
                        add_candidate(f, "/bin/true");
                begin_options(f);
                if (n < REQUEST_CANDIDATES_MIN) {
                        message = g_strdup_printf("there are %u candidates; give at least 2", n);
                        refused_compare(f, message);
                } else if (n > REQUEST_CANDIDATES_MAX)
                        refused_compare(f, "there are more than 8 candidates; compare fewer at a time");
                else {
                        request = accepted_compare(f);
                        g_assert_cmpuint(request->candidates->len, ==, n);
                }
        }
}

/* Rules of more than one key hold for each candidate by itself, under the limits in force. */
static void test_rules(Fixture *f, const void *data) {
        begin_compare(f);
        add_candidate(f, "/bin/true");
        open_dictionary(f);
        close_container(f);
        begin_options(f);
        refused_compare(f, "candidate 2: argv: is missing; give the program and its arguments (as)");

        f->limits.bounds[REQUEST_TRIALS].max = 50;
        begin_compare(f);
        add_candidate(f, "/bin/true");
        add_candidate(f, "/bin/true");
        begin_options(f);
        KEY_SET("trials", "u", 51);
        refused_compare(f, "trials: 51 is out of range; 1 to 50 (MaxTrials in jouletraced.conf raises the limit)");

        f->limits.bounds[REQUEST_TASKS_MAX].max = 100;
        begin_compare(f);
        open_dictionary(f);
        KEY_SET("argv", "as", 1, "/bin/true");
        KEY_SET("tasks-max", "u", 101);
        close_container(f);
        add_candidate(f, "/bin/true");
        begin_options(f);
        refused_compare(f, "candidate 1: tasks-max: 101 is out of range; 1 to 100 (MaxTasks in jouletraced.conf "
                           "raises the limit)");

        f->limits.bounds[REQUEST_MIN_WINDOW].min = 100 * USEC_PER_MSEC;
        begin_compare(f);
        add_candidate(f, "/bin/true");
        add_candidate(f, "/bin/true");
        begin_options(f);
        KEY_SET("min-window", "t", UINT64_C(1000));
        refused_compare(f, "min-window: 1ms is out of range; 100ms to 10s (MinWindow in jouletraced.conf sets the "
                           "lower limit, resolution \"fine\" goes below it)");
}

static void test_fractions(Fixture *f, const void *data) {
        static const struct {
                const char *key;
                double value;
                bool ok;
        } cases[] = {
                { "fail-above", 0x1p-1074, true }, { "fail-above", 3, true },         { "fail-above", 0, false },
                { "fail-above", -0.1, false },     { "fail-below", 0.999, true },     { "fail-below", 1, false },
                { "fail-below", 0, false },        { "fail-below", 0x1p-1074, true },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(Request) request = NULL;
                g_autofree char *message = NULL;

                begin_compare(f);
                add_candidate(f, "/bin/true");
                add_candidate(f, "/bin/true");
                begin_options(f);
                KEY_SET(cases[i].key, "d", cases[i].value);
                g_assert_cmpint(finish_compare(f, &request, &message), ==, cases[i].ok ? 0 : -EBADMSG);
                if (!cases[i].ok)
                        g_assert_true(g_str_has_prefix(message, cases[i].key));
        }
}

static void test_no_comparison(Fixture *f, const void *data) {
        g_autofree char *message = NULL;
        Request *request = NULL;

        begin(f, true);
        g_assert_cmpint(finish_compare(f, &request, &message), ==, -EBADMSG);
        g_assert_cmpstr(message, ==,
                        "a comparison is an array of dictionaries, one for each candidate, and a "
                        "dictionary of options (aa{sv} a{sv})");
}

/* Who reads only the options, as of a job that runs one program, has nothing to run. */
static void test_options_alone(Fixture *f, const void *data) {
        f->kind = JOB_COMPARE;
        begin(f, false);
        KEY_SET("trials", "u", 12);
        refused(f, "there are 0 candidates; give at least 2");
}

/* A worker is sent any kind of job in one form; one program comes behind an empty list of candidates. */
static void test_any(Fixture *f, const void *data) {
        g_autoptr(Request) request = request_new(JOB_MEASURE, NULL), read = NULL;
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        request->argv = g_strdupv((char *[]){ (char *) "true", NULL });
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(request_any_append(f->m, request), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(request_any_from_message(f->m, JOB_MEASURE, &read, &error), >=, 0);
        g_assert_cmpstr(read->argv[0], ==, "true");
        g_assert_null(read->candidates);
        g_assert_cmpint(sd_bus_message_at_end(f->m, true), >, 0);
}

static void test_any_with_candidates(Fixture *f, const void *data) {
        g_autoptr(Request) request = request_new(JOB_COMPARE, NULL), read = NULL;
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;

        for (unsigned i = 0; i < 2; i++)
                request_add_candidate(request, NULL)->argv = g_strdupv((char *[]){ (char *) "true", NULL });
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(request_any_append(f->m, request), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(request_any_from_message(f->m, JOB_MEASURE, &read, &error), <, 0);
        g_assert_cmpstr(error.message, ==, "only a comparison has candidates");
        g_assert_cmpint(sd_bus_message_rewind(f->m, true), >=, 0);
        g_assert_cmpint(request_any_from_message(f->m, JOB_COMPARE, &read, &error), >=, 0);
        g_assert_cmpuint(read->candidates->len, ==, 2);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(errors_register(), >=, 0);
        ADD("/request-compare/candidate-is-a-measurement", test_candidate_is_a_measurement);
        ADD("/request-compare/round-trip", test_round_trip);
        ADD("/request-compare/given", test_given);
        g_test_add_func("/request-compare/table", test_table);
        ADD("/request-compare/wrong-place", test_wrong_place);
        ADD("/request-compare/other-jobs", test_other_jobs);
        ADD("/request-compare/numbers-of-candidates", test_numbers_of_candidates);
        ADD("/request-compare/rules", test_rules);
        ADD("/request-compare/fractions", test_fractions);
        ADD("/request-compare/no-comparison", test_no_comparison);
        ADD("/request-compare/options-alone", test_options_alone);
        ADD("/request-compare/any", test_any);
        ADD("/request-compare/any-with-candidates", test_any_with_candidates);
        return g_test_run();
}
