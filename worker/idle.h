/* SPDX-License-Identifier: MIT */
#pragma once

/* A pause, and at its end a window in which nothing runs: what the baseline is taken from. */

#include "collector.h"
#include "span.h"

#include <systemd/sd-event.h>

typedef struct Idle Idle;

/* Called once, from the event loop. */
typedef void (*IdleOver)(Idle *idle, void *userdata);

/* pause_usec is all of it; the window takes its last window_usec. */
int idle_start(sd_event *event, Ticker *ticker, uint64_t pause_usec, uint64_t window_usec, IdleOver over,
               void *userdata, Idle **ret);

/* Has evidence collected at both ends of the window. Before it is open; collector must outlive it. */
void idle_collect(Idle *idle, const Collector *collector);

/* Ends it; over is called from the event loop. */
void idle_abort(Idle *idle);

/* After over; NULL when it was ended before, or nothing could be read. */
const Span *idle_span(const Idle *idle);

/* Likewise; NULL also when nothing was collected. */
const TrialEvidence *idle_evidence(const Idle *idle);

Idle *idle_free(Idle *idle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Idle, idle_free)
