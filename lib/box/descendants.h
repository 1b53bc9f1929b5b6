/* SPDX-License-Identifier: MIT */
#pragma once

/* The processes below this one, where no cgroup holds a run together. This process must be their subreaper
 * (PR_SET_CHILD_SUBREAPER), so that an orphan becomes its child instead of init's. */

#include <stdbool.h>
#include <sys/resource.h>

#include "base.h"

/* Walks everything below this process, leaving out the children in `others` (except main) and what is below them.
 * SIGKILLs each process met if kill is set, and reaps those that are our own children and dead, adding their CPU time
 * to *cpu_usec. Returns how many are still alive, or negative errno when the tree cannot be read.
 * main is not reaped: its pidfd's owner does that. */
int descendants_sweep(GHashTable *others, pid_t main, bool kill, uint64_t *cpu_usec);

/* CPU time the living have used, in µs, with that of their reaped children: what a limit is held against. */
int descendants_cpu_usec(GHashTable *others, pid_t main, uint64_t *ret_usec);

/* user + system time in µs. */
uint64_t rusage_cpu_usec(const struct rusage *usage);
