/* SPDX-License-Identifier: MIT */
#pragma once

/* What a job is doing right now, on standard error: a live line on a terminal, elsewhere a line for
 * each phase and now and then one while it lasts, or JSON. */

#include <glib.h>
#include <stdint.h>

#include "arguments.h"

typedef struct ProgressState {
        uint32_t item, items;    /* job i of n that one command runs; items 0: it runs one */
        uint32_t job;            /* 0: not known yet */
        const char *phase;       /* a word of the contract */
        uint32_t step, steps;    /* trial i of n; steps 0: none */
        double fraction;         /* of the whole job, NaN: unknown */
        double median_j;         /* NaN: unknown */
        uint32_t queue_position; /* 1 is next; 0: unknown */
        uint64_t time_left_usec; /* UINT64_MAX: unknown */
        bool simulated;
        bool waits_for_host; /* queued no longer, but another measurement runs on this machine */
} ProgressState;

#define PROGRESS_STATE_INIT \
        { .fraction = NAN, .median_j = NAN, .time_left_usec = UINT64_MAX }

/* The line, without its end, at most width columns. */
char *progress_line(const ProgressState *state, size_t width, const Style *style);

/* One JSON object, without a newline. */
char *progress_json(const ProgressState *state);

/* Whether what goes to a log is due: about something else than the last line, or a while after it. */
bool progress_plain_due(const char *last, uint64_t last_usec, const char *about, uint64_t now_usec);

typedef struct Progress Progress;

Progress *progress_new(const Arguments *arguments);
/* What follows is about job item of items. */
void progress_item(Progress *progress, uint32_t item, uint32_t items);

void progress_show(Progress *progress, const ProgressState *state);

/* With --progress=json the last line of all: how the job ended. */
void progress_finished(Progress *progress, uint32_t job, const char *result);

/* Takes the live line off the terminal, before anything else is printed. */
void progress_clear(Progress *progress);

Progress *progress_free(Progress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_free)
