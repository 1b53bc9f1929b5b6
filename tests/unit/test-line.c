/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "line.h"

static void test_exact(void) {
        double x[12], y[12];
        Line line;

        for (size_t i = 0; i < 12; i++) {
                x[i] = 100 + (double) i;
                y[i] = 50 + 0.25 * x[i];
        }
        g_assert_cmpint(line_fit(x, y, 12, &line), ==, 0);
        g_assert_cmpfloat_with_epsilon(line_at(&line, 0), 50, 1e-9);
        g_assert_cmpfloat_with_epsilon(line_at(&line, 200), 100, 1e-9);
        g_assert_cmpfloat_with_epsilon(line.deviation, 0, 1e-9);
}

/* One point that is far off moves the line little, and says so in its width. */
static void test_outlier(void) {
        double x[12], y[12];
        Line line;

        for (size_t i = 0; i < 12; i++) {
                x[i] = (double) i;
                y[i] = 50 + (i % 2 == 0 ? 0.1 : -0.1);
        }
        y[5] = 90;
        g_assert_cmpint(line_fit(x, y, 12, &line), ==, 0);
        g_assert_cmpfloat_with_epsilon(line_at(&line, 5.5), 50, 0.15);
        g_assert_cmpfloat(line_half_width(&line, 5.5, 0), >, 3);
}

/* Few points do not tell a slope. */
static void test_level(void) {
        static const double x[] = { 0, 1, 2, 3, 4 }, y[] = { 10, 11, 12, 13, 14 };
        Line line;

        g_assert_cmpint(line_fit(x, y, 2, &line), ==, -ENODATA);
        g_assert_cmpint(line_fit(x, y, 5, &line), ==, 0);
        g_assert_cmpfloat(line.slope, ==, 0);
        g_assert_cmpfloat(line_at(&line, 4), ==, 12);
        /* t(4) · √2.5 · √(1/5 + 1) */
        g_assert_cmpfloat_with_epsilon(line_half_width(&line, 4, 1), 2.776 * sqrt(2.5) * sqrt(1 + G_PI_2 / 5), 1e-6);
}

static void test_refused(void) {
        static const double far[LINE_POINTS_MAX + 1], odd[] = { 1, NAN, 3 };
        Line line;

        g_assert_cmpint(line_fit(far, far, G_N_ELEMENTS(far), &line), ==, -EINVAL);
        g_assert_cmpint(line_fit(far, odd, 3, &line), ==, -EINVAL);
        g_assert_cmpint(line_fit(odd, far, 3, &line), ==, -EINVAL);
        /* All at one moment: level. */
        g_assert_cmpint(line_fit(far, far, LINE_POINTS_MAX, &line), ==, 0);
        g_assert_cmpfloat(line.slope, ==, 0);
}

/* In 95 of a hundred, the interval has the value. */
static void test_coverage(void) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(7);
        unsigned covered = 0;

        for (unsigned i = 0; i < 4000; i++) {
                double x[12], y[12];
                Line line;

                for (size_t j = 0; j < 12; j++) {
                        x[j] = (double) j;
                        y[j] = 5 + 0.3 * x[j];
                        for (unsigned k = 0; k < 12; k++)
                                y[j] += g_rand_double_range(rand, -0.5, 0.5);
                }
                g_assert_cmpint(line_fit(x, y, 12, &line), ==, 0);
                covered += fabs(line_at(&line, 9) - (5 + 0.3 * 9)) <= line_half_width(&line, 9, 0);
        }
        g_assert_cmpuint(covered, >=, 4000 * 0.945);
        g_assert_cmpuint(covered, <, 4000 * 0.98);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/line/exact", test_exact);
        g_test_add_func("/line/outlier", test_outlier);
        g_test_add_func("/line/level", test_level);
        g_test_add_func("/line/refused", test_refused);
        g_test_add_func("/line/coverage", test_coverage);
        return g_test_run();
}
