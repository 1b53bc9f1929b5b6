/* SPDX-License-Identifier: MIT */
#pragma once

/* What is used from one moment to another that lie between two edges of the counters: energy and time of the same
 * interval, and how far off the energy may be. */

#include "tick.h"
#include "uncertainty.h"

typedef struct Span {
        Reading begin, end;
        Edge first, last;        /* the moments they belong to */
        uint64_t from_ns, to_ns; /* what is measured: after first, before last */
        uint64_t heard_ns;       /* when this thread knew of the end: it woke for that */
} Span;

/* Waits for an edge and reads. from_ns is now; what is measured begins there, or later, as the caller says. Returns as
 * meter_read() does. */
int span_open(Ticker *ticker, Span *span);

/* What is measured ended at to_ns. Waits for the next edge and reads. */
int span_close(Ticker *ticker, Span *span, uint64_t to_ns);

/* Whether both readings stand at edges. */
bool span_aligned(const Span *span);

/* Energy of one domain from from_ns to to_ns: what was counted, less what lies outside of these. There, power is that
 * of the idle machine, and more while this CPU heard of the end and looked for the edge (ticker->extra). Where the
 * idle machine's is not known, that of the calibration stands for it, and where that is not either, nothing is taken
 * off; the uncertainty says so. Errors as reading_energy_uj(), and -ERANGE when more would be taken off than was
 * counted: never 0. */
int span_energy(const Ticker *ticker, const Span *span, size_t domain, double *ret_uj, Uncertainty *ret_uncertainty);

/* Σ over the domains in the total, as meter_total_uj(). */
int span_total(const Ticker *ticker, const Span *span, double *ret_uj, Uncertainty *ret_uncertainty);

/* Power of one domain from edge to edge of a span in which nothing ran but this thread: what that took, to go to
 * sleep, to wake and to look for the edge, is taken off. It comes once however long a span is, so that it would make
 * short ones look as if the machine took more. The uncertainty, which may be NULL, is that of the energy between the
 * edges. Errors as reading_energy_uj(). */
int span_idle_watts(const Ticker *ticker, const Span *span, size_t domain, double *ret_watts,
                    Uncertainty *ret_uncertainty);
