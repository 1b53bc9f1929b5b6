/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "judge.h"
#include "meter-choice.h"
#include "pipeline-internal.h"

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

/* An energy limit is a candidate's own; all else that a meter is chosen by, they have in common. */
static const Request *request_of_meter(const Pipeline *pipeline) {
        for (size_t i = 0; i < pipeline->n_candidates; i++)
                if (pipeline->candidates[i].request->max_joules > 0)
                        return pipeline->candidates[i].request;
        return pipeline->candidates[0].request;
}

/* The topology stays for the report, whatever comes of the meter. */
static int open_meter(Pipeline *pipeline, const char **ret_error, char **ret_why) {
        const MeterConfig config = { .cores = CPU_COUNT(&pipeline->cpus) > 0 ? &pipeline->cpus : NULL,
                                     .model_watts_per_cpu = pipeline->context->model_watts,
                                     .cpu_time = model_cpu_time,
                                     .userdata = pipeline };
        g_autofree char *absent = NULL, *tick_absent = NULL;
        int r;

        *ret_error = JT_ERROR_NO_METER;
        r = topology_discover(pipeline->root, TOPOLOGY_PROBE, &pipeline->topology);
        if (r < 0) {
                *ret_why = g_strdup_printf("The processors cannot be listed: %s", g_strerror(-r));
                return r;
        }
        r = meter_choose(request_of_meter(pipeline), pipeline->context, pipeline->topology, pipeline->root,
                         &pipeline->cpus, &config, &pipeline->meter, &absent, &pipeline->ticker.tick, &tick_absent,
                         ret_why);
        if (r < 0)
                return r;
        pipeline->ticker.meter = pipeline->plain.meter = pipeline->meter;
        pipeline->plain.tick.still_ns = tick_period_max_ns(&pipeline->ticker.tick); /* waits for none, but knows */
        candidates_show_machine(pipeline, absent, tick_absent);
        return 0;
}

int pipeline_new(sd_event *event, const Request *request, const JobContext *context, const PipelineCalls *calls,
                 Pipeline **ret, const char **ret_error, char **ret_why) {
        g_autoptr(Pipeline) pipeline = g_new0(Pipeline, 1);
        int r;

        pipeline->event = sd_event_ref(event);
        pipeline->request = request;
        pipeline->context = context;
        pipeline->calls = *calls;
        pipeline->wanted = request->trials;
        pipeline->reference_mc = TEMPERATURE_UNKNOWN;
        pipeline->idle_before = G_MAXUINT;

        *ret_error = JT_ERROR_INVALID_REQUEST;
        r = candidates_open(pipeline, ret_why);
        if (r < 0)
                return r;
        r = cpulist_parse(context->cpus, &pipeline->cpus);
        if (r < 0) {
                *ret_why = g_strdup_printf("\"%s\" is no list of CPUs", context->cpus);
                return r;
        }
        r = sysroot_open(context->sysroot, &pipeline->root);
        if (r < 0) {
                *ret_why = g_strdup_printf("The tree %s cannot be opened: %s", context->sysroot, g_strerror(-r));
                return r;
        }
        r = open_meter(pipeline, ret_error, ret_why);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&pipeline);
        return 0;
}

/* Tests that are to be validated, and tests in trials that are to be made; a plain command is one test. */
static void count_work(const Pipeline *pipeline, double *ret_done, double *ret_all) {
        const double trials = pipeline->request->kind == JOB_VALIDATE
                                              ? 0
                                              : (double) pipeline->request->warmups + pipeline->wanted;

        *ret_done = *ret_all = 0;
        for (size_t i = 0; i < pipeline->n_candidates; i++) {
                const Candidate *candidate = &pipeline->candidates[i];
                const JobRecord *record = candidate->record;
                const double tests = (double) MAX(candidate->workload->n_tests, 1);

                *ret_all += (double) candidate->workload->n_tests + tests * trials;
                *ret_done += record->tests->len + tests * (record->warmups->len + (double) job_valid_trials(record));
        }
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
        const uint64_t over = candidates_warmups(pipeline) + candidates_valid_trials(pipeline);
        const uint64_t wanted = ((uint64_t) pipeline->request->warmups + pipeline->wanted) * pipeline->n_candidates;
        double done, all;

        if (pipeline->last_trial_usec > 0)
                return pipeline->last_trial_usec * (wanted - MIN(over, wanted));
        count_work(pipeline, &done, &all);
        if (done == 0)
                return USEC_INFINITY;
        return (uint64_t) ((double) (now_monotonic_usec() - pipeline->begin_usec) / done * MAX(all - done, 0));
}

/* Of several programs no one's is told. */
static double public_median(const Pipeline *pipeline) {
        JobSummary summary;

        if (pipeline->compare ||
            job_summarise(pipeline->candidate->record, job_step_uj(pipeline->request), &summary) < 0 ||
            !summary.has_energy)
                return NAN;
        return summary.per_iteration.total_j;
}

bool pipeline_checks(const Pipeline *pipeline) {
        for (size_t i = 0; i < pipeline->n_candidates; i++)
                if (pipeline->candidates[i].workload->n_tests > 0 ||
                    programs_has(pipeline->candidates[i].programs, PROGRAM_COMPILER))
                        return true;
        return false;
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
        return pipeline->candidate->request->region || pipeline->candidate->request->function;
}

WindowSpec pipeline_window(Pipeline *pipeline) {
        const Request *request = pipeline->candidate->request;

        return (WindowSpec){ .event = pipeline->event,
                             .ticker = pipeline->step == PIPELINE_MEASURE ? &pipeline->ticker : &pipeline->plain,
                             .box = &programs_specs(pipeline->candidate->programs)[PROGRAM_CANDIDATE],
                             .region = pipeline_has_region(pipeline),
                             .collector = pipeline->step == PIPELINE_MEASURE ? pipeline->collector : NULL,
                             .limits = { .cpu_usec = request->cpu_limit_usec,
                                         .wall_usec = request->wall_limit_usec,
                                         .output_max = request->output_max,
                                         .memory_max = request->memory_max,
                                         .tasks_max = request->tasks_max,
                                         .errors_free = g_str_equal(request->profile, "box") },
                             /* With tests a run is right or wrong, and how it exits belongs to that. */
                             .ignore_exit = request->ignore_exit && pipeline->candidate->workload->n_tests == 0 };
}

static void on_delivered(int r, const char *why, void *userdata) {
        pipeline_advance_later(userdata);
}

/* 1 when the pipeline has to wait for it. */
static int deliver_first_output(Pipeline *pipeline) {
        const Window *window =
                        pipeline->trial && !pipeline->trial_is_floor ? trial_first_window(pipeline->trial) : NULL;

        if (pipeline->candidate->delivered || !window)
                return 0;
        pipeline->candidate->delivered = true;
        return material_deliver(&pipeline->candidate->material, window_output(window, 0),
                                window_error_output(window, 0), DELIVER_TIMEOUT_USEC, on_delivered, pipeline);
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
        pipeline_finish_broken(userdata, "The worker's launcher died");
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

        for (size_t i = 0; r < 0 && i < pipeline->n_candidates; i++)
                pipeline->candidates[i].record->thermal_absent =
                                r == -ENOENT ? g_strdup("this machine shows no package temperature")
                                             : g_strdup_printf("the package temperature cannot be read: %s",
                                                               g_strerror(-r));
}

static int split(Pipeline *pipeline, const PipelineBase *base) {
        LauncherSpec spec = { .containment = base->containment,
                              .identity = base->identity,
                              .daemon_fd = base->daemon_fd };
        g_autofree void *memory = NULL;
        int r;

        candidates_launch(pipeline, &spec, &memory);
        r = judge_split(&spec, base->judge_uid, base->judge_gid, &pipeline->launcher);
        candidates_launched(pipeline);
        return r;
}

int pipeline_start(Pipeline *pipeline, const PipelineBase *base, const char **ret_error, char **ret_why) {
        int r;

        *ret_error = JT_ERROR_WORKER_FAILED;
        pipeline->started = true;
        pipeline->begin_usec = now_monotonic_usec();
        pipeline->containment = base->containment;
        pipeline->warming = pipeline->request->warmups > 0;
        r = candidates_plan(pipeline, base, ret_why);
        if (r < 0) {
                *ret_error = r == -EINVAL ? JT_ERROR_INVALID_REQUEST : JT_ERROR_BOX_UNAVAILABLE;
                return r;
        }
        judge_keep_aside(pipeline->topology, &pipeline->cpus);
        pipeline_open_collector(pipeline, base->containment, base->daemon_fd);
        r = split(pipeline, base);
        if (r < 0)
                return r;
        if (pipeline->collector)
                collector_add_servant(pipeline->collector, launcher_pid(pipeline->launcher));
        open_thermal(pipeline);
        r = add_sources(pipeline);
        if (r < 0)
                return r;
        if (pipeline_checks(pipeline))
                pipeline_report(pipeline, JOB_VALIDATING, 0, (uint32_t) candidates_tests(pipeline));
        else
                pipeline_report(pipeline, JOB_SETTLING, 0, 0);
        return candidate_fetch(pipeline);
}

void pipeline_cancel(Pipeline *pipeline, const char *error) {
        if (!pipeline->started || pipeline->is_over || pipeline->cancel_error)
                return;
        pipeline->cancel_error = error;
        if (pipeline->candidate->material.errand) {
                pipeline->candidate->material.errand = errand_free(pipeline->candidate->material.errand);
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
        candidates_stop(pipeline);
        launcher_free(pipeline->launcher);
        candidates_free(pipeline);
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
