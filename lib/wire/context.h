/* SPDX-License-Identifier: MIT */
#pragma once

/* What the daemon tells the worker about a job besides the request: who asked, and where it may run. */

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"

typedef struct JobContext {
        uint32_t job;
        uid_t uid;     /* the caller's, from the bus */
        gid_t *groups; /* the caller's supplementary groups, from the bus */
        size_t n_groups;
        char *containment;   /* "scope": a delegated cgroup below jouletrace.slice; "process": what the user may do */
        char *isolation;     /* "none" "confined" "reserved": what the daemon arranged and read back */
        char *partition;     /* "" "root" "isolated": the slice's cpuset.cpus.partition */
        char *cpus;          /* CPU list the program may run on; "" when nothing is arranged */
        char *reserved_cpus; /* CPU list of the reservation, "" when none */
        char *sysroot;       /* "/" or a fixture tree */
        char *meter;         /* the Meter knob; the request's meter, if not auto, goes before it */
        double model_watts;  /* of one busy CPU */
        double foreign_load_limit, frequency_limit; /* the knobs ForeignLoadLimit and FrequencyLimit, in % */
        uint64_t region_min_usec;                   /* the MinWindow knob */
        uint32_t box_uid_first, box_uid_last;       /* the BoxUidRange knob */
        uint64_t max_blobs;        /* the MaxBlobs knob: what the blobs' real size is checked against */
        uint64_t thermal_band_mc;  /* the ThermalBand knob, in thousandths of a degree */
        uint64_t thermal_limit_mc; /* the ThermalLimit knob; 0: the machine's own limit */
        bool thermal_strict;       /* the ThermalPolicy knob: a trial that starts too hot or too cold does not count */
        char *may_sleep;           /* why nothing holds off the machine's sleep; "" when something does */
        bool smt_shared;           /* a sibling of the program's CPUs is not ours */
        double noise_floor;        /* of the calibration that holds for this job, a fraction; 0: of none */
        uint64_t noise_floor_usec; /* when that was made; realtime */
        char *noise_floor_absent;  /* why there is none; "" when there is */
} JobContext;

/* As a{sv}, all members; NULL strings are sent as "". */
int job_context_append(sd_bus_message *m, const JobContext *context);
/* The daemon and the worker are of one build: a key that is missing, unknown, twice there or of another type is
 * -EINVAL. */
int job_context_from_message(sd_bus_message *m, JobContext **ret);
JobContext *job_context_free(JobContext *context);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JobContext, job_context_free)
