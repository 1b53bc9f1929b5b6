/* SPDX-License-Identifier: MIT */
#pragma once

/* The power of the idle machine: windows in which nothing runs, between the trials and on the same CPUs, and what a
 * trial's energy is without it. */

#include "figures.h"
#include "net.h"
#include "summary.h"

#define BASELINE_WINDOWS_MIN 3U /* fewer do not tell how much they differ */

typedef struct IdleWindow {
        uint64_t from_ns, to_ns;
        double *watts;       /* of each domain, and behind them of the total; NAN: not known */
        double *error_watts; /* the same: half the width of the interval that has it with about 95 % */
} IdleWindow;

typedef struct Baseline {
        size_t n_domains;
        GPtrArray *windows; /* IdleWindow, in the order they were taken */
} Baseline;

Baseline *baseline_new(size_t n_domains);
Baseline *baseline_free(Baseline *baseline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Baseline, baseline_free)

/* Takes in a span in which nothing ran; not one that stands at no edges though the counter has a tick. */
void baseline_add(Baseline *baseline, const Ticker *ticker, const Span *span);

/* Power of a domain (n_domains: of the total) around at_ns, for a window of ns there, and half the width of its 95 %
 * interval: from a line through the nearest windows before and after, so that power that drifts is followed and a
 * single disturbed window decides nothing. -ENODATA with fewer than BASELINE_WINDOWS_MIN of them. */
int baseline_power(const Baseline *baseline, size_t domain, uint64_t at_ns, uint64_t ns, IdlePower *ret);

/* The same of all domains, for what lies between a window's edges and what it measures; of one or two windows their
 * mean, with a twentieth of it as the error. known is false when there is none. */
void baseline_level(const Baseline *baseline, uint64_t at_ns, PowerLevel *ret);

/* Sets net energy and its uncertainty, in every domain and in the total, as net_compute() has them. The errors say why
 * there is none: that of the gross energy; -ENODATA: too few idle windows; that of net_compute(). */
void baseline_settle(const Baseline *baseline, Figures *figures);

/* How far off the power of one window is, at most. NAN: of none is it known. */
double baseline_error_watts(const Baseline *baseline, size_t domain);

/* Median and interval over all windows, in watts; domain as above. -ENODATA when there is none. */
int baseline_summary(const Baseline *baseline, size_t domain, Summary *ret);

/* Why net energy is absent, in a sentence's end. */
char *net_error_to_string(int error);
