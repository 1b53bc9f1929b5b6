/* SPDX-License-Identifier: MIT */
#pragma once

/* One measurement at a time per machine, whoever starts it: an flock(2) that the system service and every embedded one
 * take for the length of a job, and joulectl while it changes settings that a job would have changed and put back. */

#include "base.h"

typedef struct MachineLock MachineLock;

/* path is /run/jouletrace/machine.lock, 0640 root:jouletrace. Where it cannot be opened, a file named after this boot
 * is used in the directory fallback, which everybody may write to (NULL: none is used), so that at least those who may
 * not open the first exclude each other. */
int machine_lock_open(const char *path, const char *fallback, MachineLock **ret);
MachineLock *machine_lock_free(MachineLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MachineLock, machine_lock_free)

/* -EAGAIN when someone else has it; never waits. */
int machine_lock_try(MachineLock *lock);
void machine_lock_release(MachineLock *lock);

/* The process that took it, for a message, as far as the kernel tells in /proc/locks; 0: nobody, or not known. */
pid_t machine_lock_holder(const MachineLock *lock);

const char *machine_lock_path(const MachineLock *lock);
