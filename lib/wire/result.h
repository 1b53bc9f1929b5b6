/* SPDX-License-Identifier: MIT */
#pragma once

/* The summary of a job: GetResult's a{sv}, the worker's reply, and the columns of a record. */

#include <stdbool.h>

#include "base.h"
#include "calibration.h"
#include "states.h"

/* In bytes. A message is cut, with … at its end; a longer word is refused. What the judge of an untrusted program says
 * is kept in memory and on disk, and shown. */
#define RESULT_MESSAGE_MAX 4096U
#define RESULT_WORD_MAX 64U

typedef struct Result {
        JobResult result;
        char *verdict;                  /* one of result_verdicts[]; NULL: unknown, as the following */
        char *status, *grade, *message; /* message: one sentence for a person */
        char *error;                    /* D-Bus error name of the cause; NULL when done */
        bool simulated;
        uint32_t trials, invalid_trials;
        /* J, s, W; NAN: unknown. low and high are the 95 % interval of the median. */
        double total_energy, total_energy_low, total_energy_high;
        double net_energy, net_energy_low, net_energy_high;
        double wall, cpu, power;
        Calibration *calibration; /* what a JOB_CALIBRATE that is done found out; NULL: nothing */
} Result;

/* Verdicts of runs and jobs: AC, WA, …; OK where no output was compared. NULL-terminated. */
extern const char *const result_verdicts[];

/* error and message may be NULL; they are copied, the message cut. Numbers are unknown. */
Result *result_new(JobResult result, const char *error, const char *message);

/* As a{sv}; unknown values are left out. This is what the worker says to the daemon, calibration included. */
int result_append(sd_bus_message *m, const Result *result);

/* The same keys but the calibration's, which is the service's and no job's, into an a{sv} that is open already. */
int result_append_members(sd_bus_message *m, const Result *result);

/* -EINVAL when the result is missing, not one of ours, or a key comes twice, is unknown or has another type; when the
 * verdict is no word of ours, or one that a job that is done cannot have; when the error is none of dbus/errors.h;
 * -EMSGSIZE for a word that is too long; -ERANGE for a number that is not finite. */
int result_from_message(sd_bus_message *m, Result **ret);
Result *result_free(Result *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Result, result_free)
