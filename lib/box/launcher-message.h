/* SPDX-License-Identifier: MIT */
#pragma once

/* Inside lib/box: what the judge and its launcher say to each other, one packet with descriptors each way. */

#include "launcher.h"
#include "box-make.h"

typedef enum LaunchKind {
        LAUNCH_BOX,    /* number of a spec; [stdin], [extra], handed ones → pid, id; the BOX_FDS, then the files of
                        * the leaf, and of the program's leaf in a box, that are there */
        LAUNCH_KILL,   /* id of a run */
        LAUNCH_REMOVE, /* id of a run */
        LAUNCH_ERRAND, /* number of an errand; its descriptors → pid; pidfd, reply pipe */
        LAUNCH_END_ERRAND, /* number 0 */
} LaunchKind;

typedef struct LaunchRequest {
        uint32_t kind, number;
        uint32_t with_stdin, with_extra; /* LAUNCH_BOX: 1 when that descriptor was sent along */
} LaunchRequest;

typedef struct LaunchReply {
        int32_t error; /* negative errno; 0: done */
        int32_t pid;
        uint32_t id;                    /* of LAUNCH_BOX */
        uint32_t leaf_files, run_files; /* bit n: file n of LeafFile was sent along */
        uint32_t boxed;                 /* 1: BoxParts.boxed */
        char why[240];                  /* of LAUNCH_BOX; NUL-terminated */
} LaunchReply;

#define LAUNCH_FDS_MAX (BOX_FDS + 2 * LEAF_FILES) /* more than any request has */

/* Does not block: an answer is waited for before the next request is sent, so that there is always room. */
int message_send(int socket_fd, const void *data, size_t size, const int *fds, size_t n_fds);

/* Takes one packet of exactly this size; fds has room for LAUNCH_FDS_MAX, close-on-exec. -EPIPE: the other side is
 * closed; -EBADMSG: another size, or more descriptors (all of them closed). */
int message_receive(int socket_fd, void *data, size_t size, int *fds, size_t *ret_n_fds);

/* The launcher's process, see launcher.h. judge_pidfd is its parent's. */
_Noreturn void launcher_serve(const LauncherSpec *spec, int socket_fd, pid_t judge, int judge_pidfd);
