/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <math.h>

#include "score.h"

/* What the original published, to the digits it gave. */
static void test_published(void) {
        static const struct {
                double energy_j, time_s, expected, digits;
        } rows[] = {
                { 1.14, 6.0e-6, 0.7350, 5e-5 }, { 1.73, 6.0e-6, 0.6272, 5e-5 },   { 1.52, 1.743e-3, 0.614, 5e-4 },
                { 2.13, 20.6e-3, 0.314, 5e-4 }, { 26.95, 394.1e-3, 0.023, 5e-4 }, { 2.46, 9.94e-3, 0.385, 1e-3 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                g_assert_cmpfloat_with_epsilon(score(&score_defaults, true, rows[i].energy_j, rows[i].time_s),
                                               rows[i].expected, rows[i].digits);
}

static void test_edges(void) {
        ScoreParameters even = score_defaults;

        g_assert_cmpfloat(score(&score_defaults, false, 0.1, 0.001), ==, 0);
        g_assert_cmpfloat(score(&score_defaults, true, NAN, 0.001), ==, 0);
        g_assert_cmpfloat(score(&score_defaults, true, 0.1, NAN), ==, 0);
        g_assert_cmpfloat(score(&score_defaults, true, INFINITY, 0.001), ==, 0);
        g_assert_cmpfloat(score(&score_defaults, true, -1, 0.001), ==, 0);
        g_assert_cmpfloat(score(&score_defaults, true, 0, 0), ==, 1);
        /* at the references both halves are 1/2, and so is any mean of them */
        g_assert_cmpfloat_with_epsilon(score(&score_defaults, true, 1, 0.01), 0.5, 1e-15);
        /* the cutoff itself still counts */
        g_assert_cmpfloat(score(&score_defaults, true, 50, 0.01), >, 0);
        g_assert_cmpfloat(score(&score_defaults, true, 50.001, 0.01), ==, 0);
        g_assert_cmpfloat(score(&score_defaults, true, 1, 0.5), >, 0);
        g_assert_cmpfloat(score(&score_defaults, true, 1, 0.50001), ==, 0);

        /* with beta 1 and equal exponents energy and time weigh the same */
        even.beta = even.energy_exponent = 1;
        g_assert_cmpfloat_with_epsilon(score(&even, true, 2, 0.01), score(&even, true, 1, 0.02), 1e-15);
        even.beta = 1.5;
        g_assert_cmpfloat(score(&even, true, 2, 0.01), >, score(&even, true, 1, 0.02));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/score/published", test_published);
        g_test_add_func("/score/edges", test_edges);
        return g_test_run();
}
