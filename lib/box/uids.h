/* SPDX-License-Identifier: MIT */
#pragma once

/* Throw-away uids for boxes: one that nobody else on this host has, and that no two living boxes share.
 *
 * A lease is for a job, not for a run: the program finds the same uid in validation, warm-up and trial, and the boxes
 * of a job that hold the same uid live one after another. (A user namespace would hide the number, but not in
 * /proc/self/uid_map, and many a hardened host has none.) */

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"

/* Clear of DynamicUser= (61184-65519), /etc/subuid (100000-600165535 by login.defs), containers (524288-1879048191 by
 * systemd), SSSD's mapped users (200000-2000200000) and systemd's foreign range (from 2147352576). */
#define BOX_UID_RANGE_DEFAULT "2100000000-2100000999"

typedef struct UidRange {
        uid_t first, last;
} UidRange;

/* "FIRST-LAST", both included. -EINVAL when it is not that; -ERANGE when it reaches into ids that belong to somebody,
 * by their convention or by the texts of /etc/subuid and /etc/subgid (NULL: there is none); *ret_why says to whom. */
int uid_range_parse(const char *text, const char *subuid, const char *subgid, UidRange *ret, char **ret_why);

typedef struct UidLease {
        uid_t uid; /* gid, too */
        int fd;    /* holds the lock; each box's stub has a copy of it, so that it is held while one lives */
} UidLease;

/* The lowest uid that is free by the locks in that directory, which only root can enter. -EUSERS when none is. */
int uid_lease(int dir_fd, const UidRange *range, UidLease **ret);
UidLease *uid_lease_free(UidLease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UidLease, uid_lease_free)
