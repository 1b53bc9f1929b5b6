/* SPDX-License-Identifier: MIT */
#pragma once

/* fork() that lands in a cgroup and yields a pidfd. */

#include "base.h"

/* clone3(CLONE_PIDFD | flags [| CLONE_INTO_CGROUP]). cgroup_fd -1: stays in our cgroup. With CLONE_PARENT the child is
 * our parent's: he waits for it. Returns 0 in the child, which may use async-signal-safe functions only and sees
 * *ret_pidfd unset; the pid in the parent; or negative errno. */
pid_t clone_into(int cgroup_fd, uint64_t flags, int *ret_pidfd);

/* In such a child: default signal dispositions, nothing blocked. */
void child_reset_signals(void);

/* Closes every descriptor above 2 but these, which it sorts; negative ones are skipped. */
int close_all_but(int *fds, size_t n);
