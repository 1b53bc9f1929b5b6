/* SPDX-License-Identifier: MIT */
#pragma once

/* One trial: pause, thermal gate, then its windows one after another, those of each test together. */

#include "judging.h"
#include "thermal.h"
#include "window.h"

/* What some of its windows run. */
typedef struct TrialTask {
        const WorkTest *test; /* NULL: a plain command */
        int stdin_fd; /* of a plain command: sealed memfd; -1: empty. A test's input is made one while it runs */
        WindowPlan plan;
} TrialTask;

typedef struct TrialSpec {
        WindowSpec window; /* test, stdin_fd and iterations come from the tasks */
        const TrialTask *tasks;
        size_t n_tasks;
        Judging *judging; /* looks at every output of a test */
        uint64_t min_window_ns;
        uint64_t cooldown_usec; /* 0 before the first */
        const Thermal *thermal; /* NULL: no gate */
        uint64_t thermal_wait_usec;
        int64_t reference_mc; /* the temperature the first trial started at; TEMPERATURE_UNKNOWN for that one */
} TrialSpec;

/* Why a trial's program did not do what it was asked. */
typedef struct RunFailure {
        const WorkTest *test; /* NULL: a plain command */
        unsigned facts;
        int exec_error;
        char *description; /* evidence_describe() */
        char *excerpt;     /* end of its standard error; NULL when there is none, or its answer is just wrong */
} RunFailure;

typedef struct Trial Trial;

/* Called once, from the event loop. r < 0: a window could not be built; see trial_why(). */
typedef void (*TrialOver)(Trial *trial, int r, void *userdata);

int trial_start(const TrialSpec *spec, TrialOver over, void *userdata, Trial **ret);

/* Ends it as soon as nothing of it lives; over is called from the event loop. */
void trial_abort(Trial *trial, KilledFor reason);

/* CPU time of all its runs so far, in µs, as long as its record has not been taken: what the model meter multiplies.
 */
int trial_cpu_usec(Trial *trial, uint64_t *ret_usec);

/* After over. */
TrialRecord *trial_take_record(Trial *trial);
const RunFailure *trial_failure(const Trial *trial); /* NULL: none */
const char *trial_why(const Trial *trial, BoxStage *ret_stage);
const Window *trial_first_window(const Trial *trial); /* of a trial of one window, closed; else NULL */

Trial *trial_free(Trial *trial);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trial, trial_free)

/* Pure: whether a run that ended with these facts stops the job. */
bool run_facts_stop(unsigned facts, bool ignore_exit);
