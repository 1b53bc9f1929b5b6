/* SPDX-License-Identifier: MIT */
#pragma once

/* Throw-away uids for boxes: one that nobody else on this host has, and that no two living boxes share.
 *
 * A lease is for a job, not for a run: the program finds the same uid in validation, warm-up and trial, and the boxes
 * of a job that hold the same uid live one after another. (A user namespace would hide the number, but not in
 * /proc/self/uid_map, and many a hardened host has none.) */

#include <sys/types.h>

#include "base.h"

typedef struct UidLease {
        uid_t uid; /* gid, too */
        int fd;    /* holds the lock; each box's stub has a copy of it, so that it is held while one lives */
} UidLease;

/* The lowest uid from first to last that is free by the locks in that directory, which only root can enter. -EUSERS
 * when none is. */
int uid_lease(int dir_fd, uid_t first, uid_t last, UidLease **ret);
UidLease *uid_lease_free(UidLease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UidLease, uid_lease_free)
