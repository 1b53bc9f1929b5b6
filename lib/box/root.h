/* SPDX-License-Identifier: MIT */
#pragma once

/* The file system a boxed program sees. One tmpfs, read-only but for /box (where it starts), /tmp and /dev/shm, which
 * share its size and inodes; read-only binds of the host's /usr and what the loader needs; five devices; proc with
 * nothing but the box's own processes; an /etc of four small files. No /sys, no /home, no /var, no /run. */

#include "box.h"

#define BOX_DIRECTORY "/box"

/* HOME, PATH, LANG and TMPDIR: all that a boxed program gets. */
extern const char *const box_environment[];

/* The texts it needs, made before the clone: the child must not allocate. */
typedef struct RootPlan {
        const BoxRoot *root;
        char *options;           /* of the tmpfs */
        char *passwd, *group;    /* of /etc */
        char *uid_map, *gid_map; /* of a user namespace */
} RootPlan;

/* What the files sent along take of the box's memory, in whole pages; 0 for the host's root. */
uint64_t root_file_bytes(const BoxSpec *spec);

/* -EINVAL when a file's name is not a plain relative one. */
int root_plan_new(const BoxSpec *spec, RootPlan **ret);
RootPlan *root_plan_free(RootPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RootPlan, root_plan_free)

/* In a new user namespace: makes the box's uid out of ours. */
int root_map_ids(const RootPlan *plan);

/* In PID 1 of the box's new namespaces: mounts it, fills in the files, and leaves the host's root for good. */
int root_enter(const RootPlan *plan);
