/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "simulated.h"
#include "uncertainty.h"

/* By hand: 80 W for 100 ms, edges of 20 µs: 80·20e-6·√2 = 2.2627 mJ; two domains of 61 µJ and 15.3 µJ: √((61²
 * + 15.3²)/6) = 25.674 µJ; a tail of 0.5 ms whose 50 W are known to 1 W, and an end known to 10 µs: √(0.5² + 0.5²) =
 * 0.70711 mJ. */
static void test_window(void) {
        static const double units[] = { 61e-6, 15.3e-6 };
        const WindowFacts facts = { .power_w = 80,
                                    .edge_s = 20e-6,
                                    .units_j = units,
                                    .n_units = 2,
                                    .tail_s = 0.5e-3,
                                    .end_s = 10e-6,
                                    .tail_power_w = 50,
                                    .tail_power_u_w = 1 };
        Uncertainty u;

        g_assert_cmpint(uncertainty_of_window(&facts, &u), ==, 0);
        g_assert_cmpfloat_with_epsilon(u.tick, 2.26274e-3, 1e-8);
        g_assert_cmpfloat_with_epsilon(u.quantisation, 25.674e-6, 1e-9);
        g_assert_cmpfloat_with_epsilon(u.tail, 0.707107e-3, 1e-9);
        g_assert_cmpfloat(u.baseline, ==, 0);
        g_assert_cmpfloat(u.spread, ==, 0);
        g_assert_cmpfloat_with_epsilon(u.standard, 2.37079e-3, 1e-8);
        g_assert_cmpfloat_with_epsilon(u.expanded, 1.959964 * 2.37079e-3, 1e-8);
        g_assert_cmpfloat_with_epsilon(uncertainty_relative(&u, 8), 5.8083e-4, 1e-8);
        g_assert_cmpfloat_with_epsilon(uncertainty_relative(&u, -8), 5.8083e-4, 1e-8);
        g_assert_true(isinf(uncertainty_relative(&u, 0)));
}

static void test_errors(void) {
        const double bad_unit[] = { 1, -1 };
        WindowFacts facts = {};
        Uncertainty u;

        g_assert_cmpint(uncertainty_of_window(&facts, &u), ==, 0);
        g_assert_cmpfloat(u.expanded, ==, 0);
        facts.tail_s = -1;
        g_assert_cmpint(uncertainty_of_window(&facts, &u), ==, -EINVAL);
        facts.tail_s = NAN;
        g_assert_cmpint(uncertainty_of_window(&facts, &u), ==, -EINVAL);
        facts.tail_s = 0;
        facts.units_j = bad_unit;
        facts.n_units = 2;
        g_assert_cmpint(uncertainty_of_window(&facts, &u), ==, -EINVAL);
}

/* Each part alone, and all: tail and baseline are of one idle power and add up, the others are independent. */
static void test_combine(void) {
        static const struct {
                Uncertainty u;
                double standard;
        } cases[] = {
                { { .tick = 3 }, 3 },
                { { .quantisation = 3 }, 3 },
                { { .tail = 3 }, 3 },
                { { .baseline = 3 }, 3 },
                { { .spread = 3 }, 3 },
                { { .tick = 3, .spread = 4 }, 5 },
                { { .tail = 3, .baseline = 4 }, 7 },
                { { .tick = 2, .quantisation = 4, .tail = 1, .baseline = 3, .spread = 8 }, 10 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Uncertainty u = cases[i].u;

                uncertainty_combine(&u);
                g_assert_cmpfloat_with_epsilon(u.standard, cases[i].standard, 1e-12);
                g_assert_cmpfloat_with_epsilon(u.expanded, 1.9599639845400545 * cases[i].standard, 1e-12);
        }
}

static void test_sum(void) {
        const Uncertainty windows[] = { { .tick = 3, .quantisation = 6, .tail = 1, .baseline = 2 },
                                        { .tick = 4, .quantisation = 8, .tail = 1, .baseline = 5 } };
        Uncertainty u;

        uncertainty_of_sum(windows, 2, &u);
        g_assert_cmpfloat_with_epsilon(u.tick, 5, 1e-12);
        g_assert_cmpfloat_with_epsilon(u.quantisation, 10, 1e-12);
        g_assert_cmpfloat_with_epsilon(u.tail, 2, 1e-12);
        g_assert_cmpfloat_with_epsilon(u.baseline, 7, 1e-12);
        g_assert_cmpfloat_with_epsilon(u.standard, sqrt(25 + 100 + 81), 1e-12);

        uncertainty_of_sum(NULL, 0, &u);
        g_assert_cmpfloat(u.standard, ==, 0);

        /* the sum of twenty runs, per run */
        uncertainty_of_sum(windows, 2, &u);
        uncertainty_scale(&u, 1.0 / 20);
        g_assert_cmpfloat_with_epsilon(u.tick, 0.25, 1e-12);
        g_assert_cmpfloat_with_epsilon(u.standard, sqrt(25 + 100 + 81) / 20, 1e-12);
        g_assert_cmpfloat_with_epsilon(u.expanded, 1.9599639845400545 * sqrt(25 + 100 + 81) / 20, 1e-12);
}

static void test_median(void) {
        const double values[] = { 98, 99, 100, 100, 100, 101, 103, 104, 120 };
        Uncertainty trials[9], u;
        double low, high;
        Summary summary;

        for (size_t i = 0; i < 9; i++)
                trials[i] = (Uncertainty){ .tick = 3, .quantisation = 0.3, .tail = 0.1, .baseline = 0.4 };
        g_assert_cmpint(summary_compute(values, 9, &summary), ==, 0);
        g_assert_cmpint(uncertainty_of_median(&summary, trials, 9, &u, &low, &high), ==, 0);
        g_assert_cmpfloat_with_epsilon(u.tick, 1.25331414, 1e-7); /* 1.2533·3/√9 */
        g_assert_cmpfloat_with_epsilon(u.quantisation, 0.125331414, 1e-8);
        g_assert_cmpfloat_with_epsilon(u.tail, 0.1, 1e-12); /* one baseline for all: not smaller with more trials */
        g_assert_cmpfloat_with_epsilon(u.baseline, 0.4, 1e-12);
        g_assert_cmpfloat_with_epsilon(u.spread, (104 - 99) / 2.0 / 1.95996398454, 1e-9);
        /* √(1.25331² + 0.12533² + 0.5²) = 1.35516; ·1.95996 = 2.65607; √(1² + 2.65607²) = 2.83807, √(4² + …) = 4.80146
         */
        g_assert_cmpfloat_with_epsilon(low, 100 + 0 - 2.83807, 1e-4);
        g_assert_cmpfloat_with_epsilon(high, 100 + 4.80146 - 0, 1e-4);

        g_assert_cmpint(uncertainty_of_median(&summary, trials, 8, &u, &low, &high), ==, -EINVAL);
        g_assert_cmpint(summary_compute(values, 5, &summary), ==, 0);
        g_assert_cmpint(uncertainty_of_median(&summary, trials, 5, &u, &low, &high), ==, -ENODATA);
}

/* 2,000 jobs whose trials have skewed noise and err together by a baseline that nobody knows: the stated interval
 * still covers the truth in 95 of 100, where the one of the trials alone does in far fewer. */
static void test_coverage(void) {
        Prng prng = { .state = 10 };
        size_t covered = 0, covered_by_trials = 0;

        for (size_t job = 0; job < 2000; job++) {
                const double common = 0.02 * simulated_gauss(&prng);
                double values[9], low, high;
                Uncertainty trials[9], u;
                Summary summary;

                for (size_t i = 0; i < 9; i++) {
                        values[i] = 5 + 0.02 * simulated_skewed(&prng) + 0.01 * simulated_gauss(&prng) + common;
                        trials[i] = (Uncertainty){ .tick = 0.01, .baseline = 0.02 };
                }
                g_assert_cmpint(summary_compute(values, 9, &summary), ==, 0);
                g_assert_cmpint(uncertainty_of_median(&summary, trials, 9, &u, &low, &high), ==, 0);
                g_assert_cmpfloat(low, <=, summary.ci_low);
                g_assert_cmpfloat(high, >=, summary.ci_high);
                covered += low <= 5 && 5 <= high;
                covered_by_trials += summary.ci_low <= 5 && 5 <= summary.ci_high;
        }
        g_assert_cmpuint(covered, >=, 1900);
        g_assert_cmpuint(covered_by_trials, <, 1500);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/uncertainty/window", test_window);
        g_test_add_func("/uncertainty/errors", test_errors);
        g_test_add_func("/uncertainty/combine", test_combine);
        g_test_add_func("/uncertainty/sum", test_sum);
        g_test_add_func("/uncertainty/median", test_median);
        g_test_add_func("/uncertainty/coverage", test_coverage);
        return g_test_run();
}
