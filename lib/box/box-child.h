/* SPDX-License-Identifier: MIT */
#pragma once

/* Inside lib/box: what happens in the new process between clone and exec. */

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
