/* SPDX-License-Identifier: MIT */
#include <math.h>

#include <glib.h>

#include "uncertainty.h"

/* Each part alone, and all of them: the root of the sum of squares, whatever the part (2² + 3² + 6² = 7²; with 14 and
 * 21 beside these: 7·√(1² + 2² + 3²)). */
static void test_combine(void) {
        static const struct {
                Uncertainty parts;
                double gross_uj, net_uj;
        } cases[] = {
                { {}, 0, 0 },
                { { .tick_uj = 5 }, 5, 5 },
                { { .quantisation_uj = 5 }, 5, 5 },
                { { .tail_uj = 5 }, 5, 5 },
                { { .baseline_uj = 5 }, 0, 5 },
                { { .spread_uj = 5 }, 5, 5 },
                { { .tail_uj = 3, .baseline_uj = 4 }, 3, 5 },
                { { 2, 3, 6, 0, 0 }, 7, 7 },
                { { 2, 3, 6, 14, 21 }, 7 * 3.1622776601683795, 7 * 3.7416573867739413 }, /* √10, √14 */
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_assert_cmpfloat_with_epsilon(gross_uncertainty_uj(&cases[i].parts), cases[i].gross_uj, 1e-9);
                g_assert_cmpfloat_with_epsilon(uncertainty_total_uj(&cases[i].parts), cases[i].net_uj, 1e-9);
        }
}

/* Other edges and other readings, one idle power. */
static void test_windows(void) {
        Uncertainty sum = { 3, 30, 300, 3000, 0 };

        uncertainty_add(&sum, &(Uncertainty){ 4, 40, 400, 4000, 0 });
        g_assert_cmpfloat(sum.tick_uj, ==, 5);
        g_assert_cmpfloat(sum.quantisation_uj, ==, 50);
        g_assert_cmpfloat(sum.tail_uj, ==, 700);
        g_assert_cmpfloat(sum.baseline_uj, ==, 7000);
}

/* The same edges, too: only the readings are others. */
static void test_domains(void) {
        Uncertainty sum = { 3, 30, 300, 3000, 0 };

        uncertainty_add_domain(&sum, &(Uncertainty){ 4, 40, 400, 4000, 0 });
        g_assert_cmpfloat(sum.tick_uj, ==, 7);
        g_assert_cmpfloat(sum.quantisation_uj, ==, 50);
        g_assert_cmpfloat(sum.tail_uj, ==, 700);
        g_assert_cmpfloat(sum.baseline_uj, ==, 7000);
}

static void test_scale(void) {
        Uncertainty part = { 2, 3, 6, 14, 21 };

        uncertainty_scale(&part, 0.5);
        g_assert_cmpfloat(part.tick_uj, ==, 1);
        g_assert_cmpfloat(part.quantisation_uj, ==, 1.5);
        g_assert_cmpfloat(part.tail_uj, ==, 3);
        g_assert_cmpfloat(part.baseline_uj, ==, 7);
        g_assert_cmpfloat(part.spread_uj, ==, 10.5);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/uncertainty/combine", test_combine);
        g_test_add_func("/uncertainty/windows", test_windows);
        g_test_add_func("/uncertainty/domains", test_domains);
        g_test_add_func("/uncertainty/scale", test_scale);
        return g_test_run();
}
