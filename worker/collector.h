/* SPDX-License-Identifier: MIT */
#pragma once

/* Reads the evidence of trials: small files of /proc, /sys and the job's cgroup, never while a window is open. */

#include "evidence.h"
#include "hardware.h"
#include "meter.h"

/* What is no file. */
typedef struct CollectorSource {
        int (*hardware)(void *userdata, HardwareCounter counter, uint64_t *ret); /* of the reserved CPUs */
        uint64_t (*now_ns)(void *userdata);                                      /* CLOCK_MONOTONIC */
        uint64_t (*suspended_ns)(void *userdata); /* CLOCK_BOOTTIME less CLOCK_MONOTONIC */
        uint64_t (*reader_ns)(void *userdata);    /* CPU time of this process and of its servants */
        void *userdata;
} CollectorSource;

typedef struct CollectorSpec {
        const Sysroot *root;
        const CpuInfo *cpu;
        const cpu_set_t *reserved;     /* CPUs that others are kept off; empty: none */
        const cpu_set_t *own;          /* CPUs the program may run on; empty: any */
        int cgroup_fd;                 /* the job's; -1: it has none. Not taken */
        const char *partition;         /* what the slice above it is to be: "root", "isolated"; "": nothing */
        const CollectorSource *source; /* NULL: the machine */
} CollectorSpec;

typedef struct Collector Collector;

/* Everything in spec but the descriptor must outlive the collector. */
int collector_open(const CollectorSpec *spec, Collector **ret);

/* Another process that works for the job, whose CPU time is ours, too: the service, or the launcher. 0: not known. */
void collector_add_servant(Collector *collector, pid_t pid);

/* Never fails: what cannot be read has its error in its place. */
void collector_take(const Collector *collector, EvidenceSample *ret);

/* The long-term power limit (PL1) in µW of each of the meter's domains that is a package, 0 for those that show none.
 */
uint64_t *power_limits_read(const Sysroot *root, const Topology *topology, const Meter *meter);

Collector *collector_free(Collector *collector);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Collector, collector_free)
