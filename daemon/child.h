/* SPDX-License-Identifier: MIT */
#pragma once

/* A worker of our own, where systemd does not start one. sd_bus_set_exec() would do, but sd_bus_close() then waits for
 * the process, and a worker that does not end would stop the event loop. */

#include <sys/types.h>

#include "base.h"

typedef struct Child Child;

/* Starts binary with one end of a socket pair as standard input and output, default signals and nothing else open but
 * standard error. SIGCHLD must be blocked. others holds the processes of all such children, and each of them keeps a
 * reference. Makes this process a subreaper: what a child that was killed leaves running is killed when it is reaped.
 */
int child_spawn(sd_event *event, GHashTable *others, const char *binary, Child **ret, int *ret_fd);

/* It has some seconds to end by itself, then it is killed; reaped in any case. Returns NULL. */
Child *child_release(Child *child);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Child, child_release)
