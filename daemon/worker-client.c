/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>

#include "dictionary.h"
#include "errors.h"
#include "log.h"
#include "names.h"
#include "report.h"
#include "child.h"
#include "worker-client.h"

#define PREPARE_TIMEOUT_USEC (30 * USEC_PER_SEC)

struct Worker {
        sd_bus *bus;
        sd_bus_slot *call, *connected, *disconnected, *progress;
        sd_bus_message *prepare, *cancel; /* not sent yet: sd-bus would wait, in a send, until the worker is there */
        bool is_connected;
        Child *child; /* NULL: systemd started it */
        int pidfd;
        bool over; /* finished or failed was called */
        const WorkerEvents *events;
        void *userdata;
};

static void worker_failed(Worker *worker, const char *error, const char *message) {
        if (worker->over)
                return;
        worker->over = true;
        worker->events->failed(worker->userdata, error, message);
}

static void worker_failed_errno(Worker *worker, int r, const char *what) {
        g_autofree char *message = g_strdup_printf("The worker's %s is not understood: %s.", what, g_strerror(-r));

        worker_failed(worker, JT_ERROR_WORKER_FAILED, message);
}

static void worker_failed_reply(Worker *worker, sd_bus_message *reply) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        g_autofree char *message = NULL;

        /* Only causes of our own are believed; the rest is the worker's trouble. */
        if (error_to_errno(error->name) > 0) {
                worker_failed(worker, error->name, error->message);
                return;
        }
        message = g_strdup_printf("The worker failed: %s.", error->message ?: error->name);
        worker_failed(worker, JT_ERROR_WORKER_FAILED, message);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        worker_failed(userdata, JT_ERROR_WORKER_FAILED, "The worker vanished.");
        return 0;
}

static int send_prepare(Worker *worker);

static int on_connected(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Worker *worker = userdata;
        int r = 0;

        worker->is_connected = true;
        if (worker->prepare)
                r = send_prepare(worker);
        if (r >= 0 && worker->cancel)
                r = sd_bus_send(worker->bus, worker->cancel, NULL);
        worker->cancel = sd_bus_message_unref(worker->cancel);
        if (r < 0) {
                g_autofree char *message = g_strdup_printf("The worker cannot be asked: %s.", g_strerror(-r));

                worker_failed(worker, JT_ERROR_WORKER_FAILED, message);
        }
        return 0;
}

static int read_more(sd_bus_message *m, const char *key, void *userdata) {
        WorkerProgress *progress = userdata;
        int simulated = false, r;
        const char *type;

        r = sd_bus_message_peek_type(m, NULL, &type);
        if (r < 0)
                return r;
        if (strcmp(key, "median") == 0 && strcmp(type, "d") == 0)
                return sd_bus_message_read(m, "v", "d", &progress->median);
        if (strcmp(key, "simulated") == 0 && strcmp(type, "b") == 0) {
                r = sd_bus_message_read(m, "v", "b", &simulated);
                progress->simulated = simulated;
                return r;
        }
        if (strcmp(key, "time-left") == 0 && strcmp(type, "t") == 0)
                return sd_bus_message_read(m, "v", "t", &progress->time_left_usec);
        return sd_bus_message_skip(m, "v");
}

static int on_progress(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Worker *worker = userdata;
        WorkerProgress progress = { .median = NAN, .time_left_usec = USEC_INFINITY };
        const char *phase;
        int r;

        if (worker->over)
                return 0;
        r = sd_bus_message_read(m, "suud", &phase, &progress.step, &progress.steps, &progress.fraction);
        if (r >= 0)
                r = job_state_from_string(phase, &progress.phase);
        if (r >= 0)
                r = dictionary_read(m, read_more, &progress);
        if (r < 0) {
                worker_failed_errno(worker, r, "progress");
                return 0;
        }
        worker->events->progress(worker->userdata, &progress);
        return 0;
}

static int connect_bus(Worker *worker, sd_event *event, GHashTable *others, const char *socket_path,
                       const char *binary) {
        int r;

        r = sd_bus_new(&worker->bus);
        if (r < 0)
                return r;
        if (socket_path) {
                g_autofree char *escaped = g_uri_escape_string(socket_path, "/", false);
                g_autofree char *address = g_strdup_printf("unix:path=%s", escaped);

                r = sd_bus_set_address(worker->bus, address);
        } else {
                autofd fd = -1;

                r = child_spawn(event, others, binary, &worker->child, &fd);
                if (r < 0)
                        return r;
                r = sd_bus_set_fd(worker->bus, fd, fd);
                if (r >= 0)
                        (void) steal_fd(&fd);
        }
        if (r < 0)
                return r;
        r = sd_bus_set_description(worker->bus, "worker");
        if (r < 0)
                return r;
        r = sd_bus_negotiate_fds(worker->bus, true);
        if (r < 0)
                return r;
        r = sd_bus_set_connected_signal(worker->bus, true);
        if (r < 0)
                return r;
        return sd_bus_start(worker->bus);
}

int worker_connect(sd_event *event, GHashTable *others, const char *socket_path, const char *binary,
                   const WorkerEvents *events, void *userdata, Worker **ret) {
        g_autoptr(Worker) worker = g_new(Worker, 1);
        int r;

        *worker = (Worker){ .pidfd = -1, .events = events, .userdata = userdata };
        r = connect_bus(worker, event, others, socket_path, binary);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(worker->bus, &worker->connected, NULL, "/org/freedesktop/DBus/Local",
                                "org.freedesktop.DBus.Local", "Connected", on_connected, worker);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(worker->bus, &worker->disconnected, NULL, "/org/freedesktop/DBus/Local",
                                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, worker);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(worker->bus, &worker->progress, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE, "Progress",
                                on_progress, worker);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(worker->bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&worker);
        return 0;
}

static int on_prepared(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        Worker *worker = userdata;
        uint32_t pid, keeper;
        int r;

        if (sd_bus_message_is_method_error(reply, NULL)) {
                worker_failed_reply(worker, reply);
                return 0;
        }
        r = sd_bus_message_read(reply, "uu", &pid, &keeper);
        if (r < 0) {
                worker_failed_errno(worker, r, "reply to Prepare");
                return 0;
        }
        /* It lives and waits for Run, so the number is still its own. */
        worker->pidfd = pidfd_open((pid_t) pid, 0);
        if (worker->pidfd < 0) {
                worker_failed_errno(worker, -errno, "process number");
                return 0;
        }
        worker->events->prepared(worker->userdata, (pid_t) pid, (pid_t) keeper);
        return 0;
}

static int send_prepare(Worker *worker) {
        g_autoptr(sd_bus_message) m = g_steal_pointer(&worker->prepare);

        return sd_bus_call_async(worker->bus, &worker->call, m, on_prepared, worker, PREPARE_TIMEOUT_USEC);
}

int worker_prepare(Worker *worker, const Request *request, const JobContext *context) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = sd_bus_message_new_method_call(worker->bus, &m, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE, "Prepare");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", job_kind_to_string(request->kind));
        if (r < 0)
                return r;
        r = request_any_append(m, request);
        if (r < 0)
                return r;
        r = job_context_append(m, context);
        if (r < 0)
                return r;
        worker->prepare = g_steal_pointer(&m);
        return worker->is_connected ? send_prepare(worker) : 0;
}

static int read_outcome(sd_bus_message *reply, Result **ret_result, char **ret_public, char **ret_full) {
        g_autoptr(Result) result = NULL;
        g_autofree char *public_body = NULL, *full_body = NULL;
        int public_fd, full_fd, r;

        r = result_from_message(reply, &result);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "hh", &public_fd, &full_fd);
        if (r < 0)
                return r;
        r = report_read_body(public_fd, &public_body);
        if (r < 0)
                return r;
        r = report_read_body(full_fd, &full_body);
        if (r < 0)
                return r;
        *ret_result = g_steal_pointer(&result);
        *ret_public = g_steal_pointer(&public_body);
        *ret_full = g_steal_pointer(&full_body);
        return 0;
}

static int on_finished(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        Worker *worker = userdata;
        Result *result = NULL;
        char *public_body = NULL, *full_body = NULL;
        int r;

        if (worker->over)
                return 0;
        if (sd_bus_message_is_method_error(reply, NULL)) {
                worker_failed_reply(worker, reply);
                return 0;
        }
        r = read_outcome(reply, &result, &public_body, &full_body);
        if (r < 0) {
                worker_failed_errno(worker, r, "report");
                return 0;
        }
        worker->over = true;
        worker->events->finished(worker->userdata, result, public_body, full_body);
        return 0;
}

int worker_run(Worker *worker, const char *control_group) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = sd_bus_message_new_method_call(worker->bus, &m, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE, "Run");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", control_group);
        if (r < 0)
                return r;
        worker->call = sd_bus_slot_unref(worker->call);
        return sd_bus_call_async(worker->bus, &worker->call, m, on_finished, worker, USEC_INFINITY);
}

int worker_cancel(Worker *worker, const char *reason) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = sd_bus_message_new_method_call(worker->bus, &m, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE, "Cancel");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", reason);
        if (r < 0)
                return r;
        r = sd_bus_message_set_expect_reply(m, false);
        if (r < 0)
                return r;
        if (worker->is_connected)
                return sd_bus_send(worker->bus, m, NULL);
        sd_bus_message_unref(worker->cancel);
        worker->cancel = g_steal_pointer(&m);
        return 0;
}

void worker_kill(Worker *worker) {
        /* Once a job runs this is another user's process, which its launcher kills when our end is closed. */
        if (worker->pidfd >= 0 && pidfd_send_signal(worker->pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH &&
            errno != EPERM)
                log_errno(LOG_WARNING, -errno, "cannot kill the worker");
}

Worker *worker_free(Worker *worker) {
        if (!worker)
                return NULL;
        sd_bus_message_unref(worker->prepare);
        sd_bus_message_unref(worker->cancel);
        sd_bus_slot_unref(worker->call);
        sd_bus_slot_unref(worker->connected);
        sd_bus_slot_unref(worker->disconnected);
        sd_bus_slot_unref(worker->progress);
        sd_bus_close_unref(worker->bus);
        child_release(worker->child);
        safe_close(worker->pidfd);
        g_free(worker);
        return NULL;
}
