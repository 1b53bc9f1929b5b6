/* SPDX-License-Identifier: MIT */
#pragma once

/* One cgroup (v2) that holds one run and nothing else, and is removed after it. */

#include <stdbool.h>

#include "base.h"

typedef struct Leaf {
        int parent_fd; /* borrowed */
        int fd;        /* the directory; CLONE_INTO_CGROUP takes it */
        char *name;
        int events_fd, cpu_fd; /* cgroup.events and cpu.stat, kept open: they are read while a window is open */
} Leaf;

/* -EEXIST when there is one of that name. The leaf must not outlive parent_fd. */
int leaf_create(int parent_fd, const char *name, Leaf **ret);

/* Removes the directory (which the kernel refuses while a process is in it) and frees the object. */
Leaf *leaf_free(Leaf *leaf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Leaf, leaf_free)

/* Writes a limit and reads it back: -ENOTRECOVERABLE when the file is not there or shows another value. */
int leaf_set(Leaf *leaf, const char *file, const char *value);

/* SIGKILL for every process in it, at once (Linux 5.14). */
int leaf_kill(Leaf *leaf);

/* 1 while a process of it lives (zombies do not count), 0 when none does. */
int leaf_populated(const Leaf *leaf);

/* CPU time of all processes that ever were in it, in µs. */
int leaf_cpu_usec(const Leaf *leaf, uint64_t *ret_usec);

/* A counter of a flat keyed file ("memory.events", "oom_kill"), or of a file with one number when key is NULL.
 * -ENOENT when the controller is not there. */
int leaf_counter(const Leaf *leaf, const char *file, const char *key, uint64_t *ret);
