/* SPDX-License-Identifier: MIT */
#pragma once

/* A job's transient scope, asked of systemd over the system bus, asynchronously.
 *
 * Every wait is bounded. Nothing here blocks the event loop. */

#include <sched.h>
#include <sys/types.h>

#include "base.h"

typedef struct Systemd Systemd; /* the connection to org.freedesktop.systemd1: subscription, JobRemoved, Reloading */
typedef struct Scope Scope;

typedef struct ScopeSpec {
        uint32_t job;          /* part of the unit's name */
        pid_t keeper;          /* the scope's first process */
        const cpu_set_t *cpus; /* AllowedCPUs; NULL: the slice's */
        uint64_t memory_max;   /* loose: the run's own limit stands on its leaf; bytes */
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

/* bus: the system bus, attached to event; matches JobRemoved and subscribes. */
int systemd_new(sd_bus *bus, sd_event *event, Systemd **ret);
Systemd *systemd_free(Systemd *systemd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Systemd, systemd_free)

/* Starts StartTransientUnit for jouletrace-job-<boot-random>-<job>.scope: Slice=jouletrace.slice, PIDs=[keeper],
 * Delegate=yes, BindsTo= and Before= the service, KillSignal=SIGKILL, TimeoutStopUSec=2s,
 * CollectMode=inactive-or-failed, SendSIGKILL. A scope that dies at birth is asked for once more under a new name. */
int scope_start(Systemd *systemd, const ScopeSpec *spec, ScopeReady ready, void *userdata, Scope **ret);

const char *scope_name(const Scope *scope);

/* SIGKILLs every process of it and stops the unit; gone may be NULL. Never waits for a StopUnit job that waits for us:
 * the unit's disappearance (UnitRemoved, or its ActiveState) is what counts. */
int scope_kill(Scope *scope, ScopeGone gone, void *userdata);

/* Forgets the scope without touching the unit; pending callbacks are not called any more. */
Scope *scope_free(Scope *scope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scope, scope_free)

/* Called once with the number of leftover jouletrace-job-*.scope units that were found, killed and stopped, or
 * negative errno
 * (-ETIMEDOUT: some still stand). Before READY=1. */
typedef void (*LeftoversDone)(int r, void *userdata);
int systemd_stop_leftovers(Systemd *systemd, LeftoversDone done, void *userdata);

/* SetUnitProperties(runtime) AllowedCPUs of jouletrace.slice, starting the slice first if it is not there. */
typedef void (*SliceReady)(int r, const char *message, void *userdata);
int systemd_set_slice_cpus(Systemd *systemd, const cpu_set_t *cpus, SliceReady ready, void *userdata);
