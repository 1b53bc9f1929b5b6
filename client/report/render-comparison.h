/* SPDX-License-Identifier: MIT */
#pragma once

/* What programs take beside the first of them, and in what words. Nothing here knows of the bus. */

#include "report-read.h"
#include "text.h"
#include "units.h"

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

/* Of a comparison's candidates, n_candidates of them; g_free(). They point into the report. */
ComparedRow *render_candidate_rows(const Report *report);

/* What stands in a row, not printable as it is: the label or the command, the change ("+5.0 %"), its interval ("+4.1
 * to +6.2 %"), and the phrase. Empty where there is nothing to say. */
char *render_row_subject(const ComparedRow *row);
char *render_row_change(const ComparedRow *row);
char *render_row_interval(const ComparedRow *row);
const char *render_row_phrase(const ComparedRow *row);

/* The scale of all rows' values. */
Scale render_rows_scale(const ComparedRow *rows, bool energy, bool ascii);

/* How the candidates were measured and which change is of note; NULL: not known. */
char *render_threshold(const Report *report);

/* The candidates of a comparison; nothing for a report that has none. */
void render_candidates(GString *out, const Report *report, const Style *style);
