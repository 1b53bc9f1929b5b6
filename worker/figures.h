/* SPDX-License-Identifier: MIT */
#pragma once

/* What was used in a span between two edges of the counters, or in several such spans together. */

#include <stdbool.h>

#include "span.h"

typedef struct Figures {
        uint64_t iterations; /* how often the work was done */
        uint64_t wall_ns;
        uint64_t cpu_usec;
        uint64_t from_ns, to_ns; /* where the first span begins and the last one ends; CLOCK_MONOTONIC */
        uint32_t unaligned;      /* spans that do not lie between two edges */
        size_t n_domains;        /* in the meter's order */
        uint64_t *energy_uj;
        int *energy_error;        /* 0, or why the energy of that domain is absent */
        int64_t *net_uj;          /* less what the idle machine takes: may be negative */
        int *net_error;           /* 0, or why that is absent; -ENODATA until the baseline is known */
        Uncertainty *uncertainty; /* of both; baseline_uj of net_uj only */
        uint64_t total_uj;        /* Σ of the domains in the total */
        int total_error;          /* 0, or why it is absent; -ENODATA: the meter has no domain */
        int64_t total_net_uj;
        int total_net_error;
        Uncertainty total_uncertainty;
} Figures;

void figures_init(Figures *figures, size_t n_domains);
void figures_clear(Figures *figures);

/* Adds a span's time and energy. A domain that could not be read in one of the spans has no figure for all. */
void figures_add_span(Figures *figures, const Ticker *ticker, const Span *span);

/* Adds everything but net energy of another span or spans of the same meter. */
void figures_add(Figures *figures, const Figures *more);

/* No domain could be read at all. */
void figures_fail(Figures *figures, int error);
