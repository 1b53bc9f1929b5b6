/* SPDX-License-Identifier: MIT */
#pragma once

/* The process around which systemd builds a job's scope, and which keeps it there between the runs. It has no
 * capability at all: with one that its starter lacks, the kernel refuses cpuset changes of its cgroup with EPERM. */

#include "base.h"

typedef struct Keeper {
        pid_t pid;
        int pidfd;
        int leash_fd; /* closing it, or our death, ends the keeper */
} Keeper;

/* Starts this same binary with "--keeper" and waits (at most five seconds) until it has let its privileges go. */
int keeper_start(Keeper **ret);

/* Ends and reaps it, also for an owner that has let its own privileges go since. Waits two seconds at most. */
Keeper *keeper_free(Keeper *keeper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Keeper, keeper_free)

/* What "--keeper" does, with the leash on descriptor 0 and a pipe for the word "ready" on 1. Returns an exit code. */
int keeper_main(void);
