/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "package-judge.h"

/* "name verdict cpu_usec", parted by semicolons. */
static Validation *run_of(const char *text) {
        g_auto(GStrv) tests = g_strsplit(text, ";", -1);
        Validation *run = g_new0(Validation, 1);

        run->n_tests = g_strv_length(tests);
        run->tests = g_new0(TestResult, run->n_tests + 1);
        for (size_t i = 0; i < run->n_tests; i++) {
                g_auto(GStrv) words = g_strsplit(tests[i], " ", -1);

                run->tests[i] = (TestResult){
                        .name = g_strdup(words[0]),
                        .verdict = g_strdup(words[1]),
                        .cpu_usec = words[2] ? g_ascii_strtoull(words[2], NULL, 10) : UINT64_MAX,
                };
        }
        return run;
}

static void free_run(void *p) {
        validation_free(p);
}

static void add_rule(Submission *submission, const char *tests, unsigned permitted, unsigned required) {
        ProblemRule rule = { .tests = g_strdup(tests), .permitted = permitted, .required = required };

        rule.lower = permitted && !(permitted & VERDICT_BITS_SLOW);
        rule.upper = required == VERDICT_BITS_SLOW;
        g_array_append_val(submission->rules, rule);
}

static void test_rules(void) {
        const unsigned ac = VERDICT_BIT_AC, slow = VERDICT_BITS_SLOW, crashed = VERDICT_BITS_CRASHED;
        const struct {
                const char *tests;
                unsigned permitted, required;
                const char *run;
                bool as_expected;
                const char *verdict;
        } cases[] = {
                { NULL, ac, 0, "a AC 1;b AC 2", true, "AC" },
                { NULL, ac, 0, "a AC 1;b WA 2", false, "WA" },
                { NULL, ac | VERDICT_BIT_WA, VERDICT_BIT_WA, "a AC 1;b WA 1;c RTE 1", false, "WA" },
                { NULL, 0, VERDICT_BIT_WA | slow, "a RTE 1;b WTL 1", true, "RTE" },
                { NULL, ac | crashed, crashed, "a MLE 1", true, "MLE" },
                { NULL, ac | crashed, crashed, "a SV 1;b OLE 1;c XF 1", true, "SV" },
                { NULL, ac | VERDICT_BIT_MLE, VERDICT_BIT_MLE, "a RTE 1", false, "RTE" },
                { NULL, ac | slow, slow, "a WTL 1", true, "WTL" },
                /* what is not run says nothing */
                { NULL, ac | VERDICT_BIT_WA, VERDICT_BIT_WA, "a WA 1;b SKIPPED", true, "WA" },
                /* ours to fail, never as expected */
                { NULL, 0, 0, "a AC 1;b IE 1", false, "IE" },
                { "secret/1-small", ac, 0, "secret/1-small/1 AC 1;secret/2/1 RTE 1", true, "RTE" },
                { "secret/1-small", ac, 0, "secret/1-small/1 WA 1;secret/2/1 AC 1", false, "WA" },
                { "secret/*-small", ac, 0, "secret/1-small/1 WA 1", false, "WA" },
                { "nowhere", 0, ac, "a AC 1", false, "AC" },
                /* given more than the limit of 100, and used more than it */
                { NULL, ac | slow, slow, "a AC 101", true, "TLE" },
                { NULL, ac | slow, slow, "a AC 100", false, "AC" },
                { NULL, ac, 0, "a AC 101", false, "TLE" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(free_run);
                g_autoptr(Submission) submission = submission_new("x/y.c");
                g_autoptr(Problem) problem = problem_new("p", "2025-09");
                Outcome outcome = {};

                if (cases[i].permitted || cases[i].required)
                        add_rule(submission, cases[i].tests, cases[i].permitted, cases[i].required);
                g_ptr_array_add(runs, run_of(cases[i].run));
                outcome_judge(&outcome, problem, submission, runs, 100);
                if (outcome.as_expected != cases[i].as_expected || strcmp(outcome.verdict, cases[i].verdict) != 0)
                        g_error("case %zu: %s, %s", i, outcome.verdict, outcome.why);
                g_assert_true(outcome.as_expected == !outcome.why);
                outcome_clear(&outcome);
        }
}

static void test_nothing_run(void) {
        g_autoptr(GPtrArray) runs = g_ptr_array_new();
        g_autoptr(Submission) submission = submission_new("x/y.c");
        g_autoptr(Problem) problem = problem_new("p", "2025-09");
        Outcome outcome = {};

        outcome_judge(&outcome, problem, submission, runs, 100);
        g_assert_false(outcome.as_expected);
        g_assert_null(outcome.verdict);
        outcome_clear(&outcome);
}

/* Whoever sent the program is not told that their program does not compile. */
static void test_validator_not_compiled(void) {
        g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(free_run);
        g_autoptr(Submission) submission = submission_new("x/y.c");
        g_autoptr(Problem) problem = problem_new("p", "2025-09");
        Validation *run = g_new0(Validation, 1);
        Outcome outcome = {};

        run->verdict = g_strdup("IE");
        run->compiler_end = g_strdup("ended with status 1");
        g_ptr_array_add(runs, run);
        add_rule(submission, NULL, VERDICT_BIT_AC, 0);
        outcome_judge(&outcome, problem, submission, runs, 100);
        g_assert_cmpstr(outcome.verdict, ==, "IE");
        g_assert_cmpstr(outcome.why, ==, "the validator does not compile");
        outcome_clear(&outcome);
}

static void test_time_limit(void) {
        g_autoptr(GPtrArray) runs = g_ptr_array_new_with_free_func(free_run);
        g_autoptr(Submission) submission = submission_new("x/y.c");
        g_autoptr(Problem) problem = problem_new("p", "2025-09");

        g_ptr_array_add(runs, run_of("secret/a/1 AC 400;secret/b/1 AC 900"));
        g_ptr_array_add(runs, run_of("secret/a/2 WA 500;secret/c/1 AC"));
        g_assert_cmpuint(outcome_lower_bound(problem, submission, runs), ==, 0);
        add_rule(submission, "secret/a", VERDICT_BIT_AC, 0);
        g_assert_true(submission_bounds_below(submission));
        g_assert_false(submission_bounds_above(submission));
        g_assert_cmpuint(outcome_lower_bound(problem, submission, runs), ==, 500);
        add_rule(submission, NULL, VERDICT_BIT_AC, 0);
        g_assert_cmpuint(outcome_lower_bound(problem, submission, runs), ==, 900);

        g_assert_cmpuint(time_limit_for(problem, 1), ==, 1000000);
        g_assert_cmpuint(time_limit_for(problem, 500000), ==, 1000000);
        g_assert_cmpuint(time_limit_for(problem, 500001), ==, 2000000);
        problem->time_resolution_usec = 100000;
        problem->ac_to_limit = 1.5;
        g_assert_cmpuint(time_limit_for(problem, 500001), ==, 800000);
}

static void test_expectation_text(void) {
        g_autoptr(Submission) submission = submission_new("x/y.c");
        g_autofree char *none = expectation_text(submission), *both = NULL, *twice = NULL;

        add_rule(submission, NULL, VERDICT_BIT_AC | VERDICT_BITS_SLOW, VERDICT_BITS_SLOW | VERDICT_BITS_CRASHED);
        add_rule(submission, "secret/a", VERDICT_BIT_AC | VERDICT_BIT_WTL, 0);
        both = expectation_text(submission);
        g_assert_cmpstr(none, ==, "any");
        g_assert_cmpstr(both, ==, "TLE|RTE, secret/a: AC|WTL");
        /* a directory and a file may say the same */
        add_rule(submission, NULL, VERDICT_BITS_SLOW, VERDICT_BITS_SLOW | VERDICT_BITS_CRASHED);
        add_rule(submission, "secret/a", VERDICT_BIT_AC | VERDICT_BIT_WTL, 0);
        twice = expectation_text(submission);
        g_assert_cmpstr(twice, ==, both);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/package-judge/rules", test_rules);
        g_test_add_func("/package-judge/nothing-run", test_nothing_run);
        g_test_add_func("/package-judge/validator-not-compiled", test_validator_not_compiled);
        g_test_add_func("/package-judge/time-limit", test_time_limit);
        g_test_add_func("/package-judge/expectation-text", test_expectation_text);
        return g_test_run();
}
