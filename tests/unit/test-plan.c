/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "plan.h"

/* R 4.2: the smallest n with pbinom(k-1, n, pnorm(-e)) >= 0.8, k being the largest with 2*pbinom(k-1, n, .5) <= .05 */
static void test_reference(void) {
        static const struct {
                double effect_over_sigma, power;
                size_t n;
        } cases[] = {
                { 0.5, 0.800611810429478, 51 }, { 0.75, 0.812620926916328, 25 }, { 1, 0.880969395802117, 17 },
                { 1.5, 0.882522782417914, 9 },  { 2, 0.871031222561349, 6 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                for (int sign = -1; sign <= 1; sign += 2) {
                        const double effect = expm1(sign * cases[i].effect_over_sigma * 0.01);
                        double power;
                        size_t n;

                        g_assert_cmpint(plan_pairs(effect, 0.01, 0, &n), ==, 0);
                        g_assert_cmpuint(n, ==, cases[i].n);
                        g_assert_cmpint(plan_power(effect, 0.01, 0, n, &power), ==, 0);
                        g_assert_cmpfloat_with_epsilon(power, cases[i].power, 1e-12);
                }
}

static void test_ends(void) {
        double power;
        size_t n;

        g_assert_cmpint(plan_pairs(0.5, 0.0001, 0, &n), ==, 0);
        g_assert_cmpuint(n, ==, 6); /* fewer pairs tell nothing, however large the effect */
        g_assert_cmpint(plan_pairs(0.01, 0, 0, &n), ==, 0);
        g_assert_cmpuint(n, ==, 6);
        g_assert_cmpint(plan_power(0.5, 0.0001, 0, 5, &power), ==, 0);
        g_assert_cmpfloat(power, ==, 0);

        g_assert_cmpint(plan_pairs(0.001, 0.02, 0, &n), ==, 0); /* (1.96 + 0.84)²·π/2·400 = 4,930 of a large sample */
        g_assert_cmpuint(n, >, 4700);
        g_assert_cmpuint(n, <, 5000);
        g_assert_cmpint(plan_pairs(0.0001, 0.02, 0, &n), ==, -ERANGE);
}

/* Significant and beyond the threshold: by counting the pairs on each side of 0 and of the threshold, for an odd
 * number of them, whose median is one of them. */
static void test_named(void) {
        const double effect = 0.012, sigma = 0.01, threshold = 0.01;
        double power, sum = 0, p[3];
        size_t n;

        p[0] = erfc(log1p(effect) / sigma / M_SQRT2) / 2;
        p[1] = erfc((log1p(effect) - log1p(threshold)) / sigma / M_SQRT2) / 2 - p[0];
        p[2] = 1 - p[0] - p[1];
        for (size_t a = 0; a <= 4; a++) /* 17 pairs: at most 4 below 0, and 8 not above the threshold */
                for (size_t b = 0; a + b <= 8; b++)
                        sum += exp(lgamma(18) - lgamma((double) a + 1) - lgamma((double) b + 1) -
                                   lgamma(18 - (double) (a + b)) + (double) a * log(p[0]) + (double) b * log(p[1]) +
                                   (17 - (double) (a + b)) * log(p[2]));
        g_assert_cmpint(plan_power(effect, sigma, threshold, 17, &power), ==, 0);
        g_assert_cmpfloat_with_epsilon(power, sum, 1e-6);

        /* A decrease is named beyond −1 %, which is a little more in logarithms. */
        g_assert_cmpint(plan_power(expm1(-log1p(effect)), sigma, -expm1(-log1p(threshold)), 17, &power), ==, 0);
        g_assert_cmpfloat_with_epsilon(power, sum, 1e-6);

        /* A change far beyond the threshold takes no more pairs; one at it is named in every second job at most. */
        g_assert_cmpint(plan_pairs(0.05, 0.02, threshold, &n), ==, 0);
        g_assert_cmpuint(n, ==, 6);
        g_assert_cmpint(plan_pairs(0.01, 0.001, threshold, &n), ==, -ERANGE);
        g_assert_cmpint(plan_pairs(0.0101, 0.02, threshold, &n), ==, -ERANGE);
        g_assert_cmpint(plan_pairs(-0.5, 0.02, 1, &n), ==, -ERANGE); /* nothing decreases by more than all */
        g_assert_cmpint(plan_pairs(0.02, 0, threshold, &n), ==, 0);
        g_assert_cmpuint(n, ==, 6);
        g_assert_cmpint(plan_pairs(0.01, 0, threshold, &n), ==, -ERANGE);
        /* Many pairs of much noise, where powers of small numbers are too small for a double. */
        g_assert_cmpint(plan_pairs(0.0105, 0.02, threshold, &n), ==, 0);
        g_assert_cmpuint(n, >, 1800);
        g_assert_cmpuint(n, <, 1830); /* ((0.8416·√(π/2)·0.02) ÷ ln(1.0105/1.01))² = 1,816 of a large sample */
}

static void test_errors(void) {
        const double effects[] = { 0, -1, -2, NAN, INFINITY }, sigmas[] = { -0.01, NAN, INFINITY };
        double power;
        size_t n;

        for (size_t i = 0; i < G_N_ELEMENTS(effects); i++)
                g_assert_cmpint(plan_pairs(effects[i], 0.01, 0, &n), ==, -EINVAL);
        for (size_t i = 0; i < G_N_ELEMENTS(sigmas); i++)
                g_assert_cmpint(plan_pairs(0.01, sigmas[i], 0, &n), ==, -EINVAL);
        g_assert_cmpint(plan_pairs(0.01, 0.01, -0.01, &n), ==, -EINVAL);
        g_assert_cmpint(plan_pairs(0.01, 0.01, NAN, &n), ==, -EINVAL);
        g_assert_cmpint(plan_power(0.01, 0.01, 0, PLAN_PAIRS_MAX + 1, &power), ==, -EINVAL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/plan/reference", test_reference);
        g_test_add_func("/plan/ends", test_ends);
        g_test_add_func("/plan/named", test_named);
        g_test_add_func("/plan/errors", test_errors);
        return g_test_run();
}
