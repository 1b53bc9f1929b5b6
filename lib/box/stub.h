/* SPDX-License-Identifier: MIT */
#pragma once

/* PID 1 of a box. A program that were PID 1 itself would shrug off signals: abort() would show as SIGSEGV, and
 * raise(SIGTERM) would do nothing. The stub makes the box, starts the program as PID 2 in the cgroup run/, says how it
 * ended, reaps its orphans, and stays until it is killed, or the other end of its status socket is closed. */

#include "box-child.h"
#include "filter.h"
#include "root.h"

/* What comes over the status socket, in this order: READY (from PID 2, with the filter's listener) or the stage that
 * failed; EXEC (from PID 2) when the program could not be started; the end of PID 2. Its own end says that the box
 * died before PID 2 was reaped. */
typedef struct StubMessage {
        int32_t stage;
        int32_t error;                /* negative errno */
        int32_t end_code, end_status; /* of PID 2, when ended */
        uint64_t max_rss;             /* bytes, of PID 2 and the children it waited for */
        bool ended;
} StubMessage;

typedef struct StubPlan {
        ChildPlan child;
        const RootPlan *root;
        int run_fd; /* cgroup of PID 2, -1: the stub's */
} StubPlan;

_Noreturn void stub_run(const StubPlan *plan);

/* Reads one, waiting until the deadline. 1 with a message, and the listener when one came (else -1); 0 at the end;
 * -EAGAIN when there is none. */
int stub_receive(int status_fd, StubMessage *ret, int *ret_listener_fd);
