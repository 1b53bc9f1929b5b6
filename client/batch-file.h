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
        char *key;     /* kind, digest of the line, and which of equal ones it is: known wherever it moves to */
        char *name;    /* label, candidate or command, for people */
        bool finished; /* below holds */
        uint32_t job;  /* 0: the service did not take it */
        char *result;  /* word of the job, "refused" when the service did not take it */
        char *verdict, *message; /* NULL: none */
        char *failures;          /* JSON text, as report_failures() */
        double energy_j, time_s; /* NaN: unknown */
        bool simulated;
} BatchItem;

/* All lines that are not empty, as BatchItem: to be measured, or to be validated. On failure *ret_problem names the
 * line.
 */
int batch_read(const char *path, JobKind kind, GArray **ret, char **ret_problem);

/* Takes over what a file of results holds about the items; what it holds of the other kind becomes others, JSON texts.
 * A missing file is none. */
int batch_read_results(const char *path, JobKind kind, GArray *items, GPtrArray *others, char **ret_problem);

/* Replaces the file as a whole, so that at any time it is the old one or the new one. */
int batch_write_results(const char *path, const char *source, const GArray *items, const GPtrArray *others,
                        char **ret_problem);

/* The finished items as JSON: what the file of results holds; others may be NULL. A file has to stay small enough to
 * be read again: failures beyond half of that are left out. */
void batch_append_json(GString *out, const char *source, const GArray *items, const GPtrArray *others);

/* The line as a request: a body of the original's, or an object whose keys are those of Measure ("argv", "trials", …),
 * with "stdin" as a text, or "problem" and "submission" instead of argv. directory is where the package's path starts.
 * *ret_name is for people, *ret_metadata as metadata_of(). On failure *ret_problem says what is wrong. */
int batch_request(const BatchItem *item, const char *directory, JobKind kind, bool inline_blobs, Request **ret,
                  char **ret_name, GHashTable **ret_metadata, char **ret_problem);
