/* SPDX-License-Identifier: MIT */
#pragma once

/* The plots of a report's page. Each draws nothing when there is nothing to see. */

#include <glib.h>

#include "report-read.h"

/* Energy (time, where there is none) of the trials in their order: of one run, or with tests of the whole trial. With
 * the median and its interval; invalid trials are drawn otherwise, and say why. */
void plot_trials(GString *out, const Report *report);

/* How the valid ones are distributed. */
void plot_distribution(GString *out, const Report *report);

/* The processor package's at the start and the end of each of n trials in their order; NULL leaves a gap. x_name: what
 * counts them. */
void plot_temperature(GString *out, const Trial **trials, size_t n, const char *x_name);

/* The median and its interval of one run for each job, when there are several. */
void plot_comparison(GString *out, Report *const *reports, size_t n);

/* ---- of a comparison; a candidate has the page's class cN, from c1 on, wherever it is drawn ---- */

/* What each takes beside the first, with the interval, 0, and the threshold on both sides. */
void plot_changes(GString *out, const Report *report);

/* The trials of all, as plot_trials() has them, in the order they ran in. */
void plot_turns(GString *out, const Report *report);

/* The valid trials of each, one below the other, with median and interval. */
void plot_spreads(GString *out, const Report *report);

/* The trials in the order of plot_turns(); NULL: none was made. g_free(). */
const Trial **comparison_turns(const Report *report, size_t *ret_n);
