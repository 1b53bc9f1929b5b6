/* SPDX-License-Identifier: MIT */

/* A job that ends from outside: its owner cancels it, its time is up, its launcher or its judge is killed. In each of
 * its parts this has the same named end, leaves nothing alive, and the next job runs. */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "temporary.h"
#include "worker-alive.h"
#include "worker-problem.h"

#define TRIALS 1000U

typedef enum Part {
        PART_COMPILE,
        PART_COMPILE_VALIDATOR,
        PART_TEST,
        PART_VALIDATOR,
        PART_TRIAL,
        PART_TRIAL_VALIDATOR, /* of an output that no run before had */
        PART_VERSION,
        N_PARTS,
} Part;

static const char *const part_names[N_PARTS] = {
        [PART_COMPILE] = "compile", [PART_COMPILE_VALIDATOR] = "compile-validator",
        [PART_TEST] = "test",       [PART_VALIDATOR] = "validator",
        [PART_TRIAL] = "trial",     [PART_TRIAL_VALIDATOR] = "trial-validator",
        [PART_VERSION] = "version",
};

typedef enum End {
        END_CANCEL,
        END_LIMIT,
        END_LAUNCHER,
        END_JUDGE,
        N_ENDS,
} End;

static const struct {
        const char *name;
        JobResult result;
        const char *error, *words;
} ends[N_ENDS] = {
        [END_CANCEL] = { "cancel", RESULT_CANCELLED, JT_ERROR_CANCELLED, "The job was cancelled after " },
        [END_LIMIT] = { "job-limit", RESULT_TIMEOUT, JT_ERROR_JOB_LIMIT, "longer than its job-limit of 3.000 s" },
        [END_LAUNCHER] = { "launcher", RESULT_INFRASTRUCTURE, JT_ERROR_WORKER_FAILED, "The worker's launcher died" },
        [END_JUDGE] = { "judge" }, /* nobody is left to tell */
};

/* A language whose compiler is the source itself, and one whose version takes for ever. */
static char *data_directory;

static void make_data_directory(void) {
        data_directory = temporary_new();
        temporary_write(data_directory, "languages.d/self.conf",
                        "[Language]\nName=Compiles itself\nSuffixes=self\nSource=main.self\n"
                        "Compile=/bin/sh {main}\nRun=/bin/sh {main}\nVersion=/bin/true\n");
}

static void make_endless_version(const char *marker) {
        g_autofree char *text = g_strdup_printf("[Language]\nName=Does not tell\nSuffixes=self\nRun=/bin/sh {main}\n"
                                                "Version=/bin/sh -c \"trap '' TERM HUP INT; setsid %s & %s; %s\"\n",
                                                marker, marker, marker);

        temporary_write(data_directory, "languages.d/endless.conf", text);
}

static bool is_measured(Part part) {
        return part == PART_TRIAL || part == PART_TRIAL_VALIDATOR;
}

/* What is compiled, judges or runs: it ends by nothing but a kill, and has a child that left its session. */
static char *stubborn(const char *marker) {
        return g_strdup_printf(SHELL "trap '' TERM HUP INT; setsid %s & %s; %s\n", marker, marker, marker);
}

static void begin_part(Problem *problem, Part part, End end, const char *marker) {
        g_autofree char *hangs = stubborn(marker);
        g_autofree char *slow = g_strdup_printf(SHELL "%s; echo 3\n", marker);
        g_autofree char *takes_all = g_strdup_printf(SHELL "%s; exit 42\n", marker);
        Request *request;

        problem_init(problem, is_measured(part) ? JOB_MEASURE : JOB_VALIDATE);
        (void) g_setenv("JOULETRACE_DATADIR", data_directory, TRUE);
        request = problem->client.request;
        request->trials = TRIALS;
        if (end == END_LIMIT)
                request->job_limit_usec = 3 * USEC_PER_SEC;
        if (part == PART_COMPILE) {
                problem_language(problem, "self");
                problem_file(problem, "main.self", hangs);
        } else if (part == PART_VERSION) {
                make_endless_version(marker);
                problem_language(problem, "endless");
                problem_file(problem, "main.self", "echo 3\n");
        } else
                problem_file(problem, "run",
                             part == PART_TEST              ? hangs
                             : part == PART_TRIAL           ? slow
                             : part == PART_TRIAL_VALIDATOR ? SHELL "date +%s%N\n"
                                                            : SHELL "echo 3\n");
        if (part == PART_VALIDATOR || part == PART_TRIAL_VALIDATOR)
                problem_validator(problem, "kattis", part == PART_VALIDATOR ? hangs : takes_all);
        if (part == PART_COMPILE_VALIDATOR) {
                RequestValidator *validator = problem_validator(problem, "testlib", "");

                g_clear_pointer(&validator->argv, g_strfreev);
                validator->language = g_strdup("self");
                problem_file_into(problem, validator->files, "main.self", hangs, strlen(hangs));
        }
        problem_test(problem, "one", "", "3\n");
        problem_begin(problem);
}

static bool is_reached(const WorkerClient *client, Part part, const char *marker) {
        const char *phase = client->phases->len > 0 ? g_ptr_array_index(client->phases, client->phases->len - 1) : "";

        return g_str_has_prefix(phase, is_measured(part) ? "measuring " : "validating ") && alive(marker);
}

static void reach(Problem *problem, Part part, const char *marker) {
        WorkerClient *client = &problem->client;
        const uint64_t deadline = now_monotonic_usec() + 30 * USEC_PER_SEC;

        while (!is_reached(client, part, marker)) {
                g_assert_cmpuint(now_monotonic_usec(), <, deadline);
                g_assert_cmpint(sd_event_run(client->event, 10 * USEC_PER_MSEC), >=, 0);
                if (client->answered) {
                        problem_show(problem);
                        g_error("the job ended before its %s", part_names[part]);
                }
        }
}

static void bring_about(Problem *problem, End end) {
        WorkerClient *client = &problem->client;

        switch (end) {
        case END_CANCEL:
                g_assert_cmpint(sd_bus_call_method_async(client->bus, NULL, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE,
                                                         "Cancel", NULL, NULL, "s", JT_ERROR_CANCELLED),
                                >=, 0);
                break;
        case END_LIMIT:
                break; /* comes by itself */
        case END_LAUNCHER:
                g_assert_cmpint(kill(worker_launcher(client), SIGKILL), ==, 0);
                break;
        case END_JUDGE:
                g_assert_cmpint(kill(client->worker_pid, SIGKILL), ==, 0);
                break;
        default:
                g_assert_not_reached();
        }
}

static void check_end(Problem *problem, Part part, End end) {
        const Result *result = problem->client.result;
        JsonObject *report = problem->client.report;

        if (!result)
                g_error("no result: %s", problem->client.error.message);
        g_test_message("%s", result->message);
        g_assert_cmpint(result->result, ==, ends[end].result);
        g_assert_cmpstr(result->error, ==, ends[end].error);
        g_assert_nonnull(strstr(result->message, ends[end].words));
        g_assert_cmpstr(result->verdict, ==, end == END_LAUNCHER ? "IE" : NULL);
        g_assert_true(JSON_NODE_HOLDS_NULL(report_node(report, "measurement.status")));
        g_assert_cmpuint(result->trials, <, TRIALS);
        if (end != END_LAUNCHER)
                g_assert_nonnull(strstr(result->message, is_measured(part) ? " of 1000 trials" : " 0 of 1 tests"));
        if (is_measured(part)) /* what was found before stays */
                g_assert_cmpstr(report_string(report, "validation.verdict"), ==, "AC");
        else if (!JSON_NODE_HOLDS_NULL(report_node(report, "validation"))) {
                g_assert_true(JSON_NODE_HOLDS_NULL(report_node(report, "validation.verdict")));
                g_assert_cmpint(report_int(report, "validation.passed"), ==, 0);
        }
}

static void check_next_job(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem_file(&problem, "run", SHELL "echo 3\n");
        problem_test(&problem, "one", "", "3\n");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
}

/* The marker has a name of its own, so that no other test's process is taken for it. What runs in a trial is right
 * first, and has to end for that. */
static char *marker_of(Part part, End end) {
        return g_strdup_printf("sleep %s.%u%u%u1", is_measured(part) ? "0" : "5820", 4U, (unsigned) part,
                               (unsigned) end);
}

static void test_end(gconstpointer data) {
        const Part part = GPOINTER_TO_UINT(data) / N_ENDS;
        const End end = GPOINTER_TO_UINT(data) % N_ENDS;
        g_autofree char *marker = marker_of(part, end), *judge = NULL, *launcher = NULL;

        {
                g_auto(Problem) problem = {};

                begin_part(&problem, part, end, marker);
                reach(&problem, part, marker);
                judge = g_strdup_printf("%d", problem.client.worker_pid);
                launcher = g_strdup_printf("%d", worker_launcher(&problem.client));
                bring_about(&problem, end);
                if (end != END_JUDGE) {
                        worker_run_end(&problem.client);
                        check_end(&problem, part, end);
                        g_assert_false(alive(marker)); /* before the end is told */
                }
        }
        wait_until(alive, marker, false);
        wait_until(worker_alive, judge, false);
        wait_until(worker_alive, launcher, false);
        check_next_job();
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        make_data_directory();
        for (guint i = 0; i < N_PARTS * N_ENDS; i++) {
                g_autofree char *path = g_strdup_printf("/ends/%s/%s", part_names[i / N_ENDS], ends[i % N_ENDS].name);

                g_test_add_data_func(path, GUINT_TO_POINTER(i), test_end);
        }
        r = g_test_run();
        temporary_free(data_directory);
        g_free(data_directory);
        return r;
}
