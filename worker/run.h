/* SPDX-License-Identifier: MIT */
#pragma once

/* The life of one box from its gate to its last process: drains it, holds it to its limits, kills what is left when
 * the program exits. Nothing is hashed or judged before run_settle(). */

#include "box.h"
#include "capture.h"
#include "record.h"

#define ERRORS_KEPT_BYTES (1024U * 1024U) /* of a standard error that does not count */

typedef struct RunLimits {
        uint64_t cpu_usec, wall_usec, output_max;
        uint64_t capture_max; /* what of standard output, and of error, is kept; the rest is counted only */
        uint64_t memory_max;  /* the box enforces these two; here for the evidence */
        uint32_t tasks_max;
        double max_joules; /* 0: none; the window watches it */
        bool errors_free;  /* standard error does not count towards output_max: it decides nothing, and is cut */
} RunLimits;

typedef struct Run Run;

/* The moment nothing of the run lives any more (or could not be killed): called from the event loop, once. */
typedef void (*RunOver)(Run *run, void *userdata);

/* Builds the box and returns before it is ready. ticker: the program may declare regions, read with it; NULL: it
 * may not. *ret_why is set on error, see box_spawn(). */
int run_new(sd_event *event, const BoxSpec *spec, const RunLimits *limits, Ticker *ticker, RunOver over,
            void *userdata, Run **ret, char **ret_why);

/* Waits for the gate, see box_wait_ready(); *ret_why as above. -EACCES and the like are the caller's doing when
 * *ret_stage is CHDIR. */
int run_wait_ready(Run *run, BoxStage *ret_stage, char **ret_why);

/* Opens the gate and starts the limits' timers. */
int run_start(Run *run);

/* Kills it; over is called when it is dead. The first reason stays. */
void run_kill(Run *run, KilledFor reason);

/* CLOCK_MONOTONIC when its gate was opened, and, after over, when nothing of it lived any more. */
uint64_t run_gate_ns(const Run *run);
uint64_t run_end_ns(const Run *run);

/* CPU time since the gate, in µs. */
int run_cpu_usec(Run *run, uint64_t *ret_usec);

/* Whether it ended as a run that may be followed by the next: exit status 0 and not killed by us. After over. */
bool run_ended_well(Run *run);

/* Drains what is left, reaps, and judges. After over, and outside the window. */
RunRecord *run_settle(Run *run);

void run_set_energy(Run *run, uint64_t energy_uj);

/* Standard output and error; after run_settle(). */
const Capture *run_output(const Run *run);
const Capture *run_error_output(const Run *run);

Run *run_free(Run *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Run, run_free)
