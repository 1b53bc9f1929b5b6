/* SPDX-License-Identifier: MIT */
#pragma once

/* The service: its queue, its records, and the one job that runs. */

#include "authority.h"
#include "calibrator.h"
#include "caller.h"
#include "knobs.h"
#include "cores.h"
#include "host.h"
#include "job.h"
#include "quota.h"
#include "lock.h"
#include "outbox.h"
#include "queue.h"
#include "records.h"
#include "refusals.h"
#include "run.h"
#include "scope.h"
#include "status.h"
#include "topology.h"

/* The command line. */
typedef struct Options {
        bool embedded;          /* on a private connection, for one user, without bus, polkit and systemd */
        bool containment_scope; /* else the worker is started by us and there is no systemd */
        bool polkit_always;
        const char *config;
        const char *sysroot; /* NULL: the host */
        const char *meter;   /* instead of the knob; NULL: none */
        char *state_dir, *runtime_dir;
        char *worker, *worker_socket;
} Options;

typedef struct Check {
        const char *name;
        bool ok;
        bool required; /* when it is not ok no job is accepted */
        char *value, *limit, *remedy;
} Check;

#define N_CHECKS 7

struct Manager {
        const Options *options;
        sd_event *event;
        sd_bus *bus; /* the system bus, or the peer */
        sd_bus_slot *slots[5];

        Config *config;
        RequestLimits request_limits;
        GPtrArray *languages; /* Language: what a request's programs may be written in */
        Sysroot *root;        /* --sysroot */
        Sysroot *proc;        /* the host: callers are real */
        Topology *topology;
        Records *records;
        int records_error; /* of the latest write; 0: none */
        Queue *queue;
        Quota *quota;
        Outbox *outbox;
        Refusals *refusals;
        sd_event_source *refusals_timer; /* when somebody's minute is over */
        Status *status;
        Peers *peers; /* NULL: embedded */
        Callers *callers;
        Authority *authority;
        Systemd *systemd; /* NULL: containment "process" */
        Cores *cores;
        Host *host;
        Calibrator *calibrator;
        GHashTable *workers; /* processes, where we start them ourselves */
        MachineLock *lock;   /* NULL: it could not be opened */

        GHashTable *jobs; /* id → Job: queued, running, and ended some seconds ago */
        GQueue *ended;    /* Job, oldest first */
        Job *running;
        uint64_t estimated_usec, estimated_generation; /* estimate.c: records_generation(), and when */
        sd_event_source *reap_timer;
        char **survivors; /* survivors_find(); NULL: never looked for. While there is one no job starts */
        sd_event_source *survivors_timer;
        bool started;  /* READY=1 was sent: jobs may start */
        bool stopping; /* no job is accepted any more */
        bool was_ready;
};

/* Takes the configuration. Opens what needs no bus: records, lock, topology. */
int manager_new(const Options *options, sd_event *event, Config *config, Manager **ret);
Manager *manager_free(Manager *manager);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manager, manager_free)

/* Connected to bus: chooses the cores, offers the objects, stops leftover scopes, takes the name, says READY=1. */
int manager_start(Manager *manager, sd_bus *bus);

/* SIGTERM: cancels everything, then exits the event loop. */
void manager_stop(Manager *manager);

/* SIGHUP. A wrong bound keeps the configuration there was. */
void manager_reload(Manager *manager);

/* Whether this user may queue this request as well: -EUSERS (QueueFull) or -EDQUOT (LimitsExceeded) with *ret_message.
 * Takes a token of the user's rate when it may. limits.c */
int manager_check_limits(Manager *manager, uid_t uid, const Request *request, char **ret_message);

/* Whether this user's requests are to be read at all now: -EDQUOT with *ret_message. One that is wrong takes a token
 * as one that is queued does, for to find out it is read to its end. limits.c */
int manager_check_rate(Manager *manager, uid_t uid, char **ret_message);
void manager_count_invalid(Manager *manager, uid_t uid);

/* Counts the refusal of a call of uid, and logs it unless this user had many in a minute. refuse.c */
void manager_refused(Manager *manager, uid_t uid, const char *message_id, const char *format, ...)
                __attribute__((format(printf, 4, 5)));
/* Before the end: says how many were not logged. */
void manager_forget_refusals(Manager *manager);

/* Creates and queues a job; its record is on disk. Takes the request. -EUSERS (QueueFull), -EDQUOT (LimitsExceeded),
 * with *ret_message; or the records' error. m may be NULL in embedded mode. */
int manager_submit(Manager *manager, sd_bus_message *m, Request *request, const Caller *caller, Job **ret,
                   char **ret_message);

/* Whether or not it runs yet; done when its end is announced. */
void manager_cancel(Manager *manager, Job *job, const char *reason);

/* NULL */
Job *manager_find(Manager *manager, uint32_t id);

/* When it will have ended; realtime, 0 for a job that has. estimate.c */
uint64_t manager_estimate(Manager *manager, Job *job);

/* The meter of a job that asks for none; "auto": whichever there is. calibrating.c, as the next */
const char *manager_meter(const Manager *manager);

/* The host is as it is now: whether its calibration holds may have changed. */
void manager_look_at_host(Manager *manager);

/* Before the end of a job: keeps what a calibration that is done found out. */
void manager_keep_calibration(Manager *manager, const Job *job, Result *result);

/* Reads languages.d, again if need be, and logs what is wrong in it. languages.c */
void manager_load_languages(Manager *manager);

/* -EINVAL with *ret_message when the request's program or validator is written in what this machine has not. */
int manager_check_languages(const Manager *manager, const Request *request, char **ret_message);

void manager_set_records_error(Manager *manager, int r);

/* checks.c */
void manager_check(Manager *manager, Check ret[static N_CHECKS]);
void check_clear(Check *check);
/* Sentences about the required checks that fail, NULL-terminated. */
char **manager_not_ready(Manager *manager);
