/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "outlier.h"

static void test_scores(void) {
        /* median 100, MAD 1 */
        static const double values[] = { 100, 101, 99, 100, 108, 101, 99, 100, 85 };
        double scores[9];

        g_assert_cmpint(outlier_scores(values, 9, 0, scores), ==, 0);
        g_assert_cmpfloat(scores[0], ==, 0);
        g_assert_cmpfloat_with_epsilon(scores[1], 0.6745, 1e-12);
        g_assert_cmpfloat_with_epsilon(scores[2], 0.6745, 1e-12);
        g_assert_cmpfloat_with_epsilon(scores[4], 5.396, 1e-12);
        g_assert_cmpfloat_with_epsilon(scores[8], 10.1175, 1e-12);
        g_assert_cmpint(outlier_level(scores[1]), ==, OUTLIER_NONE);
        g_assert_cmpint(outlier_level(scores[4]), ==, OUTLIER_NOTE);
        g_assert_cmpint(outlier_level(scores[8]), ==, OUTLIER_WARN);
}

static void test_levels(void) {
        static const struct {
                double score;
                OutlierLevel level;
        } cases[] = {
                { 0, OUTLIER_NONE },  { 5, OUTLIER_NONE },         { 5.0000001, OUTLIER_NOTE },
                { 10, OUTLIER_NOTE }, { 10.000001, OUTLIER_WARN }, { INFINITY, OUTLIER_WARN },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_cmpint(outlier_level(cases[i].score), ==, cases[i].level);
}

/* Most trials of a coarse counter are equal: one that is two counts off is no outlier, one that is ten is. */
static void test_coarse_counter(void) {
        static const double values[] = { 50, 50, 50, 52, 50, 50, 60, 50, 50 };
        double scores[9];

        g_assert_cmpint(outlier_scores(values, 9, 1, scores), ==, 0);
        g_assert_cmpfloat_with_epsilon(scores[3], 1.349, 1e-12);
        g_assert_cmpint(outlier_level(scores[3]), ==, OUTLIER_NONE);
        g_assert_cmpfloat_with_epsilon(scores[6], 6.745, 1e-12);
        g_assert_cmpint(outlier_level(scores[6]), ==, OUTLIER_NOTE);

        g_assert_cmpint(outlier_scores(values, 9, 0, scores), ==, 0);
        g_assert_cmpfloat(scores[0], ==, 0);
        g_assert_true(isinf(scores[3]));
}

static void test_errors(void) {
        static const double values[] = { 1, 2, 3 };
        const double unknown[] = { 1, NAN, 3 };
        double scores[3];

        g_assert_cmpint(outlier_scores(values, 0, 1, scores), ==, -ENODATA);
        g_assert_cmpint(outlier_scores(values, 3, -1, scores), ==, -EINVAL);
        g_assert_cmpint(outlier_scores(values, 3, NAN, scores), ==, -EINVAL);
        g_assert_cmpint(outlier_scores(unknown, 3, 1, scores), ==, -EINVAL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/outlier/scores", test_scores);
        g_test_add_func("/outlier/levels", test_levels);
        g_test_add_func("/outlier/coarse-counter", test_coarse_counter);
        g_test_add_func("/outlier/errors", test_errors);
        return g_test_run();
}
