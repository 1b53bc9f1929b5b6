/* SPDX-License-Identifier: MIT */
#pragma once

/* Reports for people. Nothing here knows of the bus. */

#include <glib.h>

#include "report-read.h"
#include "text.h"
#include "units.h"

/* One measurement, to be understood at a glance. */
void render_report(GString *out, const Report *report, const Style *style);

/* One line per report, with one scale per column, and how each compares with the lowest. */
void render_comparison(GString *out, Report *const *reports, size_t n, const Style *style);

/* "done", "failed", …: the result or state of a job in the user's language. */
const char *render_word(const char *word);

/* What an evidence word ("SMT_SHARED") means; the word itself when it is not known here. */
const char *render_evidence(const char *word);

/* The command, or the source that is called or run instead of one; not printable as it is. */
char *render_subject(const Report *report);

/* "95 % interval", and one: "12.29 … 12.44 J"; empty when an end is unknown. */
const char *render_interval_head(void);
char *render_interval(const Scale *scale, double low, double high, const Style *style);

/* The finest step of an energy of one run, in J; 0: unknown. */
double render_resolution(const Report *report);

/* What has to be known beside the figures, a sentence each; not printable as they are. */
GPtrArray *render_notes(const Report *report);
