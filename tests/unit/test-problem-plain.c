/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "problem-send.h"
#include "temporary.h"

static char *summary(const Problem *problem) {
        GString *out = g_string_new(NULL);

        for (unsigned i = 0; i < problem->tests->len; i++) {
                const ProblemTest *test = g_ptr_array_index(problem->tests, i);

                g_string_append_printf(out, "%s%s:%.*s>%.*s", i ? " " : "", test->name,
                                       (int) g_bytes_get_size(test->input),
                                       (const char *) g_bytes_get_data(test->input, NULL),
                                       (int) g_bytes_get_size(test->answer),
                                       (const char *) g_bytes_get_data(test->answer, NULL));
        }
        return g_string_free(out, FALSE);
}

static void assert_loads(const char *path, const char *expected) {
        g_autofree char *problem = NULL, *got = NULL;
        g_autoptr(Problem) loaded = NULL;

        if (problem_load(path, &loaded, &problem) < 0)
                g_error("%s", problem);
        got = summary(loaded);
        g_assert_cmpstr(got, ==, expected);
}

static void assert_refused(const char *path, const char *says) {
        g_autofree char *problem = NULL;
        g_autoptr(Problem) loaded = NULL;

        g_assert_cmpint(problem_load(path, &loaded, &problem), <, 0);
        if (!strstr(problem, says))
                g_error("\"%s\" does not say \"%s\"", problem, says);
}

static void test_shapes(void) {
        g_autofree char *top = temporary_new();
        g_autofree char *ans = g_build_filename(top, "ans", NULL), *out = g_build_filename(top, "out", NULL);
        g_autofree char *dots = g_build_filename(top, "dots", NULL), *dirs = g_build_filename(top, "dirs", NULL);

        temporary_write(top, "ans/1.in", "a");
        temporary_write(top, "ans/1.ans", "A");
        temporary_write(top, "ans/10.in", "c");
        temporary_write(top, "ans/10.ans", "C");
        temporary_write(top, "ans/2.in", "b");
        temporary_write(top, "ans/2.ans", "B");
        temporary_write(top, "ans/README", "");
        assert_loads(ans, "1:a>A 2:b>B 10:c>C");

        temporary_write(top, "out/x.in", "");
        temporary_write(top, "out/x.out", "");
        assert_loads(out, "x:>");

        temporary_write(top, "dots/input.0.txt", "a");
        temporary_write(top, "dots/output.0.txt", "A");
        assert_loads(dots, "0:a>A");

        temporary_write(top, "dirs/input/input00.txt", "a");
        temporary_write(top, "dirs/output/output00.txt", "A");
        temporary_write(top, "dirs/input/input01.txt", "b");
        temporary_write(top, "dirs/output/output01.txt", "B");
        assert_loads(dirs, "00:a>A 01:b>B");
        temporary_free(top);
}

static void test_incomplete(void) {
        g_autofree char *top = temporary_new();

        assert_refused(top, "neither problem.yaml nor tests");
        temporary_write(top, "1.in", "");
        assert_refused(top, "1.in: there is no answer 1.ans");
        temporary_write(top, "1.ans", "");
        temporary_write(top, "1.out", "");
        assert_refused(top, "both 1.ans and 1.out");
        temporary_free(top);
}

static void test_answer_beyond_the_package(void) {
        g_autofree char *top = temporary_new();

        temporary_write(top, "1.in", "");
        temporary_link(top, "1.ans", "/etc/hostname");
        assert_refused(top, "1.ans: a link that leads out of the package");
        temporary_free(top);
}

static void test_json_lines(void) {
        g_autofree char *top = temporary_new(), *path = g_build_filename(top, "t.jsonl", NULL);
        g_autofree char *problem = NULL;
        g_autoptr(Problem) loaded = NULL;

        temporary_write(top, "t.jsonl",
                        "{\"stdin\": \"1\\n\", \"expected_stdout\": \"\\u00e9\", \"time_limit_ms\": 1500}\n"
                        "\n{\"stdin\":\"\",\"expected_stdout\":\"\",\"name\":\"empty\",\"time_limit_ms\": 1500}");
        assert_loads(path, "1:1\n>é empty:>");
        g_assert_cmpint(problem_load(path, &loaded, &problem), ==, 0);
        g_assert_cmpuint(loaded->cpu_limit_usec, ==, 1500000);
        g_assert_null(loaded->function);
        temporary_free(top);
}

static void test_json_lines_of_calls(void) {
        g_autofree char *top = temporary_new(), *path = g_build_filename(top, "t.jsonl", NULL), *problem = NULL;
        g_autoptr(Problem) loaded = NULL;

        temporary_write(top, "t.jsonl",
                        "{\"inputs\": [340282366920938463463374607431768211456], \"expected_output\": 1.50,"
                        " \"test_id\": \"t\", \"metadata\": {\"k\": 1}}\n");
        assert_loads(path, "t:[340282366920938463463374607431768211456]>1.50");
        g_assert_cmpint(problem_load(path, &loaded, &problem), ==, 0);
        g_assert_cmpstr(loaded->function->name, ==, "solve");
        temporary_free(top);
}

static void test_bad_json_lines(void) {
        static const struct {
                const char *text, *says;
        } cases[] = {
                { "", "there are no tests" },
                { "{\"stdin\": \"\"}", "line 1: a test has" },
                { "\n{\"stdin\": 1, \"expected_stdout\": \"\"}", "line 2: stdin, expected_stdout" },
                { "{\"stdin\": \"\", \"expected_stdout\": \"\", \"x\\u001b\": 1}", "there is no key “x\\x1b”" },
                { "{\"stdin\": \"\", \"stdin\": \"\", \"expected_stdout\": \"\"}", "said twice" },
                { "{\"stdin\": \"\", \"expected_stdout\": \"\"} x", "line 1: not JSON" },
                { "{\"stdin\": \"\", \"expected_stdout\": \"\"}\n{\"inputs\": 1, \"expected_output\": 1}",
                  "line 2: runs of a program and calls" },
                { "{\"stdin\": \"\", \"expected_stdout\": \"\", \"time_limit_ms\": 0}", "time_limit_ms" },
                { "{\"stdin\": \"\", \"expected_stdout\": \"\", \"time_limit_ms\": 5}\n"
                  "{\"stdin\": \"\", \"expected_stdout\": \"\"}",
                  "line 2: time_limit_ms is in some lines only" },
                { "{\"stdin\": \"\", \"expected_stdout\": \"\", \"name\": \"a\"}\n"
                  "{\"stdin\": \"\", \"expected_stdout\": \"\", \"name\": \"a\"}",
                  "two tests are called “a”" },
                { "{\"stdin\": \"\", \"expected_stdout\": \"\", \"name\": \"a\\nb\"}", "not plain text" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *top = temporary_new(), *path = g_build_filename(top, "t.jsonl", NULL);

                temporary_write(top, "t.jsonl", cases[i].text);
                assert_refused(path, cases[i].says);
                temporary_free(top);
        }
}

/* Another machine gets bytes, of which a message holds 16 MiB; this one a descriptor, however much it is. */
static void test_bytes_for_another_machine(void) {
        g_autoptr(Request) small = request_new(JOB_VALIDATE, NULL), large = request_new(JOB_VALIDATE, NULL);
        g_autoptr(Request) here = request_new(JOB_VALIDATE, NULL);
        g_autoptr(Problem) problem = problem_new("p", "plain");
        g_autoptr(Submission) submission = submission_new("a.c");
        g_autofree char *most = g_malloc0(16 << 20), *why = NULL;
        g_autoptr(GBytes) bytes = g_bytes_new_static(most, 16 << 20), one = g_bytes_new_static("x", 1);

        submission->language = g_strdup("c");
        (void) problem_add_validator(problem, problem_validator_new());
        problem_add_test(problem, "1", "", bytes, bytes);
        g_assert_cmpint(problem_fill_request(problem, submission, 0, true, small, &why), ==, 0);
        g_assert_cmpuint(g_bytes_get_size(small->blobs_bytes), ==, 16 << 20);
        g_assert_cmpint(small->blobs_fd, ==, -1);

        problem_add_test(problem, "2", "", one, bytes);
        g_assert_cmpint(problem_fill_request(problem, submission, 0, true, large, &why), <, 0);
        g_assert_nonnull(strstr(why, "16 MiB, the most that goes to another machine"));
        g_assert_cmpint(problem_fill_request(problem, submission, 0, false, here, &why), ==, 0);
        g_assert_cmpint(here->blobs_fd, >=, 0);
        g_assert_null(here->blobs_bytes);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/problem-plain/shapes", test_shapes);
        g_test_add_func("/problem-plain/incomplete", test_incomplete);
        g_test_add_func("/problem-plain/answer-beyond-the-package", test_answer_beyond_the_package);
        g_test_add_func("/problem-send/bytes-for-another-machine", test_bytes_for_another_machine);
        g_test_add_func("/problem-jsonl/runs", test_json_lines);
        g_test_add_func("/problem-jsonl/calls", test_json_lines_of_calls);
        g_test_add_func("/problem-jsonl/bad", test_bad_json_lines);
        return g_test_run();
}
