/* SPDX-License-Identifier: MIT */
#include "histogram.h"

#include <math.h>

static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const signs[] = { " ", ".", ":", "-", "=", "+", "*", "%", "#" };

#define LEVELS (G_N_ELEMENTS(blocks) - 1)
#define BINS_MAX 24U

char *histogram_draw(const double *values, size_t n, bool ascii) {
        g_autoptr(GString) line = g_string_new(NULL);
        const size_t n_bins = MIN((size_t) ceil(2 * sqrt((double) n)), BINS_MAX);
        size_t bins[BINS_MAX] = {}, fullest = 0;
        double low = INFINITY, high = -INFINITY;

        if (n < HISTOGRAM_VALUES_MIN)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                if (!isfinite(values[i]))
                        return NULL;
                low = MIN(low, values[i]);
                high = MAX(high, values[i]);
        }
        if (high <= low)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                const size_t bin = MIN((size_t) ((values[i] - low) / (high - low) * (double) n_bins), n_bins - 1);

                bins[bin]++;
                fullest = MAX(fullest, bins[bin]);
        }
        /* Up, so that a single trial among many is seen. */
        for (size_t i = 0; i < n_bins; i++)
                g_string_append(line, (ascii ? signs : blocks)[(bins[i] * LEVELS + fullest - 1) / fullest]);
        return g_string_free(g_steal_pointer(&line), FALSE);
}
