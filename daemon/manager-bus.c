/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "dictionary.h"
#include "job-bus.h"
#include "log.h"
#include "manager-bus.h"
#include "names.h"
#include "properties-bus.h"
#include "records-bus.h"

int manager_bus_authorize(Manager *manager, sd_bus_message *m, uid_t owner, Permission permission,
                          sd_bus_error *error) {
        const Caller *caller;
        int r;

        r = caller_get(manager->callers, m, &caller, error);
        if (r <= 0)
                return r;
        if (caller->uid == owner)
                return 1;
        return authority_check(manager->authority, m, caller, permission, error);
}

static bool runs_outside_box(const Request *request) {
        for (size_t i = 0; i < request_n_programs(request); i++)
                if (strcmp(request_program(request, i)->profile, "box") != 0)
                        return true;
        return false;
}

/* A program that runs for a confined caller as if it were not would be the way out of its confinement. In a box it
 * runs as nobody, on what was sent along, and sees neither the caller's nor the host's files, processes or network:
 * less than any confinement leaves. */
static int refuse_confined(Manager *manager, const Request *request, const Caller *caller, sd_bus_error *error) {
        g_autofree char *reason = NULL;
        int r;

        if (manager->options->embedded || !runs_outside_box(request))
                return 0;
        r = caller_is_confined(manager->proc, caller->pid, caller->uid, caller->label, &reason);
        if (r == 0)
                return 0;
        if (r < 0) {
                quota_count_refused(manager->quota, now_monotonic_usec());
                return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
                                         "Whether the calling process is confined cannot be told: %s.",
                                         g_strerror(-r));
        }
        manager_refused(manager, caller->uid, JT_MESSAGE_CONFINED_CALLER, "refused a confined caller: %s", reason);
        return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
                                 "The calling process is confined (%s), and the program would run without that; call "
                                 "from outside.",
                                 reason);
}

static int refuse_not_ready(Manager *manager, sd_bus_error *error) {
        g_auto(GStrv) reasons = NULL;
        g_autofree char *all = NULL;

        if (manager->records_error < 0)
                manager_set_records_error(manager, records_probe(manager->records));
        reasons = manager_not_ready(manager);
        if (!reasons[0])
                return 0;
        all = g_strjoinv(" ", reasons);
        return sd_bus_error_setf(error, JT_ERROR_NOT_READY, "The service cannot run jobs now. %s", all);
}

static int refuse_no_counter(const Manager *manager, sd_bus_error *error) {
        const char *meter = manager_meter(manager);

        if (strcmp(meter, "none") == 0)
                return sd_bus_error_set(error, JT_ERROR_NO_METER,
                                        "The service is configured to read no energy counter (Meter=none), so there "
                                        "is nothing to calibrate.");
        if (strcmp(meter, "model") == 0 || manager->topology->total[0] != '\0')
                return 0;
        return sd_bus_error_set(error, JT_ERROR_NO_METER,
                                "This machine has no energy counter, so there is nothing to calibrate; joulectl "
                                "topology shows what was found.");
}

/* A meter asked for by name must be there; the configured one may find nothing, and then time is measured, unless
 * counters are what it is about. */
static int refuse_no_meter(Manager *manager, const Request *request, sd_bus_error *error) {
        bool perf = strcmp(request->meter, "perf") == 0, powercap = strcmp(request->meter, "powercap") == 0;

        if (request->kind == JOB_CALIBRATE)
                return refuse_no_counter(manager, error);
        if (!perf && !powercap)
                return 0;
        for (size_t i = 0; i < manager->topology->n_domains; i++) {
                const Domain *domain = &manager->topology->domains[i];

                if (domain->in_total && (perf ? (const void *) domain->perf.pmu : domain->powercap.id))
                        return 0;
        }
        return sd_bus_error_setf(
                        error, JT_ERROR_NO_METER,
                        "This machine has no energy counter that the meter %s reads; ask for meter auto, or none.",
                        request->meter);
}

/* Whoever changes a setting must be able to put it back, whatever happens to him. */
static int refuse_no_tuning(Manager *manager, const Request *request, sd_bus_error *error) {
        if (!request->tune || host_can_tune(manager->host))
                return 0;
        if (manager->options->embedded)
                return sd_bus_error_set(error, JT_ERROR_INVALID_REQUEST,
                                        "tune: only the system service changes the processor's settings; leave it "
                                        "out, or measure without --local.");
        return sd_bus_error_set(error, JT_ERROR_NOT_READY,
                                "The processor's settings cannot be changed: the service has no safe place for the "
                                "old ones; its log says why.");
}

static int refuse_unknown_language(Manager *manager, const Request *request, sd_bus_error *error) {
        g_autofree char *message = NULL;

        if (manager_check_languages(manager, request, &message) >= 0)
                return 0;
        return sd_bus_error_set(error, JT_ERROR_INVALID_REQUEST, message);
}

static int submit(Manager *manager, sd_bus_message *m, Request *request, const Caller *caller, Job **ret,
                  sd_bus_error *error) {
        g_autofree char *message = NULL;
        int r;

        r = manager_submit(manager, m, request, caller, ret, &message);
        if (r >= 0)
                return 0;
        if (r == -EUSERS)
                return sd_bus_error_set(error, JT_ERROR_QUEUE_FULL, message);
        if (r == -EDQUOT)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, message);
        return sd_bus_error_setf(error, JT_ERROR_NOT_READY, "The job cannot be put on record: %s.", g_strerror(-r));
}

/* Of a caller that is known already: a connection's first request is read in any case. */
static int read_request(Manager *manager, sd_bus_message *m, JobKind kind, Request **ret, sd_bus_error *error) {
        g_autofree char *message = NULL;
        const Caller *caller = NULL;
        int r;

        if (caller_known(manager->callers, m, &caller) && manager_check_rate(manager, caller->uid, &message) < 0) {
                manager_refused(manager, caller->uid, JT_MESSAGE_REFUSED, "refused: %s", message);
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, message);
        }
        if (kind == JOB_COMPARE)
                r = request_compare_from_message(m, &manager->request_limits, ret, error);
        else
                r = request_from_message(m, kind, &manager->request_limits, ret, error);
        if (r < 0 && caller)
                manager_count_invalid(manager, caller->uid);
        return r;
}

static int submit_job(sd_bus_message *m, Manager *manager, JobKind kind, Permission permission, sd_bus_error *error) {
        g_autoptr(Request) request = NULL;
        const Caller *caller;
        Job *job;
        int r;

        r = read_request(manager, m, kind, &request, error);
        if (r < 0)
                return r;
        r = refuse_unknown_language(manager, request, error);
        if (r < 0)
                return r;
        r = caller_get(manager->callers, m, &caller, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1; /* the bus was asked; this handler runs again with its answer */
        r = refuse_confined(manager, request, caller, error);
        if (r < 0)
                return r;
        r = refuse_not_ready(manager, error);
        if (r < 0)
                return r;
        r = refuse_no_meter(manager, request, error);
        if (r < 0)
                return r;
        r = refuse_no_tuning(manager, request, error);
        if (r < 0)
                return r;

        r = authority_check(manager->authority, m, caller, permission, error);
        if (r > 0 && strcmp(request->resolution, "fine") == 0)
                r = authority_check(manager->authority, m, caller, PERMIT_FINE_RESULTS, error);
        if (r > 0 && request->tune)
                r = authority_check(manager->authority, m, caller, PERMIT_TUNE, error);
        if (r < 0) {
                quota_count_refused(manager->quota, now_monotonic_usec());
                return r;
        }
        if (r == 0)
                return 1;

        r = submit(manager, m, g_steal_pointer(&request), caller, &job, error);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(m, "uo", job->record->id, job->path);
}

static int method_measure(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return submit_job(m, userdata, JOB_MEASURE, PERMIT_MEASURE, error);
}

/* Takes measurements, and tells no more than they would. */
static int method_compare(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return submit_job(m, userdata, JOB_COMPARE, PERMIT_MEASURE, error);
}

static int method_validate(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return submit_job(m, userdata, JOB_VALIDATE, PERMIT_VALIDATE, error);
}

static int method_calibrate(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return submit_job(m, userdata, JOB_CALIBRATE, PERMIT_CALIBRATE, error);
}

typedef struct JobLister {
        Manager *manager;
        sd_bus_message *reply;
        const Caller *caller;
        unsigned n;
        int r;
} JobLister;

/* Whether there is room for another. */
static bool append_job(JobLister *lister, const Job *job) {
        uid_t uid = job->record->uid;
        bool shown = lister->caller->uid == 0 || lister->caller->uid == uid;

        lister->r = sd_bus_message_append(lister->reply, "(uusso)", job->record->id,
                                          (uint32_t) (shown ? uid : ANY_UID), job_kind_to_string(job->record->kind),
                                          job_state_to_string(job->record->state), job->path);
        return lister->r >= 0 && ++lister->n < JT_LIST_JOBS_MAX;
}

static bool append_own(uint32_t id, unsigned position, void *userdata) {
        JobLister *lister = userdata;

        return append_job(lister, manager_find(lister->manager, id));
}

static bool append_others(uint32_t id, unsigned position, void *userdata) {
        JobLister *lister = userdata;
        const Job *job = manager_find(lister->manager, id);

        return job->record->uid == lister->caller->uid || append_job(lister, job);
}

/* One's own come first: whoever has a job far down the queue still sees it. The walk over the others passes by no more
 * own jobs than are listed already. */
static int append_jobs(JobLister *lister) {
        const Manager *manager = lister->manager;
        bool room = true;

        if (manager->running)
                room = append_job(lister, manager->running);
        if (room)
                queue_visit_of(manager->queue, lister->caller->uid, append_own, lister);
        if (lister->r >= 0 && lister->n < JT_LIST_JOBS_MAX)
                queue_visit(manager->queue, append_others, lister);
        return lister->r;
}

static int method_list_jobs(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(sd_bus_message) reply = NULL;
        Manager *manager = userdata;
        JobLister lister = { .manager = manager };
        int r;

        r = caller_get(manager->callers, m, &lister.caller, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;
        lister.reply = reply;
        r = sd_bus_message_open_container(reply, 'a', "(uusso)");
        if (r < 0)
                return r;
        r = append_jobs(&lister);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

static int append_seconds(sd_bus_message *m, const char *key, double seconds) {
        return isfinite(seconds) ? sd_bus_message_append(m, "{sv}", key, "d", seconds) : 0;
}

static int method_get_statistics(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(sd_bus_message) reply = NULL;
        Manager *manager = userdata;
        RecordStatistics s;
        int r;

        r = records_statistics(manager->records, now_realtime_usec() - 86400 * USEC_PER_SEC, &s);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", "jobs", "u", s.jobs, "failed", "u", s.failed, "cancelled",
                                  "u", s.cancelled, "refused", "u",
                                  (uint32_t) quota_refused(manager->quota, now_monotonic_usec()));
        if (r >= 0)
                r = append_seconds(reply, "duration-mean", s.duration_mean);
        if (r >= 0)
                r = append_seconds(reply, "duration-p95", s.duration_p95);
        if (r >= 0)
                r = append_seconds(reply, "wait-p50", s.wait_p50);
        if (r >= 0)
                r = append_seconds(reply, "wait-p95", s.wait_p95);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

static int append_check(sd_bus_message *m, const Check *check) {
        return sd_bus_message_append(m, "a{sv}", 5, "name", "s", check->name, "ok", "b", (int) check->ok, "value", "s",
                                     check->value, "limit", "s", check->limit, "remedy", "s", check->remedy);
}

static int method_diagnose(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(sd_bus_message) reply = NULL;
        Manager *manager = userdata;
        Check checks[N_CHECKS];
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        if (r < 0)
                return r;
        manager_check(manager, checks);
        for (size_t i = 0; i < N_CHECKS; i++) {
                if (r >= 0)
                        r = append_check(reply, &checks[i]);
                check_clear(&checks[i]);
        }
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Measure", SD_BUS_ARGS("a{sv}", request), SD_BUS_RESULT("u", id, "o", job),
                                method_measure, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Compare", SD_BUS_ARGS("aa{sv}", candidates, "a{sv}", options),
                                SD_BUS_RESULT("u", id, "o", job), method_compare, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Validate", SD_BUS_ARGS("a{sv}", request), SD_BUS_RESULT("u", id, "o", job),
                                method_validate, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Calibrate", SD_BUS_ARGS("a{sv}", request), SD_BUS_RESULT("u", id, "o", job),
                                method_calibrate, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListJobs", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(uusso)", jobs), method_list_jobs,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetReport", SD_BUS_ARGS("u", id), SD_BUS_RESULT("s", report), records_bus_get_report,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListRecords", SD_BUS_ARGS("a{sv}", filter), SD_BUS_RESULT("aa{sv}", records),
                                records_bus_list_records, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Forget", SD_BUS_ARGS("u", id), SD_BUS_NO_RESULT, records_bus_forget,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetStatistics", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", statistics),
                                method_get_statistics, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Diagnose", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", checks), method_diagnose,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Version", "s", property_get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("ApiVersion", "u", property_get_api_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Capabilities", "a{sv}", property_get_capabilities, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Domains", "aa{sv}", property_get_domains, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Ready", "b", property_get_ready, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("NotReadyReasons", "as", property_get_reasons, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ReservedCPUs", "s", property_get_reserved_cpus, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("IsolationLevel", "s", property_get_isolation, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("QueueLength", "u", property_get_queue_length, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("RunningJob", "u", property_get_running_job, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Calibration", "a{sv}", property_get_calibration, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_SIGNAL_WITH_ARGS("JobNew", SD_BUS_ARGS("u", id, "o", job), 0),
        SD_BUS_SIGNAL_WITH_ARGS("JobRemoved", SD_BUS_ARGS("u", id, "o", job), 0),
        SD_BUS_VTABLE_END,
};

/* A property getter cannot wait, and OwnerUid depends on who asks: so the bus is asked before. */
static int on_properties_call(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        Manager *manager = userdata;
        const char *path = sd_bus_message_get_path(m);
        const Caller *caller;
        int r;

        if (!sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", NULL) || !path ||
            !job_bus_find(manager, path))
                return 0;
        r = caller_get(manager->callers, m, &caller, &error);
        if (r > 0)
                return 0;
        if (r < 0)
                (void) sd_bus_reply_method_errno(m, r, &error);
        return 1;
}

static int on_peer_left(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        manager_stop(userdata);
        return 0;
}

int manager_bus_attach(Manager *manager) {
        int r;

        r = sd_bus_add_object_vtable(manager->bus, &manager->slots[0], JT_MANAGER_PATH, JT_MANAGER_INTERFACE,
                                     manager_vtable, manager);
        if (r < 0)
                return r;
        r = job_bus_attach(manager, &manager->slots[1], &manager->slots[2]);
        if (r < 0)
                return r;
        r = sd_bus_add_filter(manager->bus, &manager->slots[3], on_properties_call, manager);
        if (r < 0)
                return r;
        return sd_bus_match_signal(manager->bus, &manager->slots[4], NULL, "/org/freedesktop/DBus/Local",
                                   "org.freedesktop.DBus.Local", "Disconnected", on_peer_left, manager);
}
