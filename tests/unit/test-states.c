/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>

#include "states.h"

/* The design's table of results. */
static void test_results(void) {
        static const struct {
                const char *word;
                const char *state;
                int exit_code;
        } table[] = {
                { "done", "completed", 0 },   { "failed", "completed", 1 },      { "unstable", "completed", 5 },
                { "timeout", "failed", 124 }, { "infrastructure", "failed", 4 }, { "cancelled", "cancelled", 130 },
        };

        g_assert_cmpuint(G_N_ELEMENTS(table), ==, N_JOB_RESULTS);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                JobResult result;

                g_assert_cmpint(job_result_from_string(table[i].word, &result), ==, 0);
                g_assert_cmpstr(job_result_to_string(result), ==, table[i].word);
                g_assert_cmpstr(job_state_to_string(job_result_state(result)), ==, table[i].state);
                g_assert_cmpint(job_result_exit_code(result), ==, table[i].exit_code);
        }
}

static void test_states(void) {
        static const char *const words[] = { "queued",    "validating", "settling",  "baseline", "warming",
                                             "measuring", "finishing",  "completed", "failed",   "cancelled" };

        g_assert_cmpuint(G_N_ELEMENTS(words), ==, N_JOB_STATES);
        for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
                JobState state;

                g_assert_cmpint(job_state_from_string(words[i], &state), ==, 0);
                g_assert_cmpuint(state, ==, i);
                g_assert_cmpstr(job_state_to_string(state), ==, words[i]);
        }
}

static void test_kinds(void) {
        JobKind kind;

        g_assert_cmpint(job_kind_from_string("measure", &kind), ==, 0);
        g_assert_cmpint(kind, ==, JOB_MEASURE);
        g_assert_cmpstr(job_kind_to_string(kind), ==, "measure");
        g_assert_cmpint(job_kind_from_string("validate", &kind), ==, 0);
        g_assert_cmpint(kind, ==, JOB_VALIDATE);
        g_assert_cmpstr(job_kind_to_string(kind), ==, "validate");
        g_assert_cmpint(job_kind_from_string("compare", &kind), ==, 0);
        g_assert_cmpint(kind, ==, JOB_COMPARE);
        g_assert_cmpstr(job_kind_to_string(kind), ==, "compare");
}

static void test_unknown(void) {
        JobResult result;
        JobState state;
        JobKind kind;

        g_assert_cmpint(job_result_from_string("Done", &result), ==, -EINVAL);
        g_assert_cmpint(job_state_from_string("", &state), ==, -EINVAL);
        g_assert_cmpint(job_kind_from_string("candidate", &kind), ==, -EINVAL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/states/results", test_results);
        g_test_add_func("/states/states", test_states);
        g_test_add_func("/states/kinds", test_kinds);
        g_test_add_func("/states/unknown", test_unknown);
        return g_test_run();
}
