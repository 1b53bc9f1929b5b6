/* SPDX-License-Identifier: MIT */
#pragma once

/* Who a child process is: the caller's uid, gid and groups, and nothing of the privileges it was born with. */

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"

typedef struct Identity {
        uid_t uid;
        gid_t gid; /* primary group, from the user database */
        gid_t *groups;
        size_t n_groups;
        char *name, *home, *shell; /* of the user database */
        bool change;               /* false: this process already is that user and keeps groups and capabilities */
} Identity;

/* Looks uid up in the user database. groups are those the bus reports for the caller; they are copied.
 * With confined false, a uid that is our own is left as it is (an unprivileged worker could not change it, and a
 * root who asks on his own account loses nothing). -ESRCH when the user database does not know uid. */
int identity_lookup(uid_t uid, const gid_t *groups, size_t n_groups, bool confined, Identity **ret);
Identity *identity_free(Identity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Identity, identity_free)

/* PATH, HOME, USER, LOGNAME, SHELL and LANG: what a program gets when the caller sent no environment. */
char **identity_environment(const Identity *identity);

/* The uid and gid of a system user by its name; -ESRCH when the user database does not know it. */
int system_user_lookup(const char *name, uid_t *ret_uid, gid_t *ret_gid);

/* In a child, for good: groups, gid, uid, every capability set emptied, closed to ptrace by that user until exec(), no
 * new privileges, SIGKILL when the parent dies (a change of credentials clears that, so it is set last; -ESRCH when
 * the parent is gone already). That signal is the parent's own: it comes only from one who may signal this user. Only
 * raw system calls: glibc's wrappers signal threads which a clone3() child does not have. */
int identity_assume(const Identity *identity, pid_t parent);

/* The part of it that a helper with our own uid needs: empties every capability set of this process. */
int capabilities_drop(void);

/* For a process that has only been opening things with its privileges so far, and has one thread: becomes that user
 * with no groups (unless it is him already), empties every capability set, takes no new privileges, and lets nobody
 * look into it with ptrace(2). */
int privileges_drop(uid_t uid, gid_t gid);
