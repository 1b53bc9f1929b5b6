/* SPDX-License-Identifier: MIT */
#include <math.h>

#include <glib.h>

#include "compare.h"

/* R 4.2: wilcox.test(log(b), log(a), exact=TRUE, conf.int=TRUE), estimate and interval as exp(x) - 1 */
static void test_exact(void) {
        static const double a[] = { 10.02, 10.11, 9.97, 10.05, 10.20, 10.08 };
        static const double b[] = { 10.31, 10.15, 10.40, 10.22, 10.35, 10.01, 10.27 };
        Comparison comparison;

        g_assert_cmpint(comparison_of_stored(a, 6, b, 7, 0, &comparison), ==, 0);
        g_assert_cmpuint(comparison.n, ==, 6);
        g_assert_cmpfloat_with_epsilon(comparison.p, 0.034965034965035, 1e-12);
        g_assert_cmpfloat_with_epsilon(comparison.change, 0.0192284541592325, 1e-12);
        g_assert_true(comparison.has_ci);
        g_assert_cmpfloat_with_epsilon(comparison.low, 0.00196078431372571, 1e-12);
        g_assert_cmpfloat_with_epsilon(comparison.high, 0.03174603174603208, 1e-12);
        g_assert_true(isnan(comparison.sigma_pair));
        g_assert_cmpint(comparison.word, ==, COMPARISON_REGRESSED);

        /* the other way round */
        g_assert_cmpint(comparison_of_stored(b, 7, a, 6, 0.05, &comparison), ==, 0);
        g_assert_cmpfloat_with_epsilon(comparison.p, 0.034965034965035, 1e-12);
        g_assert_cmpfloat_with_epsilon(comparison.change, 1 / 1.0192284541592325 - 1, 1e-12);
        g_assert_cmpint(comparison.word, ==, COMPARISON_WITHIN);
}

/* The exact distribution for sizes small enough to be counted here: p of each way in which 0 … n_a + n_b − 1 can be
 * split. */
static void test_enumerated(void) {
        static const size_t sizes[][2] = { { 4, 4 }, { 3, 6 }, { 5, 6 } };

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                const size_t n_a = sizes[i][0], n_b = sizes[i][1], n = n_a + n_b;
                size_t by_u[31] = {}, all = 0;

                for (unsigned chosen = 0; chosen < 1U << n; chosen++) {
                        size_t u = 0;

                        if ((size_t) __builtin_popcount(chosen) != n_a)
                                continue;
                        for (size_t x = 0; x < n; x++)
                                for (size_t y = x + 1; y < n; y++)
                                        u += (chosen >> x & 1) && !(chosen >> y & 1);
                        by_u[u]++;
                        all++;
                }
                for (unsigned chosen = 0; chosen < 1U << n; chosen++) {
                        double a[8], b[8], p;
                        size_t u = 0, u_least, tail = 0, got_a = 0, got_b = 0;
                        Comparison comparison;

                        if ((size_t) __builtin_popcount(chosen) != n_a)
                                continue;
                        for (size_t x = 0; x < n; x++)
                                if (chosen >> x & 1)
                                        a[got_a++] = 1 + (double) x;
                                else {
                                        b[got_b++] = 1 + (double) x;
                                        u += got_a;
                                }
                        u_least = MIN(u, n_a * n_b - u);
                        for (size_t x = 0; x <= u_least; x++)
                                tail += by_u[x];
                        p = MIN(1, 2 * (double) tail / (double) all);
                        g_assert_cmpint(comparison_of_stored(a, n_a, b, n_b, 0, &comparison), ==, 0);
                        g_assert_cmpfloat_with_epsilon(comparison.p, p, 1e-12);
                        g_assert_cmpfloat_with_epsilon(comparison.p_least, 2 / (double) all, 1e-12);
                        g_assert_true((comparison.p <= 0.05) ==
                                      (comparison.has_ci && (comparison.low > 0 || comparison.high < 0)));
                }
        }
}

/* The largest sizes that are counted. R 4.2: 2*pwilcox(c(1, 300, 350), 30, 30) */
static void test_exact_large(void) {
        static const struct {
                size_t u;
                double p;
        } cases[] = { { 1, 3.38224677842896e-17 }, { 300, 0.0263319603025794 }, { 350, 0.1421348956201596 } };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                double a[30], b[30];
                size_t left = cases[i].u;
                Comparison comparison;

                /* each of a's in turn goes below as many of b's as are still wanted */
                for (size_t j = 0; j < 30; j++) {
                        const size_t below = MIN(left, 30);

                        b[j] = 1000 + 10 * (double) j;
                        a[j] = 1000 + 10 * (30 - (double) below) - 5 + (double) j / 10;
                        left -= below;
                }
                g_assert_cmpint(comparison_of_stored(a, 30, b, 30, 0, &comparison), ==, 0);
                g_assert_cmpfloat_with_epsilon(comparison.p, cases[i].p, cases[i].p * 1e-9);
        }
}

/* R 4.2: wilcox.test(b, a, exact=FALSE, correct=TRUE)$p.value */
static void test_ties(void) {
        static const double a[] = { 1, 2, 2, 3, 3, 3, 4, 5 }, b[] = { 3, 4, 4, 5, 5, 6, 6, 7, 8 };
        static const double equal[] = { 2, 2, 2, 2, 2, 2, 2 };
        Comparison comparison;

        g_assert_cmpint(comparison_of_stored(a, 8, b, 9, 0, &comparison), ==, 0);
        g_assert_cmpfloat_with_epsilon(comparison.p, 0.00637313383808585, 1e-12);
        g_assert_cmpint(comparison.word, ==, COMPARISON_REGRESSED);

        g_assert_cmpint(comparison_of_stored(equal, 7, equal, 7, 0, &comparison), ==, 0);
        g_assert_cmpfloat(comparison.p, ==, 1);
        g_assert_cmpfloat(comparison.change, ==, 0);
        g_assert_cmpint(comparison.word, ==, COMPARISON_NO_CHANGE);
}

/* More trials than are counted. R 4.2: wilcox.test(log(b), log(a), exact=FALSE, correct=TRUE), and the normal
 * distribution's ranks of the interval, floor(n·m/2 + 1/2 − 1.96·√(n·m·(n+m+1)/12)) = 516, by hand. */
static void test_many(void) {
        double a[40], b[35];
        Comparison comparison;

        for (size_t i = 0; i < 40; i++)
                a[i] = 100 + (double) i * 0.5;
        for (size_t i = 0; i < 35; i++)
                b[i] = 101.13 + (double) i * 0.53;
        g_assert_cmpint(comparison_of_stored(a, 40, b, 35, 0, &comparison), ==, 0);
        g_assert_cmpfloat_with_epsilon(comparison.p, 0.774312225904433, 1e-12);
        g_assert_true(comparison.has_ci);
        g_assert_cmpfloat_with_epsilon(comparison.low, -0.0213038833330409, 2e-4);
        g_assert_cmpfloat_with_epsilon(comparison.high, 0.0291827903757511, 2e-4);
        g_assert_cmpint(comparison.word, ==, COMPARISON_NO_CHANGE);
}

/* 3 and 3 trials cannot be significant, 4 and 4 can. */
static void test_few(void) {
        static const double a[] = { 1, 2, 3, 4 }, b[] = { 11, 12, 13, 14 };
        Comparison comparison;

        g_assert_cmpint(comparison_of_stored(a, 3, b, 3, 0, &comparison), ==, 0);
        g_assert_false(comparison.has_ci);
        g_assert_cmpint(comparison.word, ==, COMPARISON_TOO_FEW);
        g_assert_cmpint(comparison_of_stored(a, 4, b, 4, 0, &comparison), ==, 0);
        g_assert_true(comparison.has_ci);
        g_assert_cmpint(comparison.word, ==, COMPARISON_REGRESSED);
        g_assert_cmpint(comparison_of_stored(b, 4, a, 4, 0, &comparison), ==, 0);
        g_assert_cmpint(comparison.word, ==, COMPARISON_IMPROVED);
}

/* Equal trials, too, are too few for an interval where no order of them would be significant. */
static void test_few_equal(void) {
        static const double a[] = { 1, 1, 1, 1 };
        Comparison comparison;

        for (size_t n = 1; n <= 4; n++) {
                g_assert_cmpint(comparison_of_stored(a, n, a, n, 0, &comparison), ==, 0);
                g_assert_cmpint(comparison.has_ci, ==, n == 4);
                g_assert_cmpint(comparison.word, ==, n == 4 ? COMPARISON_NO_CHANGE : COMPARISON_TOO_FEW);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/compare-stored/exact", test_exact);
        g_test_add_func("/compare-stored/enumerated", test_enumerated);
        g_test_add_func("/compare-stored/exact-large", test_exact_large);
        g_test_add_func("/compare-stored/ties", test_ties);
        g_test_add_func("/compare-stored/many", test_many);
        g_test_add_func("/compare-stored/few", test_few);
        g_test_add_func("/compare-stored/few-equal", test_few_equal);
        return g_test_run();
}
