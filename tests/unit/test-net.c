/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "line.h"
#include "net.h"
#include "simulated.h"

static void test_net(void) {
        const IdlePower idle = { .power_w = 50, .half_w = 0.2 };
        double net, half;

        g_assert_cmpint(net_compute(8, 0.1, &idle, &net, &half), ==, 0);
        g_assert_cmpfloat_with_epsilon(net, 3, 1e-12);
        g_assert_cmpfloat_with_epsilon(half, 0.02, 1e-12);

        /* a sleep: below 0, and said so */
        g_assert_cmpint(net_compute(4.9, 0.1, &idle, &net, &half), ==, 0);
        g_assert_cmpfloat_with_epsilon(net, -0.1, 1e-12);
}

/* The interval may be a tenth of the gross energy and no more. */
static void test_net_left_out(void) {
        IdlePower idle = { .power_w = 50, .half_w = 2 };
        double net, half;

        g_assert_cmpint(net_compute(4.01, 0.1, &idle, &net, &half), ==, 0);
        g_assert_cmpint(net_compute(3.99, 0.1, &idle, &net, &half), ==, -ERANGE);
        g_assert_cmpint(net_compute(0, 0.1, &idle, &net, &half), ==, -ERANGE);
        idle.half_w = 1.5;
        g_assert_cmpint(net_compute(3.99, 0.1, &idle, &net, &half), ==, 0);

        g_assert_cmpint(net_compute(NAN, 0.1, &idle, &net, &half), ==, -EINVAL);
        g_assert_cmpint(net_compute(-1, 0.1, &idle, &net, &half), ==, -EINVAL);
        g_assert_cmpint(net_compute(4, 0, &idle, &net, &half), ==, -EINVAL);
        g_assert_cmpint(net_compute(4, INFINITY, &idle, &net, &half), ==, -EINVAL);
}

/* 2,000 jobs that do nothing, each with ten idle windows beside it, a fifth as long: the net energy is 0 in the mean,
 * as often below as above, and its interval covers 0 in 95 of 100. */
static void test_idle(void) {
        Prng prng = { .state = 11 };
        size_t covered = 0, below = 0;
        double sum = 0;

        for (size_t job = 0; job < 2000; job++) {
                const double power_w = 50 + simulated_gauss(&prng), wall_s = 0.5, noise = 1 / sqrt(5);
                double moments[10], windows[10], net, half;
                IdlePower idle;
                Line line;

                for (size_t i = 0; i < 10; i++) {
                        moments[i] = (double) i - 4.5;
                        windows[i] = power_w + 0.3 * simulated_gauss(&prng);
                }
                g_assert_cmpint(line_fit(moments, windows, 10, &line), ==, 0);
                idle = (IdlePower){ .power_w = line_at(&line, 0), .half_w = line_half_width(&line, 0, noise) };
                g_assert_cmpint(net_compute((power_w + 0.3 * noise * simulated_gauss(&prng)) * wall_s, wall_s, &idle,
                                            &net, &half),
                                ==, 0);
                covered += fabs(net) <= half;
                below += net < 0;
                sum += net;
        }
        g_assert_cmpuint(covered, >=, 1880);
        g_assert_cmpuint(below, >, 900);
        g_assert_cmpuint(below, <, 1100);
        g_assert_cmpfloat(fabs(sum / 2000), <, 0.01); /* the standard error is 0.0020 */
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
        g_test_add_func("/net/net", test_net);
        g_test_add_func("/net/left-out", test_net_left_out);
        g_test_add_func("/net/idle", test_idle);
        g_test_add_func("/net/floor", test_floor);
        return g_test_run();
}
