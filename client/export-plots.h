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

/* The processor package's at the start and the end of each trial. */
void plot_temperature(GString *out, const Report *report);

/* The median and its interval of one run for each job, when there are several. */
void plot_comparison(GString *out, Report *const *reports, size_t n);
