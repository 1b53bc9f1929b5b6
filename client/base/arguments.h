/* SPDX-License-Identifier: MIT */
#pragma once

/* What every part of joulectl obeys: the parsed global options and the exit codes. */

#include <glib.h>
#include <stdbool.h>

#include "text.h"

/* The exit codes that do not come from a job's result (those: job_result_exit_code()). */
enum {
        EXIT_DONE = 0,
        EXIT_JOB_FAILED = 1,
        EXIT_USAGE = 2,
        EXIT_NOT_AUTHORISED = 3,
        EXIT_INFRASTRUCTURE = 4,
        EXIT_INTERRUPTED = 130,
};

typedef enum ProgressMode {
        PROGRESS_AUTO, /* a live line on a terminal, else one line per phase */
        PROGRESS_JSON,
        PROGRESS_NONE,
} ProgressMode;

/* The global options. The strings belong to argv. */
typedef struct Arguments {
        bool local;
        const char *host;    /* NULL: this machine */
        const char *meter;   /* --local: the service's meter; of measure: the request's */
        const char *sysroot; /* --local */
        bool json;
        bool no_colour;
        bool ascii;
        bool quiet;
        bool help;
        bool version;
        ProgressMode progress;
        Style style; /* of standard output */
} Arguments;

/* Says what is wrong with the command line; returns EXIT_USAGE. verb may be NULL. */
int usage_error(const char *verb, const char *format, ...) G_GNUC_PRINTF(2, 3);
