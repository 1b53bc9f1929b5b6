/* SPDX-License-Identifier: MIT */
#pragma once

/* Inside the pipeline: its life (pipeline.c), the programs it is about (pipeline-candidate.c), what comes before the
 * first trial (pipeline-validate.c), the trials (pipeline-measure.c), whose turn it is when there are several programs
 * (pipeline-compare.c), and its ends (pipeline-end.c). Each step starts something and returns;
 * pipeline_advance_later() has the event loop take the next. */

#include "comparing.h"
#include "dbus/names.h"
#include "evaluate.h"
#include "idle.h"
#include "judging.h"
#include "material.h"
#include "pipeline.h"
#include "programs.h"
#include "quality.h"
#include "root.h"
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

/* One program of the job, with all that is its own. */
typedef struct Candidate {
        const Request *request; /* of a comparison the candidate's own, which has the options' values in it */
        Workload *workload;
        Programs *programs;
        Judging *judging;
        Material material;
        int product_fd, validator_product_fd; /* -1: none */
        size_t n_read;                        /* tests that were checked */
        JobRecord *record;                    /* of a comparison its record's */
        TrialTask *tasks;                     /* one for each test; one for a plain command; NULL: not fetched yet */
        Pace *paces;
        size_t n_tasks;
        bool delivered;
        Floor floor;
        TrialTask floor_task;
        unsigned floor_tries;
        bool planned_again; /* after a valid trial; not twice */
} Candidate;

struct Pipeline {
        sd_event *event;
        const Request *request; /* of a comparison what all its candidates have in common */
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

        Candidate *candidates; /* one, but for a comparison */
        size_t n_candidates;
        Candidate *candidate;   /* whose turn it is: what runs is one of its programs */
        CompareRecord *compare; /* NULL: no comparison */

        PipelineStep step;
        Solo *tool;      /* a compiler, or what tells its version; NULL: none runs */
        uint32_t wanted; /* valid trials, of each candidate */
        bool judged;     /* the comparison came to its end, and says what changed */
        Trial *trial;
        bool trial_told;     /* its step was reported */
        bool trial_is_floor; /* it is not the program's */
        Idle *idle;
        guint idle_before; /* trials and warm-ups there were when the last idle window was taken; G_MAXUINT: none was
                            */
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

/* ---- candidates ---- */

/* What can be known of each before the job is started. -EINVAL and *ret_why where what was sent cannot be. */
int candidates_open(Pipeline *pipeline, char **ret_why);

/* What each record says of the machine, once there is a meter: absent and tick_absent are why there is none. */
void candidates_show_machine(Pipeline *pipeline, const char *meter_absent, const char *tick_absent);

/* What each of them runs, before the launcher is forked. */
int candidates_plan(Pipeline *pipeline, const PipelineBase *base, char **ret_why);

/* Writes into spec what the launcher has to know of all of them; *ret_memory is to be freed after that. */
void candidates_launch(Pipeline *pipeline, LauncherSpec *spec, void **ret_memory);

/* Once the launcher is there, or could not be. */
void candidates_launched(Pipeline *pipeline);

/* Takes from the caller's files what the one whose turn it is needs. */
int candidate_fetch(Pipeline *pipeline);

/* What of them needs the launcher, then the rest. */
void candidates_stop(Pipeline *pipeline);
void candidates_free(Pipeline *pipeline);

/* Sums over all of them: tests, tests that were looked at, warm-ups and trials that were made, trials that count. */
size_t candidates_tests(const Pipeline *pipeline);
size_t candidates_tests_done(const Pipeline *pipeline);
guint candidates_trials_so_far(const Pipeline *pipeline);
size_t candidates_warmups(const Pipeline *pipeline);
size_t candidates_valid_trials(const Pipeline *pipeline);

/* ---- the whole job ---- */

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

/* Makes windows as long as they have to be, by what the last trial of the candidate whose turn it is has told; NULL:
 * there is none. */
void pipeline_plan_windows(Pipeline *pipeline, const TrialRecord *last);

/* Has its windows planned once more when they turn out too short for it, and then none of its trials count. */
void pipeline_plan_again(Pipeline *pipeline, const TrialRecord *last);

/* Whether a trial of its that is not valid is one of those that find out how long windows have to be. */
bool pipeline_still_planning(const Pipeline *pipeline, const TrialRecord *last);

/* The next trial or warm-up of the candidate whose turn it is. */
int pipeline_start_trial(Pipeline *pipeline);

/* In a comparison: gives the turn to whoever has the fewest warm-ups; starts the next trial of the order, or ends. */
void pipeline_choose_warmup(Pipeline *pipeline);
void pipeline_advance_rounds(Pipeline *pipeline);

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

/* The ends. These are the job's as a whole. */
void pipeline_finish(Pipeline *pipeline);
void pipeline_finish_broken(Pipeline *pipeline, const char *why);
void pipeline_finish_cancelled(Pipeline *pipeline);
/* Each candidate has the valid trials that were wanted. */
void pipeline_finish_compared(Pipeline *pipeline);
/* Too many rounds in which a trial was not valid; the reasons stand in the records. */
void pipeline_finish_unsteady(Pipeline *pipeline);

/* These are of the program whose turn it is, and in a comparison the end of the others, too.
 * What was sent is not what it has to be. */
void pipeline_finish_refused(Pipeline *pipeline, const char *why);
void pipeline_finish_measured(Pipeline *pipeline);
void pipeline_finish_unstable(Pipeline *pipeline);
void pipeline_finish_failed_run(Pipeline *pipeline, const RunFailure *failure);
void pipeline_finish_compile(Pipeline *pipeline, bool validator);
void pipeline_finish_validated(Pipeline *pipeline);
/* A run that could not be built. Entering the working directory is the caller's affair, all else is ours. */
void pipeline_finish_not_built(Pipeline *pipeline, int r, BoxStage stage, const char *why);
