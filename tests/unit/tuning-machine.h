/* SPDX-License-Identifier: MIT */
#pragma once

/* A machine whose settings are changed: a tree of files, CPUs 0-1 and 2-3 in a policy each, of which 2-3 are for jobs;
 * what the kernel makes of what is written there; and a process that dies where a test wants it to. Linked with
 * --wrap= of sysroot_write, fsync, renameat and unlinkat. */

#include "tree.h"
#include "tuning.h"

#define BOOT "0f0e0d0c-0b0a-4900-8807-060504030201"
#define CPUFREQ "sys/devices/system/cpu/cpufreq/"
#define NO_TURBO "sys/devices/system/cpu/intel_pstate/no_turbo"
#define MIN_PERF_PCT "sys/devices/system/cpu/intel_pstate/min_perf_pct"
#define CRASHED 42

/* What the kernel does, and where the process dies. */
typedef struct Kernel {
        const char *tree;
        int crash_after; /* steps: system calls that leave something changed; negative: never */
        int fsync_error, write_error;
        const char *stubborn; /* a file that takes nothing */
        int64_t cap_khz;      /* of a hot processor, on policy2; 0: none */
        char max_khz[32];     /* what was asked for there */
        unsigned n_writes;    /* since somebody looked */
} Kernel;

extern Kernel kernel;

typedef struct Fixture {
        char *tree, *run;
        Sysroot *root;
        TuningWish wish;
} Fixture;

/* All files as they are before; changes performance, turbo, frequencies and interrupts in f->wish. */
void setup(Fixture *f, const void *data);
void teardown(Fixture *f, const void *data);

Tuning *open_tuning(const Fixture *f);

/* Begins and steps to the end. */
int apply(Tuning *tuning, const TuningWish *wish);

bool has_journal(const Fixture *f);
void put_journal(const Fixture *f, const char *text);

/* How many files are not as before. */
unsigned count_changed(void);

/* Sets what is read of a limit, without a request. */
void set_in_force(const char *path, int64_t khz);

void assert_value(const char *path, const char *value);
void assert_as_before(const Fixture *f);
void assert_tuned(void);
