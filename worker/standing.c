/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include "evaluate.h"
#include "outlier.h"
#include "standing.h"

/* TrialRecord, not owned. */
static GPtrArray *valid_trials(const JobRecord *record) {
        GPtrArray *trials = g_ptr_array_new();

        for (guint i = 0; i < record->trials->len; i++) {
                TrialRecord *trial = g_ptr_array_index(record->trials, i);

                if (trial->valid)
                        g_ptr_array_add(trials, trial);
        }
        return trials;
}

/* NULL when a trial has none. */
static double *energies_j(const JobRecord *record, const GPtrArray *trials) {
        g_autofree double *values = g_new0(double, trials->len + 1);

        for (guint i = 0; i < trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(trials, i);
                Once once;

                if (trial->energy_absent)
                        return NULL;
                trial_once(trial, job_step_uj(record->request), &once);
                values[i] = once.total_j;
        }
        return g_steal_pointer(&values);
}

/* What one count of the meter is of the work done once, or, if that is more, what it is rounded to. */
static double unit_j(const JobRecord *record, const TrialRecord *trial) {
        Once once;

        trial_once(trial, job_step_uj(record->request), &once);
        return fmax(once.step_j, meter_precision_uj(record->meter) / 1e6 * (double) trial->windows->len /
                                                 (double) MAX(trial->iterations, 1));
}

void standing_mark(JobRecord *record) {
        g_autoptr(GPtrArray) trials = valid_trials(record);
        g_autofree double *values = energies_j(record, trials), *scores = g_new(double, trials->len + 1);

        if (!record->meter || !values || trials->len < OUTLIER_TRIALS_MIN ||
            outlier_scores(values, trials->len, unit_j(record, g_ptr_array_index(trials, 0)), scores) < 0)
                return;
        for (guint i = 0; i < trials->len; i++)
                switch (outlier_level(scores[i])) {
                case OUTLIER_WARN:
                        trial_record_note(g_ptr_array_index(trials, i), "FAR_OUTLIER");
                        break;
                case OUTLIER_NOTE:
                        trial_record_note(g_ptr_array_index(trials, i), "OUTLIER");
                        break;
                case OUTLIER_NONE:
                        break;
                }
}

bool standing_first_is_off(const JobRecord *record) {
        g_autoptr(GPtrArray) trials = valid_trials(record);
        const TrialRecord *first = trials->len > 0 ? g_ptr_array_index(trials, 0) : NULL;

        return first && (g_ptr_array_find_with_equal_func(first->quality, "OUTLIER", g_str_equal, NULL) ||
                         g_ptr_array_find_with_equal_func(first->quality, "FAR_OUTLIER", g_str_equal, NULL));
}

int standing_trend(const JobRecord *record, Trend *ret) {
        g_autoptr(GPtrArray) trials = valid_trials(record);
        g_autofree double *values = energies_j(record, trials);

        return values ? trend_compute(values, trials->len, ret) : -ENODATA;
}
