/* SPDX-License-Identifier: MIT */
#pragma once

/* The words for what is wrong with a trial, or with a job. Pure functions of the record. A trial is invalid only on
 * evidence that does not come from its energy; it stays in the report with its words and the reason, and another one
 * is made in its place. */

#include "record.h"

/* What trials are held against. */
typedef struct QualityLimits {
        double foreign_load; /* the ForeignLoadLimit knob, in % */
        double frequency;    /* the FrequencyLimit knob, in % */
        bool strict_start;   /* ThermalPolicy=strict: a trial that did not start in the band does not count */
} QualityLimits;

#define FOREIGN_OTHERS                                                                                               \
        10.0                     /* others may take so many times ForeignLoadLimit of the CPUs that are not reserved \
                                  */
#define FREQUENCY_NOTE 0.4       /* from this share of FrequencyLimit on it is noted */
#define FREQUENCY_TRIALS_MIN 3U  /* trials that make a median */
#define IRQ_STORM_TIMES 3.0      /* the idle machine's rate */
#define IRQ_STORM_PER_SEC 1000.0 /* and at least this */
#define PRESSURE_MAX 0.01        /* of the window */
#define STOLEN_NOTE 0.01         /* of the time of the program's CPUs */
#define SUSPENDED_MIN_NS UINT64_C(1000000) /* the two clocks are not read at the same moment */
#define IDLE_HEAVY_MAX 0.1                 /* CPU time ÷ wall time */
#define WORK_NOTE 1.01                     /* most instructions over fewest */
#define WORK_MAX 1.05                      /* beyond, the trials are not of the same work */
#define CAPPED_MIN 0.98                    /* of the long-term power limit */

/* Looks at all warm-ups and trials again, since the frequency is held against the median of all trials: adds words,
 * each once, and makes trials invalid; never takes back either. */
void quality_judge(JobRecord *record, const QualityLimits *limits);

/* Looks at one that is neither, the floor's: what it is held against is its own evidence, and the idle machine's. */
void quality_judge_floor(const JobRecord *record, TrialRecord *floor, const QualityLimits *limits);

/* Whether others took so much of the CPUs meanwhile that a trial would be invalid. */
bool quality_foreign_load(const JobRecord *record, const TrialEvidence *evidence, const QualityLimits *limits);

/* How much the instructions of the valid trials differ: the most of them over the fewest. NAN when they are not known
 * of all, there are fewer than two trials, or the program declares what is measured, and so how often it is done. */
double quality_work_ratio(const JobRecord *record);

/* Of a job that has all its valid trials: OK, TIME_ONLY, or UNSTABLE when the work of the trials is not the same. */
JobStatus quality_status(const JobRecord *record);

/* Adds the words about the whole job, and those of its valid trials, to the record's reasons. For once, at its end. */
void quality_collect_reasons(JobRecord *record);

/* Trials that were invalid, but for those that were too short before it was known how long they have to be. */
uint32_t job_invalid_trials(const JobRecord *record);

#define RERUNS_MIN \
        3U /* of a few trials, half may well be unlucky on a machine that only now and then does something */

/* Whether so many invalid trials are no more than half of those that are wanted (rounded up), or than RERUNS_MIN, so
 * that another one may be made. */
bool quality_may_rerun(const JobRecord *record, uint32_t wanted);

/* "A": no word; "B": notes; "C": trials were made again; "F": no result came of it. NULL when the job did not come to
 * an end that can be graded. */
const char *job_grade(const JobRecord *record);
