/* SPDX-License-Identifier: MIT */
#pragma once

/* What several candidates come to beside each other. Pure functions of their records. */

#include "compare.h"
#include "record.h"

/* A comparison's job. Its trials are made in rounds, in each of which every candidate runs once: the trials at one
 * index of the candidates' records are those of one round, and make the pairs. */
typedef struct CompareRecord {
        const Request *request; /* JOB_COMPARE */
        GPtrArray *candidates;  /* JobRecord, in the request's order */
        uint32_t *order;        /* round by round, as order_make() has it of the request's seed */
        size_t rounds;          /* in order: as many as there can be */
        double noise_floor;     /* of this host, a fraction; 0: unknown */
        JobResult result;
        char *error;   /* D-Bus error name; NULL when done */
        char *message; /* one sentence; NULL: none */
} CompareRecord;

/* With an empty record for each candidate. The request and the context are borrowed. */
CompareRecord *compare_record_new(const Request *request, const JobContext *context);
CompareRecord *compare_record_free(CompareRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CompareRecord, compare_record_free)

/* Rounds that were made, or begun. */
size_t compare_rounds(const CompareRecord *record);

/* Whole rounds. One that found out how long windows have to be is neither. */
typedef struct RoundCount {
        size_t valid; /* every trial of it is */
        size_t invalid;
} RoundCount;

RoundCount compare_count_rounds(const CompareRecord *record);

/* Whether so many invalid rounds are no more than half of those that are wanted (rounded up), so that another one may
 * be made. */
bool compare_may_rerun(const CompareRecord *record);

/* The end of a job that ended as a whole; as job_record_set_end(). */
void compare_record_set_end(CompareRecord *record, JobResult result, const char *error, const char *message);

/* The end that one of the candidates brought about, as its record has it, and in its name. */
void compare_record_end_by(CompareRecord *record, size_t candidate);

/* The end of a job that may make no further round. */
void compare_record_end_unsteady(CompareRecord *record);

typedef struct Change {
        int error;             /* 0; -ENODATA: there is no pair; -EINVAL: an energy is 0 at the resolution told */
        Comparison comparison; /* of candidates[i + 1] against the first; with error 0 */
} Change;

typedef struct CompareSummary {
        bool has_energy; /* else it is the time that is compared, since there are no counters */
        size_t n;        /* candidates but the first */
        Change changes[REQUEST_CANDIDATES_MAX - 1];
} CompareSummary;

/* Of the work done once, net of nothing: a pair is a round in which both trials are valid. Energies are rounded to
 * step_uj before. p and the words are Holm's where there are several changes. */
void compare_summarise(const CompareRecord *record, uint64_t step_uj, CompareSummary *ret);

/* comparison_gate() of all of them; a change that there is no comparison of cannot be told. A failure goes before what
 * is not known beside it. *ret is the index in changes of the first one that decides; untouched when passed. */
ComparisonGate compare_gate(const CompareSummary *summary, double fail_above, double fail_below, size_t *ret);

/* The end of a job that measured all its candidates: sets result, error and message by what may be told of them. */
void compare_record_judge(CompareRecord *record, uint64_t step_uj);

/* "candidate 2: regressed, +3.2 % (95 % interval +2.1 % to +4.3 %, 9 pairs)" */
char *compare_describe(const CompareRecord *record, const CompareSummary *summary, size_t change);
