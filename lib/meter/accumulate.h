/* SPDX-License-Identifier: MIT */
#pragma once

/* Turns the readings of a counter that wraps into a total that does not. Pure: no clock, no file. */

#include <stdint.h>

typedef struct Accumulator {
        uint64_t modulus; /* counts after which the counter starts again at 0; 0 for 2⁶⁴ */
        double range;     /* counts after which a wrap would be lost: the modulus, or that of the register below */
        double safe_rate; /* counts/ns up to which someone else (perf's own timer) looks after wraps; 0 when nobody */
        double max_rate;  /* the highest rate seen or allowed, counts/ns */
        uint64_t last;    /* the latest raw value */
        uint64_t last_ns; /* and when it was read */
        uint64_t total;   /* counts since the start */
        uint64_t mark;    /* total and time from which the rate is taken next */
        uint64_t mark_ns;
} Accumulator;

/* A powercap zone counts microjoules. Its modulus is max_energy_range_uj plus one count of the 32-bit register, which
 * the range is (2³² − 1) counts of (drivers/powercap/intel_rapl_common.c, get_max_energy_counter()). */
uint64_t powercap_modulus_uj(uint64_t range_uj);

/* raw is where the counter stands at now_ns; the total starts there. */
void accumulate_start(Accumulator *acc, uint64_t raw, uint64_t now_ns);

/* Adds what was counted since the last reading, with at most one wrap.
 * -EOVERFLOW: time since the last reading × 2 × the highest power ≥ range, so there may have been two; counting goes
 * on from this reading, what lies before is lost. -EIO:       raw is not below the modulus, or a 64-bit counter went
 * backwards; nothing is changed. */
int accumulate_update(Accumulator *acc, uint64_t raw, uint64_t now_ns);

/* Nanoseconds after which the next reading is due: a quarter of range ÷ highest rate; UINT64_MAX when it cannot wrap.
 */
uint64_t accumulate_due_ns(const Accumulator *acc);
