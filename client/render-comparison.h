/* SPDX-License-Identifier: MIT */
#pragma once

/* What programs take beside the first of them, and in what words. Nothing here knows of the bus. */

#include "report-read.h"
#include "text.h"

typedef struct ComparedRow {
        uint32_t number;      /* of the job, or of the candidate */
        const Report *report; /* whose label or command is shown */
        size_t trials;
        double value;             /* J or s of one run, the median */
        bool is_first;            /* what the others are compared with: no change is shown */
        double change, low, high; /* fractions; NaN: unknown */
        const char *word;         /* of the report; NULL: see why */
        const char *why;          /* translated, or the report's; NULL: nothing to say */
} ComparedRow;

/* A table with a head. energy: the values are joules, else seconds. */
void render_compared_rows(GString *out, const char *number_head, const ComparedRow *rows, size_t n, bool energy,
                          const Style *style);

/* A word of a comparison, translated; the word itself when it is not known here. */
const char *render_change_word(const char *word);

/* The candidates of a comparison; nothing for a report that has none. */
void render_candidates(GString *out, const Report *report, const Style *style);
