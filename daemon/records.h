/* SPDX-License-Identifier: MIT */
#pragma once

/* The records: one row for each job, written when it is submitted and completed when it ends, with both report bodies.
 * A call that changes something returns after SQLite's commit has reached the disk (write-ahead log,
 * synchronous=FULL), so what was promised to a client survives the machine being switched off. Errors are negative
 * errno; -EIO for what SQLite cannot do. */

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"
#include "result.h"
#include "states.h"

typedef struct Records Records;

typedef struct Record {
        uint32_t id;
        char *uuid;
        JobKind kind;
        uid_t uid;
        JobState state;
        uint64_t submitted_usec, started_usec, finished_usec; /* realtime; 0: not yet */
        char *label, *candidate_id, *problem_name;            /* NULL: none */
        char *digest;           /* of what makes two jobs take as long: argv and the number of windows */
        bool fine;              /* the full body may be shown to the owner */
        uint64_t expected_usec; /* what the formula said it would take */
        Result *result;         /* NULL until it ended */
        bool has_body;
} Record;

Record *record_free(Record *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Record, record_free)

/* owner names this process for records_interrupt() of others; path ":memory:" for tests. */
int records_open(const char *path, const char *owner, Records **ret);
Records *records_close(Records *records);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Records, records_close)

/* Writes the row of a new job and sets record->id, which no job ever had before. */
int records_submit(Records *records, Record *record);

/* Makes the changes in between one commit, when many jobs end at once. */
int records_begin(Records *records);
int records_commit(Records *records);

/* Whether a row could be written now. */
int records_probe(Records *records);

/* The job has left the queue. */
int records_start(Records *records, uint32_t id, uint64_t started_usec);

/* The job has ended: state, result and finished_usec are taken from record; the bodies may be NULL. */
int records_finish(Records *records, const Record *record, const char *public_body, const char *full_body);

/* -ENOENT: no such job, or its record is gone. */
int records_get(Records *records, uint32_t id, Record **ret);
int records_get_body(Records *records, uint32_t id, bool full, char **ret);
int records_forget(Records *records, uint32_t id);

/* Zero, or NULL, means any. */
typedef struct RecordFilter {
        bool any_uid;
        uid_t uid;
        uint64_t since_usec, until_usec; /* of submission; until is not included */
        const char *label, *result;
        uint32_t limit, before; /* only ids below before; newest first */
} RecordFilter;

typedef int (*RecordVisit)(const Record *record, void *userdata);
int records_list(Records *records, const RecordFilter *filter, RecordVisit visit, void *userdata);

/* Ends every unfinished row whose owner is_alive() denies (NULL: every one that is not ours) as infrastructure with
 * the given error. Calls interrupted, which may be NULL, with each. Returns how many. */
int records_interrupt(Records *records, bool (*is_alive)(const char *owner), const char *error, const char *message,
                      RecordVisit interrupted, void *userdata);

/* Deletes what is too old, too many, too large; 0 is no bound. Of too many and too large, the user who has the most
 * (by number, by bytes) loses the oldest, again and again: nobody drives out another's records with more of one's own.
 * What has not ended stays. */
int records_retain(Records *records, uint64_t now_usec, uint64_t max_age_usec, uint64_t max_count, uint64_t max_bytes);

/* How long a job will take: the mean of finished ones with the same digest; else the formula's value times the mean
 * ratio of duration to formula of the same user's finished jobs, else of all; else the formula's value. */
int records_estimate(Records *records, const char *digest, uid_t uid, uint64_t formula_usec, uint64_t *ret_usec);

/* Changes with each job that ends: estimates taken earlier are stale. */
uint64_t records_generation(const Records *records);

/* Of jobs submitted since; seconds, NAN when there is none. The same again until since is a second later: anybody may
 * ask, and it looks at each of these jobs. */
typedef struct RecordStatistics {
        uint32_t jobs, failed, cancelled;
        double duration_mean, duration_p95, wait_p50, wait_p95;
} RecordStatistics;
int records_statistics(Records *records, uint64_t since_usec, RecordStatistics *ret);
