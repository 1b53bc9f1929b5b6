/* SPDX-License-Identifier: MIT */
#pragma once

/* How the machine is set while a job is measured: turbo, governor, energy preference, frequencies, interrupts. Nothing
 * is changed that was not configured.
 *
 * Every old value is on record (tuning-journal.h) before the first one is changed, those that move along by themselves
 * too: a governor takes the energy preference with it, boost the highest frequency, turbo the least performance of
 * intel_pstate. They come back at the job's end,
 * and after a crash by the next tuning_open(), which ExecStopPost= of the service does as well. Old values are put
 * back whatever stands there by then: who changes them while a job is measured finds them as they were before it.
 *
 * A change takes its time: to leave a governor the kernel waits for all processors, tens of milliseconds per policy.
 * So they are made one by one, by tuning_step(), and between them the caller's loop turns. */

#include <sched.h>
#include <stdbool.h>

#include "fs.h"

typedef struct TuningWish {
        const char *governor, *epp; /* NULL: left alone */
        const char *turbo;          /* "on" "off"; NULL: left alone */
        uint64_t min_khz, max_khz;  /* 0: left alone */
        bool move_irqs;             /* interrupts are kept from cpus */
        cpu_set_t cpus;             /* whose policies are changed, turbo apart; empty: all of them, and no interrupt */
        cpu_set_t others;           /* where interrupts go */
} TuningWish;

typedef struct Tuning Tuning;

/* Puts back what an earlier process of this boot left changed; a journal that is not to be believed is set aside, with
 * an error in the log. root must outlive the object. The errors of tuning_journal_open(). */
int tuning_open(const Sysroot *root, const char *boot_id, const char *directory, Tuning **ret);

/* Puts everything back before. */
Tuning *tuning_free(Tuning *tuning);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tuning, tuning_free)

/* Puts on record what tuning_step() is going to change; 0: nothing. What the machine has not or the kernel refuses
 * stays as it is, with a warning in the log; the report shows what is in force. What is still changed from before is
 * put back first, at once. Negative errno: the old values could not be put on record, and nothing will be changed. */
int tuning_begin(Tuning *tuning, const TuningWish *wish);

/* From now on tuning_step() puts everything back, also what tuning_begin() began and has not ended; 0: nothing. */
int tuning_begin_restore(Tuning *tuning);

/* Writes one setting at most. Positive: there is more to do. 0: all is done that was begun. What cannot be put back
 * stays on record for the next time: -EIO, at the end. */
int tuning_step(Tuning *tuning);

/* Puts everything back at once. Idempotent; the errors of tuning_step(). */
int tuning_restore(Tuning *tuning);
