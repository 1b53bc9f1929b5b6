/* SPDX-License-Identifier: MIT */
#pragma once

/* What keeps a job's processes together and lets them be killed to the last one. */

#include <stdbool.h>

#include "cpuset.h"
#include "leaf.h"

typedef enum ContainmentKind {
        CONTAINMENT_SCOPE,  /* a delegated systemd scope with cpu, cpuset, memory and pids: every limit is the kernel's
                             */
        CONTAINMENT_CGROUP, /* a cgroup of our own without controllers: kill, populated and CPU time are exact */
        CONTAINMENT_PROCESS_GROUP, /* a subreaper that walks proc: best effort */
} ContainmentKind;

/* "scope", "cgroup", "process group" */
const char *containment_kind_to_string(ContainmentKind kind);

typedef struct Containment {
        ContainmentKind kind;
        int fd;                 /* the directory leaves are made in; -1 for a process group */
        char *own_path;         /* directory made by us, removed at the end; NULL in a scope */
        uint32_t last_run;      /* id of the newest run */
        cpu_set_t cpus;         /* what cpuset.cpus.effective has to show; empty: not looked at */
        uint64_t patience_usec; /* left for waiting for what does not die, over all boxes */
        GHashTable *others;     /* children of this process that belong to no run, and runs that wait at their gate */
} Containment;

/* The scope systemd made around the keeper. control_group is what its ControlGroup property says, and is trusted in
 * nothing: it must be a jouletrace-job-*.scope directly below a jouletrace.slice, with the keeper in it, with all four
 * controllers, and with exactly these CPUs. Moves the keeper into its own leaf and hands the controllers on.
 * -ENOTRECOVERABLE when something is missing, or not as it should be; *ret_why says what. */
int containment_open_scope(const char *control_group, pid_t keeper, const cpu_set_t *cpus, Containment **ret,
                           char **ret_why);

/* What this user may do without a manager: a cgroup below our own when the kernel lets us, else a process group.
 * Makes this process a subreaper. */
int containment_open_process(Containment **ret);

/* Whether path names such a scope: a pure check of the text. */
bool containment_scope_path_valid(const char *control_group);

/* Which directory below the cgroup2 mount is ours: from the texts of proc/self/mountinfo and proc/self/cgroup.
 * -ENOENT when no cgroup2 is mounted or we are not below its mount. */
int containment_own_cgroup(const char *mountinfo, const char *cgroup, char **ret_path);

/* Another process makes and removes the leaves from now on: the directory is closed, and stays when this is freed. */
void containment_hand_over(Containment *containment);

/* Leaves must be gone. Removes what was made; the keeper's leaf goes with its scope. */
Containment *containment_free(Containment *containment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Containment, containment_free)
