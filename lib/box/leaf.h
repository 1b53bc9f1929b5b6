/* SPDX-License-Identifier: MIT */
#pragma once

/* One cgroup (v2) that holds one run and nothing else, and is removed after it. Its files are opened when it is made:
 * the kernel checks rights at open(2), so that they can be handed to a process without any. */

#include <stdbool.h>

#include "base.h"

typedef enum LeafFile {
        LEAF_KILL,
        LEAF_EVENTS,
        LEAF_FREEZE,
        LEAF_CPU_STAT,
        LEAF_MEMORY_EVENTS,
        LEAF_MEMORY_PEAK,
        LEAF_PIDS_EVENTS,
        LEAF_FILES,
} LeafFile;

typedef struct Leaf {
        int parent_fd;         /* borrowed; -1: somebody else removes the directory */
        char *name;            /* NULL likewise */
        int fd;                /* the directory, which CLONE_INTO_CGROUP takes; -1 likewise */
        int files[LEAF_FILES]; /* -1 where the controller is not there */
} Leaf;

/* -EEXIST when there is one of that name. The leaf must not outlive parent_fd. */
int leaf_create(int parent_fd, const char *name, Leaf **ret);

/* The leaf of another process, by its files, which it takes. */
Leaf *leaf_from_files(const int files[static LEAF_FILES]);

/* Closes all but what kills it and shows that it is empty. */
void leaf_close_figures(Leaf *leaf);

/* Removes the directory (which the kernel refuses while a process is in it) and frees the object. */
Leaf *leaf_free(Leaf *leaf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Leaf, leaf_free)

/* Writes a limit and reads it back: -ENOTRECOVERABLE when the file is not there or shows another value. */
int leaf_set(Leaf *leaf, const char *file, const char *value);

/* SIGKILL for every process in it, at once (Linux 5.14). */
int leaf_kill(const Leaf *leaf);

/* 1 while a process of it lives (zombies do not count), 0 when none does. */
int leaf_populated(const Leaf *leaf);

/* CPU time of all processes that ever were in it, in µs. */
int leaf_cpu_usec(const Leaf *leaf, uint64_t *ret_usec);

/* The same to the last instant: of a process that runs the kernel adds it up at its tick only, so all are stopped for
 * the reading, as short a time as that takes and at most timeout_usec. -ETIMEDOUT when they do not stop in it. */
int leaf_exact_cpu_usec(const Leaf *leaf, uint64_t timeout_usec, uint64_t *ret_usec);

/* A counter of a flat keyed file (LEAF_MEMORY_EVENTS, "oom_kill"), or of a file with one number when key is NULL.
 * -ENOENT when the controller is not there. */
int leaf_counter(const Leaf *leaf, LeafFile file, const char *key, uint64_t *ret);
