/* SPDX-License-Identifier: MIT */
#include <math.h>

#include <glib.h>

#include "rounding.h"

static void test_step(void) {
        static const struct {
                uint64_t least_uj;
                double uncertainty_uj;
                uint64_t step_uj;
        } cases[] = {
                { 1, 60000, 1 }, /* every digit */
                { 1000, 0, 1000 },
                { 1000, NAN, 1000 },
                { 1000, 1, 1000 },
                { 1000, 1999, 1000 },
                { 1000, 2000, 2000 },
                { 1000, 4999, 2000 },
                { 1000, 5000, 5000 },
                { 1000, 9999, 5000 },
                { 1000, 10000, 10000 },
                { 1000, 60000, 50000 },
                { 1000, 123456, 100000 },
                { 1000, 1e6, 1000000 },
                { 1000, 2.5e9, 2000000000 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_cmpuint(told_step_uj(cases[i].least_uj, cases[i].uncertainty_uj), ==, cases[i].step_uj);
}

/* Nearest, not down; below 0 as above. */
static void test_round(void) {
        g_assert_cmpuint(round_uj(0, 1000), ==, 0);
        g_assert_cmpuint(round_uj(499, 1000), ==, 0);
        g_assert_cmpuint(round_uj(500, 1000), ==, 1000);
        g_assert_cmpuint(round_uj(1499, 1000), ==, 1000);
        g_assert_cmpuint(round_uj(1234567, 1), ==, 1234567);
        g_assert_cmpuint(round_uj(UINT64_MAX, 1000), ==, UINT64_MAX);
        g_assert_cmpint(round_signed_uj(-1499, 1000), ==, -1000);
        g_assert_cmpint(round_signed_uj(-1500, 1000), ==, -2000);
        g_assert_cmpint(round_signed_uj(1500, 1000), ==, 2000);
}

static void test_told(void) {
        g_assert_cmpuint(told_uj(1234567, 61000, 1000), ==, 1250000);
        g_assert_cmpuint(told_uj(1234567, 61000, 1), ==, 1234567);
        g_assert_cmpint(told_signed_uj(-1234567, 2100, 1000), ==, -1234000);
        g_assert_cmpfloat_with_epsilon(told_j(1.234567, 61000, 1000), 1.25, 1e-12);
        g_assert_cmpfloat_with_epsilon(told_j(-1.234567, 0, 1000), -1.235, 1e-12);
        g_assert_cmpfloat(told_j(1.2345678, 61000, 1), ==, 1.2345678);
}

/* The energy of a counter that is not aligned could be read off an uncertainty with all its digits. */
static void test_uncertainty(void) {
        g_assert_cmpfloat_with_epsilon(told_uncertainty_uj(60123.4, 1000), 61000, 1e-6);
        g_assert_cmpfloat_with_epsilon(told_uncertainty_uj(61000, 1000), 61000, 1e-6);
        g_assert_cmpfloat_with_epsilon(told_uncertainty_uj(9.01, 1000), 10, 1e-9);
        g_assert_cmpfloat_with_epsilon(told_uncertainty_uj(0.2, 1000), 1, 1e-9);
        g_assert_cmpfloat_with_epsilon(told_uncertainty_uj(60123.4, 1), 60124, 1e-6);
        g_assert_cmpfloat(told_uncertainty_uj(0, 1000), ==, 0);
        g_assert_true(isnan(told_uncertainty_uj(NAN, 1000)));
}

/* 60 W: 60 mJ in a millisecond, whatever the run has taken so far. */
static void test_running(void) {
        g_assert_cmpfloat_with_epsilon(running_uncertainty_uj(6000000, 100000000, 1000000), 60000, 1e-6);
        g_assert_cmpfloat_with_epsilon(running_uncertainty_uj(60000000, 1000000000, 1000000), 60000, 1e-6);
        g_assert_cmpfloat_with_epsilon(running_uncertainty_uj(6000000, 100000000, 2000000), 120000, 1e-6);
        g_assert_cmpfloat(running_uncertainty_uj(5, 0, 1000000), ==, 5);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/rounding/step", test_step);
        g_test_add_func("/rounding/round", test_round);
        g_test_add_func("/rounding/told", test_told);
        g_test_add_func("/rounding/uncertainty", test_uncertainty);
        g_test_add_func("/rounding/running", test_running);
        return g_test_run();
}
