/* SPDX-License-Identifier: MIT */
#pragma once

/* The privileged half of a worker. Before anything of the caller runs or is read, the worker forks: the child is the
 * launcher, keeps the privileges and does nothing but answer requests of a fixed shape; the parent, from then on the
 * judge, may let its privileges go. What the launcher starts becomes the judge's child, so that the judge waits for it
 * and the launcher looks at nothing a program does.
 *
 * A request names things by their number in tables the launcher was forked with: no path, argument, credential or
 * limit comes from the judge, only descriptors of his own that a child with the caller's rights will use. */

#include "box.h"
#include "errand.h"

struct BoxParts;

typedef struct LauncherSpec {
        Containment *containment;
        const BoxSpec *boxes; /* what box_spawn() may ask for, by BoxSpec.number */
        size_t n_boxes;
        const ErrandSpec *errands; /* what errand_start() may ask for */
        size_t n_errands;
        const Identity *identity; /* of the errands */
        /* What errands need open, the caller's above all. The launcher closes none of it: that may wait for a file
         * system that does not answer, and is left to its children. */
        const int *kept_fds;
        size_t n_kept_fds;
        int daemon_fd; /* whose end means that the judge has to end as well, and is killed when it does not; -1 */
} LauncherSpec;

/* Forks the launcher; all it will know stands in spec. It holds these descriptors and 0 to 2 alone. The containment is
 * handed over to it. When the judge ends, however it does, the launcher kills what is left in the leaves, removes them
 * and ends; for that it must be the only one who learns of it: the judge starts no process itself any more. */
int launcher_start(const LauncherSpec *spec, Launcher **ret);

/* Ends the launcher, waiting at most some seconds. Boxes and errands must be gone. */
Launcher *launcher_free(Launcher *launcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Launcher, launcher_free)

pid_t launcher_pid(const Launcher *launcher);

/* Readable when the launcher is dead: everything asked of it fails with -ECONNRESET. */
int launcher_pidfd(const Launcher *launcher);

/* The requests. Each waits for its answer at most some seconds; a launcher that does not give it in time, or gives one
 * that cannot be understood, is never asked again (-ECONNRESET). -EINVAL: no such number, or not as many descriptors
 * as belong to it. */

/* See box_spawn(). Only the number and the descriptors of spec go over: stdin, extra and handed. */
int launcher_spawn(Launcher *launcher, const BoxSpec *spec, struct BoxParts *ret, char **ret_why);

/* SIGKILL for the process of a run, by BoxParts.id: for a judge who may not send it himself. With a box everything in
 * it dies. -EINVAL also when the run was removed. */
int launcher_kill(Launcher *launcher, uint32_t id);

/* Forgets a run and removes its leaf. Nothing of it may live: -EBUSY. */
int launcher_remove(Launcher *launcher, uint32_t id);

/* See errand_start(). The errand that was on before is killed. */
int launcher_errand(Launcher *launcher, uint32_t number, const int *fds, size_t n_fds, pid_t *ret_pid, int *ret_pidfd,
                    int *ret_reply_fd);

/* Kills the errand that is on. */
int launcher_end_errand(Launcher *launcher);

/* The children of this process that are no run's: Containment.others. */
GHashTable *launcher_others(const Launcher *launcher);
