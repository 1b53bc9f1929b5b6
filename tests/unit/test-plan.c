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

                        g_assert_cmpint(plan_pairs(effect, 0.01, &n), ==, 0);
                        g_assert_cmpuint(n, ==, cases[i].n);
                        g_assert_cmpint(plan_power(effect, 0.01, n, &power), ==, 0);
                        g_assert_cmpfloat_with_epsilon(power, cases[i].power, 1e-12);
                }
}

static void test_ends(void) {
        double power;
        size_t n;

        g_assert_cmpint(plan_pairs(0.5, 0.0001, &n), ==, 0);
        g_assert_cmpuint(n, ==, 6); /* fewer pairs tell nothing, however large the effect */
        g_assert_cmpint(plan_pairs(0.01, 0, &n), ==, 0);
        g_assert_cmpuint(n, ==, 6);
        g_assert_cmpint(plan_power(0.5, 0.0001, 5, &power), ==, 0);
        g_assert_cmpfloat(power, ==, 0);

        g_assert_cmpint(plan_pairs(0.001, 0.02, &n), ==, 0); /* (1.96 + 0.84)²·π/2·400 = 4,930 of a large sample */
        g_assert_cmpuint(n, >, 4700);
        g_assert_cmpuint(n, <, 5000);
        g_assert_cmpint(plan_pairs(0.0001, 0.02, &n), ==, -ERANGE);
}

static void test_errors(void) {
        const double effects[] = { 0, -1, -2, NAN, INFINITY }, sigmas[] = { -0.01, NAN, INFINITY };
        double power;
        size_t n;

        for (size_t i = 0; i < G_N_ELEMENTS(effects); i++)
                g_assert_cmpint(plan_pairs(effects[i], 0.01, &n), ==, -EINVAL);
        for (size_t i = 0; i < G_N_ELEMENTS(sigmas); i++)
                g_assert_cmpint(plan_pairs(0.01, sigmas[i], &n), ==, -EINVAL);
        g_assert_cmpint(plan_power(0.01, 0.01, PLAN_PAIRS_MAX + 1, &power), ==, -EINVAL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/plan/reference", test_reference);
        g_test_add_func("/plan/ends", test_ends);
        g_test_add_func("/plan/errors", test_errors);
        return g_test_run();
}
