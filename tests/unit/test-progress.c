/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "progress.h"

static const Style style = {}, ascii = { .ascii = true };

static void test_line(void) {
        ProgressState state = PROGRESS_STATE_INIT;
        g_autofree char *queued = NULL, *waiting = NULL, *measuring = NULL, *plain = NULL, *narrow = NULL;

        state.job = 7;
        state.phase = "queued";
        state.step = 3;
        state.queue_position = 3;
        state.time_left_usec = 125 * G_USEC_PER_SEC;
        queued = progress_line(&state, 79, &style);
        g_assert_cmpstr(queued, ==, "job 7: queued, number 3 in the queue  2 min 5 s left");

        state = (ProgressState) PROGRESS_STATE_INIT;
        state.job = 7;
        state.phase = "queued";
        state.waits_for_host = true;
        waiting = progress_line(&state, 79, &style);
        g_assert_cmpstr(waiting, ==, "job 7: queued, another measurement keeps this machine busy");

        state = (ProgressState) PROGRESS_STATE_INIT;
        state.job = 7;
        state.phase = "measuring";
        state.step = 3;
        state.steps = 9;
        state.fraction = 0.5;
        state.median_j = 12.345;
        state.time_left_usec = 12 * G_USEC_PER_SEC;
        state.simulated = true;
        measuring = progress_line(&state, 79, &style);
        g_assert_cmpstr(measuring, ==, "[██████······]  job 7: measuring 3/9  median 12.35 J (modelled)  12 s left");
        plain = progress_line(&state, 79, &ascii);
        g_assert_cmpstr(plain, ==, "[######......]  job 7: measuring 3/9  median 12.35 J (modelled)  12 s left");
        narrow = progress_line(&state, 20, &style);
        g_assert_cmpuint(text_width(narrow), <=, 20);
        g_assert_true(g_str_has_prefix(narrow, "job 7: measuring 3/"));
}

/* Before the first step, and when nothing is left, there is nothing to count. */
static void test_ends(void) {
        ProgressState state = PROGRESS_STATE_INIT;
        g_autofree char *first = NULL, *last = NULL;

        state.job = 7;
        state.phase = "validating";
        state.steps = 3;
        first = progress_line(&state, 79, &style);
        g_assert_cmpstr(first, ==, "job 7: validating");
        state.phase = "finishing";
        state.time_left_usec = 0;
        last = progress_line(&state, 79, &style);
        g_assert_cmpstr(last, ==, "job 7: finishing");
}

static void test_json(void) {
        ProgressState state = PROGRESS_STATE_INIT;
        g_autofree char *bare = NULL, *full = NULL;

        state.job = 7;
        state.phase = "warming";
        bare = progress_json(&state);
        g_assert_cmpstr(bare, ==, "{\"phase\":\"warming\",\"job\":7,\"step\":0,\"steps\":0}");

        state.fraction = 0.5;
        state.median_j = 1.5;
        state.simulated = true;
        state.queue_position = 2;
        state.time_left_usec = 1500000;
        full = progress_json(&state);
        g_assert_cmpstr(full, ==,
                        "{\"phase\":\"warming\",\"job\":7,\"step\":0,\"steps\":0,\"fraction\":0.5,\"median_j\":1.5,"
                        "\"simulated\":true,\"queue_position\":2,\"time_left_s\":1.5}");
}

static void test_plain_due(void) {
        const uint64_t period = 20 * G_USEC_PER_SEC;

        g_assert_true(progress_plain_due(NULL, 0, "7 warming", 5));
        g_assert_false(progress_plain_due("7 warming", 5, "7 warming", 5 + period - 1));
        g_assert_true(progress_plain_due("7 warming", 5, "7 warming", 5 + period));
        g_assert_true(progress_plain_due("7 warming", 5, "7 measuring", 6));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/progress/line", test_line);
        g_test_add_func("/progress/ends", test_ends);
        g_test_add_func("/progress/json", test_json);
        g_test_add_func("/progress/plain-due", test_plain_due);
        return g_test_run();
}
