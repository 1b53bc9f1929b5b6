/* SPDX-License-Identifier: MIT */
#pragma once

/* The cpuset partition of jouletrace.slice: cpuset.cpus.partition and cpuset.cpus.effective.
 *
 * To write it may take the kernel some hundred milliseconds (it rebuilds the scheduling domains and waits for RCU),
 * for which the event loop must not stand still: a thread that lives as long as the write makes it. */

#include <sched.h>

#include "base.h"

typedef struct Partition Partition;

/* What the write returned: 0, -ENOENT where the slice has no cpuset (or is gone), -EINVAL, …. Called from the event
 * loop, and free to write again. */
typedef void (*PartitionWritten)(int r, void *userdata);

/* cgroup_root: "/sys/fs/cgroup", another directory in tests. Negative errno when that cannot be opened. */
int partition_new(sd_event *event, const char *cgroup_root, Partition **ret);

/* A write under way is waited for. Returns NULL. */
Partition *partition_free(Partition *partition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Partition, partition_free)

/* The first line: "member", "root", "isolated", or "root invalid (…)". */
int partition_read(const Partition *partition, char **ret);

/* The CPUs the slice really has, also as text; -ENOENT without cpusets. */
int partition_read_cpus(const Partition *partition, cpu_set_t *ret, char **ret_text);

/* One write at a time: none may be under way. value is a string constant. */
void partition_write(Partition *partition, const char *value, PartitionWritten written, void *userdata);

/* Waits for the write under way, of which written() does not hear then; 0 when there is none. */
int partition_wait(Partition *partition);

/* Waits for the write under way, then writes and waits. */
int partition_write_now(Partition *partition, const char *value);

/* Calls back when somebody changes the file. */
int partition_watch(Partition *partition, sd_event_inotify_handler_t handler, void *userdata, sd_event_source **ret);
