/* SPDX-License-Identifier: MIT */
#pragma once

/* A job's transient scope, asked of systemd over the system bus, asynchronously.
 *
 * Every wait is bounded. Nothing here blocks the event loop. */

#include <sched.h>
#include <sys/types.h>

#include "base.h"

typedef struct Systemd Systemd; /* the connection to org.freedesktop.systemd1: subscription, calls, signals */
typedef struct Scope Scope;

typedef struct ScopeSpec {
        uint32_t job;          /* part of the unit's name */
        pid_t keeper;          /* the scope's first process */
        const cpu_set_t *cpus; /* AllowedCPUs; NULL: the slice's */
        uint64_t memory_max;   /* loose: the run's own limit stands on its leaf; bytes; 0 in these three: no limit */
        uint64_t tasks_max;
        uint64_t runtime_max_usec; /* backstop */
        const char *service;       /* BindsTo= and Before=; NULL: none (tests) */
} ScopeSpec;

/* Called exactly once. r: 0 and the cgroup path as systemd reports it ("/jouletrace.slice/jouletrace-job-….scope"),
 * else negative errno with a sentence for the report: -ETIMEDOUT, -ENOTRECOVERABLE (the job failed, or the scope died
 * at birth twice), what systemd returned. */
typedef void (*ScopeReady)(Scope *scope, int r, const char *control_group, const char *message, void *userdata);
/* Called exactly once, when the unit is gone or its end has been waited for long enough (-ETIMEDOUT). */
typedef void (*ScopeGone)(Scope *scope, int r, void *userdata);

/* bus: the system bus, attached to event; subscribes to systemd's signals. */
int systemd_new(sd_bus *bus, sd_event *event, Systemd **ret);
/* Scopes and requests that are still there stay to be freed; nothing calls back any more. */
Systemd *systemd_free(Systemd *systemd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Systemd, systemd_free)

/* Starts StartTransientUnit for jouletrace-job-<boot-random>-<job>.scope: Slice=jouletrace.slice, PIDs=[keeper],
 * Delegate=yes, BindsTo= and Before= the service, KillSignal=SIGKILL, TimeoutStopUSec=2s,
 * CollectMode=inactive-or-failed, SendSIGKILL. A scope that dies at birth is asked for once more under a new name. */
int scope_start(Systemd *systemd, const ScopeSpec *spec, ScopeReady ready, void *userdata, Scope **ret);

/* The unit's name; another one after a second attempt, so ask in ScopeReady. */
const char *scope_name(const Scope *scope);

/* SIGKILLs every process of it and stops the unit; gone may be NULL. Never waits for a StopUnit job that waits for us:
 * the unit's disappearance (UnitRemoved, or its ActiveState) is what counts. Also to be used after ScopeReady said
 * -ETIMEDOUT, when the unit may yet come. When ScopeReady was not called yet it will not be. -EALREADY when it is
 * being killed, -ESHUTDOWN when the Systemd is gone. */
int scope_kill(Scope *scope, ScopeGone gone, void *userdata);

/* Forgets the scope without touching the unit; pending callbacks are not called any more. */
Scope *scope_free(Scope *scope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scope, scope_free)

/* Called once with the number of leftover jouletrace-job-*.scope units that were found, killed and stopped, or
 * negative errno (-ETIMEDOUT: some still stand). Before READY=1, and before the first scope_start(). */
typedef void (*LeftoversDone)(int r, void *userdata);
int systemd_stop_leftovers(Systemd *systemd, LeftoversDone done, void *userdata);

/* SetUnitProperties(runtime) AllowedCPUs of jouletrace.slice, starting the slice first if it is not there; the empty
 * set allows all CPUs again. Called once, when systemd has told the kernel; whether the kernel agreed is to be read
 * back. Freeing the request keeps ready from being called. */
typedef struct SliceRequest SliceRequest;
typedef void (*SliceReady)(int r, const char *message, void *userdata);
int systemd_set_slice_cpus(Systemd *systemd, const cpu_set_t *cpus, SliceReady ready, void *userdata,
                           SliceRequest **ret);
SliceRequest *slice_request_free(SliceRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceRequest, slice_request_free)
