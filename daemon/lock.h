/* SPDX-License-Identifier: MIT */
#pragma once

/* One measurement at a time per machine, whoever starts it: an flock(2) that the system service and every embedded one
 * take for the length of a job. */

#include <stdbool.h>

#include "base.h"

typedef struct MachineLock MachineLock;

/* path is /run/jouletrace/machine.lock, 0640 root:jouletrace. When fallback and it cannot be opened, a file in /tmp
 * named after this boot is used, so that at least those who may not open the first exclude each other. */
int machine_lock_open(const char *path, bool fallback, MachineLock **ret);
MachineLock *machine_lock_free(MachineLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MachineLock, machine_lock_free)

/* -EAGAIN when someone else has it; never waits. */
int machine_lock_try(MachineLock *lock);
void machine_lock_release(MachineLock *lock);

const char *machine_lock_path(const MachineLock *lock);
