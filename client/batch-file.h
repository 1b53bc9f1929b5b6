/* SPDX-License-Identifier: MIT */
#pragma once

/* The two files of a batch: the requests, one JSON object a line, and what came of them so far. */

#include <glib.h>
#include <stdbool.h>

#include "request.h"

#define BATCH_SCHEMA "org.jouletrace.batch/1"
#define BATCH_ITEMS_MAX 10000

typedef struct BatchItem {
        unsigned line; /* in the file, from 1 */
        char *text;    /* the line */
        char *key;     /* digest of the line, and which of equal ones it is: known again wherever it moves to */
        char *name;    /* label, candidate or command, for people */
        bool finished; /* below holds */
        uint32_t job;  /* 0: the service did not take it */
        char *result;  /* word of the job, "refused" when the service did not take it */
        char *verdict, *message; /* NULL: none */
        double energy_j, time_s; /* NaN: unknown */
        bool simulated;
} BatchItem;

/* All lines that are not empty, as BatchItem. On failure *ret_problem names the line. */
int batch_read(const char *path, GArray **ret, char **ret_problem);

/* Takes over what a file of results holds about the items. A missing file is none. */
int batch_read_results(const char *path, GArray *items, char **ret_problem);

/* Replaces the file as a whole, so that at any time it is the old one or the new one. */
int batch_write_results(const char *path, const char *source, const GArray *items, char **ret_problem);

/* The finished items as JSON: what the file of results holds. */
void batch_append_json(GString *out, const char *source, const GArray *items);

/* The line as a request: a body of the original's, or an object whose keys are those of Measure ("argv", "trials", …),
 * with "stdin" as a text, or "problem" and "submission" instead of argv. directory is where the package's path starts.
 * *ret_name is for people. On failure *ret_problem says what is wrong. */
int batch_request(const BatchItem *item, const char *directory, JobKind kind, bool inline_blobs, Request **ret,
                  char **ret_name, char **ret_problem);
