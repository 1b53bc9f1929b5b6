/* SPDX-License-Identifier: MIT */
#pragma once

/* What the machine was set to before we changed it: one small file in /run/jouletrace, which outlives us and not the
 * boot.
 *
 * Root writes into the kernel what it reads from this file, so the file names no paths: a line is a kind, a number and
 * a value, "governor 3 powersave", and each kind has its path and its form of values in one table here. The file is
 * believed whole or not at all: its directory and itself must be ours alone to write, its first line must name this
 * boot, its last line the number of those between. It is replaced by a rename after fsync(), so a crash leaves the old
 * one or the new one. */

#include <stdbool.h>

#include "base.h"

typedef enum TuningKind {
        TUNING_NO_TURBO,     /* intel_pstate, inverted */
        TUNING_MIN_PERF_PCT, /* after it: without turbo the kernel lowers it, and does not raise it again */
        TUNING_BOOST,        /* acpi-cpufreq, amd-pstate */
        TUNING_GOVERNOR,     /* of a cpufreq policy, as the three below; before them, since it may move them */
        TUNING_EPP,
        TUNING_MAX_KHZ,
        TUNING_MIN_KHZ,
        TUNING_IRQ, /* CPU list an interrupt goes to */
        N_TUNING_KINDS,
} TuningKind;

typedef struct TuningEntry {
        TuningKind kind;
        uint32_t number; /* of the policy or interrupt; 0 for what the machine has once */
        char *value;
} TuningEntry;

TuningEntry *tuning_entry_new(TuningKind kind, uint32_t number, const char *value);
void tuning_entry_free(TuningEntry *entry);

/* Below a Sysroot: "sys/devices/system/cpu/cpufreq/policy3/scaling_governor". */
char *tuning_path(TuningKind kind, uint32_t number);

/* Whether it may be written to such a file: in the kernel's own spelling, and nothing beside it. */
bool tuning_value_is_valid(TuningKind kind, const char *value);

typedef struct TuningJournal TuningJournal;

/* Takes charge of it until it is freed, so that nobody puts back what a living service has changed. -EBUSY: another
 * process has it. -EPERM for a directory that others may write to or that is not ours. */
int tuning_journal_open(const char *directory, const char *boot_id, TuningJournal **ret);
TuningJournal *tuning_journal_free(TuningJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuningJournal, tuning_journal_free)

/* Of TuningEntry. -ENOENT: there is none. -ESTALE: of another boot. -EPERM: not a plain file that only we may write;
 * -EFBIG, -EBADMSG: not in full what we write. */
int tuning_journal_read(const TuningJournal *journal, GPtrArray **ret_entries);

/* Replaces it, and comes back when it is on disk. */
int tuning_journal_write(const TuningJournal *journal, const GPtrArray *entries);

/* 0 also when there is none. */
int tuning_journal_remove(const TuningJournal *journal);

/* Moves it out of the way, to "tuning.rejected", for the administrator to look at. */
int tuning_journal_set_aside(const TuningJournal *journal);
