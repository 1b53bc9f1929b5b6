/* SPDX-License-Identifier: MIT */
#pragma once

/* Records as documents: to be read, pasted or scraped. What others wrote (commands, labels, messages) cannot become
 * markup. */

#include <glib.h>
#include <json-glib/json-glib.h>

#include "report-read.h"

/* Whose figures a line has: a job's, or one candidate's of a comparison. */
typedef struct Subject {
        const Report *job, *measured;
        size_t candidate; /* from 1; 0: the job itself */
} Subject;

/* GitHub's kind of Markdown: one table with a line per job, or per candidate of a comparison, and below it what has to
 * be known beside the figures. */
void export_markdown(GString *out, Report *const *reports, size_t n);

/* OpenMetrics 1.0, all gauges and without timestamps, so that a node_exporter's textfile collector takes it as well:
 * medians and intervals of one run in J, s and W, by job, or by candidate of a comparison; and what GetStatistics gave
 * (NULL: left out). Unknown values have no line. */
void export_openmetrics(GString *out, Report *const *reports, size_t n, JsonObject *statistics);

/* One page with figures and plots for each job (of a comparison for all its candidates), and one plot that compares
 * the jobs. It runs nothing and fetches nothing, which
 * its own Content-Security-Policy forbids as well; and it is well-formed XML. */
void export_html(GString *out, Report *const *reports, size_t n);
