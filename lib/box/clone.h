/* SPDX-License-Identifier: MIT */
#pragma once

/* fork() that lands in a cgroup and yields a pidfd. */

#include "base.h"

/* clone3(CLONE_PIDFD [| CLONE_INTO_CGROUP]). cgroup_fd -1: stays in our cgroup. Returns 0 in the child, which may use
 * async-signal-safe functions only and sees *ret_pidfd unset; the pid in the parent; or negative errno. */
pid_t clone_into(int cgroup_fd, int *ret_pidfd);

/* The same with new namespaces (CLONE_NEW…) around the child. */
pid_t clone_into_namespaces(uint64_t namespaces, int cgroup_fd, int *ret_pidfd);

/* In such a child: default signal dispositions, nothing blocked. */
void child_reset_signals(void);
