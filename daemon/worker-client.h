/* SPDX-License-Identifier: MIT */
#pragma once

/* The daemon's side of dbus/org.jouletrace.Worker1.xml: one connection, one worker, one job. */

#include <sys/types.h>

#include "base.h"
#include "context.h"
#include "request.h"
#include "result.h"

typedef struct Worker Worker;

typedef struct WorkerProgress {
        JobState phase;
        uint32_t step, steps;
        double fraction;
        double median;           /* J; NAN: unknown */
        bool simulated;          /* the median comes from the model */
        uint64_t time_left_usec; /* USEC_INFINITY: unknown */
        bool waits_for_host;     /* said by the daemon itself: another measurement holds the machine lock */
} WorkerProgress;

/* prepared, then finished; or failed at any point, after which nothing more comes. A callback may free the worker. */
typedef struct WorkerEvents {
        void (*prepared)(void *userdata, pid_t worker, pid_t keeper);
        void (*progress)(void *userdata, const WorkerProgress *progress);
        /* Result and bodies become the callee's; the bodies are checked for seals, size and UTF-8. */
        void (*finished)(void *userdata, Result *result, char *public_body, char *full_body);
        /* error: one of the names a job ends with. */
        void (*failed)(void *userdata, const char *error, const char *message);
} WorkerEvents;

/* By the socket whose service systemd starts, or, when socket_path is NULL, by starting the binary. */
int worker_connect(sd_event *event, GHashTable *others, const char *socket_path, const char *binary,
                   const WorkerEvents *events, void *userdata, Worker **ret);

/* Sent once the worker is there. Descriptors of the request may be closed once prepared was called: the worker has its
 * own by then. */
int worker_prepare(Worker *worker, const Request *request, const JobContext *context);

/* control_group: the scope's, or "". Waits for as long as the job takes. */
int worker_run(Worker *worker, const char *control_group);

/* The pending Run then ends; how long that is waited for is the caller's to bound. */
int worker_cancel(Worker *worker, const char *reason);

/* SIGKILL, by pidfd, where we may; worker_free(), which closes the connection, ends it in any case. */
void worker_kill(Worker *worker);

/* Closes the connection, which is a Cancel nobody waits for. Never blocks. */
Worker *worker_free(Worker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Worker, worker_free)
