/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cpuset.h"
#include "log.h"
#include "manager.h"
#include "names.h"
#include "run.h"

#define LOCK_POLL_USEC (200 * USEC_PER_MSEC)
#define CANCEL_TIMEOUT_USEC (10 * USEC_PER_SEC)
/* The worker keeps job-limit; this is for a worker that does not. */
#define LIMIT_GRACE_USEC (30 * USEC_PER_SEC)
/* The run's own limits stand on its leaf: the scope also holds the worker's helpers and page cache of earlier runs. */
#define SCOPE_MEMORY_EXTRA (UINT64_C(1) << 30)
#define SCOPE_TASKS_EXTRA 64

typedef enum RunStep {
        RUN_LOCKING,
        RUN_CORES,
        RUN_HOST,
        RUN_PREPARING,
        RUN_SCOPE,
        RUN_RUNNING,
        RUN_ENDING,
} RunStep;

struct Run {
        Job *job;
        Manager *manager;
        RunDone done;
        RunStep step;
        uint64_t started_usec; /* monotonic */
        bool locked;
        cpu_set_t cpus; /* the job's share of the reserved ones; empty: any */
        Worker *worker;
        Scope *scope;
        sd_event_source *timer;
        const char *reason; /* why it was cancelled; NULL: it was not */

        Result *result; /* the outcome, while the scope ends */
        char *public_body, *full_body;
};

JobResult run_result_of_error(const char *error) {
        static const struct {
                const char *error;
                JobResult result;
        } table[] = {
                { JT_ERROR_EXEC_FAILED, RESULT_FAILED },     { JT_ERROR_RUN_FAILED, RESULT_FAILED },
                { JT_ERROR_WRONG_ANSWER, RESULT_FAILED },    { JT_ERROR_COMPILE_FAILED, RESULT_FAILED },
                { JT_ERROR_DIVERGED, RESULT_FAILED },        { JT_ERROR_ENERGY_LIMIT, RESULT_FAILED },
                { JT_ERROR_INVALID_REQUEST, RESULT_FAILED }, { JT_ERROR_CHANGE_LIMIT, RESULT_FAILED },
                { JT_ERROR_JOB_LIMIT, RESULT_TIMEOUT },      { JT_ERROR_CANCELLED, RESULT_CANCELLED },
                { JT_ERROR_CALLER_LEFT, RESULT_CANCELLED },  { JT_ERROR_SERVICE_STOPPED, RESULT_CANCELLED },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
                if (strcmp(table[i].error, error) == 0)
                        return table[i].result;
        return RESULT_INFRASTRUCTURE;
}

static const char *reason_message(const char *reason) {
        if (strcmp(reason, JT_ERROR_CALLER_LEFT) == 0)
                return "The connection that asked for the job closed.";
        if (strcmp(reason, JT_ERROR_SERVICE_STOPPED) == 0)
                return "The service was stopped.";
        if (strcmp(reason, JT_ERROR_JOB_LIMIT) == 0)
                return "The job took longer than its job-limit.";
        return "The job was cancelled.";
}

Result *run_cancelled_result(const char *reason) {
        return result_new(run_result_of_error(reason), reason, reason_message(reason));
}

static LogContext log_context(const Run *run, const char *message_id) {
        return (LogContext){ .job = run->job->record->id,
                             .uid = run->job->record->uid,
                             .scope = run->scope ? scope_name(run->scope) : NULL,
                             .phase = job_state_to_string(run->job->phase),
                             .message_id = message_id };
}

static void on_restored(Host *host, void *userdata) {
        Run *run = userdata;
        Job *job = run->job;
        RunDone done = run->done;
        Result *result = g_steal_pointer(&run->result);
        char *public_body = g_steal_pointer(&run->public_body), *full_body = g_steal_pointer(&run->full_body);

        if (run->locked)
                machine_lock_release(run->manager->lock);
        job->run = NULL;
        g_free(run);
        done(job, result, public_body, full_body);
}

/* The machine is ours until it is as it was. */
static void run_complete(Run *run) {
        run->timer = sd_event_source_disable_unref(run->timer);
        run->scope = scope_free(run->scope);
        host_restore(run->manager->host, on_restored, run);
}

static void on_scope_gone(Scope *scope, int r, void *userdata) {
        Run *run = userdata;

        if (r < 0) {
                LogContext context = log_context(run, JT_MESSAGE_SCOPE_FAILED);

                log_at(LOG_WARNING, &context, "the scope does not end: %s", g_strerror(-r));
        }
        run_complete(run);
}

/* Takes the result. Whatever still lives of the job dies with its scope. */
static void run_end(Run *run, Result *result) {
        int r;

        run->step = RUN_ENDING;
        run->result = result;
        run->timer = sd_event_source_disable_unref(run->timer);
        run->worker = worker_free(run->worker);
        if (!run->scope) {
                run_complete(run);
                return;
        }
        r = scope_kill(run->scope, on_scope_gone, run);
        if (r < 0)
                on_scope_gone(run->scope, r, run);
}

static void run_fail(Run *run, const char *error, const char *message) {
        LogContext context;

        /* What breaks while a job is being cancelled is no news. */
        if (run->reason) {
                run_end(run, run_cancelled_result(run->reason));
                return;
        }
        context = log_context(run, strcmp(error, JT_ERROR_SCOPE_FAILED) == 0    ? JT_MESSAGE_SCOPE_FAILED
                                   : strcmp(error, JT_ERROR_WORKER_FAILED) == 0 ? JT_MESSAGE_WORKER_FAILED
                                                                                : NULL);
        log_at(LOG_WARNING, &context, "%s", message ?: error);
        run_end(run, result_new(run_result_of_error(error), error, message));
}

static void run_fail_errno(Run *run, const char *error, const char *what, int r) {
        g_autofree char *message = r < 0 ? g_strdup_printf("%s: %s.", what, g_strerror(-r)) : NULL;

        run_fail(run, error, message);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Run *run = userdata;

        if (!run->reason) {
                run_cancel(run, JT_ERROR_JOB_LIMIT);
                return 0;
        }
        /* Cancelled, and no answer came in time. */
        worker_kill(run->worker);
        run_fail(run, JT_ERROR_WORKER_FAILED, "The worker did not end the job.");
        return 0;
}

static void set_deadline(Run *run, uint64_t usec) {
        int r;

        run->timer = sd_event_source_disable_unref(run->timer);
        r = sd_event_add_time_relative(run->manager->event, &run->timer, CLOCK_MONOTONIC, usec, 0, on_deadline, run);
        if (r < 0)
                log_errno(LOG_ERR, r, "cannot set a timer");
}

static void start_worker_run(Run *run, const char *control_group) {
        int r;

        run->step = RUN_RUNNING;
        set_deadline(run, run->job->job_limit_usec + LIMIT_GRACE_USEC);
        r = worker_run(run->worker, control_group);
        if (r < 0)
                run_fail_errno(run, JT_ERROR_WORKER_FAILED, "The worker cannot be told to run the job", r);
}

static void on_scope_ready(Scope *scope, int r, const char *control_group, const char *message, void *userdata) {
        Run *run = userdata;

        if (r >= 0)
                start_worker_run(run, control_group);
        else if (message)
                run_fail(run, JT_ERROR_SCOPE_FAILED, message);
        else
                run_fail_errno(run, JT_ERROR_SCOPE_FAILED, "systemd made no scope for the job", r);
}

/* One program at a time runs in it, with a copy of its files; those of others that wait are part of the extra memory,
 * as the tools are. */
static void widest(const Request *request, ScopeSpec *spec) {
        for (size_t i = 0; i < request_n_programs(request); i++) {
                const Request *program = request_program(request, i);
                const GArray *of_validator = program->validator ? program->validator->files : NULL;

                spec->memory_max = MAX(spec->memory_max, program->memory_max + program->output_max * 2 +
                                                                         request_files_bytes(program->files) +
                                                                         request_files_bytes(of_validator) +
                                                                         SCOPE_MEMORY_EXTRA);
                spec->tasks_max = MAX(spec->tasks_max, program->tasks_max + SCOPE_TASKS_EXTRA);
        }
}

/* May end the run. */
static void start_scope(Run *run, const Request *request, pid_t keeper) {
        ScopeSpec spec = {
                .job = run->job->record->id,
                .keeper = keeper,
                .cpus = CPU_COUNT(&run->cpus) > 0 ? &run->cpus : NULL,
                .runtime_max_usec = request->job_limit_usec + 2 * LIMIT_GRACE_USEC,
                .service = JT_SERVICE,
        };
        int r;

        run->step = RUN_SCOPE;
        widest(request, &spec);
        r = scope_start(run->manager->systemd, &spec, on_scope_ready, run, &run->scope);
        if (r < 0)
                run_fail_errno(run, JT_ERROR_SCOPE_FAILED, "systemd cannot be asked for a scope", r);
}

static void on_prepared(void *userdata, pid_t worker, pid_t keeper) {
        Run *run = userdata;
        /* The worker has the caller's descriptors; ours are not the last when they are closed. */
        g_autoptr(Request) request = g_steal_pointer(&run->job->request);

        if (!run->manager->systemd)
                start_worker_run(run, "");
        else if (keeper > 0)
                start_scope(run, request, keeper);
        else
                run_fail(run, JT_ERROR_WORKER_FAILED, "The worker started no keeper for the job's scope.");
}

static void on_progress(void *userdata, const WorkerProgress *progress) {
        Run *run = userdata;

        job_progress(run->job, progress);
        status_flush(run->manager->status, job_measures(run->job));
}

static void on_finished(void *userdata, Result *result, char *public_body, char *full_body) {
        Run *run = userdata;

        run->public_body = public_body;
        run->full_body = full_body;
        if (run->reason && result->result == RESULT_CANCELLED && !result->error) {
                result->error = g_strdup(run->reason);
                result->message = result->message ?: g_strdup(reason_message(run->reason));
        }
        run_end(run, result);
}

static void on_failed(void *userdata, const char *error, const char *message) {
        run_fail(userdata, error, message);
}

static const WorkerEvents worker_events = {
        .prepared = on_prepared,
        .progress = on_progress,
        .finished = on_finished,
        .failed = on_failed,
};

/* The first so many of the reserved CPUs; the others of the reservation stay idle. */
static void choose_cpus(const cpu_set_t *reserved, uint32_t wanted, cpu_set_t *ret) {
        CPU_ZERO(ret);
        for (int cpu = 0; cpu < CPU_SETSIZE && (uint32_t) CPU_COUNT(ret) < wanted; cpu++)
                if (CPU_ISSET(cpu, reserved))
                        CPU_SET(cpu, ret);
}

static JobContext *build_context(Run *run) {
        Manager *manager = run->manager;
        const Job *job = run->job;
        const Options *options = manager->options;
        JobContext *context = g_new0(JobContext, 1);

        context->job = job->record->id;
        context->uid = job->record->uid;
        context->groups = g_memdup2(job->groups, job->n_groups * sizeof(gid_t));
        context->n_groups = job->n_groups;
        context->containment = g_strdup(manager->systemd ? "scope" : "process");
        context->isolation = g_strdup(isolation_to_string(cores_isolation(manager->cores)));
        context->partition = g_strdup(cores_partition(manager->cores));
        context->cpus = cpulist_format(&run->cpus);
        context->reserved_cpus = cores_list(manager->cores);
        context->sysroot = g_strdup(options->sysroot ?: "/");
        context->meter = g_strdup(manager_meter(manager));
        context->model_watts = manager->config->model_watts;
        context->foreign_load_limit = manager->config->foreign_load_limit;
        context->frequency_limit = manager->config->frequency_limit;
        context->region_min_usec = manager->config->min_window_usec;
        context->box_uid_first = manager->config->box_uids.first;
        context->box_uid_last = manager->config->box_uids.last;
        context->max_blobs = manager->config->max_blobs;
        context->thermal_band_mc = manager->config->thermal_band * 1000;
        context->thermal_limit_mc = manager->config->thermal_limit * 1000;
        context->thermal_strict = g_str_equal(manager->config->thermal_policy, "strict");
        context->may_sleep = g_strdup(host_may_sleep(manager->host));
        context->smt_shared = cores_smt_shared(manager->cores);
        calibrator_cite(manager->calibrator,
                        strcmp(job->request->meter, "auto") == 0 ? context->meter : job->request->meter,
                        job->request->tune, context);
        return context;
}

static void start_worker(Run *run) {
        const Options *options = run->manager->options;
        g_autoptr(JobContext) context = NULL;
        int r;

        run->step = RUN_PREPARING;
        if (run->job->record->kind == JOB_CALIBRATE)
                calibrator_begin(run->manager->calibrator);
        choose_cpus(cores_set(run->manager->cores), run->job->request->cpus, &run->cpus);
        context = build_context(run);
        r = worker_connect(run->manager->event, run->manager->workers,
                           options->containment_scope ? options->worker_socket : NULL, options->worker, &worker_events,
                           run, &run->worker);
        if (r >= 0)
                r = worker_prepare(run->worker, run->job->request, context);
        if (r < 0)
                run_fail_errno(run, JT_ERROR_WORKER_FAILED, "The worker cannot be started", r);
}

static void on_host(Host *host, void *userdata) {
        start_worker(userdata);
}

static void prepare_host(Run *run) {
        Manager *manager = run->manager;
        const char *text = run->job->request->tune;
        g_autofree char *ignored = NULL;
        Tune tune = {};

        if (text)
                (void) tune_parse(text, &tune, &ignored); /* it was, before the job was taken */
        run->step = RUN_HOST;
        host_prepare(manager->host, manager->config, manager->topology->cpu, &tune, cores_set(manager->cores), on_host,
                     run);
}

static void on_cores(Cores *cores, int r, const char *message, void *userdata) {
        Run *run = userdata;
        const Request *request = run->job->request;
        int available = CPU_COUNT(cores_set(cores));

        if (run->reason || r < 0) {
                if (message)
                        run_fail(run, JT_ERROR_CPUS_UNAVAILABLE, message);
                else
                        run_fail_errno(run, JT_ERROR_CPUS_UNAVAILABLE, "The CPUs for jobs could not be had", r);
                return;
        }
        if (strcmp(request->isolation, "reserved") == 0 && cores_isolation(cores) != ISOLATION_RESERVED) {
                g_autofree char *why = g_strdup_printf("The job asked for reserved CPUs, and they are not: %s.",
                                                       cores_why(cores) ?: "none are configured");

                run_fail(run, JT_ERROR_CPUS_UNAVAILABLE, why);
                return;
        }
        if (available > 0 && request->cpus > (uint32_t) available) {
                g_autofree char *why =
                                g_strdup_printf("The job asked for %" PRIu32 " CPUs, and %d are there for jobs.",
                                                request->cpus, available);

                run_fail(run, JT_ERROR_CPUS_UNAVAILABLE, why);
                return;
        }
        if (run->job->record->kind == JOB_VALIDATE)
                start_worker(run);
        else
                prepare_host(run);
}

static void take_cores(Run *run) {
        int r;

        run->step = RUN_CORES;
        r = cores_acquire(run->manager->cores, on_cores, run);
        if (r < 0)
                run_fail_errno(run, JT_ERROR_CPUS_UNAVAILABLE, "The CPUs for jobs could not be asked for", r);
}

static char *lock_holder(const MachineLock *lock) {
        const pid_t pid = machine_lock_holder(lock);

        return pid > 0 ? g_strdup_printf(", of process %d,", (int) pid) : g_strdup("");
}

static int try_lock(sd_event_source *source, uint64_t usec, void *userdata) {
        Run *run = userdata;
        WorkerProgress waiting = { .phase = JOB_QUEUED, .median = NAN, .time_left_usec = USEC_INFINITY };
        int r;

        r = machine_lock_try(run->manager->lock);
        if (r >= 0) {
                run->locked = true;
                run->timer = sd_event_source_disable_unref(run->timer);
                take_cores(run);
                return 0;
        }
        if (r != -EAGAIN) {
                run_fail_errno(run, JT_ERROR_HOST_BUSY, "The machine lock cannot be taken", r);
                return 0;
        }
        if (now_monotonic_usec() - run->started_usec >= run->job->job_limit_usec) {
                g_autofree char *holder = lock_holder(run->manager->lock);
                g_autofree char *message =
                                g_strdup_printf("Another measurement%s held %s for longer than this job's job-limit.",
                                                holder, machine_lock_path(run->manager->lock));

                log_warning("%s", message);
                run_fail(run, JT_ERROR_HOST_BUSY, message);
                return 0;
        }

        waiting.waits_for_host = true;
        job_progress(run->job, &waiting);
        run->timer = sd_event_source_disable_unref(run->timer);
        r = sd_event_add_time_relative(run->manager->event, &run->timer, CLOCK_MONOTONIC, LOCK_POLL_USEC, 0, try_lock,
                                       run);
        if (r < 0)
                run_fail_errno(run, JT_ERROR_HOST_BUSY, "The machine lock cannot be waited for", r);
        return 0;
}

void run_start(Job *job, RunDone done) {
        Run *run = g_new(Run, 1);

        *run = (Run){ .job = job, .manager = job->manager, .done = done, .started_usec = now_monotonic_usec() };
        job->run = run;
        (void) try_lock(NULL, 0, run);
}

void run_cancel(Run *run, const char *reason) {
        int r;

        if (run->reason || run->step == RUN_ENDING)
                return;
        run->reason = reason;

        switch (run->step) {
        case RUN_LOCKING:
        case RUN_HOST:
        case RUN_PREPARING:
        case RUN_SCOPE:
                run_end(run, run_cancelled_result(reason));
                return;
        case RUN_CORES:
                return; /* they answer soon, and see the reason then */
        default:
                set_deadline(run, CANCEL_TIMEOUT_USEC);
                r = worker_cancel(run->worker, reason);
                if (r < 0) {
                        worker_kill(run->worker);
                        run_fail_errno(run, JT_ERROR_WORKER_FAILED, "The worker cannot be told to cancel", r);
                }
        }
}

uint64_t run_remaining_usec(const Run *run, uint64_t expected_usec) {
        uint64_t elapsed = now_monotonic_usec() - run->started_usec;
        double fraction = run->job->fraction;

        if (fraction >= 0.1)
                return (uint64_t) ((double) elapsed * (1 - fraction) / fraction);
        return expected_usec > elapsed ? expected_usec - elapsed : 0;
}
