/* SPDX-License-Identifier: MIT */
#pragma once

/* Inside lib/box: what happens in the new process between clone and exec. */

#include <sys/resource.h>

#include "box.h"

/* What the child writes to its status pipe: READY at the gate, else the stage that failed. */
typedef struct ChildStatus {
        int32_t stage;
        int32_t error; /* negative errno */
} ChildStatus;

typedef struct ChildPlan {
        const BoxSpec *spec;
        int stdin_fd, stdout_fd, stderr_fd, gate_fd, status_fd;
        pid_t parent;
        bool memory_rlimit; /* no memory controller: RLIMIT_DATA stands in for it */
} ChildPlan;

_Noreturn void child_run(const ChildPlan *plan);

/* The pieces of it that stub.c shares. All return 0 or negative errno. */

#define CHILD_STACK_BYTES (8U * 1024U * 1024U)
#define CHILD_OPEN_FILES 1024U

/* Puts fds[i] at number i (-1: nothing there), close-on-exec from number close_from on, and closes everything else. */
int child_arrange_fds(const int *fds, size_t n, size_t close_from);

/* Soft and hard limit, not above the hard limit there is. */
int child_limit_hard(int resource, rlim_t most);

/* What both profiles have: no core, the CPU backstop, RLIMIT_DATA for a memory controller that is not there. */
int child_limit(const ChildPlan *plan);
int child_pin(const ChildPlan *plan);
void child_adjust_oom_score(void);
