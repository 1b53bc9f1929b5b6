/* SPDX-License-Identifier: MIT */
#pragma once

/* The calibration that is kept: what was found out, when, and on what host; and whether it still holds. */

#include "calibration.h"
#include "cpu.h"
#include "knobs.h"

/* What the noise of a host depends on. "" where it is not known. */
typedef struct HostFingerprint {
        char *kernel;
        char *microcode;
        char *configuration; /* the knobs that bear on a measurement, and the CPUs: "Governor=keep …" */
} HostFingerprint;

/* meter is the one in force, cpus those of jobs. The kernel is the root's. */
HostFingerprint *host_fingerprint_new(const Sysroot *root, const CpuInfo *cpu, const Config *config, const char *meter,
                                      const char *cpus);
HostFingerprint *host_fingerprint_copy(const HostFingerprint *host);
HostFingerprint *host_fingerprint_free(HostFingerprint *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostFingerprint, host_fingerprint_free)

typedef struct StoredCalibration {
        Calibration *figures;
        uint64_t measured_usec; /* realtime */
        HostFingerprint *host;
} StoredCalibration;

StoredCalibration *stored_calibration_free(StoredCalibration *stored);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoredCalibration, stored_calibration_free)

/* -ENOENT when there is none; -EBADMSG when it is not as stored_calibration_save() writes it; else why the file cannot
 * be read. */
int stored_calibration_load(const char *path, StoredCalibration **ret);

/* Either as a whole or not at all, and on the disk. For the owner alone. */
int stored_calibration_save(const StoredCalibration *stored, const char *path);

/* Why it does not hold at now_usec (realtime) on this host, in a clause; NULL when it does. max_age_usec 0 is no
 * limit. */
char *stored_calibration_expired(const StoredCalibration *stored, const HostFingerprint *host, uint64_t now_usec,
                                 uint64_t max_age_usec);
