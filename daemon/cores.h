/* SPDX-License-Identifier: MIT */
#pragma once

/* The reserved cores: which they are, and the cpuset partition on jouletrace.slice that keeps everybody else out.
 *
 * Writing cpuset.cpus.partition is the one thing done beside systemd's API: systemd 252 has none for it and never
 * touches the file. What the kernel made of it is read back each time; the isolation level is what was read, not what
 * was asked. */

#include <sched.h>
#include <stdbool.h>

#include "base.h"
#include "scope.h"
#include "topology.h"

typedef enum Isolation {
        ISOLATION_NONE,     /* nothing is arranged */
        ISOLATION_CONFINED, /* jobs are kept in by AllowedCPUs */
        ISOLATION_RESERVED, /* everybody else is kept out, too: a valid partition */
} Isolation;

const char *isolation_to_string(Isolation isolation);

typedef struct CoresConfig {
        const char *reserved;  /* ReservedCPUs=: "auto", "none" or a CPU list */
        const char *partition; /* Partition=: "none" "root" "isolated" */
        uint64_t release_usec; /* ReleaseSec= */
} CoresConfig;

typedef struct Cores Cores;

/* Called when the level or the partition changed: by acquire (before its answer), by release, or by itself; for
 * PropertiesChanged. */
typedef void (*CoresChanged)(Cores *cores, void *userdata);

/* systemd NULL: embedded or containment "process"; then no CPUs are reserved, the level is always none, and acquire
 * answers before it returns. cgroup_root: "/sys/fs/cgroup", another directory in tests. Chooses the CPUs; -EINVAL with
 * *ret_message for a list that is not one, or that names CPUs that are not online, a package's lead CPU, or all CPUs.
 * A partition left by a crash is given back. changed may be NULL. */
int cores_new(const Topology *topology, const CoresConfig *config, Systemd *systemd, sd_event *event,
              const char *cgroup_root, CoresChanged changed, void *userdata, Cores **ret, char **ret_message);
Cores *cores_free(Cores *cores);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cores, cores_free)

/* As cores_new() does, for a service that is gone: 0 also where nothing was left. What was is logged. */
int cores_give_back(const char *cgroup_root);

/* Called once: 0, or negative errno with a sentence: systemd did not set the slice's CPUs, or the kernel shows others
 * there. A partition the kernel refuses is not an error: the level is confined then, and cores_why() says why; nor is
 * a kernel or container without cpusets: the level is none. */
typedef void (*CoresReady)(Cores *cores, int r, const char *message, void *userdata);

/* Before a job: sets the slice's CPUs, takes the partition unless it is held, reads both back; stops a pending
 * release. ready is called from the event loop, never from within. -EBUSY while another acquire is under way. */
int cores_acquire(Cores *cores, CoresReady ready, void *userdata);

/* The queue is empty: gives the partition back after release_usec. The slice keeps its CPUs. */
void cores_release_later(Cores *cores);

/* At stop: gives it back now. Synchronous, idempotent. An acquire under way is forgotten. cores_free() does it too. */
void cores_release_now(Cores *cores);

const cpu_set_t *cores_set(const Cores *cores); /* where jobs run; empty when that is left to the system */
char *cores_list(const Cores *cores);           /* "2-3" or "" */
Isolation cores_isolation(Cores *cores); /* as read back now, while held; else what the next job would get at best */
const char *cores_partition(const Cores *cores); /* "" "root" "isolated", as last read back */
const char *cores_why(const Cores *cores);       /* why the level is not the configured one; NULL when it is */
bool cores_smt_shared(const Cores *cores);       /* a sibling of the reserved CPUs is not ours */
