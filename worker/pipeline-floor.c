/* SPDX-License-Identifier: MIT */

/* The floor: what a window around /bin/true takes, run in the candidate's own box. Starting a program costs that much,
 * whatever the program does. */

#include "pipeline-internal.h"

#define STARTS_MIN 5U                        /* fewer do not tell how one differs from the next */
#define FLOOR_MIN_USEC (20U * USEC_PER_MSEC) /* of all its runs; not min-window, which may be some seconds */
#define FLOOR_WINDOWS_MAX 4U
#define FLOOR_TRIES 4U /* the first finds out how many runs are long enough, and others whether it was right */

static const char *const no_floor_region = "what is measured are declared regions, and starting a program is no part "
                                           "of them";

static uint64_t floor_usec(const Pipeline *pipeline) {
        return MAX(pipeline_told_usec(pipeline), FLOOR_MIN_USEC);
}

static const BoxSpec *box_of(const Pipeline *pipeline) {
        return &programs_specs(pipeline->candidate->programs)[PROGRAM_FLOOR];
}

static uint64_t file_bytes(const Pipeline *pipeline) {
        return root_file_bytes(box_of(pipeline));
}

static uint32_t starts_min(const Pipeline *pipeline) {
        return MIN(STARTS_MIN, window_iterations_max(file_bytes(pipeline)));
}

static void on_floor_over(Trial *trial, int r, void *userdata) {
        Pipeline *pipeline = userdata;
        g_autoptr(TrialRecord) record = trial_take_record(trial);
        const WindowRecord *window = record->windows->len > 0 ? g_ptr_array_index(record->windows, 0) : NULL;
        const RunFailure *failure = trial_failure(trial);
        BoxStage stage;

        for (guint i = 0; i < record->windows->len; i++)
                pipeline->settled_cpu_usec +=
                                ((const WindowRecord *) g_ptr_array_index(record->windows, i))->whole.cpu_usec;
        pipeline_judge_floor(pipeline, record);
        if (r < 0 || failure || !window) {
                pipeline->candidate->record->floor_absent =
                                g_strdup_printf("/bin/true could not be run in the box: %s",
                                                failure ? failure->description
                                                : r < 0 ? trial_why(trial, &stage) ?: g_strerror(-r)
                                                        : "it was ended");
                pipeline->candidate->floor = FLOOR_DONE;
        } else if (!record->valid && ++pipeline->candidate->floor_tries < FLOOR_TRIES) {
                WindowPlan *plan = &pipeline->candidate->floor_task.plan;

                *plan = window_plan(window_fastest_run(window), 0, file_bytes(pipeline), floor_usec(pipeline));
                plan->iterations = MAX(plan->iterations, starts_min(pipeline));
                plan->windows = MIN(plan->windows, FLOOR_WINDOWS_MAX);
        } else if (record->invalid) {
                pipeline->candidate->record->floor_absent =
                                g_strdup_printf("/bin/true was disturbed each time; at last %s", record->invalid);
                pipeline->candidate->floor = FLOOR_DONE;
        } else {
                pipeline->candidate->record->floor = g_steal_pointer(&record);
                pipeline->candidate->floor = FLOOR_DONE;
        }
        pipeline_advance_later(pipeline);
}

static int start_floor(Pipeline *pipeline) {
        TrialSpec spec = { .window = pipeline_window(pipeline),
                           .tasks = &pipeline->candidate->floor_task,
                           .n_tasks = 1,
                           .min_window_ns = floor_usec(pipeline) * NSEC_PER_USEC };

        pipeline->trial_is_floor = true;
        spec.window.box = box_of(pipeline);
        return trial_start(&spec, on_floor_over, pipeline, &pipeline->trial);
}

static int take_floor(Pipeline *pipeline) {
        Candidate *candidate = pipeline->candidate;
        size_t n_domains;
        int r;

        (void) meter_domains(pipeline->meter, &n_domains);
        if (n_domains == 0)
                candidate->floor = FLOOR_DONE;
        if (candidate->floor == FLOOR_TO_BE_TAKEN && pipeline_has_region(pipeline)) {
                candidate->record->floor_absent = g_strdup(no_floor_region);
                candidate->floor = FLOOR_DONE;
        }
        if (candidate->floor == FLOOR_DONE)
                return 0;
        if (candidate->floor == FLOOR_TO_BE_TAKEN) {
                candidate->floor_task = (TrialTask){ .stdin_fd = -1, .plan = { starts_min(pipeline), 1 } };
                candidate->floor = FLOOR_UNDER_WAY;
        }
        r = start_floor(pipeline);
        return r < 0 ? r : 1;
}

/* Each candidate has a box of its own. */
int pipeline_take_floor(Pipeline *pipeline) {
        Candidate *const now = pipeline->candidate;

        for (size_t i = 0; i < pipeline->n_candidates; i++) {
                int r;

                if (pipeline->candidates[i].floor == FLOOR_DONE)
                        continue;
                pipeline->candidate = &pipeline->candidates[i];
                r = take_floor(pipeline);
                if (r != 0)
                        return r;
        }
        pipeline->candidate = now;
        return 0;
}
