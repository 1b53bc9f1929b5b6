/* SPDX-License-Identifier: MIT */
#pragma once

/* What a job leaves behind, as plain data: filled in by the pipeline, summed up and written out by the report. */

#include <stdbool.h>

#include "baseline.h"
#include "calibration.h"
#include "containment.h"
#include "context.h"
#include "difference.h"
#include "evidence.h"
#include "region.h"
#include "request.h"
#include "states.h"
#include "verdict.h"
#include "workload.h"

/* One run: one iteration of a window. */
typedef struct RunRecord {
        Evidence evidence; /* borrows from the members below */
        unsigned facts;
        uint64_t output_bytes; /* of standard output */
        char *output_sha256;   /* of standard output; NULL when not all of it was kept */
        Difference difference; /* with ANSWER_WRONG */
        char *syscall;         /* the call that ended it; NULL: none did */
        char *validator_words; /* what an external validator said of itself; NULL: nothing */
        RegionRecord *region;  /* NULL: none was to be declared */
} RunRecord;

RunRecord *run_record_free(RunRecord *record);

#define SHORT_REGIONS_MAX 64U /* in a sum: as many runs, or calls of a runner, may well be needed to fill a window */

typedef struct WindowRecord {
        const char *test;       /* whose runs these are; NULL: a plain command's */
        Figures whole;          /* between the two readings; iterations are the runs that took place */
        Figures *region;        /* of what its runs declared, together; NULL: nothing was to be declared */
        char *region_problem;   /* why the region is not what was to be measured; NULL: it is */
        uint32_t short_regions; /* of runs that had one shorter than MinWindow */
        uint64_t memory_peak;   /* the largest of its runs', in bytes */
        bool complete;          /* every run took place and its end was seen */
        TrialEvidence evidence;
        GPtrArray *runs; /* RunRecord */
} WindowRecord;

/* What is to be measured of it: the region where there is one, else the whole. */
const Figures *window_figures(const WindowRecord *record);

WindowRecord *window_record_new(size_t n_domains);
WindowRecord *window_record_free(WindowRecord *record);

#define TEMPERATURE_UNKNOWN INT64_MIN

#define PLANNING_TRIALS 3U /* at most so many find out how many runs fill a window */

typedef struct TrialRecord {
        bool valid;
        GPtrArray *quality;  /* words of the table of evidence: char * */
        GPtrArray *windows;  /* WindowRecord */
        uint64_t iterations; /* Σ */
        uint64_t wall_ns;    /* Σ */
        uint64_t cpu_usec;   /* Σ */
        uint64_t total_uj;   /* Σ, when energy_absent is NULL */
        char *energy_absent; /* why there is no energy */
        char *invalid;       /* why it does not count, though there may be energy; NULL: it does, or see above */
        bool planning;       /* made while it was not known how long windows have to be */
        TrialEvidence evidence;
        bool has_net;
        int64_t net_uj;          /* Σ, with has_net; may be negative */
        char *net_absent;        /* why there is no net energy; NULL: it was never settled */
        Uncertainty uncertainty; /* of total_uj, and with baseline_uj of net_uj */
        int64_t temp_start_mc, temp_end_mc;
} TrialRecord;

/* The index behind the windows from first on that belong to one test. */
guint trial_test_end(const TrialRecord *trial, guint first);

TrialRecord *trial_record_new(void);
TrialRecord *trial_record_free(TrialRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrialRecord, trial_record_free)

#define UNCERTAINTY_MAX 0.1 /* as a share of the energy; more is no figure */

/* Adds up the windows, and decides whether the energy may be told: the windows together last at least min_ns (each
 * window alone tells its own energy under the same rule), those that are shorter have no more than SHORT_REGIONS_MAX
 * short regions, no reading failed, none is incomplete, and the energy is not more uncertain than UNCERTAINTY_MAX.
 * Sets valid, quality and energy_absent. */
void trial_record_close(TrialRecord *trial, uint64_t min_ns);

/* Adds a word to its quality, once. */
void trial_record_note(TrialRecord *trial, const char *word);

/* The same of a word for which the trial does not count. Its energy stays; the first reason does, too. */
void trial_record_refuse(TrialRecord *trial, const char *word, const char *reason);

/* Takes the idle machine's energy off that of every window, and adds up what is left; for once, at the job's end. */
void trial_record_settle(TrialRecord *trial, const Baseline *baseline);

/* Why the energy of a reading is absent, in a sentence's end: "the counter could not be read: …". */
char *reading_error_to_string(int error);

/* What validation found out about one test. */
typedef struct TestRecord {
        const char *name;
        const WorkTest *test;
        RunRecord *run; /* NULL: it was not run any more */
        unsigned facts;
        Verdict verdict;
        char *message; /* one sentence about the end of the run, or the first difference; NULL when it is right */
        char *excerpt; /* the end of its standard error, when it did not end well; NULL: none */
} TestRecord;

TestRecord *test_record_free(TestRecord *record);

typedef enum JobStatus {
        STATUS_OK,
        STATUS_TIME_ONLY,
        STATUS_UNSTABLE,
        STATUS_UNMEASURABLE,
        STATUS_INVALIDATED, /* from under every invalid trial the machine was taken away */
        STATUS_DIVERGED,    /* a measured run was not right, though its program had been validated */
        STATUS_ENERGY_LIMIT,
        STATUS_INCOMPLETE, /* the job did not come to its end: no status is stated */
} JobStatus;

/* "OK", …; NULL for INCOMPLETE. */
const char *job_status_to_string(JobStatus status);

typedef struct ProgramRecord {
        char *path; /* as found */
        char *sha256;
        uint64_t size;
        char *absent; /* why sha256 and size are not known */
} ProgramRecord;

/* What tells the version of a language. Both NULL: it was not run, or not to its end. */
typedef struct VersionRecord {
        char *line;   /* what it said */
        char *absent; /* why that is not known */
} VersionRecord;

typedef struct JobRecord {
        const Request *request;
        const JobContext *context;
        const Sysroot *root;
        const Topology *topology; /* NULL: could not be read */
        const Meter *meter;
        char *meter_absent; /* why there is no energy; NULL when there is */
        Tick tick;          /* all zeros: see tick_absent */
        char *tick_absent;
        TrialRecord *floor; /* /bin/true in the program's box; NULL: see floor_absent, or the job ended before */
        char *floor_absent;
        uint64_t *power_limit_uw; /* long-term power limit of each of the meter's domains; 0: not known; NULL: of none
                                   */
        Baseline *baseline;       /* NULL: the job ended before it measured, or there is no meter */
        ContainmentKind containment;
        ProgramRecord program;
        uint64_t min_window_usec;                 /* in force */
        char **env;                               /* in force */
        char *thermal_absent;                     /* why there is no thermal gate; NULL when there is */
        TrialEvidence idle;                       /* of all idle windows together */
        GPtrArray *tests;                         /* TestRecord, in the request's order; empty: none were given */
        const char *filter_sha256;                /* of the box's system call filter; NULL: there is none */
        VersionRecord version, validator_version; /* of the languages */
        RunRecord *compiler;                      /* the compiler's run; NULL: nothing to compile */
        char *compiler_words;                     /* the end of what it said; NULL: nothing */
        GPtrArray *warmups;                       /* TrialRecord */
        GPtrArray *trials;                        /* TrialRecord; the invalid ones stay */
        GPtrArray *reasons;                       /* words about the whole job: char * */
        Calibration *calibration;                 /* of a JOB_CALIBRATE that is done; NULL: none */
        char *output_problem; /* why the output could not be handed over; NULL: it was, or nobody asked */

        JobResult result;
        JobStatus status;
        Verdict verdict;
        char *error;   /* D-Bus error name; NULL when done */
        char *message; /* one sentence */
} JobRecord;

JobRecord *job_record_new(const Request *request, const JobContext *context);
JobRecord *job_record_free(JobRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JobRecord, job_record_free)

void job_record_set_end(JobRecord *record, JobResult result, JobStatus status, const char *error, const char *message);
