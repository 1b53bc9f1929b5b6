/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <time.h>

#include "worker-problem.h"

#define TEST_ONE "test \"one\", which had been right"

static const char *last_message(const Problem *problem) {
        return problem->client.result->message ?: "";
}

/* ---- what is measured ---- */

/* Of one test in one trial, run once; and how often it was run. */
static double once_s(JsonObject *report, unsigned trial, const char *test, int64_t *ret_iterations) {
        g_autofree char *path = g_strdup_printf("measurement.trials.%u.windows", trial);
        JsonArray *windows = json_node_get_array(report_node(report, path));
        int64_t wall_ns = 0;

        *ret_iterations = 0;
        for (guint i = 0; i < json_array_get_length(windows); i++) {
                JsonObject *window = json_array_get_object_element(windows, i);

                if (!g_str_equal(json_object_get_string_member(window, "test"), test))
                        continue;
                g_assert_cmpuint(json_array_get_length(json_object_get_array_member(window, "output_sha256")), ==, 1);
                *ret_iterations += json_object_get_int_member(window, "iterations");
                wall_ns += json_object_get_int_member(window, "wall_ns");
        }
        g_assert_cmpint(*ret_iterations, >, 0);
        return (double) wall_ns / 1e9 / (double) *ret_iterations;
}

static void assert_between(double value, double one, double other) {
        g_assert_cmpfloat(value, >=, MIN(one, other) * 0.999);
        g_assert_cmpfloat(value, <=, MAX(one, other) * 1.001);
}

/* In the order in which the contract has the phases: who follows the job drops what comes out of turn. */
static void assert_phases(const Problem *problem) {
        static const char *const phases[] = { "validating 0/2", "validating 1/2", "validating 2/2",
                                              "settling 0/0",   "baseline 0/0",   "warming 1/1",
                                              "measuring 1/2",  "measuring 2/2",  "finishing 0/0" };

        g_assert_cmpuint(problem->client.phases->len, ==, G_N_ELEMENTS(phases));
        for (size_t i = 0; i < G_N_ELEMENTS(phases); i++)
                g_assert_cmpstr(g_ptr_array_index(problem->client.phases, i), ==, phases[i]);
}

/* Each trial runs each test, in windows of its own, as often as fills min-window; figures are of each test run once,
 * and of the set of them. Of two trials a median lies between the two. */
static void test_measure(void) {
        static const char *const names[] = { "small", "large" };
        double once[2][2], wall_s[2];
        int64_t iterations[2][2];
        g_auto(Problem) problem = {};
        JsonObject *report;

        problem_init(&problem, JOB_MEASURE);
        problem.client.request->trials = 2;
        problem.client.request->warmups = 1;
        problem.client.request->min_window_usec = 20 * USEC_PER_MSEC;
        problem_file(&problem, "run", SHELL "read n; i=0; while [ $i -lt $n ]; do i=$((i+1)); done; echo $n\n");
        problem_test(&problem, "small", "30\n", "30\n");
        problem_test(&problem, "large", "300000\n", "300000\n");
        problem_run(&problem);
        report = problem.client.full;
        assert_phases(&problem);

        problem_assert_verdict(&problem, "AC");
        g_assert_cmpuint(problem.client.result->trials - problem.client.result->invalid_trials, ==, 2);
        g_assert_cmpuint(problem.client.result->invalid_trials, ==, 0);
        for (unsigned test = 0; test < 2; test++) {
                g_autofree char *path = g_strdup_printf("measurement.summary.per_test.%u.wall_s", test);

                wall_s[test] = report_double(report, path);
                for (unsigned trial = 0; trial < 2; trial++)
                        once[test][trial] = once_s(report, trial, names[test], &iterations[test][trial]);
                assert_between(wall_s[test], once[test][0], once[test][1]);
                g_assert_cmpint(iterations[test][0], ==, iterations[test][1]);
        }
        g_assert_cmpint(iterations[0][0], >, 1); /* the short one is repeated */
        g_assert_cmpfloat(wall_s[0], <, wall_s[1]);
        assert_between(report_double(report, "measurement.summary.per_iteration.wall_s"), once[0][0] + once[1][0],
                       once[0][1] + once[1][1]);
}

/* Σ of what a trial's windows took, and how the energies of its tests, each run once, add up. */
static double check_trial_energy(JsonObject *report, unsigned trial, int64_t step_uj) {
        g_autofree char *path = g_strdup_printf("measurement.trials.%u", trial);
        JsonObject *object = json_node_get_object(report_node(report, path));
        JsonArray *windows = json_object_get_array_member(object, "windows");
        const int64_t total_uj = json_object_get_int_member(object, "total_uj");
        int64_t sum_uj = 0;
        double once_j = 0;

        for (guint i = 0; i < json_array_get_length(windows); i++) {
                JsonObject *window = json_array_get_object_element(windows, i);
                JsonObject *energy = json_object_get_object_member(window, "energy_uj");
                const int64_t uj = json_object_get_int_member(energy, "model");

                g_assert_cmpuint(json_object_get_size(energy), ==, 1);
                g_assert_cmpint(uj % step_uj, ==, 0);
                sum_uj += uj;
                once_j += (double) uj / 1e6 / (double) json_object_get_int_member(window, "iterations");
        }
        g_assert_cmpint(total_uj % step_uj, ==, 0);
        g_assert_cmpint(ABS(total_uj - sum_uj), <=, (step_uj - 1) * (int64_t) json_array_get_length(windows));
        return once_j;
}

#define ENERGY_TESTS 3U

/* The energy of each test and of the set, and the word "model" on it; in the public body from rounded figures. One
 * trial is valid: its figures are the medians. */
static void test_energy(void) {
        static const char *const loops[ENERGY_TESTS] = { "20000\n", "60000\n", "180000\n" };
        g_auto(Problem) problem = {};
        double each_j[2][ENERGY_TESTS], set_j[2];

        problem_init(&problem, JOB_MEASURE);
        problem.client.request->min_window_usec = 4 * USEC_PER_MSEC; /* shorter than any of the runs */
        problem.client.request->warmups = 1;
        problem_file(&problem, "run", SHELL "read n; i=0; while [ $i -lt $n ]; do i=$((i+1)); done; echo $n\n");
        for (unsigned i = 0; i < ENERGY_TESTS; i++) {
                g_autofree char *name = g_strdup_printf("%u", i);

                problem_test(&problem, name, loops[i], loops[i]);
        }
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpstr(problem.client.result->status, ==, "OK");
        g_assert_true(problem.client.result->simulated);

        for (int full = 0; full < 2; full++) {
                JsonObject *report = full ? problem.client.full : problem.client.report;
                const int64_t step_uj = full ? 1 : 1000;
                unsigned trials;
                double sum_j = 0;

                g_assert_cmpstr(report_string(report, "measurement.meter.name"), ==, "model");
                g_assert_true(json_node_get_boolean(report_node(report, "measurement.meter.simulated")));
                g_assert_cmpstr(report_string(report, "measurement.reasons.0"), ==, "SIMULATED");
                g_assert_cmpint(report_int(report, "measurement.summary.n"), ==, 1);
                for (unsigned i = 0; i < ENERGY_TESTS; i++) {
                        g_autofree char *path = g_strdup_printf("measurement.summary.per_test.%u.total_j", i);

                        each_j[full][i] = report_double(report, path);
                        sum_j += each_j[full][i];
                }
                set_j[full] = report_double(report, "measurement.summary.per_iteration.total_j");
                g_assert_cmpfloat_with_epsilon(sum_j, set_j[full], 1e-9);
                trials = json_array_get_length(json_node_get_array(report_node(report, "measurement.trials")));
                g_assert_cmpfloat_with_epsilon(check_trial_energy(report, trials - 1, step_uj), set_j[full], 1e-9);
        }
        g_assert_cmpfloat_with_epsilon(problem.client.result->total_energy, set_j[0], 1e-9);
        for (unsigned i = 0; i < ENERGY_TESTS; i++) {
                g_assert_cmpfloat_with_epsilon(each_j[0][i], each_j[1][i], 0.0005 + 1e-9);
                g_assert_cmpfloat(each_j[1][i], >, i == 0 ? 0 : each_j[1][i - 1]);
        }
        g_assert_cmpfloat_with_epsilon(set_j[0], set_j[1], ENERGY_TESTS * 0.0005 + 1e-9);
}

/* What is not right on every test is not measured. */
static void test_gate(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_MEASURE);
        problem_file(&problem, "run", SHELL "cat");
        problem_test(&problem, "one", "1", "1");
        problem_test(&problem, "two", "1", "2");
        problem_run(&problem);
        problem_assert_verdict(&problem, "WA");
        g_assert_cmpstr(problem.client.result->error, ==, JT_ERROR_WRONG_ANSWER);
        g_assert_cmpuint(problem.client.result->trials, ==, 0);
        g_assert_cmpuint(json_array_get_length(json_node_get_array(
                                         report_node(problem.client.report, "measurement.trials"))),
                         ==, 0);
}

/* ---- right when validated, wrong when measured ---- */

/* Each program is right until the clock shows a certain second. */
static const struct {
        const char *name, *betrayal;
        bool ignore_exit;
        const char *verdict, *words;
} betrayals[] = {
        { "answer", "echo 4", false, "WA", "expected \"3\", got \"4\"" },
        { "silence", "true", false, "WA", "ends early" },
        { "exit", "echo 3; exit 1", false, "RTE", "status 1" },
        { "exit-ignored", "echo 4; exit 1", true, "RTE", "status 1" },
        { "crash", "kill -SEGV $$", false, "RTE", "signal 11" },
        { "cpu", "while :; do :; done", false, "TLE", "CPU time" },
        { "wall", "sleep 60", false, "WTL", "the limit is" },
        { "output", "yes", false, "OLE", "bytes" },
        { "long", "echo 3; head -c 5000000 /dev/zero | tr '\\0' ' '; echo wrong", false, "WA", "gave a wrong answer" },
        { "syscall", "unshare -U true", false, "SV", "unshare" },
};

static void begin_betrayal(Problem *problem, size_t i, time_t when) {
        Request *request;
        g_autofree char *script = g_strdup_printf(SHELL "if [ $(date +%%s) -lt %lld ]; then echo 3; else %s; fi\n",
                                                  (long long) when, betrayals[i].betrayal);

        problem_init(problem, JOB_MEASURE);
        request = problem->client.request;
        request->ignore_exit = betrayals[i].ignore_exit;
        request->trials = 1000;
        request->warmups = 2;
        request->min_window_usec = 40 * USEC_PER_MSEC; /* several runs a window */
        request->cpu_limit_usec = USEC_PER_SEC;
        request->wall_limit_usec = 15 * USEC_PER_SEC;
        g_free(request->meter);
        request->meter = g_strdup("none");
        problem_file(problem, "run", script);
        problem_test(problem, "one", "", "3\n");
        problem_begin(problem);
}

/* All of them side by side, for the time it takes one. */
static void test_diverged(void) {
        Problem problems[G_N_ELEMENTS(betrayals)] = {};
        const time_t when = time(NULL) + 8;
        g_autoptr(GRegex) place = g_regex_new("^In (trial|warm-up) [0-9]+, " TEST_ONE ": \"\\./run\" ", 0, 0, NULL);
        const uint64_t deadline = now_monotonic_usec() + 90 * USEC_PER_SEC;
        size_t answered = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(betrayals); i++)
                begin_betrayal(&problems[i], i, when);
        while (answered < G_N_ELEMENTS(betrayals)) {
                const bool late = now_monotonic_usec() >= deadline;

                answered = 0;
                for (size_t i = 0; i < G_N_ELEMENTS(betrayals); i++)
                        if (problems[i].client.answered)
                                answered++;
                        else if (late)
                                g_error("%s: is not noticed", betrayals[i].name);
                        else
                                g_assert_cmpint(sd_event_run(problems[i].client.event, USEC_PER_MSEC), >=, 0);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(betrayals); i++) {
                const Result *result = problems[i].client.result;

                if (!result)
                        g_error("%s: %s", betrayals[i].name, problems[i].client.error.message);
                g_test_message("%s: %s", betrayals[i].name, last_message(&problems[i]));
                g_assert_cmpstr(result->status, ==, "DIVERGED");
                g_assert_cmpstr(result->error, ==, JT_ERROR_DIVERGED);
                g_assert_cmpint(result->result, ==, RESULT_FAILED);
                g_assert_cmpstr(result->verdict, ==, betrayals[i].verdict);
                g_assert_true(g_regex_match(place, last_message(&problems[i]), 0, NULL));
                g_assert_nonnull(strstr(last_message(&problems[i]), betrayals[i].words));
                g_assert_cmpstr(report_string(problems[i].client.report, "validation.verdict"), ==, "AC");
                problem_clear(&problems[i]);
        }
}

static char *build_fingerprint(const char *directory) {
        g_autofree char *compiler = g_find_program_in_path("cc");
        char *binary = g_build_filename(directory, "fingerprint", NULL);
        char *const argv[] = { compiler,      (char *) "-O1", (char *) "-w",
                               (char *) "-o", binary,         (char *) SOURCE "/tests/hostile/fingerprint.c",
                               NULL };
        int status;

        g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL, 0, NULL, NULL, NULL, NULL, &status, NULL));
        g_assert_cmpint(status, ==, 0);
        return binary;
}

/* What it sees in the validation of a job that takes every output. */
static char *fingerprint_seen(const char *binary, const char *option) {
        g_auto(Problem) problem = {};
        char *seen = g_malloc0(1 << 24);
        autofd output = memfd_create("output", MFD_CLOEXEC);

        problem_init(&problem, JOB_MEASURE);
        g_strfreev(problem.client.request->argv);
        problem.client.request->argv = g_strdupv((char *[]){ (char *) "./run", (char *) option, NULL });
        problem_file_from(&problem, "run", binary);
        problem_validator(&problem, "kattis", SHELL "exit 42");
        problem_test(&problem, "one", "input", "");
        problem.client.request->output_fd = dup(output);
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpint(pread(output, seen, (1 << 24) - 1, 0), >, 1000);
        return seen;
}

/* A program can tell nothing about the run it is in: its whole view is the same, byte by byte, in another job's
 * validation, warm-ups and trials, with one run a window and with several. */
static void test_fingerprint(void) {
        g_autofree char *directory = g_dir_make_tmp("jt-XXXXXX", NULL), *binary = build_fingerprint(directory);
        static const char *const options[] = { "--whole", "--shallow" };

        for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
                g_autofree char *seen = fingerprint_seen(binary, options[i]);
                g_auto(Problem) problem = {};
                const bool several = i == 1;

                problem_init(&problem, JOB_MEASURE);
                g_strfreev(problem.client.request->argv);
                problem.client.request->argv = g_strdupv((char *[]){ (char *) "./run", (char *) options[i], NULL });
                problem_file_from(&problem, "run", binary);
                problem_validator(&problem, "exact", NULL);
                problem_test(&problem, "one", "input", seen);
                problem.client.request->trials = several ? 3 : 1;
                problem.client.request->warmups = several ? 2 : 0;
                problem.client.request->min_window_usec = several ? 500 * USEC_PER_MSEC : USEC_PER_MSEC;
                problem_run(&problem);
                g_test_message("%s", last_message(&problem));
                problem_assert_verdict(&problem, "AC");
                g_assert_cmpstr(problem.client.result->status, ==, "OK");
                if (several)
                        g_assert_cmpint(report_int(problem.client.report, "measurement.trials.0.iterations"), >, 2);
        }
        (void) unlink(binary);
        (void) rmdir(directory);
}

/* ---- regions ---- */

#define REGION_C                                                                                        \
        "#include <time.h>\n#include <stdio.h>\n#include \"jouletrace.h\"\n"                            \
        "static void spin(int ms) { struct timespec a, b; clock_gettime(CLOCK_MONOTONIC, &a); do "      \
        "clock_gettime(CLOCK_MONOTONIC, &b); while ((b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - " \
        "a.tv_nsec < ms * 1000000L); }\n"                                                               \
        "int main(void) { spin(60); if (!jouletrace_measured()) return 3; if (jouletrace_begin()) "     \
        "return 4; spin(40); if (jouletrace_end(4)) return 5; puts(\"3\"); return 0; }\n"

/* 4 iterations of 10 ms each; the 60 ms before them are in the whole only. */
static void test_region(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_MEASURE);
        problem.client.request->region = true;
        problem.client.request->min_window_usec = 60 * USEC_PER_MSEC; /* two runs */
        problem.client.request->trials = 2;
        problem_language(&problem, "c");
        problem_file(&problem, "main.c", REGION_C);
        problem_file_from(&problem, "jouletrace.h", SOURCE "/region/jouletrace.h");
        problem_test(&problem, "one", "", "3\n");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpstr(problem.client.result->status, ==, "OK");
        g_assert_cmpint(report_int(problem.client.report, "measurement.trials.1.windows.0.iterations"), ==, 8);
        g_assert_cmpint(report_int(problem.client.report, "measurement.trials.1.windows.0.whole.iterations"), ==, 2);
        g_assert_cmpint(report_int(problem.client.report, "measurement.trials.1.windows.0.wall_ns"), >=, 80000000);
        g_assert_cmpint(report_int(problem.client.report, "measurement.trials.1.windows.0.whole.wall_ns"), >=,
                        report_int(problem.client.report, "measurement.trials.1.windows.0.wall_ns") + 120000000);
        g_assert_cmpfloat(problem.client.result->wall, >=, 0.010);
        g_assert_cmpfloat(problem.client.result->wall, <, 0.020);
        g_assert_cmpfloat_with_epsilon(problem.client.result->total_energy, problem.client.result->cpu * 10, 0.005);
}

/* One that promised a region and declares none has no valid trial, and says why. */
static void test_no_region(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_MEASURE);
        problem.client.request->region = true;
        problem_file(&problem, "run", SHELL "echo 3\n");
        problem_test(&problem, "one", "", "3\n");
        problem_run(&problem);
        g_assert_cmpint(problem.client.result->result, ==, RESULT_UNSTABLE);
        g_assert_cmpstr(report_string(problem.client.report, "measurement.trials.0.quality.0"), ==, "REGION");
        g_assert_nonnull(strstr(last_message(&problem), "declared no region"));
        g_assert_cmpint(report_int(problem.client.report, "measurement.trials.0.windows.0.whole.iterations"), ==, 1);
        g_assert_cmpint(report_int(problem.client.report, "measurement.trials.0.windows.0.whole.wall_ns"), >, 0);
}

#define PYTHON_REGION \
        "import jouletrace, time\nwith jouletrace.region() as r:\n    time.sleep(%s)\n    r.iterations = 2\n"

/* The result's time is that of the last trial's work done once. */
static void check_once(const WorkerClient *client) {
        const guint trials =
                        json_array_get_length(json_node_get_array(report_node(client->report, "measurement.trials")));
        g_autofree char *wall = g_strdup_printf("measurement.trials.%u.wall_ns", trials - 1);
        g_autofree char *iterations = g_strdup_printf("measurement.trials.%u.iterations", trials - 1);

        g_assert_cmpfloat_with_epsilon(client->result->wall,
                                       (double) report_int(client->report, wall) / 1e9 /
                                                       (double) report_int(client->report, iterations),
                                       1e-8);
}

/* Profile host: the module comes from where Python finds it. A trial whose regions are below min-window has no energy,
 * and is made again with more runs. */
static void test_host_region(void) {
        static const char *const seconds[] = { "0.05", "0.004" };

        for (size_t i = 0; i < G_N_ELEMENTS(seconds); i++) {
                g_auto(WorkerClient) client;
                g_autofree char *script = g_strdup_printf(PYTHON_REGION, seconds[i]);

                worker_client_init(&client, (const char *const[]){ "/usr/bin/python3", "-c", script, NULL });
                client.request->region = true;
                client.request->env = g_strdupv((char *[]){ (char *) "PYTHONPATH=" SOURCE "/region",
                                                            (char *) "PYTHONDONTWRITEBYTECODE=1", NULL });
                client.request->min_window_usec = 40 * USEC_PER_MSEC;
                worker_measure(&client);
                g_assert_cmpint(client.result->result, ==, RESULT_DONE);
                g_assert_cmpint(report_int(client.report, "measurement.trials.0.iterations"), ==, 2);
                g_assert_cmpfloat(client.result->wall, >=, g_ascii_strtod(seconds[i], NULL) / 2);
                check_once(&client);
                g_assert_true(json_node_get_boolean(report_node(client.report, "measurement.trials.0.valid")) ==
                              (i == 0));
                if (i == 0)
                        continue;
                g_assert_cmpstr(report_string(client.report, "measurement.trials.0.quality.0"), ==, "TOO_SHORT");
                g_assert_cmpint(report_int(client.report, "measurement.trials.1.iterations"), >, 2);
        }
}

/* ---- functions ---- */

#define FIB "def solve(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n"

/* Reads every file it can and its own memory's neighbours: of the answer, which is its own text's half twice, there is
 * nothing. */
#define LOOKS                                                                                                   \
        "import os\nanswer = b'4711' * 2\ndef read(path):\n    try:\n        fd = os.open(path, os.O_RDONLY | " \
        "os.O_NONBLOCK)\n        return os.read(fd, 1 << 20)\n    except OSError:\n        return b''\n"        \
        "def solve(n):\n    paths = [os.path.join(d, f) for top in ('/box', '/tmp', '/dev/shm', '/proc/self', " \
        "'/proc/1') for d, _, fs in os.walk(top) for f in fs]\n    return any(answer in read(p) for p in paths)\n"

static const struct {
        const char *name, *source, *input, *answer, *verdict, *words;
} functions[] = {
        { "fib", FIB, "100", "354224848179261915075", "AC", NULL },
        { "fib-off-by-one", FIB, "100", "354224848179261915076", "WA", "354224848179261915075" },
        { "unsigned", "def solve(n):\n    return 2**64 - 1\n", "0", "-1", "WA", "18446744073709551615" },
        { "exception", "def solve(n):\n    return 1 // n\n", "0", "1", "RTE", "ZeroDivisionError" },
        { "missing", "def other(n):\n    return n\n", "0", "0", "RTE", "defines: other" },
        { "prints", "print('x')\ndef solve(n):\n    print('4')\n    return 3\n", "0", "3", "AC", NULL },
        { "prelude", "def solve(n):\n    return [math.gcd(4, 6), Counter is None] if 0 else heapq.nsmallest(1, [n])\n",
          "5", "[5]", "AC", NULL },
        { "set", "def solve(n):\n    return {1}\n", "0", "[1]", "WA", "set" },
        { "exits", "import os\ndef solve(n):\n    os._exit(0)\n", "0", "0", "WA", "before the function's result" },
        { "exits-by-name", "import sys\ndef solve(n):\n    sys.exit(0)\n", "0", "0", "WA",
          "before the function's result" },
        { "exits-with-3", "import sys\ndef solve(n):\n    sys.exit(3)\n", "0", "0", "RTE", "status 3" },
        { "exits-at-import", "raise SystemExit(0)\n", "0", "0", "WA", "before the function's result" },
        { "base-exception", "class Stop(BaseException): pass\ndef solve(n):\n    raise Stop('it did')\n", "0", "0",
          "RTE", "Stop: it did" },
        { "recurses", "def solve(n):\n    return solve(n + 1)\n", "0", "0", "RTE", "RecursionError" },
        { "deep-result", "def solve(n):\n    a = []\n    for _ in range(n): a = [a]\n    return a\n", "200", "[]",
          "WA", "nested deeper than 64" },
        { "looks-for-the-answer", LOOKS, "0", "47114711", "WA", "got false" },
        { "patches-json",
          "import json\njson.dumps = lambda *a, **k: '5'\njson.loads = None\ndef solve(n):\n    return 3\n", "0", "3",
          "AC", NULL },
        { "patches-time", "import time\ntime.perf_counter = lambda: 0.0\ndef solve(n):\n    return 3\n", "0", "3",
          "AC", NULL },
        { "patches-os",
          "import os\nos.write = lambda fd, data: len(data)\nos._exit = lambda status: None\n"
          "def solve(n):\n    return 3\n",
          "0", "3", "AC", NULL },
        { "patches-what-is-printed",
          "import sys\nsys.stdout = sys.stderr = sys.stdin = None\ndef solve(n):\n    return 3\n", "0", "3", "AC",
          NULL },
        { "closes-descriptors", "import os\ndef solve(n):\n    os.closerange(0, 256)\n    return 3\n", "0", "3", "RTE",
          "status 1" },
        { "prints-much", "def solve(n):\n    for _ in range(100): print('x' * (1 << 20))\n    return 3\n", "0", "3",
          "AC", NULL },
        { "complains-much",
          "import sys\ndef solve(n):\n    for _ in range(100): sys.stderr.write('x' * (1 << 20))\n"
          "    return 3\n",
          "0", "3", "AC", NULL },
        { "thread-that-stays",
          "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\n"
          "def solve(n):\n    return 3\n",
          "0", "3", "AC", NULL },
        { "forks", "import os\ndef solve(n):\n    if os.fork() == 0: os._exit(7)\n    os.wait()\n    return 3\n", "0",
          "3", "AC", NULL },
        { "fork-that-stays", "import os, time\nif os.fork() == 0: time.sleep(1000)\ndef solve(n):\n    return 3\n",
          "0", "3", "AC", NULL },
        { "registers-an-end", "import atexit, os\natexit.register(lambda: os._exit(9))\ndef solve(n):\n    return 3\n",
          "0", "3", "AC", NULL },
        { "inputs", "def solve(xs):\n    xs.append(1)\n    return len(xs)\n", "[[5, 6]]", "3", "AC", NULL },
};

static void test_function(gconstpointer data) {
        const guint i = GPOINTER_TO_UINT(data);
        g_auto(Problem) problem = {};
        const char *message;

        problem_init(&problem, JOB_VALIDATE);
        problem.client.request->function = request_function_new();
        g_clear_pointer(&problem.client.request->argv, g_strfreev);
        problem_file(&problem, "json.py", functions[i].source); /* the name of a module that the runner needs */
        problem_test(&problem, "one", functions[i].input, functions[i].answer);
        problem_run(&problem);
        problem_assert_verdict(&problem, functions[i].verdict);
        if (!functions[i].words)
                return;
        message = report_string(problem.client.report, "validation.tests.0.message");
        if (!strstr(message, functions[i].words) &&
            !strstr(report_string(problem.client.report, "validation.tests.0.error_output") ?: "", functions[i].words))
                g_error("\"%s\" does not say \"%s\"", message, functions[i].words);
}

/* Energy of the calls only, iterations filled and divided. */
static void test_function_measured(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_MEASURE);
        problem.client.request->function = request_function_new();
        problem.client.request->trials = 2;
        problem.client.request->min_window_usec = 30 * USEC_PER_MSEC;
        g_clear_pointer(&problem.client.request->argv, g_strfreev);
        problem_file(&problem, "a.py", FIB);
        problem_test(&problem, "one", "100", "354224848179261915075");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpstr(problem.client.result->status, ==, "OK");
        g_assert_cmpint(report_int(problem.client.report, "measurement.trials.0.iterations"), >, 100);
        g_assert_cmpint(report_int(problem.client.report, "measurement.trials.0.windows.0.whole.iterations"), ==, 1);
        g_assert_cmpfloat(problem.client.result->wall, <, 1e-3);
}

/* A file that answers without being asked is right and has no figures: nothing was declared to be measured. */
static void test_function_not_called(void) {
        static const char source[] = "import os\nfor fd in range(3, 64):\n    try:\n        if 'pipe:' in "
                                     "os.readlink(f'/proc/self/fd/{fd}'): os.write(fd, b'3\\n')\n    except OSError: "
                                     "pass\nos._exit(0)\n";
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_MEASURE);
        problem.client.request->function = request_function_new();
        g_clear_pointer(&problem.client.request->argv, g_strfreev);
        problem_file(&problem, "a.py", source);
        problem_test(&problem, "one", "0", "3");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpint(problem.client.result->result, ==, RESULT_UNSTABLE);
        g_assert_cmpuint(problem.client.result->trials, ==, problem.client.result->invalid_trials);
        g_assert_true(isnan(problem.client.result->total_energy));
        g_assert_cmpstr(report_string(problem.client.report, "measurement.trials.0.quality.0"), ==, "REGION");
}

static void test_no_json(void) {
        g_autofree char *nested = g_strnfill(100000, '[');
        const char *const texts[] = { "[1", "1 2", "nan", "", nested };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_auto(Problem) problem = {};

                problem_init(&problem, JOB_VALIDATE);
                problem.client.request->function = request_function_new();
                g_clear_pointer(&problem.client.request->argv, g_strfreev);
                problem_file(&problem, "a.py", FIB);
                problem_test(&problem, "one", "1", texts[i]);
                problem_assert_refused(&problem, "tests: the answer of \"one\" is no JSON");
                g_assert_null(problem.client.result->verdict);
        }
}

static void test_runner_name(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem.client.request->function = request_function_new();
        g_clear_pointer(&problem.client.request->argv, g_strfreev);
        problem_file(&problem, "jouletrace-runner/jouletrace.py", FIB);
        problem_test(&problem, "one", "1", "1");
        problem_assert_refused(&problem, "files: \"jouletrace-runner/jouletrace.py\" stands where");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/gate/measure", test_measure);
        g_test_add_func("/gate/energy", test_energy);
        g_test_add_func("/gate/gate", test_gate);
        g_test_add_func("/gate/diverged", test_diverged);
        g_test_add_func("/gate/fingerprint", test_fingerprint);
        g_test_add_func("/gate/region", test_region);
        g_test_add_func("/gate/no-region", test_no_region);
        g_test_add_func("/gate/host-region", test_host_region);
        for (guint i = 0; i < G_N_ELEMENTS(functions); i++) {
                g_autofree char *path = g_strconcat("/gate/function/", functions[i].name, NULL);

                g_test_add_data_func(path, GUINT_TO_POINTER(i), test_function);
        }
        g_test_add_func("/gate/function-measured", test_function_measured);
        g_test_add_func("/gate/function-not-called", test_function_not_called);
        g_test_add_func("/gate/no-json", test_no_json);
        g_test_add_func("/gate/runner-name", test_runner_name);
        return g_test_run();
}
