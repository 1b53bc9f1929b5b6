/* SPDX-License-Identifier: MIT */
#pragma once

/* How the valid trials of a job stand to one another, by the energy of the work done once as the caller is told it. It
 * is told and changes nothing: a trial counts or not by its evidence alone, whatever it took. Only of jobs each of
 * whose valid trials has energy. */

#include "record.h"
#include "trend.h"

/* Fewer say nothing of how far apart trials usually are; as with the interval of their median. */
#define OUTLIER_TRIALS_MIN 6U

/* Notes OUTLIER (score above 5) or FAR_OUTLIER (above 10, and no OUTLIER) in the trials that stand far from the
 * others, by outlier_scores() with the counter's unit, or the
 * step they are told in, as the least spread. */
void standing_mark(JobRecord *record);

/* Whether the first valid trial is one of these: another warm-up would have taken it. After standing_mark(). */
bool standing_first_is_off(const JobRecord *record);

/* Errors as trend_compute(). */
int standing_trend(const JobRecord *record, Trend *ret);
