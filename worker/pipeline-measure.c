/* SPDX-License-Identifier: MIT */
#include "pipeline-internal.h"

#define STEP_UP 3U /* trials added at a time while precision is wanting */
#define IDLE_MIN_USEC (20U * USEC_PER_MSEC)
#define IDLE_MAX_USEC (200U * USEC_PER_MSEC)
#define TOLD_PAUSE_USEC \
        (50U * USEC_PER_MSEC) /* in which the bus and the client are done with what they are told before a trial */
#define REGION_PATIENCE_NS \
        (UINT64_C(20) * NSEC_PER_SEC) /* for a window's runs with all that is not measured of them */

static TrialRecord *last_of(GPtrArray *records) {
        return records->len > 0 ? g_ptr_array_index(records, records->len - 1) : NULL;
}

static uint64_t largest_output(const WindowRecord *window) {
        uint64_t largest = 0;

        for (guint i = 0; i < window->runs->len; i++)
                largest = MAX(largest,
                              ((const RunRecord *) g_ptr_array_index(window->runs, i))->evidence.output_bytes);
        return largest;
}

/* The average would be slow where a busy machine held up one of the runs, and later windows then too short. */
uint64_t window_fastest_run(const WindowRecord *window) {
        uint64_t fastest = UINT64_MAX;

        for (guint i = 0; i < window->runs->len; i++)
                fastest = MIN(fastest, ((const RunRecord *) g_ptr_array_index(window->runs, i))->evidence.wall_ns);
        return fastest;
}

/* Of one run: a region that its program repeats by itself is one, too. */
void pipeline_learn(Pipeline *pipeline, size_t task, const WindowRecord *window) {
        const uint64_t runs = window->whole.iterations;
        Pace *pace = &pipeline->candidate->paces[task];

        if (runs == 0)
                return;
        pace->fastest_ns = MIN(pace->fastest_ns,
                               window->region ? window->region->wall_ns / runs : window_fastest_run(window));
        pace->whole_ns = window->whole.wall_ns / runs;
        pace->output_bytes = largest_output(window);
}

/* A region that is a small part of its run cannot be made long by repeating the run: it will be too short, and says
 * so. */
static WindowPlan plan_task(const Pipeline *pipeline, const Pace *pace) {
        const BoxSpec *box = &programs_specs(pipeline->candidate->programs)[PROGRAM_CANDIDATE];
        WindowPlan plan = window_plan(pace->fastest_ns, pace->output_bytes, root_file_bytes(box),
                                      pipeline->candidate->record->min_window_usec);
        const uint64_t most = MAX(REGION_PATIENCE_NS / MAX(pace->whole_ns, 1), 1);

        if (!pipeline_has_region(pipeline) || (uint64_t) plan.iterations * plan.windows <= most)
                return plan;
        plan.iterations = (uint32_t) MIN(plan.iterations, most);
        plan.windows = (uint32_t) MAX(most / plan.iterations, 1);
        return plan;
}

/* Validation, warm-ups, and without them the first trials, say how many iterations fill a window. All valid trials
 * have the same number. */
void pipeline_plan_windows(Pipeline *pipeline, const TrialRecord *last) {
        Candidate *candidate = pipeline->candidate;
        size_t task = 0;

        if (job_valid_trials(candidate->record) > 0)
                return;
        for (guint w = 0; last && w < last->windows->len; w++) {
                const WindowRecord *window = g_ptr_array_index(last->windows, w);
                const WorkTest *test = candidate->tasks[task].test;

                if (test && window->test != test->name && task + 1 < candidate->n_tasks)
                        task++;
                pipeline_learn(pipeline, task, window);
        }
        for (task = 0; task < candidate->n_tasks; task++)
                if (candidate->paces[task].fastest_ns != UINT64_MAX)
                        candidate->tasks[task].plan = plan_task(pipeline, &candidate->paces[task]);
}

static void on_trial_over(Trial *trial, int r, void *userdata) {
        Pipeline *pipeline = userdata;

        pipeline_take_measured(pipeline, trial_take_record(trial));
        if (r < 0) {
                BoxStage stage;
                const char *why = trial_why(trial, &stage);

                pipeline_finish_not_built(pipeline, r, stage, why);
                return;
        }
        pipeline_advance_later(pipeline);
}

void pipeline_take_measured(Pipeline *pipeline, TrialRecord *record) {
        for (guint i = 0; i < record->windows->len; i++)
                pipeline->settled_cpu_usec +=
                                ((const WindowRecord *) g_ptr_array_index(record->windows, i))->whole.cpu_usec;
        /* Warm-ups start colder than anything that follows them. */
        if (!pipeline->warming && pipeline->reference_mc == TEMPERATURE_UNKNOWN)
                pipeline->reference_mc = record->temp_start_mc;
        g_ptr_array_add(pipeline->warming ? pipeline->candidate->record->warmups : pipeline->candidate->record->trials,
                        record);
        pipeline_judge_trials(pipeline);
}

/* ---- idle windows ---- */

static void on_idle_over(Idle *idle, void *userdata) {
        Pipeline *pipeline = userdata;
        const Span *span = idle_span(idle);
        const TrialEvidence *evidence = idle_evidence(idle);
        PowerLevel level;

        if (evidence && pipeline_waits_for_quiet(pipeline, evidence)) {
                pipeline->idle_before = G_MAXUINT;
                pipeline_advance_later(pipeline);
                return;
        }
        for (size_t i = 0; i < pipeline->n_candidates; i++) {
                JobRecord *record = pipeline->candidates[i].record;

                if (evidence)
                        evidence_add(&record->idle, evidence);
                if (span)
                        baseline_add(record->baseline, &pipeline->ticker, span);
        }
        if (span) {
                baseline_level(pipeline->candidate->record->baseline, span->last.at_ns, &level);
                ticker_set_idle(&pipeline->ticker, &level);
        }
        pipeline_advance_later(pipeline);
}

uint64_t pipeline_told_usec(const Pipeline *pipeline) {
        return g_str_equal(pipeline->request->resolution, "fine") ? 0 : pipeline->context->region_min_usec;
}

/* As long as the pause allows. */
static uint64_t idle_window_usec(const Pipeline *pipeline) {
        return MAX(CLAMP(pipeline->request->cooldown_usec, IDLE_MIN_USEC, IDLE_MAX_USEC),
                   pipeline_told_usec(pipeline));
}

static size_t trials_wanted(const Pipeline *pipeline) {
        return pipeline->wanted * pipeline->n_candidates;
}

/* Which trial comes next, as soon as the pause before it begins. */
static void tell_trial(Pipeline *pipeline) {
        if (pipeline->trial_told)
                return;
        pipeline->trial_told = true;
        if (pipeline->warming)
                pipeline_report(pipeline, JOB_WARMING, (uint32_t) candidates_warmups(pipeline) + 1,
                                (uint32_t) (pipeline->request->warmups * pipeline->n_candidates));
        else
                pipeline_report(pipeline, JOB_MEASURING,
                                (uint32_t) MIN(candidates_valid_trials(pipeline) + 1, trials_wanted(pipeline)),
                                (uint32_t) trials_wanted(pipeline));
}

/* Before each trial and after the last one, at the end of the pause between them. 1 when the pipeline has to wait for
 * it. */
static int take_idle_window(Pipeline *pipeline) {
        size_t n_domains;
        int r;

        (void) meter_domains(pipeline->meter, &n_domains);
        if (n_domains == 0 || pipeline->idle_before == candidates_trials_so_far(pipeline))
                return 0;
        if (!pipeline->candidate->record->baseline) {
                for (size_t i = 0; i < pipeline->n_candidates; i++)
                        pipeline->candidates[i].record->baseline = baseline_new(n_domains);
                pipeline_report(pipeline, JOB_BASELINE, 0, 0);
        } else if (pipeline->warming || candidates_valid_trials(pipeline) < trials_wanted(pipeline))
                tell_trial(pipeline);
        r = idle_start(pipeline->event, &pipeline->ticker,
                       pipeline->idle_before == G_MAXUINT ? 0 : pipeline->request->cooldown_usec,
                       idle_window_usec(pipeline), on_idle_over, pipeline, &pipeline->idle);
        if (r < 0)
                return r;
        idle_collect(pipeline->idle, pipeline->collector);
        pipeline->idle_before = candidates_trials_so_far(pipeline);
        return 1;
}

/* ---- trials ---- */

int pipeline_start_trial(Pipeline *pipeline) {
        const uint64_t now_usec = now_monotonic_usec();
        const Request *request = pipeline->request;
        const bool paused = candidates_trials_so_far(pipeline) == 0 ||
                            pipeline->idle_before == candidates_trials_so_far(pipeline);
        TrialSpec spec = {
                .window = pipeline_window(pipeline),
                .tasks = pipeline->candidate->tasks,
                .n_tasks = pipeline->candidate->n_tasks,
                .judging = pipeline->candidate->judging,
                .min_window_ns = pipeline->candidate->record->min_window_usec * NSEC_PER_USEC,
                .cooldown_usec = MAX(paused ? 0 : request->cooldown_usec, pipeline->trial_told ? 0 : TOLD_PAUSE_USEC),
                .thermal = pipeline->thermal,
                .thermal_wait_usec = request->thermal_wait_usec,
                .reference_mc = pipeline->reference_mc,
        };

        if (candidates_trials_so_far(pipeline) > 0)
                pipeline->last_trial_usec = now_usec - pipeline->trial_begin_usec;
        pipeline->trial_begin_usec = now_usec;
        spec.window.limits.max_joules = pipeline->candidate->request->max_joules;
        spec.window.region_min_ns = pipeline_told_usec(pipeline) * NSEC_PER_USEC;
        spec.window.energy_min_ns = spec.min_window_ns;
        spec.window.energy_step_uj = job_step_uj(request);
        tell_trial(pipeline);
        pipeline->trial_told = false;
        return trial_start(&spec, on_trial_over, pipeline, &pipeline->trial);
}

/* Whether another trial is to be made; n grows on the precision of the median only. */
static bool wants_more(Pipeline *pipeline) {
        const uint32_t most = MAX(pipeline->request->max_trials, pipeline->request->trials);
        const size_t valid = job_valid_trials(pipeline->candidate->record);

        if (valid < pipeline->wanted)
                return true;
        if (pipeline->request->rel_ci <= 0 || pipeline->wanted >= most ||
            job_precise_enough(pipeline->candidate->record))
                return false;
        pipeline->wanted = MIN(pipeline->wanted + STEP_UP, most);
        return true;
}

/* As long as nothing valid is there, a trial that was too short has told how long the next one has to be. */
bool pipeline_still_planning(const Pipeline *pipeline, const TrialRecord *last) {
        return job_valid_trials(pipeline->candidate->record) == 0 &&
               pipeline->candidate->record->trials->len <= PLANNING_TRIALS &&
               g_ptr_array_find_with_equal_func(last->quality, "TOO_SHORT", g_str_equal, NULL);
}

/* The first run may have been slow for what it read from a disk, or for what else the machine did. Windows that were
 * planned by it are too short for the runs after it, and as all valid trials have the same number of them, it counts
 * no more. */
void pipeline_plan_again(Pipeline *pipeline, const TrialRecord *last) {
        Candidate *candidate = pipeline->candidate;
        GPtrArray *trials = candidate->record->trials;

        if (last->valid || candidate->planned_again || job_valid_trials(candidate->record) == 0 ||
            !g_ptr_array_find_with_equal_func(last->quality, "TOO_SHORT", g_str_equal, NULL))
                return;
        candidate->planned_again = true;
        for (guint i = 0; i < trials->len; i++) {
                TrialRecord *trial = g_ptr_array_index(trials, i);

                if (!trial->valid)
                        continue;
                trial->valid = false;
                trial->planning = true;
                trial->invalid = g_strdup("later runs were faster: more of them make a window");
        }
}

static void advance_trials(Pipeline *pipeline) {
        TrialRecord *last = last_of(pipeline->candidate->record->trials);

        if (last)
                pipeline_plan_again(pipeline, last);
        pipeline_plan_windows(pipeline, last);
        if (last && !last->valid)
                last->planning = pipeline_still_planning(pipeline, last);
        if (!quality_may_rerun(pipeline->candidate->record, pipeline->wanted)) {
                pipeline_finish_unstable(pipeline);
                return;
        }
        if (!wants_more(pipeline)) {
                pipeline_finish_measured(pipeline);
                return;
        }
        if (pipeline_start_trial(pipeline) < 0)
                pipeline_finish_not_built(pipeline, -ENOMEM, BOX_STAGE_SETUP, NULL);
}

void pipeline_measure(Pipeline *pipeline) {
        int r;

        if (pipeline->warming) {
                pipeline_plan_windows(pipeline, last_of(pipeline->candidate->record->warmups));
                pipeline->warming = candidates_warmups(pipeline) <
                                    (size_t) pipeline->request->warmups * pipeline->n_candidates;
        }
        r = take_idle_window(pipeline);
        if (r == 0)
                r = pipeline_take_floor(pipeline);
        if (r < 0)
                pipeline_finish_not_built(pipeline, r, BOX_STAGE_SETUP, NULL);
        if (r != 0)
                return;
        if (pipeline->warming) {
                pipeline_choose_warmup(pipeline);
                if (pipeline_start_trial(pipeline) < 0)
                        pipeline_finish_not_built(pipeline, -ENOMEM, BOX_STAGE_SETUP, NULL);
        } else if (pipeline->compare)
                pipeline_advance_rounds(pipeline);
        else
                advance_trials(pipeline);
}
