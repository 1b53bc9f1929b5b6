/* SPDX-License-Identifier: MIT */
#pragma once

/* What was used between two readings of the counters, or in several such spans together. */

#include <stdbool.h>

#include "meter.h"

typedef struct Figures {
        uint64_t iterations; /* how often the work was done */
        uint64_t wall_ns;
        uint64_t cpu_usec;
        size_t n_domains; /* in the meter's order */
        uint64_t *energy_uj;
        int *energy_error; /* 0, or why the energy of that domain is absent */
        uint64_t total_uj; /* Σ of the domains in the total */
        int total_error;   /* 0, or why it is absent; -ENODATA: the meter has no domain */
} Figures;

void figures_init(Figures *figures, size_t n_domains);
void figures_clear(Figures *figures);

/* Adds a span's time and energy. A domain that could not be read in one of the spans has no figure for all. */
void figures_add_span(Figures *figures, const Meter *meter, const Reading *begin, const Reading *end);

/* Adds everything of another span or spans of the same meter. */
void figures_add(Figures *figures, const Figures *more);

/* No domain could be read at all. */
void figures_fail(Figures *figures, int error);
