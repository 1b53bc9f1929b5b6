/* SPDX-License-Identifier: MIT */
#pragma once

/* Reports for people. Nothing here knows of the bus. */

#include <glib.h>

#include "report-read.h"
#include "text.h"

/* One measurement, to be understood at a glance. */
void render_report(GString *out, const Report *report, const Style *style);

/* One line per report, with one scale per column, and how each compares with the lowest. */
void render_comparison(GString *out, Report *const *reports, size_t n, const Style *style);

/* "done", "failed", …: the result or state of a job in the user's language. */
const char *render_word(const char *word);

/* What an evidence word ("SMT_SHARED") means; the word itself when it is not known here. */
const char *render_evidence(const char *word);
