/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "dbus/names.h"
#include "evaluate.h"
#include "judge.h"
#include "material.h"
#include "meter-choice.h"
#include "pipeline.h"
#include "trial.h"

#define ERRAND_TIMEOUT_USEC (30U * USEC_PER_SEC)
#define DELIVER_TIMEOUT_USEC (5U * USEC_PER_SEC)
#define STEP_UP 3U /* trials added at a time while precision is wanting */

struct Pipeline {
        sd_event *event;
        const Request *request;
        const JobContext *context;
        PipelineCalls calls;

        Sysroot *root;
        Topology *topology;
        Meter *meter;
        Thermal *thermal;
        Containment *containment;
        Launcher *launcher;
        cpu_set_t cpus;
        BoxSpec box;
        Material material;

        JobRecord *record;
        WindowPlan plan;
        uint64_t fastest_ns; /* of one iteration, so far */
        uint32_t wanted;     /* valid trials */
        uint32_t reruns;
        Trial *trial;
        bool warming, delivered, started, is_over;
        const char *cancel_error;
        int64_t reference_mc;
        uint64_t settled_cpu_usec; /* CPU time of all closed windows: the model meter's base */
        uint64_t last_cpu_usec;    /* what the model meter was told last */
        uint64_t begin_usec;
        double fraction;
        sd_event_source *next_source, *job_timer, *watchdog_timer, *launcher_source;
};

static int model_cpu_time(void *userdata, uint64_t *ret_usec) {
        Pipeline *pipeline = userdata;
        Window *window = pipeline->trial ? trial_window(pipeline->trial) : NULL;
        uint64_t now_usec = 0;
        int r;

        if (window) {
                r = window_cpu_usec(window, &now_usec);
                if (r < 0)
                        return r;
        }
        /* A living process's clock and its final account differ by some microseconds. */
        pipeline->last_cpu_usec = MAX(pipeline->last_cpu_usec, pipeline->settled_cpu_usec + now_usec);
        *ret_usec = pipeline->last_cpu_usec;
        return 0;
}

/* The topology stays for the report, whatever comes of the meter. */
static int open_meter(Pipeline *pipeline, const char **ret_error, char **ret_why) {
        const MeterConfig config = { .cores = CPU_COUNT(&pipeline->cpus) > 0 ? &pipeline->cpus : NULL,
                                     .model_watts_per_cpu = pipeline->context->model_watts,
                                     .cpu_time = model_cpu_time,
                                     .userdata = pipeline };
        int r;

        *ret_error = JT_ERROR_NO_METER;
        r = topology_discover(pipeline->root, TOPOLOGY_PROBE, &pipeline->topology);
        if (r < 0) {
                *ret_why = g_strdup_printf("The processors cannot be listed: %s", g_strerror(-r));
                return r;
        }
        return meter_choose(pipeline->request, pipeline->context, pipeline->topology, pipeline->root, &config,
                            &pipeline->meter, &pipeline->record->meter_absent, ret_why);
}

int pipeline_new(sd_event *event, const Request *request, const JobContext *context, const PipelineCalls *calls,
                 Pipeline **ret, const char **ret_error, char **ret_why) {
        g_autoptr(Pipeline) pipeline = g_new0(Pipeline, 1);
        const bool fine = g_str_equal(request->resolution, "fine");
        int r;

        pipeline->event = sd_event_ref(event);
        pipeline->request = request;
        pipeline->context = context;
        pipeline->calls = *calls;
        pipeline->plan = (WindowPlan){ 1, 1 };
        pipeline->fastest_ns = UINT64_MAX;
        pipeline->wanted = request->trials;
        pipeline->reference_mc = TEMPERATURE_UNKNOWN;
        pipeline->material.stdin_fd = -1;
        pipeline->record = job_record_new(request, context);
        pipeline->record->min_window_usec =
                        fine ? request->min_window_usec : MAX(request->min_window_usec, context->region_min_usec);

        r = cpulist_parse(context->cpus, &pipeline->cpus);
        if (r < 0) {
                *ret_error = JT_ERROR_INVALID_REQUEST;
                *ret_why = g_strdup_printf("\"%s\" is no list of CPUs", context->cpus);
                return r;
        }
        r = sysroot_open(context->sysroot, &pipeline->root);
        if (r < 0) {
                *ret_error = JT_ERROR_INVALID_REQUEST;
                *ret_why = g_strdup_printf("The tree %s cannot be opened: %s", context->sysroot, g_strerror(-r));
                return r;
        }
        r = open_meter(pipeline, ret_error, ret_why);
        if (r < 0)
                return r;
        pipeline->record->root = pipeline->root;
        pipeline->record->topology = pipeline->topology;
        pipeline->record->meter = pipeline->meter;
        *ret = g_steal_pointer(&pipeline);
        return 0;
}

static double progress_fraction(Pipeline *pipeline) {
        const double all = pipeline->request->warmups + pipeline->wanted + 1;
        const double done = pipeline->record->warmups->len + (double) job_valid_trials(pipeline->record);

        pipeline->fraction = MAX(pipeline->fraction, MIN(done / all, 1.0));
        return pipeline->fraction;
}

/* From the pace so far, the pauses between included. */
static uint64_t time_left_usec(const Pipeline *pipeline) {
        const size_t valid = job_valid_trials(pipeline->record);
        const size_t done = pipeline->record->warmups->len + pipeline->record->trials->len;
        const size_t left = pipeline->request->warmups -
                            MIN(pipeline->record->warmups->len, pipeline->request->warmups) + pipeline->wanted -
                            MIN(valid, pipeline->wanted);

        if (done == 0)
                return USEC_INFINITY;
        return (now_monotonic_usec() - pipeline->begin_usec) / done * left;
}

static double public_median(const Pipeline *pipeline) {
        const bool fine = g_str_equal(pipeline->request->resolution, "fine");
        JobSummary summary;

        if (job_summarise(pipeline->record, fine ? 1 : PUBLIC_STEP_UJ, &summary) < 0 || !summary.has_energy)
                return NAN;
        return summary.per_iteration.total_j;
}

static void report_progress(Pipeline *pipeline, JobState phase, uint32_t step, uint32_t steps) {
        const PipelineProgress progress = { .phase = phase,
                                            .step = step,
                                            .steps = steps,
                                            .fraction = progress_fraction(pipeline),
                                            .median_j = public_median(pipeline),
                                            .simulated = pipeline->meter && meter_simulated(pipeline->meter),
                                            .time_left_usec = time_left_usec(pipeline) };

        pipeline->calls.progress(&progress, pipeline->calls.userdata);
}

static void add_reason(Pipeline *pipeline, const char *word) {
        if (!g_ptr_array_find_with_equal_func(pipeline->record->reasons, word, g_str_equal, NULL))
                g_ptr_array_add(pipeline->record->reasons, g_strdup(word));
}

static void collect_reasons(Pipeline *pipeline) {
        if (meter_simulated(pipeline->meter))
                add_reason(pipeline, "SIMULATED");
        if (pipeline->context->smt_shared)
                add_reason(pipeline, "SMT_SHARED");
        if (job_output_differs(pipeline->record))
                add_reason(pipeline, "OUTPUT_DIFFERS");
}

static void finish(Pipeline *pipeline) {
        if (pipeline->is_over)
                return;
        pipeline->is_over = true;
        pipeline->trial = trial_free(pipeline->trial);
        pipeline->next_source = sd_event_source_disable_unref(pipeline->next_source);
        pipeline->job_timer = sd_event_source_disable_unref(pipeline->job_timer);
        pipeline->watchdog_timer = sd_event_source_disable_unref(pipeline->watchdog_timer);
        pipeline->launcher_source = sd_event_source_disable_unref(pipeline->launcher_source);
        pipeline->material.errand = errand_free(pipeline->material.errand);
        report_progress(pipeline, JOB_FINISHING, 0, 0);
        collect_reasons(pipeline);
        pipeline->record->program = pipeline->material.program;
        pipeline->material.program = (ProgramRecord){};
        pipeline->record->output_problem = g_steal_pointer(&pipeline->material.output_problem);
        pipeline->calls.over(pipeline->record, pipeline->calls.userdata);
}

static void finish_cancelled(Pipeline *pipeline) {
        const char *error = pipeline->cancel_error;
        JobResult result = RESULT_CANCELLED;
        g_autofree char *message = NULL;

        if (g_str_equal(error, JT_ERROR_JOB_LIMIT)) {
                result = RESULT_TIMEOUT;
                message = g_strdup_printf(
                                "The job took longer than its job-limit of %.3f s; %zu of %u trials were done",
                                (double) pipeline->request->job_limit_usec / 1e6, job_valid_trials(pipeline->record),
                                pipeline->wanted);
        } else
                message = g_strdup_printf("The job was cancelled after %zu of %u trials",
                                          job_valid_trials(pipeline->record), pipeline->wanted);
        job_record_set_end(pipeline->record, result, STATUS_INCOMPLETE, error, message);
        pipeline->record->verdict = VERDICT_CANCELLED;
        finish(pipeline);
}

static void finish_measured(Pipeline *pipeline) {
        if (pipeline->record->meter_absent) {
                g_autofree char *message = g_strdup_printf("Time only: %s", pipeline->record->meter_absent);

                job_record_set_end(pipeline->record, RESULT_DONE, STATUS_TIME_ONLY, NULL, message);
        } else
                job_record_set_end(pipeline->record, RESULT_DONE, STATUS_OK, NULL, NULL);
        pipeline->record->verdict = VERDICT_OK;
        finish(pipeline);
}

static void finish_unstable(Pipeline *pipeline) {
        const JobStatus status = job_status_without_result(pipeline->record);
        const TrialRecord *last = g_ptr_array_index(pipeline->record->trials, pipeline->record->trials->len - 1);
        g_autofree char *message = NULL;

        message = g_strdup_printf("%zu of %u trials are valid after %u reruns; the last: %s",
                                  job_valid_trials(pipeline->record), pipeline->wanted, pipeline->reruns,
                                  last->energy_absent ?: "no reason known");
        job_record_set_end(pipeline->record, RESULT_UNSTABLE, status, NULL, message);
        finish(pipeline);
}

static const char *program_name(const Pipeline *pipeline) {
        return pipeline->request->argv[0];
}

static void finish_failed_run(Pipeline *pipeline, const RunFailure *failure) {
        const bool not_started = failure->exec_error < 0;
        Fact decisive;
        const Verdict verdict = facts_verdict(failure->facts, &decisive);
        g_autofree char *name = g_utf8_make_valid(program_name(pipeline), -1);
        g_autofree char *message = NULL;

        message = g_strdup_printf("\"%s\" %s%s%s", name, failure->description,
                                  failure->excerpt && !not_started ? "; its standard error ends: " : "",
                                  failure->excerpt && !not_started ? failure->excerpt : "");
        if (decisive == FACT_OUR_FAULT)
                job_record_set_end(pipeline->record, RESULT_INFRASTRUCTURE, STATUS_INCOMPLETE, JT_ERROR_SCOPE_FAILED,
                                   message);
        else if (decisive == FACT_EXEC_FAILED)
                job_record_set_end(pipeline->record, RESULT_FAILED, STATUS_INCOMPLETE, JT_ERROR_EXEC_FAILED, message);
        else if (decisive == FACT_ENERGY_LIMIT)
                job_record_set_end(pipeline->record, RESULT_FAILED, STATUS_ENERGY_LIMIT, JT_ERROR_ENERGY_LIMIT,
                                   message);
        else
                job_record_set_end(pipeline->record, RESULT_FAILED, STATUS_INCOMPLETE, JT_ERROR_RUN_FAILED, message);
        pipeline->record->verdict = verdict;
        finish(pipeline);
}

/* A run that could not be built. Entering the working directory is the caller's affair, all else is ours. */
static void finish_not_built(Pipeline *pipeline, int r, BoxStage stage, const char *why) {
        const char *error = JT_ERROR_WORKER_FAILED;
        JobResult result = RESULT_INFRASTRUCTURE;

        if (stage == BOX_STAGE_CHDIR) {
                error = JT_ERROR_EXEC_FAILED;
                result = RESULT_FAILED;
        } else if (r == -ENOTRECOVERABLE)
                error = JT_ERROR_SCOPE_FAILED;
        job_record_set_end(pipeline->record, result, STATUS_INCOMPLETE, error, why ?: g_strerror(-r));
        pipeline->record->verdict = VERDICT_IE;
        finish(pipeline);
}

static void advance_later(Pipeline *pipeline) {
        (void) sd_event_source_set_enabled(pipeline->next_source, SD_EVENT_ONESHOT);
}

static void on_trial_over(Trial *trial, int r, void *userdata) {
        Pipeline *pipeline = userdata;
        TrialRecord *record = trial_take_record(trial);

        pipeline->settled_cpu_usec += record->cpu_usec;
        if (pipeline->reference_mc == TEMPERATURE_UNKNOWN)
                pipeline->reference_mc = record->temp_start_mc;
        g_ptr_array_add(pipeline->warming ? pipeline->record->warmups : pipeline->record->trials, record);
        if (r < 0) {
                BoxStage stage;
                const char *why = trial_why(trial, &stage);

                finish_not_built(pipeline, r, stage, why);
                return;
        }
        advance_later(pipeline);
}

static uint64_t largest_output(const TrialRecord *trial) {
        uint64_t largest = 0;

        for (guint w = 0; w < trial->windows->len; w++) {
                const WindowRecord *window = g_ptr_array_index(trial->windows, w);

                for (guint i = 0; i < window->runs->len; i++) {
                        const RunRecord *run = g_ptr_array_index(window->runs, i);

                        largest = MAX(largest, run->evidence.output_bytes);
                }
        }
        return largest;
}

static const TrialRecord *last_of(GPtrArray *records) {
        return records->len > 0 ? g_ptr_array_index(records, records->len - 1) : NULL;
}

/* Warm-ups, and without them the first trials, say how many iterations fill a window. All valid trials have the same
 * number. */
static void plan_windows(Pipeline *pipeline, const TrialRecord *last) {
        if (!last || last->iterations == 0 || job_valid_trials(pipeline->record) > 0)
                return;
        pipeline->fastest_ns = MIN(pipeline->fastest_ns, last->wall_ns / last->iterations);
        pipeline->plan = window_plan(pipeline->fastest_ns, largest_output(last), pipeline->record->min_window_usec);
}

static int start_trial(Pipeline *pipeline) {
        const Request *request = pipeline->request;
        const bool fine = g_str_equal(request->resolution, "fine");
        const bool first = pipeline->record->warmups->len + pipeline->record->trials->len == 0;
        const TrialSpec spec = {
                .window = { .event = pipeline->event,
                            .meter = pipeline->meter,
                            .box = &pipeline->box,
                            .stdin_fd = pipeline->material.stdin_fd,
                            .limits = { .cpu_usec = request->cpu_limit_usec,
                                        .wall_usec = request->wall_limit_usec,
                                        .output_max = request->output_max,
                                        .memory_max = request->memory_max,
                                        .tasks_max = request->tasks_max,
                                        .max_joules = request->max_joules },
                            .energy_min_ns = pipeline->record->min_window_usec * NSEC_PER_USEC,
                            .energy_step_uj = fine ? 1 : PUBLIC_STEP_UJ,
                            .ignore_exit = request->ignore_exit },
                .plan = pipeline->plan,
                .min_window_ns = pipeline->record->min_window_usec * NSEC_PER_USEC,
                .cooldown_usec = first ? 0 : request->cooldown_usec,
                .thermal = pipeline->thermal,
                .thermal_wait_usec = request->thermal_wait_usec,
                .reference_mc = pipeline->reference_mc,
        };

        if (pipeline->warming)
                report_progress(pipeline, JOB_WARMING, pipeline->record->warmups->len + 1, request->warmups);
        else
                report_progress(pipeline, JOB_MEASURING,
                                (uint32_t) MIN(job_valid_trials(pipeline->record) + 1, pipeline->wanted),
                                pipeline->wanted);
        return trial_start(&spec, on_trial_over, pipeline, &pipeline->trial);
}

static void on_delivered(int r, const char *why, void *userdata) {
        advance_later(userdata);
}

/* 1 when the pipeline has to wait for it. */
static int deliver_first_output(Pipeline *pipeline) {
        Window *window = pipeline->trial ? trial_first_window(pipeline->trial) : NULL;

        if (pipeline->delivered || !window)
                return 0;
        pipeline->delivered = true;
        return material_deliver(&pipeline->material, window_first_output(window), window_first_error_output(window),
                                DELIVER_TIMEOUT_USEC, on_delivered, pipeline);
}

/* Whether another trial is to be made; n grows on the precision of the median only. */
static bool wants_more(Pipeline *pipeline) {
        const uint32_t most = MAX(pipeline->request->max_trials, pipeline->request->trials);
        const size_t valid = job_valid_trials(pipeline->record);

        if (valid < pipeline->wanted)
                return true;
        if (pipeline->request->rel_ci <= 0 || pipeline->wanted >= most || job_precise_enough(pipeline->record))
                return false;
        pipeline->wanted = MIN(pipeline->wanted + STEP_UP, most);
        return true;
}

static void advance_trials(Pipeline *pipeline) {
        const TrialRecord *last = last_of(pipeline->record->trials);

        plan_windows(pipeline, last);
        if (last && !last->valid) {
                if (pipeline->reruns >= (pipeline->wanted + 1) / 2) {
                        finish_unstable(pipeline);
                        return;
                }
                pipeline->reruns++;
        }
        if (!wants_more(pipeline)) {
                finish_measured(pipeline);
                return;
        }
        if (start_trial(pipeline) < 0)
                finish_not_built(pipeline, -ENOMEM, BOX_STAGE_SETUP, NULL);
}

static int on_advance(sd_event_source *source, void *userdata) {
        Pipeline *pipeline = userdata;
        const RunFailure *failure = pipeline->trial ? trial_failure(pipeline->trial) : NULL;

        if (deliver_first_output(pipeline) > 0)
                return 0;
        if (pipeline->cancel_error) {
                finish_cancelled(pipeline);
                return 0;
        }
        if (failure) {
                finish_failed_run(pipeline, failure);
                return 0;
        }
        pipeline->trial = trial_free(pipeline->trial);

        if (pipeline->warming) {
                plan_windows(pipeline, last_of(pipeline->record->warmups));
                pipeline->warming = pipeline->record->warmups->len < pipeline->request->warmups;
        }
        if (!pipeline->warming)
                advance_trials(pipeline);
        else if (start_trial(pipeline) < 0)
                finish_not_built(pipeline, -ENOMEM, BOX_STAGE_SETUP, NULL);
        return 0;
}

static void on_fetched(int r, const char *why, void *userdata) {
        Pipeline *pipeline = userdata;

        if (r < 0) {
                job_record_set_end(pipeline->record, RESULT_FAILED, STATUS_INCOMPLETE, JT_ERROR_INVALID_REQUEST, why);
                finish(pipeline);
                return;
        }
        advance_later(pipeline);
}

static int on_job_limit(sd_event_source *source, uint64_t usec, void *userdata) {
        pipeline_cancel(userdata, JT_ERROR_JOB_LIMIT);
        return 0;
}

/* Keeps 64-bit totals ahead of the counters' wraps, between windows as in them. */
static int on_watchdog(sd_event_source *source, uint64_t usec, void *userdata) {
        Pipeline *pipeline = userdata;
        uint64_t due_usec;
        Reading reading;

        (void) meter_read(pipeline->meter, &reading);
        due_usec = meter_watchdog_usec(pipeline->meter);
        if (due_usec == USEC_INFINITY)
                return 0;
        (void) sd_event_source_set_time_relative(source, due_usec);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

/* Nothing can be started any more, and the kernel told nobody else. */
static int on_launcher_gone(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Pipeline *pipeline = userdata;

        job_record_set_end(pipeline->record, RESULT_INFRASTRUCTURE, STATUS_INCOMPLETE, JT_ERROR_WORKER_FAILED,
                           "The worker's launcher died");
        pipeline->record->verdict = VERDICT_IE;
        finish(pipeline);
        return 0;
}

static int add_sources(Pipeline *pipeline) {
        const uint64_t due_usec = meter_watchdog_usec(pipeline->meter);
        int r;

        r = sd_event_add_defer(pipeline->event, &pipeline->next_source, on_advance, pipeline);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(pipeline->next_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(pipeline->event, &pipeline->job_timer, CLOCK_MONOTONIC,
                                       pipeline->request->job_limit_usec, USEC_PER_MSEC, on_job_limit, pipeline);
        if (r < 0)
                return r;
        r = sd_event_add_io(pipeline->event, &pipeline->launcher_source, launcher_pidfd(pipeline->launcher), EPOLLIN,
                            on_launcher_gone, pipeline);
        if (r < 0 || due_usec == USEC_INFINITY)
                return r;
        return sd_event_add_time_relative(pipeline->event, &pipeline->watchdog_timer, CLOCK_MONOTONIC, due_usec,
                                          USEC_PER_MSEC, on_watchdog, pipeline);
}

static void open_thermal(Pipeline *pipeline) {
        const int r = thermal_open(pipeline->root, &pipeline->thermal);

        if (r < 0)
                pipeline->record->thermal_absent =
                                r == -ENOENT ? g_strdup("this machine shows no package temperature")
                                             : g_strdup_printf("the package temperature cannot be read: %s",
                                                               g_strerror(-r));
}

static int split(Pipeline *pipeline, const PipelineBase *base) {
        LauncherSpec spec = { .containment = base->containment,
                              .boxes = &pipeline->box,
                              .n_boxes = 1,
                              .identity = base->identity,
                              .daemon_fd = base->daemon_fd };
        int r;

        material_launch(&pipeline->material, &spec);
        r = judge_split(&spec, base->judge_uid, base->judge_gid, &pipeline->launcher);
        pipeline->box.launcher = pipeline->material.launcher = pipeline->launcher;
        return r;
}

int pipeline_start(Pipeline *pipeline, const PipelineBase *base) {
        int r;

        pipeline->started = true;
        pipeline->begin_usec = now_monotonic_usec();
        pipeline->containment = base->containment;
        pipeline->record->containment = base->containment->kind;
        pipeline->record->env = pipeline->request->env ? g_strdupv(pipeline->request->env)
                                                       : identity_environment(base->identity);
        pipeline->warming = pipeline->request->warmups > 0;
        pipeline->box = (BoxSpec){ .profile = pipeline->request->profile,
                                   .identity = base->identity,
                                   .argv = pipeline->request->argv,
                                   .env = pipeline->record->env,
                                   .cwd_fd = pipeline->request->cwd_fd,
                                   .stdin_fd = -1,
.extra_fd = -1,
                                   .cpus = &pipeline->cpus,
                                   .memory_max = pipeline->request->memory_max,
                                   .tasks_max = pipeline->request->tasks_max,
                                   .cpu_limit_usec = pipeline->request->cpu_limit_usec,
                                   .containment = base->containment };
        material_init(&pipeline->material, pipeline->event, pipeline->request, pipeline->record->env);
        judge_keep_aside(pipeline->topology, &pipeline->cpus);
        r = split(pipeline, base);
        if (r < 0)
                return r;
        open_thermal(pipeline);
        r = add_sources(pipeline);
        if (r < 0)
                return r;
        report_progress(pipeline, JOB_SETTLING, 0, 0);
        return material_fetch(&pipeline->material, MIN(ERRAND_TIMEOUT_USEC, pipeline->request->job_limit_usec),
                              on_fetched, pipeline);
}

void pipeline_cancel(Pipeline *pipeline, const char *error) {
        if (!pipeline->started || pipeline->is_over || pipeline->cancel_error)
                return;
        pipeline->cancel_error = error;
        if (pipeline->material.errand) {
                pipeline->material.errand = errand_free(pipeline->material.errand);
                advance_later(pipeline);
        } else if (pipeline->trial)
                trial_abort(pipeline->trial, KILLED_FOR_CANCEL);
}

Pipeline *pipeline_free(Pipeline *pipeline) {
        if (!pipeline)
                return NULL;
        sd_event_source_disable_unref(pipeline->next_source);
        sd_event_source_disable_unref(pipeline->job_timer);
        sd_event_source_disable_unref(pipeline->watchdog_timer);
        sd_event_source_disable_unref(pipeline->launcher_source);
        pipeline->trial = trial_free(pipeline->trial);
        material_clear(&pipeline->material);
        launcher_free(pipeline->launcher);
        job_record_free(pipeline->record);
        containment_free(pipeline->containment);
        thermal_free(pipeline->thermal);
        meter_free(pipeline->meter);
        topology_free(pipeline->topology);
        sysroot_free(pipeline->root);
        sd_event_unref(pipeline->event);
        g_free(pipeline);
        return NULL;
}
