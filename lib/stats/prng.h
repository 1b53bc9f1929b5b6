/* SPDX-License-Identifier: MIT */
#pragma once

/* Random numbers that are the same from the same seed on every machine and with every library: an order of trials can
 * be made again from the seed in its report. Not for secrets. */

#include <stdint.h>

/* The seed is the first state; every value will do. */
typedef struct Prng {
        uint64_t state;
} Prng;

/* SplitMix64: uniform over all 64-bit numbers, each once in a period of 2⁶⁴.
 * Source: Steele, Lea & Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014, figure 18
 * (mix64variant13). */
uint64_t prng_next(Prng *prng);

/* Uniform from 0 to below - 1; below > 0. */
uint64_t prng_below(Prng *prng, uint64_t below);
