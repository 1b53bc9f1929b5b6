/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "errors.h"
#include "request-fixture.h"

static void check_number(Fixture *f, KeyId id, uint64_t value, bool right) {
        g_autoptr(Request) request = NULL;

        begin(f, true);
        append_number(f, id, value);
        if (!right) {
                refused(f, NULL);
                return;
        }
        request = accepted(f);
        g_assert_cmpuint(number_of(request, id), ==, value);
        g_assert_cmphex(request->given, ==, BIT(REQUEST_ARGV) | BIT(id));
}

static void test_bounds(Fixture *f, const void *data) {
        unsigned numbers = 0;

        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const KeyBounds *bounds = &f->limits.bounds[id];

                if (!is_number(request_keys[id].type))
                        continue;
                numbers++;
                if (bounds->min > 0)
                        check_number(f, id, bounds->min - 1, false);
                check_number(f, id, bounds->min, true);
                check_number(f, id, bounds->max, true);
                check_number(f, id, bounds->max + 1, false);
        }
        g_assert_cmpuint(numbers, ==, 15);
}

static void test_moved_bounds(Fixture *f, const void *data) {
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                if (!is_number(request_keys[id].type) || id == REQUEST_MIN_WINDOW)
                        continue;
                f->limits.bounds[id].max++;
                check_number(f, id, f->limits.bounds[id].max, true);
                f->limits.bounds[id].max -= 2;
                check_number(f, id, f->limits.bounds[id].max + 1, false);
                f->limits.bounds[id].max++;
        }
}

/* What the design promises, number by number. */
static void test_defaults(Fixture *f, const void *data) {
        g_autoptr(Request) request = NULL;

        begin(f, true);
        request = accepted(f);
        g_assert_cmpstr(request->argv[0], ==, "/bin/true");
        g_assert_null(request->argv[1]);
        g_assert_cmpstr(request->profile, ==, "host");
        g_assert_cmpint(request->cwd_fd, ==, -1);
        g_assert_null(request->env);
        g_assert_cmpint(request->stdin_fd, ==, -1);
        g_assert_null(request->stdin_bytes);
        g_assert_cmpint(request->output_fd, ==, -1);
        g_assert_cmpint(request->error_output_fd, ==, -1);
        g_assert_cmpuint(request->trials, ==, 9);
        g_assert_cmpuint(request->warmups, ==, 2);
        g_assert_cmpuint(request->max_trials, ==, 30);
        g_assert_cmpfloat(request->rel_ci, ==, 0);
        g_assert_cmpuint(request->cpu_limit_usec, ==, 30 * USEC_PER_SEC);
        g_assert_cmpuint(request->wall_limit_usec, ==, 61 * USEC_PER_SEC);
        g_assert_cmpuint(request->job_limit_usec, ==, 900 * USEC_PER_SEC);
        g_assert_cmpuint(request->memory_max, ==, UINT64_C(512) << 20);
        g_assert_cmpuint(request->output_max, ==, UINT64_C(16) << 20);
        g_assert_cmpuint(request->tasks_max, ==, 64);
        g_assert_cmpuint(request->min_window_usec, ==, 100 * USEC_PER_MSEC);
        g_assert_cmpuint(request->cooldown_usec, ==, 500 * USEC_PER_MSEC);
        g_assert_cmpuint(request->thermal_wait_usec, ==, 5 * USEC_PER_SEC);
        g_assert_cmpuint(request->cpus, ==, 1);
        g_assert_cmpstr(request->isolation, ==, "configured");
        g_assert_cmpstr(request->meter, ==, "auto");
        g_assert_cmpfloat(request->max_joules, ==, 0);
        g_assert_cmpstr(request->resolution, ==, "rounded");
        g_assert_cmpint(request->blobs_fd, ==, -1);
        g_assert_null(request->blobs_bytes);
        g_assert_null(request->files);
        g_assert_null(request->tests);
        g_assert_null(request->validator);
        g_assert_null(request->language);
        g_assert_null(request->function);
        g_assert_false(request->region);
        g_assert_cmpuint(request->max_tests, ==, 0);
        g_assert_cmpstr(request->on_failure, ==, "stop");
        g_assert_false(request->ignore_exit);
        g_assert_null(request->label);
        g_assert_null(request->candidate_id);
        g_assert_null(request->problem_name);
        g_assert_cmpuint(request->seed, <, UINT64_C(1) << 53);
        g_assert_false(request->allow_filtered);
        g_assert_false(request->detach);
        g_assert_cmphex(request->given, ==, BIT(REQUEST_ARGV));
}

static void test_wall_limit_follows_cpu_limit(Fixture *f, const void *data) {
        g_autoptr(Request) follows = NULL, clamped = NULL, given = NULL;

        begin(f, true);
        append_number(f, REQUEST_CPU_LIMIT, 2 * USEC_PER_SEC);
        follows = accepted(f);
        g_assert_cmpuint(follows->wall_limit_usec, ==, 5 * USEC_PER_SEC);

        f->limits.bounds[REQUEST_WALL_LIMIT].max = 4 * USEC_PER_SEC;
        begin(f, true);
        append_number(f, REQUEST_CPU_LIMIT, 2 * USEC_PER_SEC);
        clamped = accepted(f);
        g_assert_cmpuint(clamped->wall_limit_usec, ==, 4 * USEC_PER_SEC);

        begin(f, true);
        append_number(f, REQUEST_WALL_LIMIT, 3 * USEC_PER_SEC);
        append_number(f, REQUEST_CPU_LIMIT, 2 * USEC_PER_SEC);
        given = accepted(f);
        g_assert_cmpuint(given->wall_limit_usec, ==, 3 * USEC_PER_SEC);
}

/* Whoever names max-trials and no trials wants no more than that. */
static void test_trials_follow_max_trials(Fixture *f, const void *data) {
        g_autoptr(Request) follows = NULL, given = NULL, without = NULL;

        begin(f, true);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "rel-ci", "d", 0.1), >=, 0);
        append_number(f, REQUEST_MAX_TRIALS, 7);
        follows = accepted(f);
        g_assert_cmpuint(follows->trials, ==, 7);

        begin(f, true);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "rel-ci", "d", 0.1), >=, 0);
        append_number(f, REQUEST_MAX_TRIALS, 7);
        append_number(f, REQUEST_TRIALS, 8);
        given = accepted(f);
        g_assert_cmpuint(given->trials, ==, 8);

        begin(f, true);
        append_number(f, REQUEST_MAX_TRIALS, 7);
        without = accepted(f);
        g_assert_cmpuint(without->trials, ==, 9);
}

/* A request may only raise the window, whatever the order of its keys; less is for those who may have fine results. */
static void test_min_window(Fixture *f, const void *data) {
        g_autoptr(Request) fine = NULL;

        f->limits.bounds[REQUEST_MIN_WINDOW].min = 100 * USEC_PER_MSEC;
        check_number(f, REQUEST_MIN_WINDOW, 100 * USEC_PER_MSEC, true);

        begin(f, true);
        append_number(f, REQUEST_MIN_WINDOW, 99 * USEC_PER_MSEC);
        refused(f,
                "min-window: 99ms is out of range; 100ms to 10s (MinWindow in jouletraced.conf sets the lower limit, "
                "resolution \"fine\" goes below it)");

        begin(f, true);
        append_number(f, REQUEST_MIN_WINDOW, USEC_PER_MSEC);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "resolution", "s", "fine"), >=, 0);
        fine = accepted(f);
        g_assert_cmpuint(fine->min_window_usec, ==, USEC_PER_MSEC);

        begin(f, true);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "resolution", "s", "fine"), >=, 0);
        append_number(f, REQUEST_MIN_WINDOW, USEC_PER_MSEC - 1);
        refused(f, NULL);
}

static void test_doubles(Fixture *f, const void *data) {
        static const struct {
                KeyId id;
                double value;
                bool right;
        } cases[] = {
                { REQUEST_REL_CI, 0, false },
                { REQUEST_REL_CI, 0x1p-1074, true },
                { REQUEST_REL_CI, 0.999, true },
                { REQUEST_REL_CI, 1, false },
                { REQUEST_REL_CI, -0.1, false },
                { REQUEST_REL_CI, NAN, false },
                { REQUEST_REL_CI, INFINITY, false },
                { REQUEST_MAX_JOULES, 0, false },
                { REQUEST_MAX_JOULES, 0x1p-1074, true },
                { REQUEST_MAX_JOULES, 1e9, true },
                { REQUEST_MAX_JOULES, -1, false },
                { REQUEST_MAX_JOULES, INFINITY, false },
                { REQUEST_MAX_JOULES, NAN, false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(Request) request = NULL;

                begin(f, true);
                g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", request_keys[cases[i].id].name, "d",
                                                      cases[i].value),
                                >=, 0);
                if (!cases[i].right) {
                        refused(f, NULL);
                        continue;
                }
                request = accepted(f);
                g_assert_cmpfloat(cases[i].id == REQUEST_REL_CI ? request->rel_ci : request->max_joules, ==,
                                  cases[i].value);
        }
}

/* Both sides of the table's bounds. A language needs files, and is tried with them; what is tuned is no free text. */
static void test_strings(Fixture *f, const void *data) {
        unsigned tried = 0;

        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const RequestKey *key = &request_keys[id];
                const size_t most = key->type == KEY_STRING ? key->bounds.max : 0;
                g_autofree char *longest = g_strnfill(most, 'x'), *longer = g_strnfill(most + 1, 'x');
                const char *const right[] = { "", longest };

                if (key->type != KEY_STRING || id == REQUEST_LANGUAGE || id == REQUEST_TUNE)
                        continue;
                tried++;
                g_assert_cmpuint(key->bounds.min, ==, 0);
                for (size_t i = 0; i < G_N_ELEMENTS(right); i++) {
                        g_autoptr(Request) request = NULL;

                        begin(f, true);
                        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", key->name, "s", right[i]), >=, 0);
                        request = accepted(f);
                        g_assert_cmpstr(*(char **) ((uint8_t *) request + key->offset), ==, right[i]);
                }
                begin(f, true);
                g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", key->name, "s", longer), >=, 0);
                refused(f, NULL);
        }
        g_assert_cmpuint(tried, ==, 3);
}

static void test_tune(Fixture *f, const void *data) {
        g_autoptr(Request) request = NULL;

        begin(f, true);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "tune", "s", "turbo=off"), >=, 0);
        request = accepted(f);
        g_assert_cmpstr(request->tune, ==, "turbo=off");
        begin(f, true);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "tune", "s", "turbo=maybe"), >=, 0);
        refused(f, "tune: turbo=maybe is none of: keep, on, off");
        begin(f, true);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "tune", "s", ""), >=, 0);
        refused(f, NULL);
}

static void test_choices(Fixture *f, const void *data) {
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const RequestKey *key = &request_keys[id];

                if (key->type != KEY_CHOICE)
                        continue;
                for (const char *const *choice = key->choices; *choice; choice++) {
                        g_autoptr(Request) request = NULL;

                        begin(f, true);
                        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", key->name, "s", *choice), >=, 0);
                        request = accepted(f);
                        g_assert_cmpstr(*(char **) ((uint8_t *) request + key->offset), ==, *choice);
                }
                begin(f, true);
                g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", key->name, "s", ""), >=, 0);
                refused(f, NULL);
        }
}

static void test_booleans(Fixture *f, const void *data) {
        unsigned tried = 0;

        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const RequestKey *key = &request_keys[id];

                for (int value = 0; key->type == KEY_BOOLEAN && value < 2; value++) {
                        g_autoptr(Request) request = NULL;

                        tried++;
                        begin(f, true);
                        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", key->name, "b", value), >=, 0);
                        request = accepted(f);
                        g_assert_cmpint(*((bool *) request + key->offset), ==, value);
                }
        }
        g_assert_cmpuint(tried, ==, 2 * 4);
}

/* What the tests here, in test-request-parts.c and test-request-compare.c walk, by type: a key of a new type needs a
 * test of its bounds. */
static void test_every_key_is_tried(Fixture *f, const void *data) {
        static const KeyId one_by_one[] = { REQUEST_ARGV,     REQUEST_ENV,        REQUEST_CWD,
                                            REQUEST_STDIN,    REQUEST_OUTPUT,     REQUEST_ERROR_OUTPUT,
                                            REQUEST_REL_CI,   REQUEST_MAX_JOULES, REQUEST_BLOBS,
                                            REQUEST_FILES,    REQUEST_TESTS,      REQUEST_VALIDATOR,
                                            REQUEST_FUNCTION, REQUEST_FAIL_ABOVE, REQUEST_FAIL_BELOW };

        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                const KeyType type = request_keys[id].type;
                bool tried = is_number(type) || type == KEY_STRING || type == KEY_CHOICE || type == KEY_BOOLEAN;

                for (size_t i = 0; i < G_N_ELEMENTS(one_by_one); i++)
                        tried = tried || one_by_one[i] == id;
                if (!tried)
                        g_error("nothing tries the bounds of %s", request_keys[id].name);
        }
}

/* Each says what was wrong, the value, and what would be right. */
static void test_messages(Fixture *f, const void *data) {
        static const struct {
                const char *key, *type, *text;
                uint64_t number;
                const char *message;
        } cases[] = {
                { "trials", "u", NULL, 0, "trials: 0 is out of range; 1 to 1000" },
                { "trials", "u", NULL, 1001,
                  "trials: 1001 is out of range; 1 to 1000 (MaxTrials in jouletraced.conf raises the limit)" },
                { "warmups", "u", NULL, 101, "warmups: 101 is out of range; 0 to 100" },
                { "cpu-limit", "t", NULL, 999, "cpu-limit: 999us is out of range; 1ms to 5min" },
                { "memory-max", "t", NULL, 4096, "memory-max: 4K is out of range; 4M to 1G" },
                { "trials", "t", NULL, 9, "trials: is of type \"t\"; it must be a number (u)" },
                { "trials", "s", "9", 0, "trials: is of type \"s\"; it must be a number (u)" },
                { "label", "t", NULL, 1, "label: is of type \"t\"; it must be a string (s)" },
                { "cwd", "s", "/tmp", 0, "cwd: is of type \"s\"; it must be a file descriptor (h)" },
                { "stdin", "s", "/tmp", 0, "stdin: is of type \"s\"; it must be a file descriptor (h) or bytes (ay)" },
                { "env", "s", "A=B", 0, "env: is of type \"s\"; it must be a list of strings (as)" },
                { "detach", "s", "yes", 0, "detach: is of type \"s\"; it must be a boolean (b)" },
                { "rel-ci", "u", NULL, 1, "rel-ci: is of type \"u\"; it must be a number (d)" },
                { "profile", "s", "jail", 0, "profile: \"jail\" is not one of: host, box" },
                { "files", "s", "a", 0,
                  "files: is of type \"s\"; it must be a list of name, offset, size and mode (a(sttu))" },
                { "tests", "u", NULL, 1,
                  "tests: is of type \"u\"; it must be a list of name, offset and size of input and answer "
                  "(a(stttt))" },
                { "validator", "s", "tokens", 0, "validator: is of type \"s\"; it must be a dictionary (a{sv})" },
                { "function", "s", "solve", 0, "function: is of type \"s\"; it must be a dictionary (a{sv})" },
                { "blobs", "s", "/tmp", 0, "blobs: is of type \"s\"; it must be a file descriptor (h) or bytes (ay)" },
                { "language", "s", "../c", 0, "language: \"../c\" is no language's name; such as c, cpp or python3" },
                { "language", "s", "", 0, "language: \"\" is no language's name; such as c, cpp or python3" },
                { "meter", "s", "msr", 0, "meter: \"msr\" is not one of: auto, perf, powercap, model, none" },
                { "trails", "u", NULL, 9, "\"trails\": no such key; did you mean trials?" },
                { "Trials", "u", NULL, 9, "\"Trials\": no such key; did you mean trials?" },
                { "ignore_exit", "u", NULL, 9, "\"ignore_exit\": no such key; did you mean ignore-exit?" },
                { "x\ny\177", "u", NULL, 9, "\"x?y?\": no such key; org.jouletrace.JouleTrace1(5) lists them" },
                { "", "u", NULL, 9, "\"\": no such key; org.jouletrace.JouleTrace1(5) lists them" },
                { "argv", "u", NULL, 9, "argv: is given twice; give it once" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                int r;

                begin(f, true);
                if (cases[i].text)
                        r = sd_bus_message_append(f->m, "{sv}", cases[i].key, cases[i].type, cases[i].text);
                else if (cases[i].type[0] == 'u')
                        r = sd_bus_message_append(f->m, "{sv}", cases[i].key, "u", (uint32_t) cases[i].number);
                else
                        r = sd_bus_message_append(f->m, "{sv}", cases[i].key, "t", cases[i].number);
                g_assert_cmpint(r, >=, 0);
                refused(f, cases[i].message);
        }
}

/* The keys of later interfaces are not silently ignored. */
static void test_unknown_keys(Fixture *f, const void *data) {
        static const char *const names[] = { "candidates", "options", "interactor" };
        g_autofree char *long_name = g_strnfill(100000, 'a');

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *start = g_strdup_printf("\"%s\": no such key", names[i]);
                g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
                Request *request = NULL;

                begin(f, true);
                g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", names[i], "u", 1), >=, 0);
                g_assert_cmpint(finish(f, &request, &error), ==, -EBADMSG);
                g_assert_true(g_str_has_prefix(error.message, start));
        }

        /* Longer than any name, cut inside a character. */
        memcpy(long_name + 63, "ä", strlen("ä"));
        begin(f, true);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", long_name, "u", 1), >=, 0);
        refused(f, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…\": no such key; "
                   "org.jouletrace.JouleTrace1(5) lists them");
}

static void test_argv(Fixture *f, const void *data) {
        g_autoptr(Request) request = NULL;

        begin(f, false);
        refused(f, "argv: is missing; give the program and its arguments (as)");

        begin(f, false);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "argv", "as", 0), >=, 0);
        refused(f, "argv: is empty; the first string must name a program");

        begin(f, false);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "argv", "as", 2, "", "x"), >=, 0);
        refused(f, "argv: the program's name is empty; the first string must name a program");

        begin(f, false);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "argv", "as", 2, "x", ""), >=, 0);
        request = accepted(f);
        g_assert_cmpstr(request->argv[1], ==, "");
}

static void test_env(Fixture *f, const void *data) {
        static const char *const wrong[] = { "", "A", "=B" };
        g_autoptr(Request) request = NULL, empty = NULL;

        begin(f, true);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "env", "as", 2, "A=", "B=c=d"), >=, 0);
        request = accepted(f);
        g_assert_cmpstr(request->env[0], ==, "A=");
        g_assert_cmpstr(request->env[1], ==, "B=c=d");

        /* An empty environment is not the same as none given. */
        begin(f, true);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "env", "as", 0), >=, 0);
        empty = accepted(f);
        g_assert_nonnull(empty->env);
        g_assert_null(empty->env[0]);

        for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
                begin(f, true);
                g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "env", "as", 1, wrong[i]), >=, 0);
                refused(f, NULL);
        }
}

/* argv and env share one bound. */
static void check_size(Fixture *f, size_t argument_length, bool env, bool right) {
        g_autofree char *argument = g_strnfill(argument_length, 'x');
        g_autoptr(Request) request = NULL;

        begin(f, false);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "argv", "as", 2, "x", argument), >=, 0);
        if (env)
                g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "env", "as", 1, "A=b"), >=, 0);
        if (right)
                request = accepted(f);
        else
                refused(f, NULL);
}

static void test_strings_size(Fixture *f, const void *data) {
        size_t rest = REQUEST_STRINGS_MAX - (2 + sizeof(char *)) - (1 + sizeof(char *));

        check_size(f, rest, false, true);
        check_size(f, rest + 1, false, false);
        check_size(f, rest, true, false);
        check_size(f, rest - strlen("A=b") - 1 - sizeof(char *), true, true);
        check_size(f, rest - strlen("A=b") - sizeof(char *), true, false);
}

static void test_descriptors(Fixture *f, const void *data) {
        static const struct {
                KeyId id;
                int flags;
                bool right;
        } cases[] = {
                { REQUEST_STDIN, O_RDONLY, true },         { REQUEST_STDIN, O_RDWR, true },
                { REQUEST_STDIN, O_WRONLY, false },        { REQUEST_STDIN, O_PATH, false },
                { REQUEST_OUTPUT, O_WRONLY, true },        { REQUEST_OUTPUT, O_RDWR, true },
                { REQUEST_OUTPUT, O_RDONLY, false },       { REQUEST_OUTPUT, O_PATH, false },
                { REQUEST_ERROR_OUTPUT, O_WRONLY, true },  { REQUEST_ERROR_OUTPUT, O_RDWR, true },
                { REQUEST_ERROR_OUTPUT, O_RDONLY, false }, { REQUEST_ERROR_OUTPUT, O_PATH, false },
                { REQUEST_CWD, O_RDONLY, true },           { REQUEST_CWD, O_PATH, true },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(Request) request = NULL;
                int fd;

                begin(f, true);
                append_fd(f, request_keys[cases[i].id].name, cases[i].flags);
                if (!cases[i].right) {
                        refused(f, NULL);
                        continue;
                }
                request = accepted(f);
                fd = *(int *) ((uint8_t *) request + request_keys[cases[i].id].offset);
                g_assert_cmpint(fd, >, 2);
                g_assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        }
}

static void test_stdin_bytes(Fixture *f, const void *data) {
        size_t max = 1024 * 1024;

        for (size_t size = max; size <= max + 1; size++) {
                g_autoptr(Request) request = NULL;
                g_autofree uint8_t *bytes = g_malloc0(size);

                begin(f, true);
                g_assert_cmpint(sd_bus_message_open_container(f->m, 'e', "sv"), >=, 0);
                g_assert_cmpint(sd_bus_message_append(f->m, "s", "stdin"), >=, 0);
                g_assert_cmpint(sd_bus_message_open_container(f->m, 'v', "ay"), >=, 0);
                g_assert_cmpint(sd_bus_message_append_array(f->m, 'y', bytes, size), >=, 0);
                g_assert_cmpint(sd_bus_message_close_container(f->m), >=, 0);
                g_assert_cmpint(sd_bus_message_close_container(f->m), >=, 0);
                if (size > max) {
                        refused(f, "stdin: 1048577 bytes are too many; at most 1 MiB, or pass a descriptor of a file");
                        continue;
                }
                request = accepted(f);
                g_assert_cmpuint(g_bytes_get_size(request->stdin_bytes), ==, size);
        }
}

static void test_no_dictionary(Fixture *f, const void *data) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        Request *request = NULL;

        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(sd_bus_message_append(f->m, "s", "argv"), >=, 0);
        offline_message_turn(f->m);
        g_assert_cmpint(request_from_message(f->m, JOB_MEASURE, &f->limits, &request, &error), ==, -EBADMSG);
        g_assert_cmpstr(error.message, ==, "the request is no dictionary of keys and values (a{sv})");
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(errors_register(), >=, 0);
        ADD("/request/bounds", test_bounds);
        ADD("/request/moved-bounds", test_moved_bounds);
        ADD("/request/defaults", test_defaults);
        ADD("/request/wall-limit", test_wall_limit_follows_cpu_limit);
        ADD("/request/max-trials", test_trials_follow_max_trials);
        ADD("/request/min-window", test_min_window);
        ADD("/request/doubles", test_doubles);
        ADD("/request/strings", test_strings);
        ADD("/request/tune", test_tune);
        ADD("/request/choices", test_choices);
        ADD("/request/booleans", test_booleans);
        ADD("/request/every-key-is-tried", test_every_key_is_tried);
        ADD("/request/messages", test_messages);
        ADD("/request/unknown-keys", test_unknown_keys);
        ADD("/request/argv", test_argv);
        ADD("/request/env", test_env);
        ADD("/request/strings-size", test_strings_size);
        ADD("/request/descriptors", test_descriptors);
        ADD("/request/stdin-bytes", test_stdin_bytes);
        ADD("/request/no-dictionary", test_no_dictionary);
        return g_test_run();
}
