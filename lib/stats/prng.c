/* SPDX-License-Identifier: MIT */
#include "prng.h"

uint64_t prng_next(Prng *prng) {
        uint64_t z = prng->state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

uint64_t prng_below(Prng *prng, uint64_t below) {
        /* 2⁶⁴ mod below: the remainders of numbers smaller than that come once more often than the others. */
        const uint64_t surplus = -below % below;
        uint64_t number;

        do
                number = prng_next(prng);
        while (number < surplus);
        return number % below;
}
