/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include <glib.h>

#include "accumulate.h"

#define SECOND UINT64_C(1000000000)

/* Microjoules per nanosecond. */
#define WATTS(w) ((w) / 1000.0)

static Accumulator accumulator(uint64_t range_uj, double max_watts) {
        uint64_t modulus = powercap_modulus_uj(range_uj);

        return (Accumulator){ .modulus = modulus, .range = (double) modulus, .max_rate = WATTS(max_watts) };
}

static void test_modulus(void) {
        /* One count of 61.035 µJ, 15.3 µJ, and of a register that counts microjoules. */
        g_assert_cmpuint(powercap_modulus_uj(262143328850), ==, 262143328911);
        g_assert_cmpuint(powercap_modulus_uj(65712999613), ==, 65712999628);
        g_assert_cmpuint(powercap_modulus_uj(65532610987), ==, 65532611002);
        g_assert_cmpuint(powercap_modulus_uj(4294967295), ==, 4294967296);
        g_assert_cmpuint(powercap_modulus_uj(999999), ==, 1000000);
}

static void test_wrap(void) {
        static const uint64_t ranges[] = { 262143328850, 65712999613, 65532610987, 4294967295, 999999 };

        for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
                Accumulator acc = accumulator(ranges[i], 0);
                uint64_t modulus = powercap_modulus_uj(ranges[i]);

                accumulate_start(&acc, modulus - 10, 0);
                g_assert_cmpint(accumulate_update(&acc, 7, 1), ==, 0);
                g_assert_cmpuint(acc.total, ==, 17);
        }
}

/* No sample is lost at a wrap: the sum of what was counted is what was used, whatever the steps. */
static void test_every_wrap_is_exact(void) {
        Accumulator acc = accumulator(65712999613, 0);
        g_autoptr(GRand) rand = g_rand_new_with_seed(42);
        uint64_t used = 65000000000, now_ns = 0, start = used;

        accumulate_start(&acc, used % acc.modulus, 0);
        for (int i = 0; i < 100000; i++) {
                used += (uint64_t) g_rand_int_range(rand, 0, INT32_MAX);
                now_ns += 10 * SECOND;
                g_assert_cmpint(accumulate_update(&acc, used % acc.modulus, now_ns), ==, 0);
                g_assert_cmpuint(acc.total, ==, used - start);
        }
        g_assert_cmpuint(used / acc.modulus, >, 1000);
}

static void test_two_wraps_are_not_one(void) {
        Accumulator acc = accumulator(262143328850, 500);
        uint64_t used = 1000000;

        accumulate_start(&acc, used, 0);
        /* 1 kW for ten minutes with nobody reading: 600 kJ, more than twice the range. */
        used += UINT64_C(600000000000);
        g_assert_cmpint(accumulate_update(&acc, used % acc.modulus, 600 * SECOND), ==, -EOVERFLOW);

        /* The same read every minute is exact. */
        acc = accumulator(262143328850, 500);
        used = 1000000;
        accumulate_start(&acc, used, 0);
        for (uint64_t minute = 1; minute <= 10; minute++) {
                used += UINT64_C(60000000000);
                g_assert_cmpint(accumulate_update(&acc, used % acc.modulus, minute * 60 * SECOND), ==, 0);
        }
        g_assert_cmpuint(acc.total, ==, UINT64_C(600000000000));
}

static void test_ambiguity_starts_at_the_range(void) {
        Accumulator acc = { .modulus = 1000000, .range = 1000000, .max_rate = WATTS(100) };

        /* 100 W, doubled, is 200 µJ a µs: a million of them in 5 ms. */
        accumulate_start(&acc, 0, 0);
        g_assert_cmpint(accumulate_update(&acc, 10, 4999999), ==, 0);
        accumulate_start(&acc, 0, 0);
        g_assert_cmpint(accumulate_update(&acc, 10, 5000000), ==, -EOVERFLOW);
        /* Counting goes on from there. */
        g_assert_cmpint(accumulate_update(&acc, 20, 5000001), ==, 0);
        g_assert_cmpuint(acc.total, ==, 20);
}

static void test_impossible_values(void) {
        Accumulator acc = accumulator(999999, 0), before;

        accumulate_start(&acc, 500, 0);
        before = acc;
        g_assert_cmpint(accumulate_update(&acc, 1000000, 1), ==, -EIO);
        g_assert_cmpmem(&acc, sizeof(acc), &before, sizeof(before));

        acc = (Accumulator){ .modulus = 0 };
        accumulate_start(&acc, 500, 0);
        g_assert_cmpint(accumulate_update(&acc, 499, 1), ==, -EIO);
        g_assert_cmpint(accumulate_update(&acc, 501, 1), ==, 0);
        g_assert_cmpuint(acc.total, ==, 1);
}

static void test_power_is_learned(void) {
        Accumulator acc = accumulator(262143328850, 65);
        uint64_t due_ns = accumulate_due_ns(&acc);

        g_assert_cmpfloat_with_epsilon((double) due_ns / 1e9, 262143.328911 / 65 / 4, 0.001);

        accumulate_start(&acc, 0, 0);
        /* One tick of 65 mJ seen 1 µs after the last reading is no 65 kW. */
        g_assert_cmpint(accumulate_update(&acc, 65000, 1000), ==, 0);
        g_assert_cmpuint(accumulate_due_ns(&acc), ==, due_ns);

        /* 650 J in one second is 650 W. */
        g_assert_cmpint(accumulate_update(&acc, 650000000, SECOND), ==, 0);
        g_assert_cmpfloat_with_epsilon((double) accumulate_due_ns(&acc), (double) due_ns / 10, 1e6);
}

/* A package that slept starts again at 0: that is no wrap, and no 262 kJ. */
static void test_counter_set_back(void) {
        Accumulator acc = accumulator(262143328850, 65);

        accumulate_start(&acc, 500000000, 0);
        g_assert_cmpint(accumulate_update(&acc, 550000000, SECOND), ==, 0);
        g_assert_cmpint(accumulate_update(&acc, 1000, 2 * SECOND), ==, -EOVERFLOW);
        g_assert_cmpfloat_with_epsilon(acc.max_rate, WATTS(65), 1e-9);
        g_assert_cmpint(accumulate_update(&acc, 50001000, 3 * SECOND), ==, 0);
}

/* perf: counts of 64 bits over a register of 32 that the kernel looks after up to some power. */
static void test_the_kernel_looks_after_wraps(void) {
        double unit_uj = 1e6 / 4294967296;
        Accumulator acc = { .range = 65536e6 / unit_uj,
                            .safe_rate = WATTS(400) / unit_uj,
                            .max_rate = WATTS(400) / unit_uj };
        uint64_t joule = UINT64_C(4294967296);

        accumulate_start(&acc, 0, 0);
        g_assert_cmpint(accumulate_update(&acc, 300 * 3600 * joule, 3600 * SECOND), ==, 0);
        g_assert_cmpint(accumulate_update(&acc, 300 * 3600 * joule + 500 * 10 * joule, 3610 * SECOND), ==, 0);
        /* It has been seen to draw 500 W, which the timer is not good for. */
        g_assert_cmpint(accumulate_update(&acc, 400 * 3600 * joule, 3710 * SECOND), ==, -EOVERFLOW);
}

static void test_nothing_to_watch(void) {
        Accumulator acc = {};

        g_assert_cmpuint(accumulate_due_ns(&acc), ==, UINT64_MAX);
        accumulate_start(&acc, 0, 0);
        g_assert_cmpint(accumulate_update(&acc, UINT64_MAX, UINT64_MAX), ==, 0);
        g_assert_cmpuint(acc.total, ==, UINT64_MAX);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/accumulate/modulus", test_modulus);
        g_test_add_func("/accumulate/wrap", test_wrap);
        g_test_add_func("/accumulate/every-wrap-is-exact", test_every_wrap_is_exact);
        g_test_add_func("/accumulate/two-wraps-are-not-one", test_two_wraps_are_not_one);
        g_test_add_func("/accumulate/ambiguity-starts-at-the-range", test_ambiguity_starts_at_the_range);
        g_test_add_func("/accumulate/impossible-values", test_impossible_values);
        g_test_add_func("/accumulate/power-is-learned", test_power_is_learned);
        g_test_add_func("/accumulate/counter-set-back", test_counter_set_back);
        g_test_add_func("/accumulate/the-kernel-looks-after-wraps", test_the_kernel_looks_after_wraps);
        g_test_add_func("/accumulate/nothing-to-watch", test_nothing_to_watch);
        return g_test_run();
}
