/* SPDX-License-Identifier: MIT */
#include "worker-problem.h"

/* What a program does, and the verdict, the fact and the figure that have to come of it. The test feeds "1 2\n" and
 * expects "3\n". */
static const struct {
        const char *name, *script;
        const char *verdict, *fact, *figure;
} ends[] = {
        { "right", "read a b; echo $((a + b))", "AC", "right-answer", "right answer" },
        { "wrong", "echo 4", "WA", "wrong-answer", "line 1, column 1" },
        { "silent", "true", "WA", "wrong-answer", "ends early" },
        { "spins", "while :; do :; done", "TLE", "cpu-limit", "CPU time; the limit is 0.100 s" },
        { "orphan-spins", "(while :; do :; done) & wait", "TLE", "cpu-limit", "the limit is 0.100 s" },
        { "sleeps", "sleep 60", "WTL", "wall-limit", "the limit is 0.500 s" },
        { "floods", "yes", "OLE", "output-limit", "the limit is 100000" },
        { "sparse", "truncate -s 1M f && exec truncate -s 1048577 f", "OLE", "output-limit", "larger than 1048576" },
        { "exits", "echo 3; exit 3", "RTE", "nonzero-exit", "status 3" },
        { "aborts", "kill -ABRT $$", "RTE", "signal", "signal 6" },
        { "unshares", "unshare -U true; echo 3", "SV", "seccomp", "unshare" },
};

static void test_end(gconstpointer data) {
        const guint i = GPOINTER_TO_UINT(data);
        g_auto(Problem) problem = {};
        g_autofree char *script = g_strconcat(SHELL, ends[i].script, "\n", NULL);

        problem_init(&problem, JOB_VALIDATE);
        problem.client.request->cpu_limit_usec = 100 * USEC_PER_MSEC;
        if (g_str_equal(ends[i].verdict, "WTL"))
                problem.client.request->wall_limit_usec = 500 * USEC_PER_MSEC;
        problem.client.request->output_max = 100000;
        problem_file(&problem, "run", script);
        problem_test(&problem, "sum", "1 2\n", "3\n");
        problem_run(&problem);

        problem_assert_verdict(&problem, ends[i].verdict);
        g_assert_cmpstr(report_string(problem.client.report, "validation.verdict"), ==, ends[i].verdict);
        g_assert_cmpstr(report_string(problem.client.report, "validation.tests.0.verdict"), ==, ends[i].verdict);
        g_assert_true(problem_has_fact(&problem, ends[i].fact));
        if (!strstr(report_string(problem.client.report, "validation.tests.0.ended_by"), ends[i].figure)) {
                g_assert_not_reached();
        }
        if (g_str_equal(ends[i].verdict, "WTL"))
                g_assert_cmpint(report_int(problem.client.report, "validation.tests.0.wall_ns"), >=, 500000000);
        if (g_str_equal(ends[i].verdict, "TLE"))
                g_assert_cmpint(report_int(problem.client.report, "validation.tests.0.cpu_usec"), >=, 100000);
        g_assert_cmpint(problem.client.result->result, ==, i == 0 ? RESULT_DONE : RESULT_FAILED);
        g_assert_cmpuint(strlen(report_string(problem.client.report, "filter.sha256")), ==, 64);
}

static void test_not_there(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem_file(&problem, "other", "");
        problem_test(&problem, "one", "", "");
        problem_run(&problem);
        problem_assert_verdict(&problem, "XF");
        g_assert_cmpstr(problem.client.result->error, ==, JT_ERROR_EXEC_FAILED);
}

/* The answers lie in no file that the program could find. */
static void test_no_answers(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem_file(&problem, "run",
                     SHELL "grep -rqs 'the jury'\"'\"'s secret' /box /tmp /dev/shm /etc /proc/self/fd /proc/1 && echo "
                           "found\n"
                           "ls /proc/self/fd /proc/1/fd 2>/dev/null | wc -l >&2; find /box -type f | sort\n");
        problem_test(&problem, "one", "", "the jury's secret");
        problem_run(&problem);
        problem_assert_verdict(&problem, "WA");
        g_assert_cmpstr(report_string(problem.client.report, "validation.tests.0.got"), ==, "/box/run");
}

static void test_compile(void) {
        static const struct {
                const char *language, *name, *source, *verdict, *words;
        } cases[] = {
                { "c", "main.c",
                  "#include <stdio.h>\nint main(void) { int a, b; scanf(\"%d%d\", &a, &b); printf(\"%d\\n\", a + b); "
                  "}",
                  "AC", "ended well" },
                { "c", "main.c", "int main(void) { return undeclared; }", "CE", "undeclared" },
                { "c", "main.c", "#include \"/etc/shadow\"\nint main(void) {}", "CE", "shadow" },
                { "python3", "main.py", "print(sum(map(int, input().split())))", "AC", "ended well" },
                { "python3", "main.py", "print(", "CE", "SyntaxError" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_auto(Problem) problem = {};
                const bool right = g_str_equal(cases[i].verdict, "AC");

                problem_init(&problem, JOB_VALIDATE);
                problem_language(&problem, cases[i].language);
                problem_file(&problem, cases[i].name, cases[i].source);
                problem_test(&problem, "sum", "1 2\n", "3\n");
                problem_run(&problem);
                problem_assert_verdict(&problem, cases[i].verdict);
                g_assert_nonnull(strstr(right ? report_string(problem.client.report, "validation.compiler.ended_by")
                                              : report_string(problem.client.report, "validation.compiler.output"),
                                        cases[i].words));
                if (!right)
                        g_assert_cmpstr(problem.client.result->error, ==, JT_ERROR_COMPILE_FAILED);
        }
}

/* "stop" leaves the rest unrun, and says so. */
static void test_on_failure(void) {
        static const char *const words[] = { "stop", "continue" };

        for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
                g_auto(Problem) problem = {};

                problem_init(&problem, JOB_VALIDATE);
                g_free(problem.client.request->on_failure);
                problem.client.request->on_failure = g_strdup(words[i]);
                problem_file(&problem, "run", SHELL "cat");
                problem_test(&problem, "one", "1", "1");
                problem_test(&problem, "two", "2", "x");
                problem_test(&problem, "three", "3", "3");
                problem_run(&problem);
                problem_assert_verdict(&problem, "WA");
                g_assert_cmpint(report_int(problem.client.report, "validation.total"), ==, 3);
                g_assert_cmpint(report_int(problem.client.report, "validation.passed"), ==, i == 0 ? 1 : 2);
                g_assert_cmpstr(report_string(problem.client.report, "validation.tests.2.verdict"), ==,
                                i == 0 ? "SKIPPED" : "AC");
                g_assert_nonnull(strstr(problem.client.result->message, "\"two\""));
        }
}

static void test_max_tests(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem.client.request->max_tests = 1;
        problem_file(&problem, "run", SHELL "cat");
        problem_test(&problem, "one", "1", "1");
        problem_test(&problem, "two", "2", "x");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpint(report_int(problem.client.report, "validation.total"), ==, 1);
}

static void test_validators(void) {
        static const struct {
                const char *type, *output, *answer, *verdict;
        } cases[] = {
                { "tokens", "a  b\\n\\n", "a b\n", "AC" },  { "tokens", "a c\\n", "a b\n", "WA" },
                { "exact", "a b\\n", "a b\n", "AC" },       { "exact", "a  b\\n", "a b\n", "WA" },
                { "lines", "a b \\n", "a b\n", "AC" },      { "lines", "a\\nb\\n", "a b\n", "WA" },
                { "numbers", "1.0000001\\n", "1\n", "AC" }, { "numbers", "1.1\\n", "1\n", "WA" },
                { "numbers", "nan\\n", "1\n", "WA" },       { "exact", "a\\000b", "a", "WA" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_auto(Problem) problem = {};
                g_autofree char *script = g_strdup_printf(SHELL "printf '%s'", cases[i].output);

                problem_init(&problem, JOB_VALIDATE);
                problem_validator(&problem, cases[i].type, NULL)->absolute =
                                g_str_equal(cases[i].type, "numbers") ? 1e-6 : 0;
                problem_file(&problem, "run", script);
                problem_test(&problem, "one", "", cases[i].answer);
                problem_run(&problem);
                if (g_strcmp0(problem.client.result->verdict, cases[i].verdict) != 0)
                        g_error("%s: \"%s\" is %s", cases[i].type, cases[i].output, problem.client.result->verdict);
        }
}

/* The jury's answer is "jury". Validators stand in a box of their own, with the input and the answer beside them. */
#define KATTIS_HEAD SHELL "[ \"$(cat $1)\" = in ] && [ -d $3 ] && [ \"$(cat $2)\" = jury ] || exit 1\nread got\n"

static const struct {
        const char *name, *type, *check, *output;
        const char *verdict, *words;
} externals[] = {
        { "kattis-right", "kattis", KATTIS_HEAD "[ $got = 7 ] && exit 42; exit 43", "7", "AC", "accepted" },
        { "kattis-wrong", "kattis", KATTIS_HEAD "[ $got = 7 ] && exit 42; exit 43", "8", "WA", "rejected" },
        { "kattis-crash-on-output", "kattis", KATTIS_HEAD "[ $got = jury ] && exit 42; kill -SEGV $$", "8", "WA",
          "signal 11" },
        { "kattis-exit-on-output", "kattis", KATTIS_HEAD "[ $got = jury ] && exit 43; exit 0", "8", "WA", "status 0" },
        { "kattis-crash-always", "kattis", SHELL "kill -SEGV $$", "7", "IE", "on the jury's own answer" },
        { "kattis-crash-on-jury", "kattis", KATTIS_HEAD "[ $got = 7 ] && exit 0; kill -SEGV $$", "7", "IE",
          "on the jury's own answer it was killed by signal 11" },
        { "kattis-feedback-fills-its-box", "kattis",
          KATTIS_HEAD "head -c 400M /dev/zero >$3/judgemessage.txt && exit 42; exit 43", "7", "WA", "rejected" },
        { "kattis-long-message", "kattis", SHELL "head -c 1000000 /dev/zero >&2; exit 42", "7", "AC", "accepted" },
        { "kattis-message-floods-on-output", "kattis", KATTIS_HEAD "[ $got = jury ] && exit 42; yes >&2", "8", "WA",
          "the limit is 1048576" },
        { "kattis-flood-always", "kattis", SHELL "yes", "7", "IE", "on the jury's own answer" },
        { "kattis-flood-on-output", "kattis", KATTIS_HEAD "[ $got = jury ] && exit 42; yes", "8", "WA",
          "the limit is 1048576" },
        { "testlib-right", "testlib", SHELL "[ $(cat $1) = in ] && cmp $2 $3 && exit 0; exit 1", "jury", "AC",
          "accepted" },
        { "testlib-wrong", "testlib", SHELL "cmp $2 $3 && exit 0; exit 1", "x", "WA", "rejected" },
        { "testlib-malformed", "testlib", SHELL "exit 2", "x", "WA", "malformed" },
        { "testlib-crash-on-output", "testlib", SHELL "cmp $2 $3 && exit 0; kill -SEGV $$", "x", "WA", "signal 11" },
        { "testlib-crash-always", "testlib", SHELL "kill -SEGV $$", "jury", "IE", "on the jury's own answer" },
        { "testlib-flood-on-output", "testlib", SHELL "cmp $2 $3 && exit 0; yes", "x", "WA", "the limit is 1048576" },
        { "testlib-unknown-exit-always", "testlib", SHELL "exit 5", "x", "IE", "status 5" },
        { "testlib-failed", "testlib", SHELL "exit 3", "x", "IE", "failure of its own" },
        { "not-there", "testlib", NULL, "x", "IE", "on the jury's own answer" },
};

static void test_external(gconstpointer data) {
        const guint i = GPOINTER_TO_UINT(data);
        g_auto(Problem) problem = {};
        g_autofree char *script = g_strdup_printf(SHELL "printf %s", externals[i].output);
        const bool fails = g_str_equal(externals[i].verdict, "IE");

        problem_init(&problem, JOB_VALIDATE);
        if (externals[i].check)
                problem_validator(&problem, externals[i].type, externals[i].check);
        else {
                RequestValidator *validator = problem_validator(&problem, externals[i].type, "");

                g_strfreev(validator->argv);
                validator->argv = g_strdupv((char *[]){ (char *) "./elsewhere", NULL });
        }
        problem_file(&problem, "run", script);
        problem_test(&problem, "one", "in", "jury");
        problem_run(&problem);
        problem_assert_verdict(&problem, externals[i].verdict);
        if (!strstr(report_string(problem.client.report, "validation.tests.0.validator"), externals[i].words)) {
                g_assert_not_reached();
        }
        g_assert_cmpint(problem.client.result->result, ==,
                        fails                                     ? RESULT_INFRASTRUCTURE
                        : g_str_equal(externals[i].verdict, "AC") ? RESULT_DONE
                                                                  : RESULT_FAILED);
        if (fails)
                g_assert_cmpstr(problem.client.result->error, ==, JT_ERROR_VALIDATOR_FAILED);
        if (strstr(externals[i].name, "-on-output"))
                g_assert_true(problem_has_fact(&problem, "validator-failed"));
        /* the program's own end is told beside it, and was good */
        g_assert_true(problem_has_fact(&problem, "judge-fault") == fails);
        g_assert_cmpint(report_int(problem.client.report, "validation.tests.0.exit_code"), ==, 0);
        g_assert_true(JSON_NODE_HOLDS_NULL(report_node(problem.client.report, "validation.tests.0.signal")));
}

/* One that does nothing for ever has its own limit: 60 s. Where it hangs on the output only, the output is wrong;
 * where it fails on the jury's answer as well, that is not the program's fault. */
static const struct {
        const char *type, *check;
        const char *verdict, *words;
} hanging[] = {
        { "kattis", KATTIS_HEAD "[ $got = jury ] && exit 42; sleep 1000", "WA", "the limit is 60.000 s" },
        { "testlib", SHELL "cmp $2 $3 && exit 0; sleep 1000", "WA", "the limit is 60.000 s" },
        { "kattis", KATTIS_HEAD "[ $got = jury ] && kill -SEGV $$; sleep 1000", "IE",
          "on the jury's own answer it was killed by signal 11" },
        { "testlib", SHELL "cmp $2 $3 && sleep 1000; kill -SEGV $$", "IE", "on the jury's own answer it was killed" },
};

/* All of them side by side, for the time it takes one. */
static void test_hanging_validator(void) {
        Problem problems[G_N_ELEMENTS(hanging)] = {};
        const uint64_t deadline = now_monotonic_usec() + 150 * USEC_PER_SEC;

        for (size_t i = 0; i < G_N_ELEMENTS(hanging); i++) {
                problem_init(&problems[i], JOB_VALIDATE);
                problem_validator(&problems[i], hanging[i].type, hanging[i].check);
                problem_file(&problems[i], "run", SHELL "printf 8");
                problem_test(&problems[i], "one", "in", "jury");
                problem_begin(&problems[i]);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(hanging); i++) {
                WorkerClient *client = &problems[i].client;

                while (!client->answered) {
                        g_assert_cmpuint(now_monotonic_usec(), <, deadline);
                        g_assert_cmpint(sd_event_run(client->event, 100 * USEC_PER_MSEC), >=, 0);
                }
                problem_assert_verdict(&problems[i], hanging[i].verdict);
                g_test_message("%s", report_string(client->report, "validation.tests.0.validator"));
                g_assert_nonnull(strstr(report_string(client->report, "validation.tests.0.validator"),
                                        hanging[i].words));
                g_assert_cmpint(client->result->result, ==,
                                g_str_equal(hanging[i].verdict, "IE") ? RESULT_INFRASTRUCTURE : RESULT_FAILED);
                /* not the 61 s that the program might have had */
                g_assert_cmpint(report_int(client->report, "validation.tests.0.wall_ns"), <,
                                20 * (int64_t) NSEC_PER_SEC);
                g_assert_cmpint(report_int(client->report, "validation.tests.0.exit_code"), ==, 0);
                problem_clear(&problems[i]);
        }
}

/* A validator in a language is compiled in its own box; one that does not compile is not the program's fault. */
static void test_compiled_validator(void) {
        static const char *const sources[] = { "int main(void) { return 42; }", "int main(void) { return" };

        for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
                g_auto(Problem) problem = {};
                RequestValidator *validator;

                problem_init(&problem, JOB_VALIDATE);
                validator = problem_validator(&problem, "kattis", "");
                g_clear_pointer(&validator->argv, g_strfreev);
                validator->language = g_strdup("c");
                problem_file_into(&problem, validator->files, "check.c", sources[i], strlen(sources[i]));
                problem_file(&problem, "run", SHELL "echo anything");
                problem_test(&problem, "one", "", "");
                problem_run(&problem);
                problem_assert_verdict(&problem, i == 0 ? "AC" : "IE");
                g_assert_cmpint(problem.client.result->result, ==, i == 0 ? RESULT_DONE : RESULT_INFRASTRUCTURE);
                g_assert_cmpstr(report_string(problem.client.report, "validation.verdict"), ==, i == 0 ? "AC" : "IE");
                if (i == 0)
                        continue;
                g_assert_cmpstr(problem.client.result->error, ==, JT_ERROR_VALIDATOR_FAILED);
                g_assert_nonnull(strstr(problem.client.result->message, "The validator does not compile"));
        }
}

/* ---- what is not as it has to be ---- */

static void test_unsealed(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem_file(&problem, "run", SHELL);
        problem_test(&problem, "one", "", "");
        problem.client.request->blobs_fd = problem_memfd(&problem, F_SEAL_SHRINK | F_SEAL_GROW);
        worker_connect(&problem.client);
        g_assert_cmpint(worker_prepare(&problem.client), <, 0);
        g_assert_cmpstr(problem.client.error.name, ==, JT_ERROR_INVALID_REQUEST);
        g_assert_nonnull(strstr(problem.client.error.message, "blobs"));
}

static void test_too_short(void) {
        static const char *const names[] = { "files: \"run\"", "tests: \"one\"", "validator files: \"check\"" };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_auto(Problem) problem = {};
                Request *request = problem.client.request;

                problem_init(&problem, JOB_VALIDATE);
                request = problem.client.request;
                problem_validator(&problem, "kattis", SHELL);
                problem_file(&problem, "run", SHELL);
                problem_test(&problem, "one", "", "answer");
                if (i == 0)
                        g_array_index(request->files, RequestFile, 0).size = 1000;
                else if (i == 1)
                        g_array_index(request->tests, RequestTest, 0).answer_size++;
                else
                        g_array_index(request->validator->files, RequestFile, 0).offset = 1000;
                request->blobs_fd = problem_memfd(&problem, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
                worker_connect(&problem.client);
                g_assert_cmpint(worker_prepare(&problem.client), <, 0);
                g_assert_cmpstr(problem.client.error.name, ==, JT_ERROR_INVALID_REQUEST);
                g_assert_nonnull(strstr(problem.client.error.message, names[i]));
        }
}

static void test_names(void) {
        static const struct {
                const char *language, *names[3], *words;
        } cases[] = {
                { "c", { "main.c", "program" }, "files: \"program\" stands where \"program\" is put" },
                { "c", { "main.c", "program/x" }, "files: \"program/x\" stands where \"program\" is put" },
                { "c", { "main.py" }, "none of the files is a source of c" },
                { "cobol", { "main.cob" }, "\"cobol\" is none of this machine's languages: " },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_auto(Problem) problem = {};

                problem_init(&problem, JOB_VALIDATE);
                if (cases[i].language)
                        problem_language(&problem, cases[i].language);
                for (size_t n = 0; n < 3 && cases[i].names[n]; n++)
                        problem_file(&problem, cases[i].names[n], "int main(void) {}");
                problem_test(&problem, "one", "", "");
                problem_assert_refused(&problem, cases[i].words);
        }
}

static void test_validator_names(void) {
        static const char *const names[] = { "jouletrace-input", "jouletrace-answer", "jouletrace-output/x" };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_auto(Problem) problem = {};

                problem_init(&problem, JOB_VALIDATE);
                problem_file_into(&problem, problem_validator(&problem, "testlib", SHELL)->files, names[i], "", 0);
                problem_file(&problem, "run", SHELL);
                problem_test(&problem, "one", "", "");
                problem_assert_refused(&problem, "validator files: ");
        }
}

/* Names of 255 bytes, and 10,000 of them: more than a report holds, which says what it leaves out. */
static void test_many(void) {
        g_auto(Problem) problem = {};
        g_autofree char *padding = g_strnfill(240, 'n');

        problem_init(&problem, JOB_VALIDATE);
        problem_file(&problem, "run", SHELL "echo wrong");
        for (unsigned i = 0; i < 10000; i++) {
                g_autofree char *name = g_strdup_printf("%s%05u", padding, i);

                problem_test(&problem, name, "", "x");
        }
        problem_run(&problem);
        problem_assert_verdict(&problem, "WA");
        g_assert_cmpint(report_int(problem.client.report, "validation.total"), ==, 10000);
        g_assert_cmpint(report_int(problem.client.report, "validation.passed"), ==, 0);
}

/* More than the report shows: the verdict is of the whole, and the report says that something is left out, and how
 * long it was. */
static void test_long(void) {
        static const struct {
                char first, last;
                const char *verdict;
                size_t column;
                const char *got_end;
        } cases[] = {
                { 'a', 'b', "AC", 0, NULL },
                { 'a', 'c', "WA", 3000001, "c\\n" },
                { 'x', 'b', "WA", 1, "a…" },
        };
        g_autofree char *input = g_strnfill(3000000, 'a'), *answer = g_strconcat(input, "b\n", NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_auto(Problem) problem = {};
                g_autofree char *script = g_strdup_printf(SHELL "printf %c; tail -c +2; echo %c\n", cases[i].first,
                                                          cases[i].last);
                JsonObject *report;

                problem_init(&problem, JOB_VALIDATE);
                problem_validator(&problem, "exact", NULL);
                problem_file(&problem, "run", script);
                problem_test(&problem, "one", input, answer);
                problem_run(&problem);
                problem_assert_verdict(&problem, cases[i].verdict);
                report = problem.client.report;
                g_assert_cmpint(report_int(report, "validation.tests.0.output_bytes"), ==, 3000002);
                if (!cases[i].got_end)
                        continue;
                g_assert_cmpint(report_int(report, "validation.tests.0.where.column"), ==, cases[i].column);
                g_assert_true(g_str_has_suffix(report_string(report, "validation.tests.0.got"), cases[i].got_end));
                g_assert_cmpuint(strlen(report_string(report, "validation.tests.0.got")), <=, 256);
                g_assert_true(g_str_has_suffix(report_string(report, "validation.tests.0.inputs"), "a…"));
        }
}

/* So it is with what a compiler or a failing program says: its end is shown, and that it is an end. */
static void test_long_words(void) {
        static const char failing[] =
                        SHELL "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done >&2; exit 1\n";
        static const char endless[] = "#error first\n#include __FILE__\n";
        g_auto(Problem) problem = {}, compiled = {};
        const char *words;

        problem_init(&problem, JOB_VALIDATE);
        problem_file(&problem, "run", failing);
        problem_test(&problem, "one", "", "");
        problem_run(&problem);
        problem_assert_verdict(&problem, "RTE");
        words = report_string(problem.client.report, "validation.tests.0.error_output");
        g_assert_true(g_str_has_prefix(words, "…"));
        g_assert_true(g_str_has_suffix(words, "line 2998\nline 2999\n"));

        problem_init(&compiled, JOB_VALIDATE);
        problem_language(&compiled, "c");
        problem_file(&compiled, "main.c", endless);
        problem_test(&compiled, "one", "", "");
        problem_run(&compiled);
        problem_assert_verdict(&compiled, "CE");
        words = report_string(compiled.client.report, "validation.compiler.output");
        g_assert_true(g_str_has_prefix(words, "…"));
        g_assert_cmpuint(strlen(words), <=, 4096 + strlen("…"));
}

static void test_empty(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem_file(&problem, "run", SHELL "cat");
        problem_file(&problem, "empty", "");
        problem_test(&problem, "one", "", "");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
                g_autofree char *path = g_strconcat("/judge/end/", ends[i].name, NULL);

                g_test_add_data_func(path, GUINT_TO_POINTER(i), test_end);
        }
        for (guint i = 0; i < G_N_ELEMENTS(externals); i++) {
                g_autofree char *path = g_strconcat("/judge/external/", externals[i].name, NULL);

                g_test_add_data_func(path, GUINT_TO_POINTER(i), test_external);
        }
        g_test_add_func("/judge/not-there", test_not_there);
        g_test_add_func("/judge/no-answers", test_no_answers);
        g_test_add_func("/judge/compile", test_compile);
        g_test_add_func("/judge/on-failure", test_on_failure);
        g_test_add_func("/judge/max-tests", test_max_tests);
        g_test_add_func("/judge/validators", test_validators);
        g_test_add_func("/judge/compiled-validator", test_compiled_validator);
        g_test_add_func("/judge/unsealed", test_unsealed);
        g_test_add_func("/judge/too-short", test_too_short);
        g_test_add_func("/judge/names", test_names);
        g_test_add_func("/judge/validator-names", test_validator_names);
        g_test_add_func("/judge/empty", test_empty);
        g_test_add_func("/judge/long", test_long);
        g_test_add_func("/judge/long-words", test_long_words);
        g_test_add_func("/judge/hanging-validator", test_hanging_validator);
        g_test_add_func("/judge/many", test_many);
        return g_test_run();
}
