/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "summary.h"

/* Ranks of the sign-test interval and its coverage in percent, as tabulated. */
static const struct {
        size_t n, k;
        double coverage;
} ranks[] = {
        { 6, 1, 96.9 },  { 7, 1, 98.4 },  { 8, 1, 99.2 },  { 9, 2, 96.1 },  { 10, 2, 97.9 },  { 11, 2, 98.8 },
        { 12, 3, 96.1 }, { 13, 3, 97.8 }, { 14, 3, 98.7 }, { 15, 4, 96.5 }, { 16, 4, 97.9 },  { 17, 5, 95.1 },
        { 18, 5, 96.9 }, { 19, 5, 98.1 }, { 20, 6, 95.9 }, { 25, 8, 95.7 }, { 30, 10, 95.7 },
};

/* 1 − 2·P(Bin(n, ½) < k), by counting. */
static double coverage(size_t n, size_t k) {
        double below = 0, term = pow(0.5, (double) n);

        for (size_t i = 0; i < k; i++) {
                below += term;
                term = term * (double) (n - i) / (double) (i + 1);
        }
        return 1 - 2 * below;
}

static void test_ranks(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(ranks); i++) {
                g_assert_cmpuint(summary_rank(ranks[i].n), ==, ranks[i].k);
                g_assert_cmpfloat_with_epsilon(100 * coverage(ranks[i].n, ranks[i].k), ranks[i].coverage, 0.051);
        }
        for (size_t n = 0; n <= 5; n++)
                g_assert_cmpuint(summary_rank(n), ==, 0);
        for (size_t n = 6; n <= 1000; n++) {
                size_t k = summary_rank(n);

                g_assert_cmpuint(k, >=, 1);
                g_assert_cmpfloat(coverage(n, k), >=, 0.95);
                g_assert_cmpfloat(coverage(n, k + 1), <, 0.95);
        }
}

static void test_known_list(void) {
        /* out of order on purpose, with one far outlier that must stay in */
        static const double values[] = { 9, 1, 8, 2, 7, 3, 6, 4, 1000 };
        Summary s;

        g_assert_cmpint(summary_compute(values, G_N_ELEMENTS(values), &s), ==, 0);
        g_assert_cmpuint(s.n, ==, 9);
        g_assert_cmpfloat(s.median, ==, 6);
        g_assert_cmpfloat(s.mad, ==, 3);
        g_assert_cmpfloat(s.min, ==, 1);
        g_assert_cmpfloat(s.max, ==, 1000);
        g_assert_cmpfloat_with_epsilon(s.mean, 1040.0 / 9, 1e-9);
        g_assert_true(s.has_ci);
        g_assert_cmpfloat(s.ci_low, ==, 2); /* ranks 2 and 8 of nine */
        g_assert_cmpfloat(s.ci_high, ==, 9);
}

static void test_few(void) {
        static const double values[] = { 4, 1, 3, 2, 5 };
        Summary s;

        g_assert_cmpint(summary_compute(values, 0, &s), ==, -ENODATA);
        g_assert_cmpint(summary_compute(values, 1, &s), ==, 0);
        g_assert_cmpfloat(s.median, ==, 4);
        g_assert_cmpfloat(s.mad, ==, 0);
        g_assert_false(s.has_ci);
        g_assert_cmpint(summary_compute(values, 4, &s), ==, 0);
        g_assert_cmpfloat(s.median, ==, 2.5);
        g_assert_cmpfloat(s.mad, ==, 1);
        g_assert_cmpint(summary_compute(values, 5, &s), ==, 0);
        g_assert_false(s.has_ci);
}

static void test_not_finite(void) {
        const double values[] = { 1, NAN, 2 }, infinite[] = { 1, INFINITY };
        Summary s;

        g_assert_cmpint(summary_compute(values, 3, &s), ==, -EINVAL);
        g_assert_cmpint(summary_compute(infinite, 2, &s), ==, -EINVAL);
}

static void test_large_values(void) {
        const double values[] = { 1e308, 1e308, 1e308, 1e308 };
        Summary s;

        g_assert_cmpint(summary_compute(values, 4, &s), ==, 0);
        g_assert_cmpfloat(s.mean, ==, 1e308);
        g_assert_cmpfloat(s.median, ==, 1e308);
}

static void test_relative_half_width(void) {
        static const double six[] = { 90, 95, 100, 100, 105, 110 }, zero[] = { -2, -1, 0, 0, 1, 2 };
        Summary s;
        double width;

        g_assert_cmpint(summary_compute(six, 6, &s), ==, 0);
        g_assert_cmpint(summary_relative_half_width(&s, &width), ==, 0);
        g_assert_cmpfloat_with_epsilon(width, 0.1, 1e-12);

        g_assert_cmpint(summary_compute(six, 5, &s), ==, 0);
        g_assert_cmpint(summary_relative_half_width(&s, &width), ==, -ENODATA);

        g_assert_cmpint(summary_compute(zero, 6, &s), ==, 0);
        g_assert_cmpint(summary_relative_half_width(&s, &width), ==, -ENODATA);
}

/* Of 1 to 5: s = √2.5, t(4) = 2.776. */
static void test_mean_half_width(void) {
        static const double five[] = { 1, 2, 3, 4, 5 };

        g_assert_cmpfloat_with_epsilon(stats_mean_half_width(five, 5), 2.776 * sqrt(2.5 / 5), 1e-12);
        g_assert_cmpfloat_with_epsilon(stats_mean_half_width(five, 2), 12.706 * 0.5, 1e-12);
        g_assert_true(isnan(stats_mean_half_width(five, 1)));
        g_assert_cmpfloat_with_epsilon(stats_t_quantile(1000), 1.962, 0.001);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/summary/ranks", test_ranks);
        g_test_add_func("/summary/known-list", test_known_list);
        g_test_add_func("/summary/few", test_few);
        g_test_add_func("/summary/not-finite", test_not_finite);
        g_test_add_func("/summary/large-values", test_large_values);
        g_test_add_func("/summary/relative-half-width", test_relative_half_width);
        g_test_add_func("/summary/mean-half-width", test_mean_half_width);
        return g_test_run();
}
