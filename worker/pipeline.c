/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "judge.h"
#include "meter-choice.h"
#include "pipeline-internal.h"

#define ERRAND_TIMEOUT_USEC (30U * USEC_PER_SEC)
#define DELIVER_TIMEOUT_USEC (5U * USEC_PER_SEC)

static int model_cpu_time(void *userdata, uint64_t *ret_usec) {
        Pipeline *pipeline = userdata;
        uint64_t now_usec = 0;
        int r;

        if (pipeline->trial) {
                r = trial_cpu_usec(pipeline->trial, &now_usec);
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
        r = meter_choose(pipeline->request, pipeline->context, pipeline->topology, pipeline->root, &pipeline->cpus,
                         &config, &pipeline->meter, &pipeline->record->meter_absent, &pipeline->ticker.tick,
                         &pipeline->record->tick_absent, ret_why);
        if (r < 0)
                return r;
        pipeline->ticker.meter = pipeline->plain.meter = pipeline->meter;
        pipeline->record->tick = pipeline->ticker.tick;
        return 0;
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
        pipeline->product_fd = pipeline->validator_product_fd = -1;
        pipeline->wanted = request->trials;
        pipeline->reference_mc = TEMPERATURE_UNKNOWN;
        pipeline->idle_before = G_MAXUINT;
        pipeline->material.stdin_fd = -1;
        pipeline->record = job_record_new(request, context);
        pipeline->record->min_window_usec =
                        fine ? request->min_window_usec : MAX(request->min_window_usec, context->region_min_usec);

        r = workload_open(request, context->max_blobs, &pipeline->workload, ret_why);
        if (r < 0) {
                *ret_error = JT_ERROR_INVALID_REQUEST;
                return r;
        }
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

/* Tests that are to be validated, and tests in trials that are to be made; a plain command is one test. */
static void count_work(const Pipeline *pipeline, double *ret_done, double *ret_all) {
        const double tests = (double) MAX(pipeline->n_tasks, 1);
        const double trials = pipeline->request->kind == JOB_VALIDATE
                                              ? 0
                                              : (double) pipeline->request->warmups + pipeline->wanted;

        *ret_all = (double) pipeline->workload->n_tests + tests * trials;
        *ret_done = pipeline->record->tests->len +
                    tests * (pipeline->record->warmups->len + (double) job_valid_trials(pipeline->record));
}

static double progress_fraction(Pipeline *pipeline) {
        double done, all;

        count_work(pipeline, &done, &all);
        pipeline->fraction = MAX(pipeline->fraction, MIN(done / (all + 1), 1.0));
        return pipeline->fraction;
}

/* The pauses between included. A trial runs each test as often as its window wants, and is by far longer than the
 * test's validation: once there is one, it says how long the others will take; before, the pace so far has to do. */
static uint64_t time_left_usec(const Pipeline *pipeline) {
        const uint64_t over = pipeline->record->warmups->len + job_valid_trials(pipeline->record);
        const uint64_t wanted = (uint64_t) pipeline->request->warmups + pipeline->wanted;
        double done, all;

        if (pipeline->last_trial_usec > 0)
                return pipeline->last_trial_usec * (wanted - MIN(over, wanted));
        count_work(pipeline, &done, &all);
        if (done == 0)
                return USEC_INFINITY;
        return (uint64_t) ((double) (now_monotonic_usec() - pipeline->begin_usec) / done * MAX(all - done, 0));
}

static double public_median(const Pipeline *pipeline) {
        const bool fine = g_str_equal(pipeline->request->resolution, "fine");
        JobSummary summary;

        if (job_summarise(pipeline->record, fine ? 1 : PUBLIC_STEP_UJ, &summary) < 0 || !summary.has_energy)
                return NAN;
        return summary.per_iteration.total_j;
}

bool pipeline_checks(const Pipeline *pipeline) {
        return pipeline->workload->n_tests > 0 || programs_has(pipeline->programs, PROGRAM_COMPILER);
}

void pipeline_report(Pipeline *pipeline, JobState phase, uint32_t step, uint32_t steps) {
        const PipelineProgress progress = { .phase = phase,
                                            .step = step,
                                            .steps = steps,
                                            .fraction = progress_fraction(pipeline),
                                            .median_j = public_median(pipeline),
                                            .simulated = pipeline->meter && meter_simulated(pipeline->meter),
                                            .time_left_usec = time_left_usec(pipeline) };

        pipeline->calls.progress(&progress, pipeline->calls.userdata);
}

void pipeline_advance_later(Pipeline *pipeline) {
        (void) sd_event_source_set_enabled(pipeline->next_source, SD_EVENT_ONESHOT);
}

bool pipeline_has_region(const Pipeline *pipeline) {
        return pipeline->request->region || pipeline->request->function;
}

WindowSpec pipeline_window(Pipeline *pipeline) {
        const Request *request = pipeline->request;

        return (WindowSpec){ .event = pipeline->event,
                             .ticker = pipeline->step == PIPELINE_MEASURE ? &pipeline->ticker : &pipeline->plain,
                             .box = &programs_specs(pipeline->programs)[PROGRAM_CANDIDATE],
                             .region = pipeline_has_region(pipeline),
                             .collector = pipeline->step == PIPELINE_MEASURE ? pipeline->collector : NULL,
                             .limits = { .cpu_usec = request->cpu_limit_usec,
                                         .wall_usec = request->wall_limit_usec,
                                         .output_max = request->output_max,
                                         .memory_max = request->memory_max,
                                         .tasks_max = request->tasks_max,
                                         .errors_free = g_str_equal(request->profile, "box") },
                             /* With tests a run is right or wrong, and how it exits belongs to that. */
                             .ignore_exit = request->ignore_exit && pipeline->workload->n_tests == 0 };
}

static void on_delivered(int r, const char *why, void *userdata) {
        pipeline_advance_later(userdata);
}

/* 1 when the pipeline has to wait for it. */
static int deliver_first_output(Pipeline *pipeline) {
        const Window *window =
                        pipeline->trial && !pipeline->trial_is_floor ? trial_first_window(pipeline->trial) : NULL;

        if (pipeline->delivered || !window)
                return 0;
        pipeline->delivered = true;
        return material_deliver(&pipeline->material, window_output(window, 0), window_error_output(window, 0),
                                DELIVER_TIMEOUT_USEC, on_delivered, pipeline);
}

static int on_advance(sd_event_source *source, void *userdata) {
        Pipeline *pipeline = userdata;
        const RunFailure *failure =
                        pipeline->trial && !pipeline->trial_is_floor ? trial_failure(pipeline->trial) : NULL;

        if (deliver_first_output(pipeline) > 0)
                return 0;
        if (pipeline->cancel_error) {
                pipeline_finish_cancelled(pipeline);
                return 0;
        }
        if (failure && pipeline->step == PIPELINE_MEASURE) {
                pipeline_finish_failed_run(pipeline, failure);
                return 0;
        }
        pipeline->trial = trial_free(pipeline->trial);
        pipeline->trial_is_floor = false;
        pipeline->idle = idle_free(pipeline->idle);
        switch (pipeline->step) {
        case PIPELINE_READ:
                pipeline_read(pipeline);
                break;
        case PIPELINE_VERSION:
        case PIPELINE_VALIDATOR_VERSION:
                pipeline_version(pipeline);
                break;
        case PIPELINE_COMPILE:
        case PIPELINE_COMPILE_VALIDATOR:
                pipeline_compile(pipeline);
                break;
        case PIPELINE_VALIDATE:
                pipeline_validate(pipeline);
                break;
        case PIPELINE_MEASURE:
                pipeline_measure(pipeline);
                break;
        }
        return 0;
}

static void make_tasks(Pipeline *pipeline) {
        const size_t n = MAX(pipeline->workload->n_tests, 1);

        pipeline->tasks = g_new0(TrialTask, n);
        pipeline->paces = g_new0(Pace, n);
        pipeline->n_tasks = n;
        for (size_t i = 0; i < n; i++) {
                pipeline->tasks[i] =
                                (TrialTask){ .test = pipeline->workload->n_tests > 0 ? &pipeline->workload->tests[i]
                                                                                     : NULL,
                                             .stdin_fd = pipeline->material.stdin_fd,
                                             .plan = { 1, 1 } };
                pipeline->paces[i].fastest_ns = UINT64_MAX;
        }
        pipeline->judging = judging_new(pipeline->event, pipeline->request, pipeline->programs,
                                        &pipeline->validator_product_fd);
}

static void on_fetched(int r, const char *why, void *userdata) {
        Pipeline *pipeline = userdata;

        if (r < 0) {
                pipeline_finish_refused(pipeline, why);
                return;
        }
        make_tasks(pipeline);
        pipeline_advance_later(pipeline);
}

static int on_job_limit(sd_event_source *source, uint64_t usec, void *userdata) {
        pipeline_cancel(userdata, JT_ERROR_JOB_LIMIT);
        return 0;
}

/* Keeps 64-bit totals ahead of the counters' wraps, between windows as in them. */
static int on_watchdog(sd_event_source *source, uint64_t usec, void *userdata) {
        Pipeline *pipeline = userdata;
        const uint64_t due_usec = meter_keep_up(pipeline->meter);

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
        pipeline_finish(pipeline);
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
        const JobContext *context = pipeline->context;
        const int r = thermal_open(pipeline->root, (int64_t) context->thermal_band_mc,
                                   (int64_t) context->thermal_limit_mc, &pipeline->thermal);

        if (r < 0)
                pipeline->record->thermal_absent =
                                r == -ENOENT ? g_strdup("this machine shows no package temperature")
                                             : g_strdup_printf("the package temperature cannot be read: %s",
                                                               g_strerror(-r));
}

static int split(Pipeline *pipeline, const PipelineBase *base) {
        BoxSpec *boxes = programs_specs(pipeline->programs);
        LauncherSpec spec = { .containment = base->containment,
                              .boxes = boxes,
                              .n_boxes = N_PROGRAMS,
                              .identity = base->identity,
                              .daemon_fd = base->daemon_fd };
        int r;

        material_launch(&pipeline->material, &spec);
        r = judge_split(&spec, base->judge_uid, base->judge_gid, &pipeline->launcher);
        pipeline->material.launcher = pipeline->launcher;
        for (ProgramId id = 0; id < N_PROGRAMS; id++)
                boxes[id].launcher = pipeline->launcher;
        if (programs_makes_product(pipeline->programs, PROGRAM_COMPILER)) {
                boxes[PROGRAM_CANDIDATE].handed = boxes[PROGRAM_FLOOR].handed = &pipeline->product_fd;
                boxes[PROGRAM_CANDIDATE].n_handed = boxes[PROGRAM_FLOOR].n_handed = 1;
        }
        return r;
}

static int plan_programs(Pipeline *pipeline, const PipelineBase *base, char **ret_why) {
        const ProgramsBase programs = { .request = pipeline->request,
                                        .context = pipeline->context,
                                        .workload = pipeline->workload,
                                        .caller = base->identity,
                                        .env = pipeline->record->env,
                                        .cpus = &pipeline->cpus,
                                        .containment = base->containment,
                                        .region_usec = window_wanted_usec(pipeline->record->min_window_usec) };

        return programs_new(&programs, &pipeline->programs, ret_why);
}

int pipeline_start(Pipeline *pipeline, const PipelineBase *base, const char **ret_error, char **ret_why) {
        int r;

        *ret_error = JT_ERROR_WORKER_FAILED;
        pipeline->started = true;
        pipeline->begin_usec = now_monotonic_usec();
        pipeline->containment = base->containment;
        pipeline->record->containment = base->containment->kind;
        pipeline->record->env = pipeline->request->env ? g_strdupv(pipeline->request->env)
                                                       : identity_environment(base->identity);
        pipeline->warming = pipeline->request->warmups > 0;
        r = plan_programs(pipeline, base, ret_why);
        if (r < 0) {
                *ret_error = r == -EINVAL ? JT_ERROR_INVALID_REQUEST : JT_ERROR_BOX_UNAVAILABLE;
                return r;
        }
        pipeline->record->filter_sha256 = programs_filter_sha256(pipeline->programs);
        material_init(&pipeline->material, pipeline->event, pipeline->request, pipeline->record->env);
        judge_keep_aside(pipeline->topology, &pipeline->cpus);
        pipeline_open_collector(pipeline, base->containment, base->daemon_fd);
        r = split(pipeline, base);
        if (r < 0)
                return r;
        open_thermal(pipeline);
        r = add_sources(pipeline);
        if (r < 0)
                return r;
        if (pipeline_checks(pipeline))
                pipeline_report(pipeline, JOB_VALIDATING, 0, (uint32_t) pipeline->workload->n_tests);
        else
                pipeline_report(pipeline, JOB_SETTLING, 0, 0);
        return material_fetch(&pipeline->material, pipeline->workload,
                              MIN(ERRAND_TIMEOUT_USEC, pipeline->request->job_limit_usec), on_fetched, pipeline);
}

void pipeline_cancel(Pipeline *pipeline, const char *error) {
        if (!pipeline->started || pipeline->is_over || pipeline->cancel_error)
                return;
        pipeline->cancel_error = error;
        if (pipeline->material.errand) {
                pipeline->material.errand = errand_free(pipeline->material.errand);
                pipeline_advance_later(pipeline);
        } else if (pipeline->tool)
                solo_kill(pipeline->tool, KILLED_FOR_CANCEL);
        else if (pipeline->idle)
                idle_abort(pipeline->idle);
        else if (pipeline->trial)
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
        idle_free(pipeline->idle);
        solo_free(pipeline->tool);
        judging_free(pipeline->judging);
        material_clear(&pipeline->material);
        launcher_free(pipeline->launcher);
        job_record_free(pipeline->record);
        programs_free(pipeline->programs);
        workload_free(pipeline->workload);
        safe_close(pipeline->product_fd);
        safe_close(pipeline->validator_product_fd);
        g_free(pipeline->tasks);
        g_free(pipeline->paces);
        containment_free(pipeline->containment);
        thermal_free(pipeline->thermal);
        collector_free(pipeline->collector);
        meter_free(pipeline->meter);
        topology_free(pipeline->topology);
        sysroot_free(pipeline->root);
        sd_event_unref(pipeline->event);
        g_free(pipeline);
        return NULL;
}
