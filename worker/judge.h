/* SPDX-License-Identifier: MIT */
#pragma once

/* The moment at which the worker becomes two: the launcher (lib/box/launcher.h), and the judge, who from then on has
 * no more rights than the user he becomes. */

#include "launcher.h"
#include "topology.h"

/* Moves this process to the housekeeping CPUs, before the split: the launcher belongs there, too. */
void judge_keep_aside(const Topology *topology, const cpu_set_t *cpus);

/* Forks the launcher and lets this process's privileges go; what it has opened stays open. *ret is set when the
 * launcher was started, also on a later error. */
int judge_split(const LauncherSpec *spec, uid_t uid, gid_t gid, Launcher **ret);
