/* SPDX-License-Identifier: MIT */
#pragma once

/* Scopes of jobs in which processes live on: one that hangs in the kernel outlives SIGKILL, and systemd gives it up
 * after a while and calls the scope failed or forgets it. So the kernel is asked: a cgroup says whether it is
 * populated, whatever is known of its unit. */

#include "base.h"

/* The names of jouletrace-job-*.scope below jouletrace.slice whose cgroups hold living processes, or do not say;
 * sorted, NULL-terminated, empty where there is no such slice. To be asked while no job runs. cgroup_root:
 * "/sys/fs/cgroup", another directory in tests. */
char **survivors_find(const char *cgroup_root);
