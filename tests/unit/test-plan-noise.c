/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>
#include <math.h>

#include "plan-noise.h"

static void test_floor(void) {
        double sigma;

        /* qnorm(0.975) = 1.959964: 95 % of the pairs keep within exp(1.96 σ) − 1 */
        g_assert_cmpint(noise_of_floor(expm1(1.959963984540054 * 0.01), &sigma), ==, 0);
        g_assert_cmpfloat_with_epsilon(sigma, 0.01, 1e-12);
        g_assert_cmpint(noise_of_floor(0, &sigma), ==, -EINVAL);
        g_assert_cmpint(noise_of_floor(-0.01, &sigma), ==, -EINVAL);
        g_assert_cmpint(noise_of_floor(NAN, &sigma), ==, -EINVAL);
        g_assert_cmpint(noise_of_floor(INFINITY, &sigma), ==, -EINVAL);
}

/* Trials whose logarithms are 0, ±s, ±2s, ±3s: MAD 2s. */
static void spread(Trial trials[static 7], double s) {
        for (int i = 0; i < 7; i++)
                trials[i] = (Trial){ .valid = true, .iterations = 3, .total_j = 3 * exp((i - 3) * s) };
}

static void test_report(void) {
        Trial trials[8];
        Report report = { .trials = trials, .n_trials = 7 };
        double sigma;

        spread(trials, 0.01);
        g_assert_cmpint(noise_of_report(&report, &sigma), ==, 0);
        g_assert_cmpfloat_with_epsilon(sigma, M_SQRT2 * 1.4826 * 0.02, 1e-12);

        /* energies are of one run, however many a trial had */
        trials[0].iterations = 6;
        trials[0].total_j *= 2;
        g_assert_cmpint(noise_of_report(&report, &sigma), ==, 0);
        g_assert_cmpfloat_with_epsilon(sigma, M_SQRT2 * 1.4826 * 0.02, 1e-12);

        /* an invalid trial is no measure of noise */
        trials[7] = (Trial){ .valid = false, .iterations = 1, .total_j = 1000 };
        report.n_trials = 8;
        g_assert_cmpint(noise_of_report(&report, &sigma), ==, 0);
        g_assert_cmpfloat_with_epsilon(sigma, M_SQRT2 * 1.4826 * 0.02, 1e-12);
}

static void test_too_little(void) {
        Trial trials[7];
        Report report = { .trials = trials, .n_trials = 7 };
        double sigma;

        spread(trials, 0.01);
        trials[0].valid = false;
        g_assert_cmpint(noise_of_report(&report, &sigma), ==, 0); /* six */
        trials[1].total_j = NAN;                                  /* time alone */
        g_assert_cmpint(noise_of_report(&report, &sigma), ==, -ENODATA);
        spread(trials, 0.01);
        trials[0].total_j = trials[1].total_j = 0;
        g_assert_cmpint(noise_of_report(&report, &sigma), ==, -ENODATA);
        spread(trials, 0);
        g_assert_cmpint(noise_of_report(&report, &sigma), ==, -ENODATA); /* too coarse a counter, not a quiet host */
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/plan-noise/floor", test_floor);
        g_test_add_func("/plan-noise/report", test_report);
        g_test_add_func("/plan-noise/too-little", test_too_little);
        return g_test_run();
}
