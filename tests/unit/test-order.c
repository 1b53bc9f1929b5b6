/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <glib.h>

#include "order.h"
#include "prng.h"

/* From a second implementation of SplitMix64, in Python on integers of any size:
 * s=(s+0x9e3779b97f4a7c15)%2**64; z=s; z=(z^z>>30)*0xbf58476d1ce4e5b9%2**64; z=(z^z>>27)*0x94d049bb133111eb%2**64;
 * z^=z>>31 */
static void test_generator(void) {
        static const uint64_t numbers[] = {
                UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),  UINT64_C(9817491932198370423),
                UINT64_C(4593380528125082431), UINT64_C(16408922859458223821),
        };
        Prng prng = { .state = 1234567 };

        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
                g_assert_cmpuint(prng_next(&prng), ==, numbers[i]);
}

static void test_below(void) {
        Prng prng = { .state = 7 };
        size_t seen[6] = {};

        for (size_t i = 0; i < 60000; i++) {
                const uint64_t number = prng_below(&prng, 6);

                g_assert_cmpuint(number, <, 6);
                seen[number]++;
        }
        for (size_t i = 0; i < 6; i++) { /* 10,000 expected, σ 91 */
                g_assert_cmpuint(seen[i], >, 9600);
                g_assert_cmpuint(seen[i], <, 10400);
        }
        g_assert_cmpuint(prng_below(&prng, 1), ==, 0);

        /* Of a number just above 2⁶³ nearly half of all draws have to be thrown away. */
        for (size_t i = 0; i < 100; i++)
                g_assert_cmpuint(prng_below(&prng, (UINT64_C(1) << 63) + 1), <=, UINT64_C(1) << 63);
}

/* ABBA BAAB or BAAB ABBA, group by group; both come up; each round has both. */
static void test_two(void) {
        static const uint32_t straight[] = { 0, 1, 1, 0, 1, 0, 0, 1 }, swapped[] = { 1, 0, 0, 1, 0, 1, 1, 0 };
        size_t n_straight = 0, n_swapped = 0;
        uint32_t order[2 * 80];

        g_assert_cmpint(order_make(4, 2, 80, order), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(order); i += G_N_ELEMENTS(straight)) {
                n_straight += memcmp(&order[i], straight, sizeof(straight)) == 0;
                n_swapped += memcmp(&order[i], swapped, sizeof(swapped)) == 0;
        }
        g_assert_cmpuint(n_straight + n_swapped, ==, 20);
        g_assert_cmpuint(n_straight, >=, 4);
        g_assert_cmpuint(n_swapped, >=, 4);
}

/* Σ position^power over the runs of each of two candidates: equal sums are a drift that cancels. */
static void drift_cancels(const uint32_t *order, size_t runs, unsigned power) {
        uint64_t sums[2] = {};

        for (size_t i = 0; i < runs; i++)
                sums[order[i]] += power == 1 ? i : i * i;
        g_assert_cmpuint(sums[0], ==, sums[1]);
}

static void test_drift(void) {
        for (uint64_t seed = 0; seed < 20; seed++) {
                uint32_t order[2 * 20];

                g_assert_cmpint(order_make(seed, 2, 6, order), ==, 0);
                drift_cancels(order, 12, 1);
                g_assert_cmpint(order_make(seed, 2, 20, order), ==, 0);
                drift_cancels(order, 40, 1);
                drift_cancels(order, 40, 2);
        }
}

/* Each candidate once in each round, and at each place once in each square. */
static void test_latin(void) {
        for (size_t candidates = 3; candidates <= 7; candidates++) {
                const size_t rounds = 3 * candidates + 1;
                g_autofree uint32_t *order = g_new(uint32_t, candidates * rounds);

                g_assert_cmpint(order_make(99, candidates, rounds, order), ==, 0);
                for (size_t round = 0; round < rounds; round++) {
                        uint64_t seen = 0;

                        for (size_t i = 0; i < candidates; i++)
                                seen |= UINT64_C(1) << order[round * candidates + i];
                        g_assert_cmpuint(seen, ==, (UINT64_C(1) << candidates) - 1);
                }
                for (size_t square = 0; square < 3; square++)
                        for (size_t place = 0; place < candidates; place++) {
                                uint64_t seen = 0;

                                for (size_t row = 0; row < candidates; row++)
                                        seen |= UINT64_C(1) << order[(square * candidates + row) * candidates + place];
                                g_assert_cmpuint(seen, ==, (UINT64_C(1) << candidates) - 1);
                        }
        }
}

static void test_seed(void) {
        uint32_t one[40 * 4], same[40 * 4], other[40 * 4];

        for (size_t candidates = 2; candidates <= 4; candidates++) {
                const size_t size = 40 * candidates * sizeof(uint32_t);

                g_assert_cmpint(order_make(1, candidates, 40, one), ==, 0);
                g_assert_cmpint(order_make(1, candidates, 40, same), ==, 0);
                g_assert_cmpint(order_make(2, candidates, 40, other), ==, 0);
                g_assert_cmpmem(one, size, same, size);
                g_assert_cmpint(memcmp(one, other, size), !=, 0);
        }
        g_assert_cmpint(order_make(1, 1, 40, one), ==, -EINVAL);
        g_assert_cmpint(order_make(1, 0, 40, one), ==, -EINVAL);
}

/* What a report says must hold for the versions to come: these orders belong to this seed. By the same second
 * implementation. */
static void test_kept(void) {
        static const uint32_t two[] = { 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0 };
        static const uint32_t four[] = { 1, 0, 2, 3, 3, 1, 0, 2, 0, 2, 3, 1, 2, 3, 1, 0, 0, 2, 3, 1 };
        uint32_t order[4 * 5];

        g_assert_cmpint(order_make(2026, 2, 8, order), ==, 0);
        g_assert_cmpmem(order, sizeof(two), two, sizeof(two));
        g_assert_cmpint(order_make(2026, 4, 5, order), ==, 0);
        g_assert_cmpmem(order, sizeof(four), four, sizeof(four));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/order/generator", test_generator);
        g_test_add_func("/order/below", test_below);
        g_test_add_func("/order/two", test_two);
        g_test_add_func("/order/drift", test_drift);
        g_test_add_func("/order/latin", test_latin);
        g_test_add_func("/order/seed", test_seed);
        g_test_add_func("/order/kept", test_kept);
        return g_test_run();
}
