/* SPDX-License-Identifier: MIT */
#pragma once

/* compare without --stored: programs that are run and measured in turns. */

#include "client.h"
#include "request.h"
#include "sent.h"

/* Beyond the keys of a request and what is sent along. */
enum {
        OPTION_STORED = N_SENT_OPTIONS,
        OPTION_QUICK,
        OPTION_CAREFUL,
        OPTION_PREPARE,
};

typedef struct CompareRun {
        Request *request;    /* JOB_COMPARE, filled in by the options */
        GArray *said;        /* what the options say of every program, in their order */
        const char *prepare; /* NULL: nothing */
        RequestLimits limits;
} CompareRun;

void compare_run_init(CompareRun *run);
void compare_run_done(CompareRun *run);

#define COMPARE_RUN_OPTIONS_MAX (SENT_OPTIONS_COUNT + 2 * N_REQUEST_KEYS + 3)

/* Appends the options of running programs; returns how many there are then. */
size_t compare_run_options(Option *options, size_t n);

/* As OptionSet. */
int compare_run_set_option(CompareRun *run, int id, const char *value, char **ret_problem);

/* Whether an option speaks of running programs, which is no business of finished jobs. */
bool compare_run_is_asked(const CompareRun *run);

/* Each operand is the command line of one program, in quotes and split as a shell would, the first being what the
 * others are compared with. Returns an exit code. */
int compare_run(CompareRun *run, Arguments *arguments, char *const *operands);
