/* SPDX-License-Identifier: MIT */
#pragma once

/* One job from its submission until some seconds after its end: what is asked, who asks, where it is. How it is run is
 * run.h's, how it is seen job-bus.h's. */

#include "peers.h"
#include "records.h"
#include "request.h"
#include "worker-client.h"

typedef struct Manager Manager;
typedef struct Run Run;

#define JOB_PROGRESS_KEPT 8

typedef struct Job {
        Manager *manager;
        Record *record; /* id, uid, state, result and times, as on disk or about to be */
        char *path;
        Request *request; /* NULL once the worker has it, and after the end */
        gid_t *groups;
        size_t n_groups;

        JobState phase; /* the last state that was no end */
        uint32_t trial, trials;
        double fraction;
        uint64_t job_limit_usec;
        size_t size;                                 /* of the request, as long as it is kept */
        uint64_t expected_usec, expected_generation; /* records_estimate(), and when it was asked */

        PeerWatch *owner;      /* whose leaving cancels it; NULL: detached, or embedded */
        GPtrArray *listeners;  /* PeerWatch: who gets Progress and Finished; NULL when embedded: the peer does */
        GPtrArray *cancelling; /* sd_bus_message: Cancel calls to be answered at its end */

        WorkerProgress progress[JOB_PROGRESS_KEPT]; /* not sent yet, oldest first */
        size_t n_progress;
        uint64_t sent_usec[4]; /* when the latest four were sent */
        sd_event_source *progress_timer;

        Run *run;
} Job;

/* Takes the request. */
Job *job_new(Manager *manager, Record *record, Request *request, const gid_t *groups, size_t n_groups);
Job *job_free(Job *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Job, job_free)

bool job_has_ended(const Job *job);

/* Whether a window may be open; between two of them the worker says where it is. */
bool job_measures(const Job *job);

/* Where it is now; told to the listeners at most four times a second. */
void job_progress(Job *job, const WorkerProgress *progress);

/* For how long it will run, by the formula, before anything is known of jobs like it. */
uint64_t job_formula_usec(const Request *request);

/* What a request takes of our memory, about. */
size_t job_request_size(const Request *request);

/* A digest of what makes two jobs take as long: kind, program, tests, trials, windows and pauses. */
char *job_digest(const Request *request);

/* Ends the job: the record is committed. job_announce() follows, which tells those who wait. */
void job_finish(Job *job, Result *result, const char *public_body, const char *full_body);
void job_announce(Job *job);
