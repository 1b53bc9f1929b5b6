/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <malloc.h>
#include <math.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "job-bus.h"
#include "log.h"
#include "manager-bus.h"
#include "manager.h"
#include "names-of.h"
#include "names.h"
#include "survivors.h"

#define LINGER_USEC (30 * USEC_PER_SEC)
#define LINGER_MAX 64
#define SURVIVORS_PERIOD_USEC USEC_PER_SEC
#define CGROUP_ROOT "/sys/fs/cgroup"

static void free_job(void *p) {
        job_free(p);
}

static int log_interrupted(const Record *record, void *userdata) {
        return log_at(LOG_NOTICE,
                      &(const LogContext){ .job = record->id,
                                           .uid = record->uid,
                                           .message_id = JT_MESSAGE_JOB_INTERRUPTED },
                      "the service went away under this job; its record says so");
}

static void retain(Manager *manager) {
        const Config *config = manager->config;
        int r;

        r = records_retain(manager->records, now_realtime_usec(), config->retain_usec, config->retain_count,
                           config->retain_bytes);
        if (r < 0)
                manager_set_records_error(manager, r);
}

static int open_records(Manager *manager) {
        const Options *options = manager->options;
        g_autofree char *path = g_build_filename(options->state_dir, "records.sqlite", NULL);
        g_autofree char *owner = process_name(getpid());
        int r;

        if (g_mkdir_with_parents(options->state_dir, 0700) < 0)
                return log_errno(LOG_ERR, -errno, "cannot make %s", options->state_dir);
        r = records_open(path, owner ?: "", &manager->records);
        if (r < 0)
                return r;

        /* Only one service has the bus name, so the unfinished jobs of any other are those of one that is gone;
         * embedded ones of the same user may live side by side. */
        r = records_interrupt(manager->records, options->embedded ? process_is_alive : NULL,
                              JT_ERROR_SERVICE_RESTARTED,
                              "The service was restarted while the job was queued or running.", log_interrupted, NULL);
        if (r < 0)
                return r;
        retain(manager);
        return 0;
}

static void open_lock(Manager *manager) {
        g_autofree char *path = g_build_filename(manager->options->runtime_dir, "machine.lock", NULL);
        int r;

        r = machine_lock_open(path, manager->options->embedded ? "/tmp" : NULL, &manager->lock);
        if (r < 0)
                log_errno(LOG_ERR, r, "cannot open the machine lock %s", path);
}

int manager_new(const Options *options, sd_event *event, Config *config, Manager **ret) {
        g_autoptr(Manager) manager = g_new0(Manager, 1);
        int r;

        manager->options = options;
        manager->event = sd_event_ref(event);
        manager->config = config;
        config_request_limits(config, &manager->request_limits);
        manager_load_languages(manager);
        manager->status = status_new(event);
        manager->queue = queue_new();
        manager->quota = quota_new();
        manager->outbox = outbox_new();
        manager->refusals = refusals_new();
        manager->jobs = g_hash_table_new_full(NULL, NULL, NULL, free_job);
        manager->ended = g_queue_new();
        manager->workers = g_hash_table_new(NULL, NULL);

        r = sysroot_open(options->sysroot, &manager->root);
        if (r < 0)
                return log_errno(LOG_ERR, r, "cannot open %s", options->sysroot ?: "/");
        r = sysroot_open(NULL, &manager->proc);
        if (r < 0)
                return r;
        r = topology_discover(manager->root, 0, &manager->topology);
        if (r < 0)
                return log_errno(LOG_ERR, r, "cannot list the processors");
        r = open_records(manager);
        if (r < 0)
                return r;
        open_lock(manager);
        manager->calibrator = calibrator_new(event, options->state_dir, manager_bus_emit_calibration, manager);
        *ret = g_steal_pointer(&manager);
        return 0;
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;
        sd_event_source_disable_unref(manager->reap_timer);
        sd_event_source_disable_unref(manager->refusals_timer);
        sd_event_source_disable_unref(manager->survivors_timer);
        g_strfreev(manager->survivors);
        g_queue_free(manager->ended);
        g_hash_table_unref(manager->workers);
        g_hash_table_unref(manager->jobs);
        calibrator_free(manager->calibrator);
        host_free(manager->host);
        cores_free(manager->cores);
        systemd_free(manager->systemd);
        callers_free(manager->callers);
        authority_free(manager->authority);
        peers_free(manager->peers);
        for (size_t i = 0; i < G_N_ELEMENTS(manager->slots); i++)
                sd_bus_slot_unref(manager->slots[i]);
        sd_bus_flush_close_unref(manager->bus);
        machine_lock_free(manager->lock);
        records_close(manager->records);
        outbox_free(manager->outbox);
        refusals_free(manager->refusals);
        quota_free(manager->quota);
        queue_free(manager->queue);
        status_free(manager->status);
        topology_free(manager->topology);
        sysroot_free(manager->root);
        sysroot_free(manager->proc);
        g_ptr_array_unref(manager->languages);
        config_free(manager->config);
        sd_event_unref(manager->event);
        g_free(manager);
        return NULL;
}

/* Everybody may read it: not whose job it is. */
static void update_status(Manager *manager) {
        if (manager->stopping)
                status_set(manager->status, g_strdup("Stopping."));
        else if (manager->running)
                status_set(manager->status,
                           g_strdup_printf("Job %" PRIu32 " runs, %u queued.", manager->running->record->id,
                                           queue_length(manager->queue)));
        else
                status_set(manager->status, g_strdup("Waiting for jobs."));
}

static void update_ready(Manager *manager) {
        g_auto(GStrv) reasons = manager_not_ready(manager);
        bool ready = !reasons[0];

        if (ready == manager->was_ready)
                return;
        manager->was_ready = ready;
        manager_bus_emit_ready(manager);
}

void manager_set_records_error(Manager *manager, int r) {
        manager->records_error = MIN(r, 0);
        update_ready(manager);
}

static void on_cores_changed(Cores *cores, void *userdata) {
        manager_bus_emit_cores(userdata);
}

static int open_cores(Manager *manager, const Config *config, Cores **ret) {
        g_autofree char *message = NULL;
        CoresConfig cores = { .reserved = config->reserved_cpus,
                              .partition = strcmp(config->isolation, "confined") == 0 ? "none" : config->partition,
                              .release_usec = config->release_usec };
        int r;

        r = cores_new(manager->topology, &cores, manager->systemd, manager->event, CGROUP_ROOT, on_cores_changed,
                      manager, ret, &message);
        if (r == -EINVAL) {
                (void) log_at(LOG_WARNING, &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_BAD_KNOB },
                              "ReservedCPUs=%s cannot be had, auto is used: %s", config->reserved_cpus,
                              message ?: g_strerror(EINVAL));
                cores.reserved = "auto";
                g_clear_pointer(&message, g_free);
                r = cores_new(manager->topology, &cores, manager->systemd, manager->event, CGROUP_ROOT,
                              on_cores_changed, manager, ret, &message);
        }
        if (r < 0)
                return log_errno(LOG_ERR, r, "the CPUs for jobs cannot be chosen");
        return 0;
}

static bool has_survivors(const Manager *manager) {
        return manager->survivors && manager->survivors[0];
}

static void log_survivors(char **before, char **now) {
        for (char **name = now; *name; name++)
                if (!before || !g_strv_contains((const char *const *) before, *name))
                        (void) log_at(LOG_ERR,
                                      &(const LogContext){
                                                      .uid = -1, .scope = *name, .message_id = JT_MESSAGE_SURVIVORS },
                                      "Processes in %s outlive SIGKILL: nothing is measured until they are gone",
                                      *name);
        if (before && before[0] && !now[0])
                log_notice("No process of an ended job lives any more");
}

static void start_next(Manager *manager);

static int on_look_again(sd_event_source *source, uint64_t usec, void *userdata);

/* Whatever were measured beside a process of an ended job would be disturbed by it, and share its CPUs. */
static void look_for_survivors(Manager *manager) {
        g_auto(GStrv) before = g_steal_pointer(&manager->survivors);
        int r;

        manager->survivors_timer = sd_event_source_disable_unref(manager->survivors_timer);
        if (!manager->systemd)
                return;
        manager->survivors = survivors_find(CGROUP_ROOT);
        log_survivors(before, manager->survivors);
        if (has_survivors(manager)) {
                r = sd_event_add_time_relative(manager->event, &manager->survivors_timer, CLOCK_MONOTONIC,
                                               SURVIVORS_PERIOD_USEC, 0, on_look_again, manager);
                if (r < 0)
                        log_errno(LOG_ERR, r, "cannot set a timer");
        }
        update_ready(manager);
}

static int on_look_again(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;

        look_for_survivors(manager);
        if (!has_survivors(manager))
                start_next(manager);
        return 0;
}

static int set_ready(Manager *manager) {
        int r;

        if (!manager->options->embedded) {
                r = sd_bus_request_name(manager->bus, JT_BUS_NAME, 0);
                if (r < 0)
                        return log_errno(LOG_ERR, r, "cannot take the bus name " JT_BUS_NAME);
        }
        manager->started = true;
        manager->was_ready = true;
        update_ready(manager);
        (void) sd_notify(false, "READY=1");
        update_status(manager);
        log_at(LOG_INFO, &(const LogContext){ .uid = -1, .message_id = JT_MESSAGE_READY }, "ready");
        return 0;
}

static void on_leftovers(int r, void *userdata) {
        Manager *manager = userdata;

        if (r < 0)
                log_errno(LOG_WARNING, r, "scopes of an earlier service may still be there");
        look_for_survivors(manager);
        r = set_ready(manager);
        if (r < 0)
                (void) sd_event_exit(manager->event, EXIT_FAILURE);
}

int manager_start(Manager *manager, sd_bus *bus) {
        const Options *options = manager->options;
        int r;

        manager->bus = sd_bus_ref(bus);
        if (!options->embedded)
                manager->peers = peers_new(bus);
        manager->authority = authority_new(options->embedded ? NULL : bus, manager->peers, options->polkit_always);
        manager->callers = callers_new(options->embedded ? NULL : bus, authority_calls(manager->authority));
        if (options->containment_scope) {
                r = systemd_new(bus, manager->event, &manager->systemd);
                if (r < 0)
                        return log_errno(LOG_ERR, r, "cannot talk to systemd");
        }
        manager->host = host_new(options->embedded ? NULL : bus, manager->root, options->runtime_dir);
        r = open_cores(manager, manager->config, &manager->cores);
        if (r < 0)
                return r;
        manager_look_at_host(manager);
        r = manager_bus_attach(manager);
        if (r < 0)
                return log_errno(LOG_ERR, r, "cannot offer the objects");

        if (!manager->systemd)
                return set_ready(manager);
        return systemd_stop_leftovers(manager->systemd, on_leftovers, manager);
}

Job *manager_find(Manager *manager, uint32_t id) {
        return g_hash_table_lookup(manager->jobs, GUINT_TO_POINTER(id));
}

static void forget_ended(Manager *manager) {
        Job *job = g_queue_pop_head(manager->ended);

        g_hash_table_remove(manager->jobs, GUINT_TO_POINTER(job->record->id));
}

static int on_reap(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;
        uint64_t now = now_realtime_usec();
        Job *oldest;

        while ((oldest = g_queue_peek_head(manager->ended)) && oldest->record->finished_usec + LINGER_USEC <= now)
                forget_ended(manager);
        manager->reap_timer = sd_event_source_disable_unref(manager->reap_timer);
        if (oldest)
                (void) sd_event_add_time_relative(manager->event, &manager->reap_timer, CLOCK_MONOTONIC, LINGER_USEC,
                                                  USEC_PER_SEC, on_reap, manager);
        else
                (void) malloc_trim(0); /* a long queue leaves holes that would stay ours */
        return 0;
}

/* The object stays for those who fetch the result, but not for many and not for long. */
static void linger(Manager *manager, Job *job) {
        g_queue_push_tail(manager->ended, job);
        if (g_queue_get_length(manager->ended) > LINGER_MAX)
                forget_ended(manager);
        if (!manager->reap_timer)
                (void) sd_event_add_time_relative(manager->event, &manager->reap_timer, CLOCK_MONOTONIC, LINGER_USEC,
                                                  USEC_PER_SEC, on_reap, manager);
}

static void announce(Manager *manager, Job *job) {
        job_announce(job);
        manager_bus_emit_job_removed(manager, job);
        linger(manager, job);
}

static bool tell_position(uint32_t id, unsigned position, void *userdata) {
        Manager *manager = userdata;
        Job *job = manager_find(manager, id);
        WorkerProgress progress = { .phase = JOB_QUEUED, .step = position, .median = NAN };
        uint64_t finish = manager_estimate(manager, job), now = now_realtime_usec();

        progress.time_left_usec = finish > now ? finish - now : 0;
        job_progress(job, &progress);
        /* Each estimate adds up those before it: the first ones matter to a person who waits. */
        return position < 16;
}

/* Nothing runs or waits any more. The loop's end closes the bus, so what is said goes first. */
static void leave(Manager *manager) {
        manager_forget_refusals(manager);
        cores_release_now(manager->cores);
        (void) sd_event_exit(manager->event, EXIT_SUCCESS);
}

static void on_run_done(Job *job, Result *result, char *public_body, char *full_body) {
        g_autofree char *public_text = public_body, *full_text = full_body;
        Manager *manager = job->manager;

        manager_keep_calibration(manager, job, result);
        job_finish(job, result, public_text, full_text);
        manager->running = NULL;
        status_flush(manager->status, false);
        announce(manager, job);
        retain(manager);
        if (manager->stopping) {
                leave(manager);
                return;
        }
        look_for_survivors(manager);
        start_next(manager);
        if (!manager->running)
                cores_release_later(manager->cores);
}

static void start_next(Manager *manager) {
        uint32_t id;
        int r;

        if (manager->running || !manager->started || manager->stopping || !manager->lock || has_survivors(manager) ||
            queue_pop(manager->queue, &id) < 0) {
                manager_bus_emit_queue(manager);
                update_status(manager);
                return;
        }

        manager->running = manager_find(manager, id);
        manager->running->record->started_usec = now_realtime_usec();
        r = records_start(manager->records, id, manager->running->record->started_usec);
        manager_set_records_error(manager, r);
        log_at(LOG_INFO,
               &(const LogContext){
                               .job = id, .uid = manager->running->record->uid, .message_id = JT_MESSAGE_JOB_STARTED },
               "started");
        manager_bus_emit_queue(manager);
        update_status(manager);
        queue_visit(manager->queue, tell_position, manager);
        run_start(manager->running, on_run_done);
}

static int on_start_next(sd_event_source *source, void *userdata) {
        Manager *manager = userdata;

        sd_event_source_unref(source);
        start_next(manager);
        return 0;
}

static Record *build_record(const Request *request, uid_t uid) {
        Record *record = g_new0(Record, 1);

        record->uuid = uuid_new();
        record->kind = request->kind;
        record->uid = uid;
        record->submitted_usec = now_realtime_usec();
        record->label = g_strdup(request->label);
        record->candidate_id = g_strdup(request->candidate_id);
        record->problem_name = g_strdup(request->problem_name);
        record->digest = job_digest(request);
        record->fine = g_strcmp0(request->resolution, "fine") == 0;
        record->expected_usec = job_formula_usec(request);
        return record;
}

int manager_submit(Manager *manager, sd_bus_message *m, Request *request, const Caller *caller, Job **ret,
                   char **ret_message) {
        g_autoptr(Request) owned = request;
        g_autoptr(Record) record = NULL;
        g_autoptr(Job) job = NULL;
        bool detach = request->detach;
        int r;

        r = manager_check_limits(manager, caller->uid, request, ret_message);
        if (r < 0) {
                manager_refused(manager, caller->uid, JT_MESSAGE_REFUSED, "refused: %s", *ret_message);
                return r;
        }

        record = build_record(request, caller->uid);
        r = records_submit(manager->records, record);
        manager_set_records_error(manager, r);
        if (r < 0)
                return r;
        job = job_new(manager, g_steal_pointer(&record), g_steal_pointer(&owned), caller->groups, caller->n_groups);
        r = job_bus_track(job, m, detach);
        if (r < 0) {
                /* The row is there, so it gets its end. */
                job_finish(job, run_cancelled_result(JT_ERROR_CALLER_LEFT), NULL, NULL);
                return r;
        }

        g_hash_table_insert(manager->jobs, GUINT_TO_POINTER(job->record->id), job);
        queue_push(manager->queue, job->record->id, caller->uid);
        log_at(LOG_INFO,
               &(const LogContext){ .job = job->record->id, .uid = caller->uid, .message_id = JT_MESSAGE_JOB_QUEUED },
               "queued");
        manager_bus_emit_job_new(manager, job);
        manager_bus_emit_queue(manager);
        update_status(manager);

        /* After the reply, so that the caller knows the job's path before it hears of its progress. */
        if (!manager->running) {
                sd_event_source *source;

                r = sd_event_add_defer(manager->event, &source, on_start_next, manager);
                if (r < 0)
                        log_errno(LOG_ERR, r, "cannot start the job");
        }
        *ret = g_steal_pointer(&job);
        return 0;
}

void manager_cancel(Manager *manager, Job *job, const char *reason) {
        if (job_has_ended(job))
                return;
        if (job->run) {
                run_cancel(job->run, reason);
                return;
        }
        (void) queue_remove(manager->queue, job->record->id);
        job_finish(job, run_cancelled_result(reason), NULL, NULL);
        announce(manager, job);
        manager_bus_emit_queue(manager);
        update_status(manager);
}

static void cancel_queued(Manager *manager) {
        g_autoptr(GPtrArray) cancelled = g_ptr_array_new();
        uint32_t id;

        (void) records_begin(manager->records);
        while (queue_pop(manager->queue, &id) >= 0) {
                Job *job = manager_find(manager, id);

                job_finish(job, run_cancelled_result(JT_ERROR_SERVICE_STOPPED), NULL, NULL);
                g_ptr_array_add(cancelled, job);
        }
        (void) records_commit(manager->records);
        for (unsigned i = 0; i < cancelled->len; i++) {
                job_announce(cancelled->pdata[i]);
                manager_bus_emit_job_removed(manager, cancelled->pdata[i]);
        }
}

void manager_stop(Manager *manager) {
        if (manager->stopping)
                return;
        manager->stopping = true;
        (void) sd_notify(false, "STOPPING=1");
        update_status(manager);

        cancel_queued(manager);
        if (manager->running && manager->running->run)
                run_cancel(manager->running->run, JT_ERROR_SERVICE_STOPPED);
        else
                leave(manager);
}

void manager_reload(Manager *manager) {
        g_autoptr(Config) config = NULL;
        g_autoptr(Cores) cores = NULL;
        int r;

        (void) sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_monotonic_usec());
        r = config_load_logged(manager->options->config, &config);
        if (r < 0)
                log_error("the configuration is not reloaded; the one before stays in force");
        else {
                /* The cores are chosen anew when no job has them; else with the next reload. */
                if (manager->running)
                        log_notice("a job runs: changed CPUs take effect at the next start or idle reload");
                else {
                        cores_release_now(manager->cores);
                        if (open_cores(manager, config, &cores) >= 0) {
                                cores_free(manager->cores);
                                manager->cores = g_steal_pointer(&cores);
                        }
                        manager_bus_emit_cores(manager);
                }
                config_request_limits(config, &manager->request_limits);
                manager_load_languages(manager);
                manager_bus_emit_capabilities(manager);
                log_set_level(config_log_level(config));
                config_free(manager->config);
                manager->config = g_steal_pointer(&config);
                manager_look_at_host(manager);
                retain(manager);
                update_ready(manager);
        }
        (void) sd_notify(false, "READY=1");
}
