/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "net.h"
#include "simulated.h"

/* R 4.2: t.test(x)$conf.int */
static void test_baseline(void) {
        static const double five[] = { 10.1, 10.0, 10.3, 10.2, 10.05 };
        static const double fourteen[] = { 30.1,  30.0,  30.3,  30.2,  30.05, 30.15, 30.12,
                                           30.02, 30.25, 30.18, 30.09, 30.11, 30.21, 30.04 };
        Baseline baseline;

        g_assert_cmpint(baseline_compute(five, 5, &baseline), ==, 0);
        g_assert_cmpuint(baseline.n, ==, 5);
        g_assert_cmpfloat_with_epsilon(baseline.power_w, 10.13, 1e-12);
        g_assert_cmpfloat_with_epsilon(baseline.low_w, 9.98048385530548, 1e-5);
        g_assert_cmpfloat_with_epsilon(baseline.high_w, 10.27951614469452, 1e-5);
        g_assert_cmpfloat_with_epsilon(baseline.uncertainty_w, 0.14951614469452 / 1.959963984540054, 1e-5);
        g_assert_cmpfloat(baseline.drift_w, ==, 0);

        g_assert_cmpint(baseline_compute(fourteen, 14, &baseline), ==, 0);
        g_assert_cmpfloat_with_epsilon(baseline.low_w, 30.0783573115017, 1e-5);
        g_assert_cmpfloat_with_epsilon(baseline.high_w, 30.1816426884983, 1e-5);
}

/* A baseline that rises from window to window is uncertain by its drift. By hand: s = √(60/64/8) = 0.34233,
 * s/√9·2.3060 = 0.26314; with 1 W/√12·1.95996 = 0.56579 beside it 0.62399. */
static void test_baseline_drift(void) {
        double rising[9], alternating[9];
        Baseline baseline;

        for (size_t i = 0; i < 9; i++) {
                rising[i] = 50 + (double) i / 8;
                alternating[i] = 50 + (double) (i * 5 % 9) / 8;
        }
        g_assert_cmpint(baseline_compute(rising, 9, &baseline), ==, 0);
        g_assert_cmpfloat_with_epsilon(baseline.drift_w, 1, 1e-12);
        g_assert_cmpfloat_with_epsilon(baseline.power_w, 50.5, 1e-12);
        g_assert_cmpfloat_with_epsilon(baseline.high_w - baseline.power_w, 0.62399, 1e-4);

        g_assert_cmpint(baseline_compute(alternating, 9, &baseline), ==, 0);
        g_assert_cmpfloat(baseline.drift_w, ==, 0);
        g_assert_cmpfloat_with_epsilon(baseline.high_w - baseline.power_w, 0.26314, 1e-4);
}

static void test_baseline_errors(void) {
        const double values[] = { 10, NAN, 11 };
        Baseline baseline;

        g_assert_cmpint(baseline_compute(values, 0, &baseline), ==, -ENODATA);
        g_assert_cmpint(baseline_compute(values, 1, &baseline), ==, -ENODATA);
        g_assert_cmpint(baseline_compute(values, 3, &baseline), ==, -EINVAL);
}

static void test_net(void) {
        const Baseline baseline = { .n = 10, .power_w = 50, .low_w = 49.8, .high_w = 50.2, .uncertainty_w = 0.1 };
        const Uncertainty gross = { .tick = 0.003, .tail = 0.001 };
        Uncertainty u;
        double net;

        g_assert_cmpint(net_compute(8, &gross, 0.1, &baseline, &net, &u), ==, 0);
        g_assert_cmpfloat_with_epsilon(net, 3, 1e-12);
        g_assert_cmpfloat_with_epsilon(u.baseline, 0.01, 1e-12);
        g_assert_cmpfloat_with_epsilon(u.tail, 0.001, 1e-12);
        g_assert_cmpfloat_with_epsilon(u.standard, hypot(0.003, 0.011), 1e-12);

        /* a sleep: below 0, and said so */
        g_assert_cmpint(net_compute(4.9, &gross, 0.1, &baseline, &net, &u), ==, 0);
        g_assert_cmpfloat_with_epsilon(net, -0.1, 1e-12);
}

/* The interval may be a tenth of the gross energy and no more. */
static void test_net_left_out(void) {
        Baseline baseline = { .n = 10, .power_w = 50, .low_w = 48, .high_w = 52, .uncertainty_w = 1 };
        const Uncertainty gross = {};
        Uncertainty u;
        double net;

        g_assert_cmpint(net_compute(4.01, &gross, 0.1, &baseline, &net, &u), ==, 0);
        g_assert_cmpint(net_compute(3.99, &gross, 0.1, &baseline, &net, &u), ==, -ERANGE);
        baseline.low_w = 49;
        g_assert_cmpint(net_compute(3.99, &gross, 0.1, &baseline, &net, &u), ==, 0);

        g_assert_cmpint(net_compute(NAN, &gross, 0.1, &baseline, &net, &u), ==, -EINVAL);
        g_assert_cmpint(net_compute(0, &gross, 0.1, &baseline, &net, &u), ==, -EINVAL);
        g_assert_cmpint(net_compute(4, &gross, 0, &baseline, &net, &u), ==, -EINVAL);
        g_assert_cmpint(net_compute(4, &gross, INFINITY, &baseline, &net, &u), ==, -EINVAL);
}

/* 2,000 jobs that do nothing, each with ten idle windows beside it: the net energy is 0 in the mean, as often below as
 * above, and its interval covers 0 in 95 of 100. */
static void test_idle(void) {
        Prng prng = { .state = 11 };
        size_t covered = 0, below = 0;
        double sum = 0;

        for (size_t job = 0; job < 2000; job++) {
                const double idle = 50 + simulated_gauss(&prng), wall_s = 0.5;
                const Uncertainty gross = { .tick = 0.05 };
                double windows[10], net;
                Baseline baseline;
                Uncertainty u;

                for (size_t i = 0; i < 10; i++)
                        windows[i] = idle + 0.3 * simulated_gauss(&prng);
                g_assert_cmpint(baseline_compute(windows, 10, &baseline), ==, 0);
                g_assert_cmpint(net_compute(idle * wall_s + 0.05 * simulated_gauss(&prng), &gross, wall_s, &baseline,
                                            &net, &u),
                                ==, 0);
                covered += fabs(net) <= u.expanded;
                below += net < 0;
                sum += net;
        }
        g_assert_cmpuint(covered, >=, 1900);
        g_assert_cmpuint(below, >, 900);
        g_assert_cmpuint(below, <, 1100);
        g_assert_cmpfloat(fabs(sum / 2000), <, 0.006); /* the standard error is 0.0015 */
}

static void test_floor(void) {
        double times;
        bool near;

        g_assert_cmpint(floor_compare(0.49, 0.1, &times, &near), ==, 0);
        g_assert_cmpfloat_with_epsilon(times, 4.9, 1e-12);
        g_assert_true(near);
        g_assert_cmpint(floor_compare(0.51, 0.1, &times, &near), ==, 0);
        g_assert_false(near);
        g_assert_cmpint(floor_compare(-0.01, 0.1, &times, &near), ==, 0);
        g_assert_true(near);
        g_assert_cmpint(floor_compare(0.5, 0, &times, &near), ==, -EINVAL);
        g_assert_cmpint(floor_compare(0.5, -0.1, &times, &near), ==, -EINVAL);
        g_assert_cmpint(floor_compare(NAN, 0.1, &times, &near), ==, -EINVAL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/net/baseline", test_baseline);
        g_test_add_func("/net/baseline-drift", test_baseline_drift);
        g_test_add_func("/net/baseline-errors", test_baseline_errors);
        g_test_add_func("/net/net", test_net);
        g_test_add_func("/net/left-out", test_net_left_out);
        g_test_add_func("/net/idle", test_idle);
        g_test_add_func("/net/floor", test_floor);
        return g_test_run();
}
