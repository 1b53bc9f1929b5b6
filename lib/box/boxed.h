/* SPDX-License-Identifier: MIT */
#pragma once

/* Inside lib/box: the half of box.c that is only for profile "box". Outside stands a stub (stub.h) where profile
 * "host" has the program; both live in the run's leaf, the program in run/ below it, so that the stub costs it
 * nothing. */

#include "box-child.h"
#include "box-make.h"

int boxed_make_socket(int *ret_ours, int *ret_theirs);

/* Clones the stub into new namespaces, with these flags of clone3() besides; fills in parts. */
int boxed_clone(const ChildPlan *plan, uint64_t flags, BoxParts *parts, char **ret_why);

/* In the watching process: takes what is a box's alone of the parts; sets box->pidfd and boxed. */
int boxed_watch(Box *box, BoxParts *parts);

/* As read_status(): what failed before the gate, or in exec. 1 with a message, 0 when none came. */
int boxed_read_status(Box *box, ChildStatus *ret);

/* As box_reap(), box_kill() and box_empty(). With a leaf, the stub outlives both: the mounts are taken down when the
 * box is freed, not while its window is open. */
int boxed_reap(Box *box);
int boxed_kill(Box *box);
int boxed_empty(Box *box);

/* Waits (at most a second) for the stub's word on a program that is dead. */
void boxed_wait_end(Box *box);

/* From here on the stub is killed and counted like everything else. */
void boxed_dismiss(Box *box);

const Leaf *boxed_run_leaf(const Box *box);
void boxed_free(Box *box);
