/* SPDX-License-Identifier: MIT */
#include "order.h"

#include <errno.h>
#include <stdbool.h>

#include <glib.h>

#include "prng.h"

static void order_two(Prng *prng, size_t rounds, uint32_t *ret) {
        static const uint32_t first[] = { 0, 1, 1, 0 }; /* AB BA, BA AB */
        uint32_t swapped = 0;

        for (size_t round = 0; round < rounds; round++) {
                if (round % G_N_ELEMENTS(first) == 0)
                        swapped = (uint32_t) prng_below(prng, 2);
                ret[2 * round] = first[round % G_N_ELEMENTS(first)] ^ swapped;
                ret[2 * round + 1] = ret[2 * round] ^ 1;
        }
}

/* Fisher and Yates. */
static void shuffle(Prng *prng, uint32_t *places, size_t n) {
        for (size_t i = n; i > 1; i--) {
                const size_t j = (size_t) prng_below(prng, i);
                const uint32_t place = places[i - 1];

                places[i - 1] = places[j];
                places[j] = place;
        }
}

static void order_latin(Prng *prng, size_t candidates, size_t rounds, uint32_t *ret) {
        g_autofree uint32_t *rows = g_new(uint32_t, candidates), *names = g_new(uint32_t, candidates);

        for (size_t i = 0; i < candidates; i++)
                rows[i] = names[i] = (uint32_t) i;
        for (size_t round = 0; round < rounds; round++) {
                if (round % candidates == 0) {
                        shuffle(prng, rows, candidates);
                        shuffle(prng, names, candidates);
                }
                for (size_t i = 0; i < candidates; i++)
                        ret[round * candidates + i] = names[(rows[round % candidates] + i) % candidates];
        }
}

int order_make(uint64_t seed, size_t candidates, size_t rounds, uint32_t *ret) {
        Prng prng = { .state = seed };

        if (candidates < 2)
                return -EINVAL;
        if (candidates == 2)
                order_two(&prng, rounds, ret);
        else
                order_latin(&prng, candidates, rounds, ret);
        return 0;
}
