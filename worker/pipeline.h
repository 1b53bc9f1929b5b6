/* SPDX-License-Identifier: MIT */
#pragma once

/* One job from its cgroup to its record: settling → warm-ups → trials → finishing, driven by the event loop. In a
 * comparison every candidate is validated before the first is measured, and they take turns from then on. */

#include "comparing.h"
#include "containment.h"
#include "identity.h"
#include "window.h"

typedef struct Pipeline Pipeline;

typedef struct PipelineProgress {
        JobState phase;
        uint32_t step, steps;
        double fraction;         /* of the whole job; never falls */
        double median_j;         /* of one run so far; NAN: unknown */
        bool simulated;          /* the median comes from the model */
        uint64_t time_left_usec; /* USEC_INFINITY: unknown */
} PipelineProgress;

typedef struct PipelineCalls {
        void (*progress)(const PipelineProgress *progress, void *userdata); /* never while a window is open */
        /* Once. Both are the pipeline's; compare is NULL unless the job is a comparison, and is all of it then. */
        void (*over)(const JobRecord *record, const CompareRecord *compare, void *userdata);
        void *userdata;
} PipelineCalls;

/* Opens the meter that the request, else the configuration, names. Without counters `auto` gives a job that measures
 * time. *ret_error (a D-Bus error name) and *ret_why are set on failure: NoMeter, InvalidRequest.
 * request and context are borrowed. */
int pipeline_new(sd_event *event, const Request *request, const JobContext *context, const PipelineCalls *calls,
                 Pipeline **ret, const char **ret_error, char **ret_why);

typedef struct PipelineBase {
        Containment *containment;
        const Identity *identity; /* the caller's */
        uid_t judge_uid;          /* whom this process becomes */
        gid_t judge_gid;
        int daemon_fd; /* the connection to the daemon */
} PipelineBase;

/* Forks the launcher, lets this process's privileges go for good (also when it fails after that), and runs the job.
 * Takes the containment. Fails only before anything of the caller ran; *ret_error is then a D-Bus error name, and
 * *ret_why a sentence, or NULL. */
int pipeline_start(Pipeline *pipeline, const PipelineBase *base, const char **ret_error, char **ret_why);

/* Ends the job with one of the error names of dbus/names.h; over follows from the event loop when all is dead.
 * Does nothing when the job has ended. */
void pipeline_cancel(Pipeline *pipeline, const char *error);

/* Kills everything, bounded by some seconds; over is not called. */
Pipeline *pipeline_free(Pipeline *pipeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pipeline, pipeline_free)
