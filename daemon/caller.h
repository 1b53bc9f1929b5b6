/* SPDX-License-Identifier: MIT */
#pragma once

/* Who a caller is, as the bus says: uid, groups, process, label. Asked asynchronously (GetConnectionCredentials, since
 * libsystemd's credentials have no groups) and remembered by unique name, which a bus never gives twice.
 * In embedded mode there is one caller: the user we run as. */

#include <stdbool.h>
#include <sys/types.h>

#include "call.h"
#include "fs.h"

typedef struct Caller {
        uid_t uid;
        gid_t *groups;
        size_t n_groups;
        pid_t pid;   /* 0: unknown */
        char *label; /* of the security module; NULL: none */
} Caller;

typedef struct Callers Callers;

/* bus NULL: embedded. */
Callers *callers_new(sd_bus *bus, Calls *calls);
Callers *callers_free(Callers *callers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Callers, callers_free)

/* 1 with *ret, which lives until control returns to the event loop; 0: the bus was asked, return 1 from the handler
 * and it runs again. */
int caller_get(Callers *callers, sd_bus_message *m, const Caller **ret, sd_bus_error *error);

/* Whether the sender is known already, without asking. */
bool caller_known(Callers *callers, sd_bus_message *m, const Caller **ret);

/* Whether the caller sees another file system, network, PID or user namespace than the host, or is under a security
 * module's profile or a system call filter: a program run for it outside would be its way out. -ESRCH when its process
 * is gone and its number another user's.
 *
 * proc/PID/ns/ is for those who may ptrace the process, which a service without capabilities may not. Readable are
 * mountinfo, uid_map and status (fs/proc_namespace.c: no ptrace check; fs/proc/base.c: 0644), and net/ shows the files
 * of the process's network namespace, each with an inode number of its own (fs/proc/proc_net.c: no check; generic.c:
 * proc_alloc_inum()); all of it also under ProtectProc=invisible, which spares root's group. A pid can be reused, but
 * only after the process that connected is gone, and the bus has no better handle before dbus 1.15.7 (ProcessFD).
 * Landlock cannot be seen from outside (Linux 6.1). */
int caller_is_confined(const Sysroot *root, pid_t pid, uid_t uid, const char *label, char **ret_reason);
