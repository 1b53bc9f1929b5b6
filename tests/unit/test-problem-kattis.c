/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base.h"
#include "package-glob.h"
#include "problem-send.h"
#include "temporary.h"

static Problem *load(const char *top) {
        g_autofree char *problem = NULL;
        Problem *loaded = NULL;

        if (problem_load(top, &loaded, &problem) < 0)
                g_error("%s", problem);
        return loaded;
}

static void assert_refused(const char *top, const char *says) {
        g_autofree char *problem = NULL;
        g_autoptr(Problem) loaded = NULL;

        g_assert_cmpint(problem_load(top, &loaded, &problem), <, 0);
        if (!strstr(problem, says) || !g_str_has_prefix(problem, top))
                g_error("\"%s\" does not say \"%s\"", problem, says);
}

static char *tests_of(const Problem *problem) {
        GString *out = g_string_new(NULL);

        for (unsigned i = 0; i < problem->tests->len; i++) {
                const ProblemTest *test = g_ptr_array_index(problem->tests, i);

                g_string_append_printf(out, "%s%s@%s/%u", i ? " " : "", test->name, test->group, test->validator);
        }
        return g_string_free(out, FALSE);
}

static const Submission *submission(const Problem *problem, const char *path) {
        for (unsigned i = 0; i < problem->submissions->len; i++) {
                const Submission *one = g_ptr_array_index(problem->submissions, i);

                if (strcmp(one->path, path) == 0)
                        return one;
        }
        g_error("there is no submission %s", path);
}

static const ProblemRule *rule(const Submission *one, unsigned i) {
        g_assert_cmpuint(i, <, one->rules->len);
        return &g_array_index(one->rules, ProblemRule, i);
}

static const RequestValidator *validator(const Problem *problem, unsigned i) {
        return ((const ProblemValidator *) g_ptr_array_index(problem->validators, i))->options;
}

static void write_test(const char *top, const char *base) {
        g_autofree char *in = g_strconcat("data/", base, ".in", NULL), *ans = g_strconcat("data/", base, ".ans", NULL);

        temporary_write(top, in, base);
        temporary_write(top, ans, base);
}

static void test_2025_09(void) {
        g_autofree char *top = temporary_new(), *tests = NULL;
        g_autoptr(Problem) problem = NULL;

        temporary_write(top, "problem.yaml",
                        "problem_format_version: 2025-09\nname: {sv: Summa, en: Sum}\nuuid: x\nlimits:\n"
                        "  time_limit: 1.5\n  memory: 256\n  output: 4\n  time_resolution: 0.1\n"
                        "  time_multipliers: {ac_to_time_limit: 1.2, time_limit_to_tle: 1.1}\n");
        write_test(top, "sample/1");
        write_test(top, "secret/b/2");
        write_test(top, "secret/b/10");
        write_test(top, "secret/a/1");
        temporary_write(top, "data/secret/b/test_group.yaml", "output_validator_args: [float_tolerance, '1e-6']\n");
        temporary_write(top, "data/secret/b/2.yaml", "output_validator_args: [case_sensitive]\nhint: no\n");

        problem = load(top);
        tests = tests_of(problem);
        g_assert_cmpstr(problem->name, ==, "Sum");
        g_assert_cmpstr(problem->format, ==, "2025-09");
        g_assert_cmpuint(problem->cpu_limit_usec, ==, 1500000);
        g_assert_cmpuint(problem->memory_max, ==, UINT64_C(256) << 20);
        g_assert_cmpuint(problem->output_max, ==, UINT64_C(4) << 20);
        g_assert_cmpuint(problem->time_resolution_usec, ==, 100000);
        g_assert_cmpfloat(problem->ac_to_limit, ==, 1.2);
        g_assert_cmpfloat(problem->limit_to_tle, ==, 1.1);
        /* lexicographic, as the format has it */
        g_assert_cmpstr(tests, ==,
                        "sample/1@sample/0 secret/a/1@secret/a/0 secret/b/10@secret/b/1 secret/b/2@secret/b/2");
        g_assert_cmpuint(problem->validators->len, ==, 3);
        g_assert_cmpstr(validator(problem, 0)->type, ==, "tokens");
        g_assert_false(validator(problem, 0)->case_sensitive);
        g_assert_cmpfloat(validator(problem, 1)->absolute, ==, 1e-6);
        g_assert_cmpfloat(validator(problem, 1)->relative, ==, 1e-6);
        g_assert_true(validator(problem, 2)->case_sensitive);
        g_assert_cmpfloat(validator(problem, 2)->absolute, ==, 0);
        temporary_free(top);
}

static void test_legacy(void) {
        g_autofree char *top = temporary_new(), *tests = NULL, *why = NULL;
        g_autoptr(Request) request = request_new(JOB_VALIDATE, NULL);
        g_autoptr(Problem) problem = NULL;

        temporary_write(top, "problem.yaml",
                        "name: Old\nauthor: someone\nvalidation: custom\nvalidator_flags: seed 7\n"
                        "limits: {memory: 64, time_multiplier: 3}\n");
        write_test(top, "secret/1");
        write_test(top, "secret/sub/1");
        temporary_write(top, "data/secret/sub/testdata.yaml", "output_validator_flags: strict\non_reject: break\n");
        temporary_write(top, "output_validators/check/check.py", "print()\n");
        temporary_write(top, "output_validators/check/helper/x.py", "\n");
        temporary_write(top, "submissions/accepted/a.c", "int main(void) {}\n");

        problem = load(top);
        tests = tests_of(problem);
        g_assert_cmpstr(problem->format, ==, "legacy");
        g_assert_cmpfloat(problem->ac_to_limit, ==, 3);
        g_assert_cmpfloat(problem->limit_to_tle, ==, 2);
        g_assert_cmpuint(problem->time_resolution_usec, ==, USEC_PER_SEC);
        g_assert_cmpstr(tests, ==, "secret/1@secret/0 secret/sub/1@secret/sub/1");
        g_assert_cmpstr(validator(problem, 0)->type, ==, "kattis");
        g_assert_cmpstr(validator(problem, 0)->language, ==, "python3");
        g_assert_cmpuint(g_strv_length(validator(problem, 0)->args), ==, 2);
        g_assert_cmpstr(validator(problem, 1)->args[2], ==, "strict");

        g_assert_cmpint(problem_fill_request(problem, submission(problem, "accepted/a.c"), 1, true, request, &why), ==,
                        0);
        g_assert_cmpuint(request->tests->len, ==, 1);
        g_assert_cmpuint(request->validator->files->len, ==, 2);
        g_assert_cmpstr(g_array_index(request->validator->files, RequestFile, 1).name, ==, "helper/x.py");
        g_assert_cmpuint(request->memory_max, ==, UINT64_C(64) << 20);
        g_assert_cmpstr(request->language, ==, "c");
        temporary_free(top);
}

static void write_least(const char *top, const char *version) {
        g_autofree char *yaml = g_strdup_printf("problem_format_version: %s\nname: x\n", version);

        temporary_write(top, "problem.yaml", yaml);
        write_test(top, "secret/1");
}

static void test_submissions(void) {
        g_autofree char *top = temporary_new();
        g_autoptr(Problem) problem = NULL;
        const Submission *one;

        write_least(top, "2025-09");
        temporary_write(top, "include/default/common.txt", "");
        temporary_write(top, "include/python3/main.py", "theirs");
        temporary_write(top, "submissions/accepted/a.cc", "");
        temporary_write(top, "submissions/accepted/dir/z.py", "");
        temporary_write(top, "submissions/accepted/dir/main.py", "ours");
        temporary_write(top, "submissions/time_limit_exceeded/slow.c", "");
        temporary_write(top, "submissions/time_limit_exceeded/rarely.c", "");
        temporary_write(top, "submissions/wrong_answer/w.xyz", "");
        temporary_write(top, "submissions/mixed/m.py", "");
        temporary_write(top, "submissions/submissions.yaml",
                        "time_limit_exceeded:\n  permitted: [AC, WA, TLE]\n"
                        "time_limit_exceeded/rarely.*:\n  use_for_time_limit: false\n"
                        "'{mixed,nowhere}/m.{c,py}':\n  permitted: [MLE, AC]\n  required: [MLE]\n"
                        "  secret/1:\n    permitted: [AC, TLE]\n  language: python3\n"
                        "wrong_answer/*:\n  language: ruby\n  use_for_time_limit: lower\n");
        problem = load(top);

        one = submission(problem, "accepted/a.cc");
        g_assert_cmpstr(one->language, ==, "cpp");
        g_assert_cmpuint(one->rules->len, ==, 1);
        g_assert_cmpuint(rule(one, 0)->permitted, ==, VERDICT_BIT_AC);
        g_assert_true(rule(one, 0)->lower);
        g_assert_cmpuint(one->files->len, ==, 2);

        one = submission(problem, "accepted/dir");
        g_assert_cmpstr(one->language, ==, "python3");
        g_assert_cmpuint(one->files->len, ==, 3);

        one = submission(problem, "time_limit_exceeded/slow.c");
        g_assert_cmpuint(one->rules->len, ==, 1);
        g_assert_cmpuint(rule(one, 0)->permitted, ==, VERDICT_BIT_AC | VERDICT_BIT_WA | VERDICT_BITS_SLOW);
        g_assert_cmpuint(rule(one, 0)->required, ==, VERDICT_BITS_SLOW);
        g_assert_true(rule(one, 0)->upper && !rule(one, 0)->lower);

        one = submission(problem, "wrong_answer/w.xyz");
        g_assert_null(one->language); /* languages.d has none of that name */
        g_assert_cmpuint(one->rules->len, ==, 2);
        g_assert_true(rule(one, 1)->lower);

        one = submission(problem, "mixed/m.py");
        g_assert_cmpuint(one->rules->len, ==, 2);
        g_assert_cmpuint(rule(one, 0)->required, ==, VERDICT_BIT_MLE);
        g_assert_cmpstr(rule(one, 1)->tests, ==, "secret/1");
        g_assert_cmpuint(rule(one, 1)->permitted, ==, VERDICT_BIT_AC | VERDICT_BITS_SLOW);
        temporary_free(top);
}

static void test_legacy_slow_may_be_wrong(void) {
        g_autofree char *top = temporary_new();
        g_autoptr(Problem) problem = NULL;

        write_least(top, "legacy");
        temporary_write(top, "submissions/time_limit_exceeded/slow.c", "");
        problem = load(top);
        g_assert_cmpuint(rule(submission(problem, "time_limit_exceeded/slow.c"), 0)->permitted, ==,
                         VERDICT_BIT_AC | VERDICT_BIT_WA | VERDICT_BITS_SLOW);
        temporary_free(top);
}

static void test_refused(void) {
        static const struct {
                const char *path, *text, *says;
        } cases[] = {
                { "problem.yaml", "problem_format_version: 2023-07-draft\n", "legacy and 2025-09 are read" },
                { "problem.yaml", "problem_format_version: 2025-09\nnme: x\n", "there is no key “nme”" },
                { "problem.yaml", "problem_format_version: 2025-09\nlimits: {tim: 1}\n",
                  "limits: there is no key “tim”" },
                { "problem.yaml", "name: x\nlimits:\n  memory: lots\n", "line 3: memory is “lots”" },
                { "problem.yaml", "limits: {time_multiplier: 0.5}\n", "at least 1" },
                { "problem.yaml", "limits: {time_limit: -1}\n", "a number of seconds" },
                { "problem.yaml", "limits: {memory: 99999999999}\n", "a whole number of MiB" },
                { "problem.yaml", "type: [pass-fail, interactive]\n", "type interactive" },
                { "problem.yaml", "validation: custom interactive\n", "type interactive" },
                { "problem.yaml", "validation: custom\n", "there is no output_validators" },
                { "problem.yaml", "validator_flags: float_tolerance\n", "does not understand “float_tolerance”" },
                { "problem.yaml", "validator_flags: float_tolerance 1e-6x\n", "does not understand" },
                { "problem.yaml", "a: [\n", "problem.yaml: line 2" },
                { "data/secret/2.in", "", "data/secret/2.in: there is no .ans beside it" },
                { "data/secret/2.ans", "", "data/secret/2.ans: there is no .in beside it" },
                { "data/secret/1.files/x", "", "data/secret/1.files: files for single tests" },
                { "data/secret/1.yaml", "args: [x]\n", "args: arguments for single tests" },
                { "data/secret/test_group.yaml", "output_validator_arg: [x]\n", "there is no key" },
                { "data/secret/test_group.yaml", "output_validator_args: x\n", "give a list of texts" },
                { "output_validator/build", "", "build scripts" },
                { "output_validator/check.xyz", "", "its language is not known" },
                { "submissions/submissions.yaml", "a: {permitted: [OK]}\n", "" },
                { "submissions/submissions.yaml", "accepted: {permitted: [OK]}\n", "a verdict is one of" },
                { "submissions/submissions.yaml", "accepted: {permitted: []}\n", "give a list of verdicts" },
                { "submissions/submissions.yaml", "accepted: {use_for_time_limit: maybe}\n", "false, lower or upper" },
                { "submissions/submissions.yaml", "accepted: 5\n", "give keys" },
                { "submissions/submissions.yaml", "accepted: {unknown: 5}\n", "neither a known key" },
                { "submissions/submissions.yaml", "[]\n", "no mapping" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *top = temporary_new();

                write_least(top, "2025-09");
                temporary_write(top, "submissions/accepted/a.c", "");
                temporary_write(top, cases[i].path, cases[i].text);
                if (*cases[i].says)
                        assert_refused(top, cases[i].says);
                else
                        problem_free(load(top)); /* a glob that no submission matches is not looked into */
                temporary_free(top);
        }
}

static void test_links_out(void) {
        g_autofree char *top = temporary_new();

        write_least(top, "2025-09");
        temporary_link(top, "data/secret/2.in", "/etc/hostname");
        temporary_write(top, "data/secret/2.ans", "");
        assert_refused(top, "leads out of the package");
        temporary_free(top);
}

static void test_no_secret(void) {
        g_autofree char *top = temporary_new();

        temporary_write(top, "problem.yaml", "name: x\n");
        assert_refused(top, "data/secret: there is no such directory");
        temporary_write(top, "data/secret/README", "");
        {
                g_autofree char *problem = NULL;
                g_autoptr(Problem) loaded = NULL;

                g_assert_cmpint(problem_load(top, &loaded, &problem), <, 0);
                g_assert_nonnull(strstr(problem, "there are no tests"));
        }
        temporary_free(top);
}

static void test_globs(void) {
        static const struct {
                const char *pattern, *path;
                bool covers;
        } cases[] = {
                { "accepted", "accepted/a.c", true },
                { "accepted/*", "accepted/a.c", true },
                { "*", "accepted/a.c", true },
                { "acc", "accepted/a.c", false },
                { "*.c", "accepted/a.c", false },
                { "*/*.c", "accepted/a.c", true },
                { "*/*.c", "accepted/a.cc", false },
                { "*/a*b*c", "x/aabbc", true },
                { "*/a*b*c", "x/aabb", false },
                { "accepted/{a,b}.{c,py}", "accepted/b.py", true },
                { "accepted/{a,b}.{c,py}", "accepted/c.py", false },
                { "accepted/{a,{b,c}d}", "accepted/cd", true },
                { "accepted/{a,{b,c}d}", "accepted/c", false },
                { "accepted/{a", "accepted/{a", true },
                { "accepted/[ab].c", "accepted/a.c", false },
                { "accepted/?.c", "accepted/a.c", false },
                { "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "bbbbbbbbbbbb", false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                if (glob_covers(cases[i].pattern, cases[i].path) != cases[i].covers)
                        g_error("%s %s", cases[i].pattern, cases[i].path);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/problem-kattis/2025-09", test_2025_09);
        g_test_add_func("/problem-kattis/legacy", test_legacy);
        g_test_add_func("/problem-kattis/submissions", test_submissions);
        g_test_add_func("/problem-kattis/legacy-slow-may-be-wrong", test_legacy_slow_may_be_wrong);
        g_test_add_func("/problem-kattis/refused", test_refused);
        g_test_add_func("/problem-kattis/links-out", test_links_out);
        g_test_add_func("/problem-kattis/no-secret", test_no_secret);
        g_test_add_func("/problem-kattis/globs", test_globs);
        return g_test_run();
}
