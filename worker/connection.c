/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>
#include <sys/socket.h>

#include "calibrating.h"
#include "config.h"
#include "connection.h"
#include "dbus/errors.h"
#include "dbus/names.h"
#include "keeper.h"
#include "log.h"
#include "pipeline.h"
#include "report.h"

#define SEND_TIMEOUT_USEC (5U * USEC_PER_SEC)

struct Connection {
        sd_event *event;
        sd_bus *bus;
        Request *request;
        JobContext *context;
        Identity *identity;
        Keeper *keeper;
        Pipeline *pipeline;
        sd_bus_message *run; /* to be answered when the job is over */
        bool prepared, ran;  /* these methods were called, with or without success */
        sd_event_source *sent_source, *sent_timer;
};

static bool in_scope(const Connection *connection) {
        return g_str_equal(connection->context->containment, "scope");
}

static int read_prepare(Connection *connection, sd_bus_message *m, sd_bus_error *error) {
        const char *word;
        JobKind kind;
        int r;

        r = sd_bus_message_read(m, "s", &word);
        if (r < 0)
                return r;
        if (job_kind_from_string(word, &kind) < 0)
                return sd_bus_error_setf(error, JT_ERROR_INVALID_REQUEST, "\"%s\" is no kind of job", word);
        r = request_any_from_message(m, kind, &connection->request, error);
        if (r < 0)
                return r;
        r = job_context_from_message(m, &connection->context);
        if (r < 0)
                return sd_bus_error_setf(error, JT_ERROR_INVALID_REQUEST, "The job's context cannot be read: %s",
                                         g_strerror(-r));
        if (!in_scope(connection) && !g_str_equal(connection->context->containment, "process"))
                return sd_bus_error_setf(error, JT_ERROR_INVALID_REQUEST,
                                         "containment is \"%s\"; it is scope or process",
                                         connection->context->containment);
        return 0;
}

static int look_up_caller(Connection *connection, sd_bus_error *error) {
        const JobContext *context = connection->context;
        int r;

        r = identity_lookup(context->uid, context->groups, context->n_groups, in_scope(connection),
                            &connection->identity);
        if (r == -ESRCH)
                return sd_bus_error_setf(error, JT_ERROR_INVALID_REQUEST, "The user database has no user %u",
                                         context->uid);
        if (r < 0)
                return sd_bus_error_setf(error, JT_ERROR_WORKER_FAILED, "The user %u cannot be looked up: %s",
                                         context->uid, g_strerror(-r));
        if (connection->identity->change && geteuid() != 0)
                return sd_bus_error_setf(error, JT_ERROR_INVALID_REQUEST,
                                         "A worker of user %u cannot run a program as user %u", geteuid(),
                                         context->uid);
        return 0;
}

static void on_progress(const PipelineProgress *progress, void *userdata) {
        Connection *connection = userdata;
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = sd_bus_message_new_signal(connection->bus, &m, JT_WORKER_PATH, JT_WORKER_INTERFACE, "Progress");
        if (r >= 0)
                r = sd_bus_message_append(m, "suud", job_state_to_string(progress->phase), progress->step,
                                          progress->steps, progress->fraction);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0 && !isnan(progress->median_j))
                r = sd_bus_message_append(m, "{sv}{sv}", "median", "d", progress->median_j, "simulated", "b",
                                          progress->simulated);
        if (r >= 0 && progress->time_left_usec != USEC_INFINITY)
                r = sd_bus_message_append(m, "{sv}", "time-left", "t", progress->time_left_usec);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_send(connection->bus, m, NULL); /* at once: nothing is left for when the window is open */
        if (r < 0)
                (void) log_errno(LOG_WARNING, r, "Progress cannot be sent");
}

static int on_sent(sd_event_source *source, void *userdata) {
        Connection *connection = userdata;
        uint64_t queued = 0;

        if (sd_bus_get_n_queued_write(connection->bus, &queued) < 0 || queued == 0)
                return sd_event_exit(connection->event, 0);
        return 0;
}

static int on_not_sent(sd_event_source *source, uint64_t usec, void *userdata) {
        Connection *connection = userdata;

        log_warning("The daemon does not take its answer; ending");
        return sd_event_exit(connection->event, 0);
}

/* The last message is out, or nobody takes it: this process ends. r is the sending's result. */
static void end_when_sent(Connection *connection, int r) {
        if (r >= 0)
                r = sd_event_add_post(connection->event, &connection->sent_source, on_sent, connection);
        if (r >= 0)
                r = sd_event_add_time_relative(connection->event, &connection->sent_timer, CLOCK_MONOTONIC,
                                               SEND_TIMEOUT_USEC, 0, on_not_sent, connection);
        if (r >= 0)
                r = on_sent(NULL, connection); /* most often it is: no event comes after this one */
        if (r < 0)
                (void) sd_event_exit(connection->event, r);
}

static int reply_result(Connection *connection, const Result *result, int public_fd, int full_fd) {
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        if (public_fd < 0)
                return public_fd;
        if (full_fd < 0)
                return full_fd;
        r = sd_bus_message_new_method_return(connection->run, &reply);
        if (r < 0)
                return r;
        r = result_append(reply, result);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "hh", public_fd, full_fd);
        if (r < 0)
                return r;
        return sd_bus_send(connection->bus, reply, NULL);
}

static void on_over(const JobRecord *record, const CompareRecord *compare, void *userdata) {
        Connection *connection = userdata;
        g_autoptr(Result) result = compare ? report_compare_result(compare) : report_result(record);
        autofd public_fd =
                        compare ? report_compare_memfd(compare, REPORT_PUBLIC) : report_memfd(record, REPORT_PUBLIC);
        autofd full_fd = compare ? report_compare_memfd(compare, REPORT_FULL) : report_memfd(record, REPORT_FULL);
        int r;

        r = reply_result(connection, result, public_fd, full_fd);
        if (r < 0) {
                (void) log_errno(LOG_ERR, r, "The report cannot be sent");
                r = sd_bus_reply_method_errorf(connection->run, JT_ERROR_WORKER_FAILED,
                                               "The report cannot be sent: %s", g_strerror(-r));
        }
        connection->run = sd_bus_message_unref(connection->run);
        end_when_sent(connection, r);
}

static int prepare(Connection *connection, sd_bus_message *m, sd_bus_error *error) {
        const PipelineCalls calls = { .progress = on_progress, .over = on_over, .userdata = connection };
        g_autofree char *why = NULL;
        const char *name = NULL;
        int r;

        r = read_prepare(connection, m, error);
        if (r < 0)
                return r;
        r = look_up_caller(connection, error);
        if (r < 0)
                return r;
        if (connection->request->kind == JOB_CALIBRATE) {
                r = calibration_complete(connection->request, &why);
                if (r < 0)
                        return sd_bus_error_set(error, JT_ERROR_WORKER_FAILED, why);
        }
        r = pipeline_new(connection->event, connection->request, connection->context, &calls, &connection->pipeline,
                         &name, &why);
        if (r < 0)
                return sd_bus_error_set(error, name, why);
        if (!in_scope(connection))
                return 0;
        r = keeper_start(&connection->keeper);
        if (r < 0)
                return sd_bus_error_setf(error, JT_ERROR_SCOPE_FAILED, "The scope's keeper cannot be started: %s",
                                         g_strerror(-r));
        return 0;
}

/* A second try would find the first one's remains: a worker is good for one job. */
static int method_prepare(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Connection *connection = userdata;
        int r;

        if (connection->prepared)
                return sd_bus_error_set(error, SD_BUS_ERROR_FAILED, "Prepare was called before");
        connection->prepared = true;
        r = prepare(connection, m, error);
        if (r < 0) {
                connection->pipeline = pipeline_free(connection->pipeline); /* no Run after this */
                if (!sd_bus_error_is_set(error))
                        (void) sd_bus_error_set_errno(error, r);
                r = sd_bus_reply_method_error(m, error);
                sd_bus_error_free(error);
                end_when_sent(connection, r);
                return 1;
        }
        return sd_bus_reply_method_return(m, "uu", (uint32_t) getpid(),
                                          connection->keeper ? (uint32_t) connection->keeper->pid : 0U);
}

static int open_containment(Connection *connection, const char *control_group, Containment **ret,
                            sd_bus_error *error) {
        g_autofree char *why = NULL;
        cpu_set_t cpus;
        int r;

        if (!in_scope(connection)) {
                r = containment_open_process(ret);
                if (r < 0)
                        return sd_bus_error_setf(error, JT_ERROR_SCOPE_FAILED, "Processes cannot be held together: %s",
                                                 g_strerror(-r));
                return 0;
        }
        r = cpulist_parse(connection->context->cpus, &cpus);
        if (r < 0)
                return r;
        r = containment_open_scope(control_group, connection->keeper->pid, &cpus, ret, &why);
        if (r < 0)
                return sd_bus_error_set(error, JT_ERROR_SCOPE_FAILED, why);
        return 0;
}

/* Whom this process becomes before it looks at anything a program wrote. In a scope a stranger to everybody: what he
 * leaves behind when he dies, systemd and the daemon end. Without one the caller, the only one who may signal the
 * caller's processes, and in whose name the kernel does so when the judge dies. */
static int choose_judge(const Connection *connection, PipelineBase *base, sd_bus_error *error) {
        int r;

        if (!in_scope(connection)) {
                base->judge_uid = connection->identity->uid;
                base->judge_gid = connection->identity->gid;
                return 0;
        }
        r = system_user_lookup(JT_JUDGE_USER, &base->judge_uid, &base->judge_gid);
        if (r < 0)
                return sd_bus_error_setf(error, JT_ERROR_WORKER_FAILED,
                                         "The system user " JT_JUDGE_USER " cannot be looked up: %s%s", g_strerror(-r),
                                         r == -ESRCH ? "; systemd-sysusers makes it" : "");
        return 0;
}

static int method_run(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Connection *connection = userdata;
        PipelineBase base = { .identity = connection->identity, .daemon_fd = sd_bus_get_fd(connection->bus) };
        g_autoptr(Containment) containment = NULL;
        const char *control_group, *error_name;
        g_autofree char *why = NULL;
        int r;

        if (!connection->pipeline || connection->ran)
                return sd_bus_error_set(error, SD_BUS_ERROR_FAILED,
                                        connection->ran ? "Run was called before" : "Prepare comes first");
        r = sd_bus_message_read(m, "s", &control_group);
        if (r < 0)
                return r;
        connection->ran = true;
        r = open_containment(connection, control_group, &containment, error);
        if (r < 0)
                return r;
        r = choose_judge(connection, &base, error);
        if (r < 0)
                return r;
        base.containment = g_steal_pointer(&containment);
        connection->run = sd_bus_message_ref(m);
        r = pipeline_start(connection->pipeline, &base, &error_name, &why);
        if (r < 0) {
                connection->run = sd_bus_message_unref(connection->run);
                return why ? sd_bus_error_set(error, error_name, why)
                           : sd_bus_error_setf(error, error_name, "The job cannot be started: %s", g_strerror(-r));
        }
        return 1;
}

/* The names a job may end with by somebody's will; they outlive the message. */
static const char *known_reason(const char *name) {
        static const char *const reasons[] = { JT_ERROR_JOB_LIMIT, JT_ERROR_CALLER_LEFT, JT_ERROR_SERVICE_STOPPED,
                                               JT_ERROR_SERVICE_RESTARTED, JT_ERROR_CANCELLED };

        for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
                if (g_str_equal(name, reasons[i]))
                        return reasons[i];
        return NULL;
}

static int method_cancel(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Connection *connection = userdata;
        const char *name, *reason;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        reason = known_reason(name);
        if (!reason)
                return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "\"%s\" is no reason to cancel a job",
                                         name);
        if (connection->pipeline)
                pipeline_cancel(connection->pipeline, reason);
        return sd_bus_reply_method_return(m, "");
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS(
                        "Prepare", SD_BUS_ARGS("s", kind, "aa{sv}", candidates, "a{sv}", request, "a{sv}", context),
                        SD_BUS_RESULT("u", worker_pid, "u", keeper_pid), method_prepare, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Run", SD_BUS_ARGS("s", control_group),
                                SD_BUS_RESULT("a{sv}", result, "h", public_body, "h", full_body), method_run,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_ARGS("s", reason), SD_BUS_NO_RESULT, method_cancel,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("Progress",
                                SD_BUS_ARGS("s", phase, "u", step, "u", steps, "d", fraction, "a{sv}", more), 0),
        SD_BUS_VTABLE_END,
};

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Connection *connection = userdata;

        log_debug("The daemon is gone; ending");
        return sd_event_exit(connection->event, 0);
}

static int check_peer(int fd) {
        struct ucred peer;
        socklen_t length = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
                return -errno;
        return peer.uid == 0 || peer.uid == geteuid() ? 0 : -EPERM;
}

static int start_bus(Connection *connection, int fd) {
        sd_id128_t id;
        int r;

        r = sd_id128_randomize(&id);
        if (r < 0)
                return r;
        r = sd_bus_new(&connection->bus);
        if (r < 0)
                return r;
        r = sd_bus_set_fd(connection->bus, fd, fd);
        if (r < 0)
                return r;
        r = sd_bus_set_server(connection->bus, true, id);
        if (r < 0)
                return r;
        r = sd_bus_negotiate_fds(connection->bus, true);
        if (r < 0)
                return r;
        return sd_bus_start(connection->bus);
}

int connection_new(sd_event *event, int fd, Connection **ret) {
        g_autoptr(Connection) connection = g_new0(Connection, 1);
        autofd socket = fd;
        int r;

        connection->event = sd_event_ref(event);
        r = check_peer(socket);
        if (r < 0)
                return r;
        r = start_bus(connection, socket);
        if (r < 0)
                return r;
        (void) steal_fd(&socket); /* the bus closes it */
        r = sd_bus_add_object_vtable(connection->bus, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE, vtable, connection);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(connection->bus, NULL, NULL, "/org/freedesktop/DBus/Local",
                                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, connection);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(connection->bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&connection);
        return 0;
}

Connection *connection_free(Connection *connection) {
        if (!connection)
                return NULL;
        pipeline_free(connection->pipeline);
        keeper_free(connection->keeper);
        sd_bus_message_unref(connection->run);
        sd_event_source_disable_unref(connection->sent_source);
        sd_event_source_disable_unref(connection->sent_timer);
        sd_bus_close_unref(connection->bus); /* not flushed: that waits for a peer that may not read */
        identity_free(connection->identity);
        job_context_free(connection->context);
        request_free(connection->request);
        sd_event_unref(connection->event);
        g_free(connection);
        return NULL;
}
