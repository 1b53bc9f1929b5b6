/* SPDX-License-Identifier: MIT */
#pragma once

/* Inside the pipeline: its life (pipeline.c), what comes before the first trial (pipeline-validate.c), the trials
 * (pipeline-measure.c), and its ends (pipeline-end.c). Each step starts something and returns;
 * pipeline_advance_later() has the event loop take the next. */

#include "dbus/names.h"
#include "evaluate.h"
#include "idle.h"
#include "judging.h"
#include "material.h"
#include "pipeline.h"
#include "programs.h"
#include "quality.h"
#include "trial.h"
#include "workload.h"

/* Where the job stands. */
typedef enum PipelineStep {
        PIPELINE_READ,
        PIPELINE_VERSION,
        PIPELINE_VALIDATOR_VERSION,
        PIPELINE_COMPILE,
        PIPELINE_COMPILE_VALIDATOR,
        PIPELINE_VALIDATE,
        PIPELINE_MEASURE,
} PipelineStep;

typedef enum Floor {
        FLOOR_TO_BE_TAKEN,
        FLOOR_UNDER_WAY,
        FLOOR_DONE,
} Floor;

/* What is known of one task before the first valid trial. */
typedef struct Pace {
        uint64_t fastest_ns; /* of what is measured of one run, so far; UINT64_MAX: unknown */
        uint64_t whole_ns;   /* of that run */
        uint64_t output_bytes;
} Pace;

struct Pipeline {
        sd_event *event;
        const Request *request;
        const JobContext *context;
        PipelineCalls calls;

        Sysroot *root;
        Topology *topology;
        Meter *meter;
        Ticker ticker, plain; /* of windows that are measured, and of those that are not */
        Thermal *thermal;
        Collector *collector; /* of evidence; NULL: it could not be opened */
        Containment *containment;
        Launcher *launcher;
        cpu_set_t cpus;
        Workload *workload;
        Programs *programs;
        Judging *judging;
        Material material;

        PipelineStep step;
        Solo *tool;                           /* a compiler, or what tells its version; NULL: none runs */
        int product_fd, validator_product_fd; /* -1: none */
        size_t n_read;                        /* tests that were checked */

        JobRecord *record;
        TrialTask *tasks; /* one for each test; one for a plain command */
        Pace *paces;
        size_t n_tasks;
        uint32_t wanted; /* valid trials */
        Trial *trial;
        bool trial_told;     /* its step was reported */
        bool trial_is_floor; /* it is not the program's */
        Floor floor;
        TrialTask floor_task;
        unsigned floor_tries;
        Idle *idle;
        guint idle_before;  /* trials and warm-ups there were when the last idle window was taken; G_MAXUINT: none was
                             */
        bool planned_again; /* after a valid trial; not twice */
        uint64_t quiet_deadline_usec; /* when it is waited no longer for others to be done; 0: it is not waited */
        bool warming, delivered, started, is_over;
        const char *cancel_error;
        int64_t reference_mc;
        uint64_t settled_cpu_usec; /* CPU time of all trials that are over: the model meter's base */
        uint64_t last_cpu_usec;    /* what the model meter was told last */
        uint64_t begin_usec;
        uint64_t trial_begin_usec; /* of the trial that runs, or ran last; 0: none yet */
        uint64_t last_trial_usec;  /* how long the one before it took, with its pauses; 0: there is none */
        double fraction;
        sd_event_source *next_source, *job_timer, *watchdog_timer, *launcher_source;
};

void pipeline_advance_later(Pipeline *pipeline);

/* Whether something is to be compiled or validated before it is measured. */
bool pipeline_checks(const Pipeline *pipeline);

void pipeline_report(Pipeline *pipeline, JobState phase, uint32_t step, uint32_t steps);

/* What every window of the job has in common. */
WindowSpec pipeline_window(Pipeline *pipeline);

/* Whether energy and time are those of the regions that the program declares. */
bool pipeline_has_region(const Pipeline *pipeline);

/* The next thing to do; called when nothing runs. */
void pipeline_read(Pipeline *pipeline);
void pipeline_version(Pipeline *pipeline);
void pipeline_compile(Pipeline *pipeline);
void pipeline_validate(Pipeline *pipeline);
void pipeline_measure(Pipeline *pipeline);

/* Takes in what a trial that validates a test, or measures, came to. */
void pipeline_take_validated(Pipeline *pipeline, TrialRecord *record, const RunFailure *failure);
void pipeline_take_measured(Pipeline *pipeline, TrialRecord *record);

/* What is learnt of a task from a window of its. */
void pipeline_learn(Pipeline *pipeline, size_t task, const WindowRecord *window);

/* How short a window may be whose energy is told to whoever asked for the job; min-window may be longer. */
uint64_t pipeline_told_usec(const Pipeline *pipeline);

/* The duration of the fastest of its runs. */
uint64_t window_fastest_run(const WindowRecord *window);

/* Before the first warm-up. 1 when the pipeline has to wait for it. */
int pipeline_take_floor(Pipeline *pipeline);

/* Before the launcher takes the containment over. */
void pipeline_open_collector(Pipeline *pipeline, const Containment *containment, int daemon_fd);

/* Holds all trials so far against their evidence. */
void pipeline_judge_trials(Pipeline *pipeline);
void pipeline_judge_floor(Pipeline *pipeline, TrialRecord *floor);

/* After an idle window: whether others worked in it as much as would make a trial invalid, so that another one is to
 * be taken instead, before the trial. Not for ever. */
bool pipeline_waits_for_quiet(Pipeline *pipeline, const TrialEvidence *idle);

/* The ends. */
void pipeline_finish(Pipeline *pipeline);
void pipeline_finish_cancelled(Pipeline *pipeline);
/* What was sent is not what it has to be. */
void pipeline_finish_refused(Pipeline *pipeline, const char *why);
void pipeline_finish_measured(Pipeline *pipeline);
void pipeline_finish_unstable(Pipeline *pipeline);
void pipeline_finish_failed_run(Pipeline *pipeline, const RunFailure *failure);
void pipeline_finish_compile(Pipeline *pipeline, bool validator);
void pipeline_finish_validated(Pipeline *pipeline);
/* A run that could not be built. Entering the working directory is the caller's affair, all else is ours. */
void pipeline_finish_not_built(Pipeline *pipeline, int r, BoxStage stage, const char *why);
