/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "trend.h"

/* z by R 4.2: cor.test(seq_along(x), x, method="kendall", exact=FALSE, continuity=TRUE)$statistic; the drift by
 * (n-1)*median of (x[j]-x[i])/(j-i); S counted by hand. */
static void test_reference(void) {
        static const struct {
                double values[12];
                size_t n;
                int64_t s;
                double z, drift;
                bool found;
        } cases[] = {
                { { 10.1, 10.0, 10.3, 10.2, 10.4, 10.6, 10.5, 10.7, 10.9 }, 9, 30, 3.02345900382759, 0.8, true },
                { { 5, 4, 4, 6, 5, 7, 7, 7, 8, 6, 9, 9 }, 12, 45, 3.07309330138614, 4.4, true }, /* ties */
                { { 9, 8, 7, 6, 5, 4 }, 6, -15, -2.63014202255763, -5, true },
                { { 3, 1, 2, 2, 3, 1, 2, 3, 1, 2 }, 10, -3, -0.19156525704423, 0, false }, /* ties */
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Trend trend;

                g_assert_cmpint(trend_compute(cases[i].values, cases[i].n, &trend), ==, 0);
                g_assert_cmpint(trend.s, ==, cases[i].s);
                g_assert_cmpfloat_with_epsilon(trend.z, cases[i].z, 1e-12);
                g_assert_cmpfloat_with_epsilon(trend.drift, cases[i].drift, 1e-12);
                g_assert_true(trend.found == cases[i].found);
        }
}

static void test_nothing_to_see(void) {
        static const double equal[] = { 7, 7, 7, 7, 7, 7 }, rising[] = { 1, 2, 3, 4, 5 };
        const double unknown[] = { 1, 2, NAN, 4 };
        Trend trend;

        g_assert_cmpint(trend_compute(equal, 6, &trend), ==, 0);
        g_assert_cmpint(trend.s, ==, 0);
        g_assert_cmpfloat(trend.z, ==, 0);
        g_assert_cmpfloat(trend.drift, ==, 0);
        g_assert_false(trend.found);

        g_assert_cmpint(trend_compute(rising, 0, &trend), ==, -ENODATA);
        g_assert_cmpint(trend_compute(rising, 1, &trend), ==, -ENODATA);
        g_assert_cmpint(trend_compute(unknown, 4, &trend), ==, -EINVAL);
        g_assert_cmpint(trend_compute(rising, 4, &trend), ==, 0);
        g_assert_false(trend.found);
        g_assert_cmpint(trend_compute(rising, 5, &trend), ==, 0);
        g_assert_true(trend.found);
}

static void swap(double *a, double *b) {
        const double kept = *a;

        *a = *b;
        *b = kept;
}

/* The next permutation of different values in lexical order; false after the last. */
static bool next_permutation(double *values, size_t n) {
        size_t i = n - 1, j = n - 1;

        while (i > 0 && values[i - 1] >= values[i])
                i--;
        if (i == 0)
                return false;
        while (values[j] <= values[i - 1])
                j--;
        swap(&values[i - 1], &values[j]);
        for (j = n - 1; i < j; i++, j--)
                swap(&values[i], &values[j]);
        return true;
}

/* Of all orders in which n different values can come, at most 5 of 100 are called a trend. */
static void test_false_alarms(void) {
        static const size_t sizes[] = { 6, 7, 8 };

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                double values[8];
                size_t all = 0, found = 0;
                Trend trend;

                for (size_t j = 0; j < sizes[i]; j++)
                        values[j] = (double) j;
                do {
                        g_assert_cmpint(trend_compute(values, sizes[i], &trend), ==, 0);
                        all++;
                        found += trend.found;
                } while (next_permutation(values, sizes[i]));
                g_assert_cmpuint(all, ==, sizes[i] == 6 ? 720 : sizes[i] == 7 ? 5040 : 40320);
                g_assert_cmpfloat((double) found / (double) all, <=, 0.05);
                g_assert_cmpfloat((double) found / (double) all, >=, 0.01);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/trend/reference", test_reference);
        g_test_add_func("/trend/nothing-to-see", test_nothing_to_see);
        g_test_add_func("/trend/false-alarms", test_false_alarms);
        return g_test_run();
}
