/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "compare.h"

#define N_MAX 64

/* Pairs with the given ln(B/A), the energies at very different heights. */
static void pairs(const double *d, size_t n, double *a, double *b) {
        for (size_t i = 0; i < n; i++) {
                a[i] = 3 + 40 * (double) (i % 5);
                b[i] = a[i] * exp(d[i]);
        }
}

static Comparison compare(const double *d, size_t n, double noise_floor) {
        double a[N_MAX], b[N_MAX];
        Comparison comparison;

        pairs(d, n, a, b);
        g_assert_cmpint(comparison_of_pairs(a, b, n, noise_floor, &comparison), ==, 0);
        return comparison;
}

/* `more` pairs in which B takes 2 % more, as many as are left in which it takes 1 % less; p by R 4.2:
 * binom.test(min(more, n - more), n)$p.value */
static void test_sign(void) {
        static const struct {
                size_t n, more;
                double p;
        } cases[] = {
                { 6, 6, 0.03125 },
                { 6, 5, 0.21875 },
                { 9, 8, 0.0390625 },
                { 17, 13, 0.049041748046875 },
                { 17, 12, 0.143463134765625 },
                { 20, 1, 4.00543212890625e-05 },
                { 20, 10, 1 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                double d[N_MAX];
                Comparison comparison;

                for (size_t j = 0; j < cases[i].n; j++)
                        d[j] = j < cases[i].more ? log(1.02) : log(0.99);
                comparison = compare(d, cases[i].n, 0);
                g_assert_cmpfloat_with_epsilon(comparison.p, cases[i].p, 1e-15);
                g_assert_cmpfloat(comparison.p, ==, comparison.p_adjusted);
        }
}

static void test_change(void) {
        /* median 3 %; ranks 2 and 8 of nine; MAD of ln 0.02 */
        static const double changes[] = { 0.03, 0.01, 0.08, 0.02, 0.05, -0.40, 0.04, 0.00, 0.30 };
        double d[9];
        Comparison comparison;

        for (size_t i = 0; i < 9; i++)
                d[i] = log1p(changes[i]);
        comparison = compare(d, 9, 0);
        g_assert_cmpuint(comparison.n, ==, 9);
        g_assert_cmpfloat_with_epsilon(comparison.change, 0.03, 1e-12);
        g_assert_true(comparison.has_ci);
        g_assert_cmpfloat_with_epsilon(comparison.low, 0, 1e-12);
        g_assert_cmpfloat_with_epsilon(comparison.high, 0.08, 1e-12);
        /* |d − median| sorted: 0, .0097, .0098, .0192, .0196, .0296, …: the fifth */
        g_assert_cmpfloat_with_epsilon(comparison.sigma_pair, 1.4826 * log(1.03 / 1.01), 1e-12);
        g_assert_cmpint(comparison.word, ==, COMPARISON_NO_CHANGE);
}

static void test_words(void) {
        static const struct {
                double d, noise_floor;
                size_t n;
                ComparisonWord word;
                const char *text;
        } cases[] = {
                { 0.05, 0, 5, COMPARISON_TOO_FEW, "too few pairs to tell" },
                { 0.05, 0, 6, COMPARISON_REGRESSED, "regressed" },
                { -0.05, 0, 6, COMPARISON_IMPROVED, "improved" },
                { 0.011, 0, 6, COMPARISON_REGRESSED, "regressed" },
                { 0.009, 0, 6, COMPARISON_WITHIN, "change within the noise threshold" },
                { -0.009, 0, 6, COMPARISON_WITHIN, "change within the noise threshold" },
                { 0.03, 0.035, 6, COMPARISON_WITHIN, "change within the noise threshold" },
                { 0.03, 0.025, 6, COMPARISON_REGRESSED, "regressed" },
                { 0.009, 0.001, 6, COMPARISON_WITHIN, "change within the noise threshold" },
                { 0, 0, 20, COMPARISON_NO_CHANGE, "no change detected" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                double d[N_MAX];
                Comparison comparison;

                for (size_t j = 0; j < cases[i].n; j++)
                        d[j] = cases[i].d;
                comparison = compare(d, cases[i].n, cases[i].noise_floor);
                g_assert_cmpstr(comparison_word_to_string(comparison.word), ==, cases[i].text);
                g_assert_cmpint(comparison.word, ==, cases[i].word);
                g_assert_cmpfloat(comparison.threshold, ==, MAX(0.01, cases[i].noise_floor));
                g_assert_true(comparison.has_ci == (cases[i].n >= 6));
        }
}

/* Energies of a coarse counter are often equal: such a pair speaks for nobody, and is counted. */
static void test_equal_pairs(void) {
        double d[20] = {};
        Comparison comparison;

        for (size_t i = 0; i < 6; i++)
                d[i] = 0.05;
        comparison = compare(d, 20, 0); /* without the equal ones p would be 0.031 */
        g_assert_cmpfloat(comparison.p, ==, 1);
        g_assert_cmpint(comparison.word, ==, COMPARISON_NO_CHANGE);
        for (size_t i = 6; i < 16; i++)
                d[i] = 0.05;
        comparison = compare(d, 20, 0); /* 16 of 20: R: 2*pbinom(4, 20, .5) */
        g_assert_cmpfloat_with_epsilon(comparison.p, 0.0118179321289062, 1e-15);
        g_assert_cmpint(comparison.word, ==, COMPARISON_REGRESSED);
}

/* p ≤ 0.05 exactly when the interval leaves out 0, for each number of pairs and of those that are above, below and
 * equal. */
static void test_interval_agrees(void) {
        double d[N_MAX];

        for (size_t n = 1; n <= 24; n++)
                for (size_t above = 0; above <= n; above++)
                        for (size_t below = 0; above + below <= n; below++) {
                                Comparison comparison;
                                bool outside;

                                for (size_t i = 0; i < n; i++)
                                        d[i] = i < above ? 0.01 + 0.001 * (double) i : i < above + below ? -0.02 : 0;
                                comparison = compare(d, n, 0);
                                outside = comparison.has_ci && (comparison.low > 0 || comparison.high < 0);
                                g_assert_true(outside == (comparison.p <= 0.05));
                        }
}

static void test_errors(void) {
        static const double good[] = { 1, 2, 3 }, zero[] = { 1, 0, 3 }, negative[] = { 1, -2, 3 };
        const double unknown[] = { 1, NAN, 3 }, endless[] = { 1, INFINITY, 3 };
        const double *const bad[] = { zero, negative, unknown, endless };
        Comparison comparison;
        double floor;

        g_assert_cmpint(comparison_of_pairs(good, good, 0, 0, &comparison), ==, -ENODATA);
        g_assert_cmpint(comparison_of_stored(good, 0, good, 3, 0, &comparison), ==, -ENODATA);
        g_assert_cmpint(comparison_of_stored(good, 3, good, 0, 0, &comparison), ==, -ENODATA);
        g_assert_cmpint(comparison_noise_floor(good, good, 0, &floor), ==, -ENODATA);
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_assert_cmpint(comparison_of_pairs(good, bad[i], 3, 0, &comparison), ==, -EINVAL);
                g_assert_cmpint(comparison_of_pairs(bad[i], good, 3, 0, &comparison), ==, -EINVAL);
                g_assert_cmpint(comparison_of_stored(good, 3, bad[i], 3, 0, &comparison), ==, -EINVAL);
                g_assert_cmpint(comparison_of_stored(bad[i], 3, good, 3, 0, &comparison), ==, -EINVAL);
                g_assert_cmpint(comparison_noise_floor(good, bad[i], 3, &floor), ==, -EINVAL);
        }
        g_assert_cmpint(comparison_of_pairs(good, good, 3, -0.01, &comparison), ==, -EINVAL);
        g_assert_cmpint(comparison_of_pairs(good, good, 3, NAN, &comparison), ==, -EINVAL);
        g_assert_cmpint(comparison_of_stored(good, 3, good, 3, -0.01, &comparison), ==, -EINVAL);
}

/* R 4.2: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.5), "holm") */
static void test_holm(void) {
        static const double p[] = { 0.01, 0.04, 0.03, 0.005, 0.5 }, adjusted[] = { 0.04, 0.09, 0.09, 0.025, 0.5 };
        static const ComparisonWord words[] = { COMPARISON_REGRESSED, COMPARISON_NO_CHANGE, COMPARISON_NO_CHANGE,
                                                COMPARISON_REGRESSED, COMPARISON_NO_CHANGE };
        Comparison comparisons[5];

        for (size_t i = 0; i < 5; i++)
                comparisons[i] = (Comparison){ .n = 20, .p = p[i], .p_least = 1e-6, .change = 0.1, .threshold = 0.01 };
        comparison_adjust(comparisons, 5);
        for (size_t i = 0; i < 5; i++) {
                g_assert_cmpfloat_with_epsilon(comparisons[i].p_adjusted, adjusted[i], 1e-12);
                g_assert_cmpint(comparisons[i].word, ==, words[i]);
                g_assert_cmpfloat(comparisons[i].p, ==, p[i]);
        }

        comparisons[0] = (Comparison){ .p = 0.7, .p_least = 1e-6 };
        comparisons[1] = (Comparison){ .p = 0.9, .p_least = 1e-6 };
        comparison_adjust(comparisons, 2);
        g_assert_cmpfloat(comparisons[0].p_adjusted, ==, 1);
        g_assert_cmpfloat(comparisons[1].p_adjusted, ==, 1);
}

/* Six pairs are enough for one comparison and too few for two: 2·2·2⁻⁶ > 0.05. Seven are enough. */
static void test_holm_needs_more(void) {
        double d[7] = { 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05 };
        Comparison comparisons[2];

        comparisons[0] = comparisons[1] = compare(d, 6, 0);
        g_assert_cmpint(comparisons[0].word, ==, COMPARISON_REGRESSED);
        comparison_adjust(comparisons, 2);
        g_assert_cmpint(comparisons[0].word, ==, COMPARISON_TOO_FEW);
        g_assert_cmpint(comparisons[1].word, ==, COMPARISON_TOO_FEW);
        comparisons[0] = comparisons[1] = compare(d, 7, 0);
        comparison_adjust(comparisons, 2);
        g_assert_cmpint(comparisons[0].word, ==, COMPARISON_REGRESSED);
        g_assert_cmpint(comparisons[1].word, ==, COMPARISON_REGRESSED);
}

static void test_noise_floor(void) {
        double d[40], a[40], b[40], floor;

        /* 1 … 40 thousandths with changing signs, out of order: the 38th of 40 */
        for (size_t i = 0; i < 40; i++)
                d[i] = (double) (i * 7 % 40 + 1) / 1000 * (i % 2 == 0 ? 1 : -1);
        pairs(d, 40, a, b);
        g_assert_cmpint(comparison_noise_floor(a, b, 40, &floor), ==, 0);
        g_assert_cmpfloat_with_epsilon(floor, expm1(0.038), 1e-12);
        g_assert_cmpint(comparison_noise_floor(b, a, 40, &floor), ==, 0);
        g_assert_cmpfloat_with_epsilon(floor, expm1(0.038), 1e-12);

        for (size_t i = 0; i < 20; i++)
                d[i] = (double) (20 - i) / 1000;
        pairs(d, 20, a, b);
        g_assert_cmpint(comparison_noise_floor(a, b, 20, &floor), ==, 0);
        g_assert_cmpfloat_with_epsilon(floor, expm1(0.019), 1e-12);
        g_assert_cmpint(comparison_noise_floor(a, b, 19, &floor), ==, 0);
        g_assert_cmpfloat_with_epsilon(floor, expm1(0.020), 1e-12);
        g_assert_cmpint(comparison_noise_floor(a, b, 1, &floor), ==, 0);
        g_assert_cmpfloat_with_epsilon(floor, expm1(0.020), 1e-12);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/compare/sign", test_sign);
        g_test_add_func("/compare/change", test_change);
        g_test_add_func("/compare/words", test_words);
        g_test_add_func("/compare/equal-pairs", test_equal_pairs);
        g_test_add_func("/compare/interval-agrees", test_interval_agrees);
        g_test_add_func("/compare/errors", test_errors);
        g_test_add_func("/compare/holm", test_holm);
        g_test_add_func("/compare/holm-needs-more", test_holm_needs_more);
        g_test_add_func("/compare/noise-floor", test_noise_floor);
        return g_test_run();
}
