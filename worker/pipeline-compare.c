/* SPDX-License-Identifier: MIT */

/* Whose turn it is in a comparison. A round in which a trial is not valid is made again as a whole: what the machine
 * did to one of its trials it may have done to the others. */

#include "pipeline-internal.h"

void pipeline_choose_warmup(Pipeline *pipeline) {
        pipeline->candidate = pipeline->candidates;
        for (size_t i = 1; i < pipeline->n_candidates; i++)
                if (pipeline->candidates[i].record->warmups->len < pipeline->candidate->record->warmups->len)
                        pipeline->candidate = &pipeline->candidates[i];
}

/* Of the order; at the beginning of a round all candidates have as many. */
static size_t trials_made(const Pipeline *pipeline) {
        return candidates_trials_so_far(pipeline) - candidates_warmups(pipeline);
}

/* As long as only rounds are lost by it that there is room for. */
static bool may_plan_again(const Candidate *candidate) {
        return job_valid_trials(candidate->record) <= PLANNING_TRIALS;
}

void pipeline_advance_rounds(Pipeline *pipeline) {
        const GPtrArray *trials = pipeline->candidate->record->trials;
        TrialRecord *last = trials->len > 0 ? g_ptr_array_index(trials, trials->len - 1) : NULL;
        const size_t made = trials_made(pipeline);

        if (last && may_plan_again(pipeline->candidate))
                pipeline_plan_again(pipeline, last);
        pipeline_plan_windows(pipeline, last);
        if (last && !last->valid)
                last->planning = pipeline_still_planning(pipeline, last);
        if (made % pipeline->n_candidates == 0) {
                if (!compare_may_rerun(pipeline->compare)) {
                        pipeline_finish_unsteady(pipeline);
                        return;
                }
                if (compare_count_rounds(pipeline->compare).valid >= pipeline->wanted) {
                        pipeline_finish_compared(pipeline);
                        return;
                }
        }
        g_assert(made < pipeline->compare->rounds * pipeline->n_candidates);
        pipeline->candidate = &pipeline->candidates[pipeline->compare->order[made]];
        if (pipeline_start_trial(pipeline) < 0)
                pipeline_finish_not_built(pipeline, -ENOMEM, BOX_STAGE_SETUP, NULL);
}
