/* SPDX-License-Identifier: MIT */
#pragma once

/* Inside lib/box: the making of a run, which needs the privileges that watching it does not. */

#include "box.h"

#define BOX_NEEDS "; it needs CAP_SYS_ADMIN, or a user namespace" /* after EPERM */

typedef enum BoxFd {
        BOX_FD_PID,
        BOX_FD_GATE,
        BOX_FD_STATUS,
        BOX_FD_STDOUT,
        BOX_FD_STDERR,
        BOX_FDS,
} BoxFd;

/* What the maker gives to whoever watches the run. */
typedef struct BoxParts {
        pid_t pid;
        int fds[BOX_FDS];
        Leaf *leaf;  /* NULL for a process group */
        Leaf *run;   /* of a box: the program's, below the leaf; else NULL */
        bool boxed;  /* the process is a stub, and status a socket (boxed.h) */
        uint32_t id; /* the run's in its containment, from 1 on */
} BoxParts;

#define BOX_PARTS_NONE ((BoxParts){ .fds = { -1, -1, -1, -1, -1 } })

/* Closes what is left of them. The process sees the end of its gate and leaves. */
void box_parts_clear(BoxParts *parts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BoxParts, box_parts_clear)

/* Makes the leaf, its limits written and read back, the pipes, and the process in it. watcher is whose child it
 * becomes: this process, or its parent. Errors and *ret_why as with box_spawn(). */
int box_make(const BoxSpec *spec, pid_t watcher, BoxParts *ret, char **ret_why);
