/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include "accumulate.h"

/* Shorter than this, one tick of the counter (1 ms) would be taken for a burst of power. */
#define RATE_INTERVAL_NS 100000000U

uint64_t powercap_modulus_uj(uint64_t range_uj) {
        uint64_t count_uj = (range_uj + UINT32_MAX / 2) / UINT32_MAX;

        return range_uj + (count_uj > 0 ? count_uj : 1);
}

void accumulate_start(Accumulator *acc, uint64_t raw, uint64_t now_ns) {
        acc->last = raw;
        acc->last_ns = acc->mark_ns = now_ns;
        acc->total = acc->mark = 0;
}

static int count_since(const Accumulator *acc, uint64_t raw, uint64_t *ret) {
        if (acc->modulus == 0) {
                if (raw < acc->last)
                        return -EIO;
                *ret = raw - acc->last;
                return 0;
        }
        if (raw >= acc->modulus)
                return -EIO;
        *ret = raw >= acc->last ? raw - acc->last : acc->modulus - acc->last + raw;
        return 0;
}

int accumulate_update(Accumulator *acc, uint64_t raw, uint64_t now_ns) {
        uint64_t counted, elapsed_ns;
        double rate = acc->max_rate;
        int r;

        r = count_since(acc, raw, &counted);
        if (r < 0)
                return r;

        elapsed_ns = now_ns > acc->last_ns ? now_ns - acc->last_ns : 0;
        acc->total += counted;
        acc->last = raw;
        acc->last_ns = now_ns;

        if (now_ns >= acc->mark_ns + RATE_INTERVAL_NS) {
                rate = fmax(rate, (double) (acc->total - acc->mark) / (double) (now_ns - acc->mark_ns));
                acc->mark = acc->total;
                acc->mark_ns = now_ns;
        }

        /* A wrap can only have been missed when the highest power, doubled for safety, covers the whole range. A
         * counter that was set back, as by a package that went to sleep, looks like a wrap at an absurd power and is
         * caught here too; that power is then not remembered. */
        if (rate > acc->safe_rate && acc->range > 0 && (double) elapsed_ns * 2 * rate >= acc->range)
                return -EOVERFLOW;
        acc->max_rate = rate;
        return 0;
}

uint64_t accumulate_due_ns(const Accumulator *acc) {
        double due_ns;

        if (acc->range <= 0 || acc->max_rate <= 0)
                return UINT64_MAX;
        due_ns = acc->range / acc->max_rate / 4;
        return due_ns >= (double) UINT64_MAX ? UINT64_MAX : (uint64_t) due_ns;
}
