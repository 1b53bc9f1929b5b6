/* SPDX-License-Identifier: MIT */
#pragma once

/* Results on record beside each other. They were not measured in turns: a drift of the machine between them looks like
 * a change, so that they are compared only when all that is known of the machine is the same. Pure functions of the
 * reports' texts. */

#include "compare.h"
#include "report-read.h"

typedef struct Stored {
        Report *report;
        bool has_energy; /* else values are times: there were no counters */
        double *values;  /* J or s of the work done once, of each valid trial */
        size_t n;
        double noise_floor;     /* of its host's energies, a fraction; 0: unknown */
        GHashTable *conditions; /* name → value as JSON: what an energy depends on besides the program */
} Stored;

/* Errors as report_parse(). */
int stored_parse(const char *text, size_t size, Stored **ret);
Stored *stored_free(Stored *stored);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stored, stored_free)

/* Why a result cannot be compared with any other, a translated sentence's end; NULL: it can. */
const char *stored_obstacle(const Stored *stored);

/* What differs between their conditions, by name: "kernel: "6.1.0" and "6.12.0""; empty when nothing does. */
GPtrArray *stored_differences(const Stored *first, const Stored *other);

/* Of n - 1 results against the first one, beyond the larger of their noise floors, with Holm's p where there are
 * several. Errors as comparison_of_stored(). */
int stored_compare(const Stored *const *results, size_t n, Comparison *ret);
