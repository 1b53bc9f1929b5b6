/* SPDX-License-Identifier: MIT */

/* The version of the language that a program, or a validator, is written in: what its file's Version= prints, in a
 * box. Whatever becomes of it, the program is judged. */

#include <string.h>

#include "temporary.h"
#include "worker-problem.h"

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SH "/bin/sh -c "

static const struct {
        const char *name, *command;
        const char *line, *absent; /* one of them; absent: words of the reason */
} versions[] = {
        { "plain", "/bin/echo 'Toy 1.2  (x)'", "Toy 1.2  (x)", NULL },
        { "first-line", SH "\"printf '\\\\n \\\\t\\\\r\\\\n  Toy\\\\t3 \\\\r\\\\nlater'\"", "Toy 3", NULL },
        { "on-error-output", SH "'echo Toy 4 >&2'", "Toy 4", NULL },
        { "on-both", SH "'echo warning >&2; echo Toy 5'", "Toy 5", NULL },
        { "escapes", SH "\"printf '\\\\033[2JToy\\\\n'\"", "\\x1b[2JToy", NULL },
        { "no-text", SH "\"printf '\\\\377Toy\\\\n'\"", "\\xffToy", NULL },
        { "long", "/bin/echo " A50 A50 A50 A50, A50 A50 A50 A50, NULL },
        { "too-long", "/bin/echo " A50 A50 A50 A50 "b", A50 A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…",
          NULL },
        { "in-a-box", SH "'[ -e /root ] || [ -e /proc/uptime ] || [ $(id -u) -eq 0 ] || hostname'", "box", NULL },
        { "silent", "/bin/true", NULL, "\"/bin/true\" printed nothing" },
        { "blank", SH "\"printf '\\\\n \\\\n'\"", NULL, "printed nothing" },
        { "fails", SH "'echo no such option; exit 3'", NULL, "exited with status 3" },
        { "not-there", "/usr/lib/none/toy --version", NULL,
          "\"/usr/lib/none/toy --version\" could not be started: No such file" },
        { "crashes", SH "'kill -SEGV $$'", NULL, "signal 11" },
        { "floods", SH "yes", NULL, "the limit is 1048576" },
        { "spins", SH "'while :; do :; done'", NULL, "the limit is 5.000 s" },
        { "sleeps", "/bin/sleep 1000", NULL, "the limit is 10.000 s" },
};

static char *data_directory;

static void make_data_directory(void) {
        data_directory = temporary_new();
        for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
                g_autofree char *path = g_strdup_printf("languages.d/%s.conf", versions[i].name);
                g_autofree char *text = g_strdup_printf("[Language]\nName=Toy\nSuffixes=toy\nRun=/bin/sh {main}\n"
                                                        "Version=%s\n",
                                                        versions[i].command);

                temporary_write(data_directory, path, text);
        }
        temporary_write(data_directory, "languages.d/clock.conf",
                        "[Language]\nName=Clock\nSuffixes=toy\nRun=/bin/sh {main}\nVersion=/bin/date +%s%N\n");
}

static void begin(Problem *problem, const char *language, const char *validator_language) {
        problem_init(problem, JOB_VALIDATE);
        (void) g_setenv("JOULETRACE_DATADIR", data_directory, TRUE);
        if (language) {
                problem_language(problem, language);
                problem_file(problem, "main.toy", "echo 3\n");
        } else
                problem_file(problem, "run", SHELL "echo 3\n");
        if (validator_language) {
                RequestValidator *validator = problem_validator(problem, "testlib", "");

                g_clear_pointer(&validator->argv, g_strfreev);
                validator->language = g_strdup(validator_language);
                problem_file_into(problem, validator->files, "check.toy", "exit 0\n", strlen("exit 0\n"));
        }
        problem_test(problem, "one", "", "3\n");
        problem_begin(problem);
}

static const char *absent(const Problem *problem, const char *path) {
        JsonObject *all = json_object_get_object_member(problem->client.report, "absent");

        return json_object_has_member(all, path) ? json_object_get_string_member(all, path) : NULL;
}

static void check_version(const Problem *problem, const char *member, size_t i) {
        g_autofree char *path = g_strconcat("versions.", member, NULL);

        g_test_message("%s: %s", versions[i].name, absent(problem, path) ?: "known");
        if (versions[i].line) {
                g_assert_cmpstr(report_string(problem->client.report, path), ==, versions[i].line);
                g_assert_null(absent(problem, path));
                return;
        }
        g_assert_true(JSON_NODE_HOLDS_NULL(report_node(problem->client.report, path)));
        g_assert_nonnull(absent(problem, path));
        g_assert_nonnull(strstr(absent(problem, path), versions[i].absent));
}

/* All of them side by side, for the time the slowest takes. */
static void test_versions(void) {
        Problem problems[G_N_ELEMENTS(versions)] = {};

        for (size_t i = 0; i < G_N_ELEMENTS(versions); i++)
                begin(&problems[i], versions[i].name, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
                worker_run_end(&problems[i].client);
                problem_assert_verdict(&problems[i], "AC");
                g_assert_cmpint(problems[i].client.result->result, ==, RESULT_DONE);
                check_version(&problems[i], "language", i);
                g_assert_true(JSON_NODE_HOLDS_NULL(
                                report_node(problems[i].client.report, "versions.validator_language")));
                g_assert_cmpstr(absent(&problems[i], "versions.validator_language"), ==,
                                "the validator is run without a language");
                problem_clear(&problems[i]);
        }
}

/* A validator's language has a version of its own, and the program need not have one. */
static void test_validator(void) {
        g_auto(Problem) problem = {};

        begin(&problem, NULL, "plain");
        worker_run_end(&problem.client);
        problem_assert_verdict(&problem, "AC");
        check_version(&problem, "validator_language", 0);
        g_assert_cmpstr(absent(&problem, "versions.language"), ==, "the program is run without a language");
}

static void test_both(void) {
        g_auto(Problem) problem = {};

        begin(&problem, "on-error-output", "plain");
        worker_run_end(&problem.client);
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpstr(report_string(problem.client.report, "versions.language"), ==, "Toy 4");
        check_version(&problem, "validator_language", 0);
}

/* What both are written in is asked for once: twice, it would be another time. */
static void test_shared(void) {
        g_auto(Problem) problem = {};
        const char *version;

        begin(&problem, "clock", "clock");
        worker_run_end(&problem.client);
        problem_assert_verdict(&problem, "AC");
        version = report_string(problem.client.report, "versions.language");
        g_assert_cmpuint(strspn(version, "0123456789"), ==, strlen(version));
        g_assert_cmpstr(report_string(problem.client.report, "versions.validator_language"), ==, version);
}

/* A job that is over before tells that it was not asked for, not that there is none. */
static void test_too_early(void) {
        g_auto(Problem) problem = {};

        begin(&problem, "sleeps", NULL);
        g_assert_cmpint(sd_bus_call_method_async(problem.client.bus, NULL, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE,
                                                 "Cancel", NULL, NULL, "s", JT_ERROR_CANCELLED),
                        >=, 0);
        worker_run_end(&problem.client);
        g_assert_cmpint(problem.client.result->result, ==, RESULT_CANCELLED);
        g_assert_cmpstr(absent(&problem, "versions.language"), ==, "the job ended before it was asked for");
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        make_data_directory();
        g_test_add_func("/worker-version/versions", test_versions);
        g_test_add_func("/worker-version/validator", test_validator);
        g_test_add_func("/worker-version/both", test_both);
        g_test_add_func("/worker-version/shared", test_shared);
        g_test_add_func("/worker-version/too-early", test_too_early);
        r = g_test_run();
        temporary_free(data_directory);
        g_free(data_directory);
        return r;
}
