/* SPDX-License-Identifier: MIT */
#pragma once

/* One window: k runs of one program between two edges of the counters. All k boxes stand at their gates before it
 * opens; what is measured ends when nothing of the last run lives any more, and it closes at the edge after. While it
 * is open, output is drained and limits are watched, and no more. */

#include "collector.h"
#include "run.h"

#define ITERATIONS_MAX BOXES_AT_ONCE_MAX                 /* of one window */
#define WINDOWS_MAX 512U                                 /* of one trial */
#define CAPTURE_MAX_BYTES (UINT64_C(64) * 1024U * 1024U) /* output of one window that is kept until it is closed */
#define FILES_MAX_BYTES (UINT64_C(512) * 1024U * 1024U)  /* of those sent along, each box of a window its own copy */

/* How a trial fills min_window: k runs a window, and so many windows. */
typedef struct WindowPlan {
        uint32_t iterations, windows;
} WindowPlan;

/* Pure. How long a window is made, longer than the shortest allowed, so that a trial that is a little faster is long
 * enough, too. */
uint64_t window_wanted_usec(uint64_t min_window_usec);

/* Pure. How many boxes with so many bytes of files a window may have. */
uint32_t window_iterations_max(uint64_t file_bytes);

/* Pure. iteration_ns: duration of one run, output_bytes: what it wrote, which may be twice as long and is still kept
 * whole; file_bytes: sent along. */
WindowPlan window_plan(uint64_t iteration_ns, uint64_t output_bytes, uint64_t file_bytes, uint64_t min_window_usec);

typedef struct WindowSpec {
        sd_event *event;
        Ticker *ticker;     /* its idle power is what it is when the window closes */
        const BoxSpec *box; /* its stdin_fd is not used */
        const char *test;   /* whose runs these are; NULL: a plain command's */
        int stdin_fd;       /* sealed memfd that every run opens anew; -1: empty */
        bool region;        /* the program is to declare what of it is measured */
        /* A sum of more than SHORT_REGIONS_MAX regions has no energy when some are shorter: a program that began and
         * ended thousands of them when it liked would sample what others do. */
        uint64_t region_min_ns;
        RunLimits limits; /* capture_max is not used */
        /* max_joules is held against energies no shorter and no finer than the caller may know: a run that is killed,
         * and when, would tell them. */
        uint64_t energy_min_ns, energy_step_uj;
        const Collector *collector; /* NULL: nothing is collected */
        uint32_t iterations;
        bool ignore_exit; /* go on after a run that exited non-zero; not with tests */
} WindowSpec;

typedef struct Window Window;

/* Called from the event loop, once, after everything was hashed and judged. */
typedef void (*WindowClosed)(Window *window, void *userdata);

/* Builds the boxes and opens the window. The strings and objects in spec must stay; spec itself is copied.
 * -ENOTRECOVERABLE: a limit is missing (ScopeFailed). On error *ret_why is one sentence, and *ret_stage the stage of
 * the run that failed, when one did. */
int window_start(const WindowSpec *spec, WindowClosed closed, void *userdata, Window **ret, BoxStage *ret_stage,
                 char **ret_why);

/* Kills what runs; closed is called when it is dead. */
void window_abort(Window *window, KilledFor reason);

/* CPU time of all its runs so far, in µs: what the model meter multiplies. */
int window_cpu_usec(Window *window, uint64_t *ret_usec);

/* After closed. */
WindowRecord *window_take_record(Window *window);
const Capture *window_output(const Window *window, uint32_t run);
const Capture *window_error_output(const Window *window, uint32_t run);

Window *window_free(Window *window);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Window, window_free)
