/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "fs.h"
#include "job-bus.h"
#include "log.h"
#include "manager-bus.h"
#include "names.h"

#define LISTENERS_MAX 64
#define CANCELLING_MAX 64U

/* Signals are unicast: on the system bus everybody could match a broadcast. sd_bus_emit_signal_to() is there only from
 * libsystemd 253. */
static int send_to(Job *job, const char *name, sd_bus_message *m) {
        int r;

        if (name) {
                r = sd_bus_message_set_destination(m, name);
                if (r < 0)
                        return r;
        }
        return sd_bus_send(job->manager->bus, m, NULL);
}

static int append_more(sd_bus_message *m, const Job *job, const WorkerProgress *progress) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        if (isfinite(progress->median)) {
                r = sd_bus_message_append(m, "{sv}{sv}", "median", "d", progress->median, "simulated", "b",
                                          progress->simulated);
                if (r < 0)
                        return r;
        }
        if (progress->time_left_usec != USEC_INFINITY) {
                r = sd_bus_message_append(m, "{sv}", "time-left", "t", progress->time_left_usec);
                if (r < 0)
                        return r;
        }
        if (progress->phase == JOB_QUEUED && progress->step > 0) {
                r = sd_bus_message_append(m, "{sv}", "queue-position", "u", progress->step);
                if (r < 0)
                        return r;
        }
        if (progress->waits_for_host) {
                r = sd_bus_message_append(m, "{sv}", "waits-for", "s", "host");
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int send_progress_to(Job *job, const char *name, const WorkerProgress *progress) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = sd_bus_message_new_signal(job->manager->bus, &m, job->path, JT_JOB_INTERFACE, "Progress");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "suud", job_state_to_string(progress->phase), progress->step, progress->steps,
                                  progress->fraction);
        if (r < 0)
                return r;
        r = append_more(m, job, progress);
        if (r < 0)
                return r;
        return send_to(job, name, m);
}

static int send_finished_to(Job *job, const char *name) {
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = sd_bus_message_new_signal(job->manager->bus, &m, job->path, JT_JOB_INTERFACE, "Finished");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", job_result_to_string(job->record->result->result));
        if (r < 0)
                return r;
        return send_to(job, name, m);
}

static void log_unsent(const Job *job, int r) {
        if (r < 0)
                log_at(LOG_WARNING, &(const LogContext){ .job = job->record->id, .uid = job->record->uid, .error = r },
                       "cannot send a signal: %s", g_strerror(-r));
}

void job_bus_send_progress(Job *job, const WorkerProgress *progress) {
        if (!job->listeners) {
                log_unsent(job, send_progress_to(job, NULL, progress));
                return;
        }
        for (unsigned i = 0; i < job->listeners->len; i++)
                log_unsent(job, send_progress_to(job, peer_watch_name(job->listeners->pdata[i]), progress));
}

void job_bus_send_finished(Job *job) {
        if (!job->listeners) {
                log_unsent(job, send_finished_to(job, NULL));
                return;
        }
        for (unsigned i = 0; i < job->listeners->len; i++)
                log_unsent(job, send_finished_to(job, peer_watch_name(job->listeners->pdata[i])));
}

static void on_owner_left(PeerWatch *watch, void *userdata) {
        Job *job = userdata;

        manager_cancel(job->manager, job, JT_ERROR_CALLER_LEFT);
}

static void on_listener_left(PeerWatch *watch, void *userdata) {
        Job *job = userdata;

        g_ptr_array_remove(job->listeners, watch);
}

static void free_watch(void *p) {
        peer_watch_free(p);
}

static bool listens(const Job *job, const char *name) {
        for (unsigned i = 0; i < job->listeners->len; i++)
                if (g_strcmp0(peer_watch_name(job->listeners->pdata[i]), name) == 0)
                        return true;
        return false;
}

static int add_listener(Job *job, sd_bus_message *m) {
        PeerWatch *watch;
        int r;

        if (!job->listeners)
                job->listeners = g_ptr_array_new_with_free_func(free_watch);
        if (listens(job, sd_bus_message_get_sender(m)))
                return 0;
        if (job->listeners->len >= LISTENERS_MAX)
                return -EBUSY;
        r = peer_watch_new(job->manager->peers, m, on_listener_left, job, &watch);
        if (r < 0)
                return r;
        g_ptr_array_add(job->listeners, watch);
        return 0;
}

int job_bus_track(Job *job, sd_bus_message *m, bool detach) {
        int r;

        if (job->manager->options->embedded)
                return 0;
        r = add_listener(job, m);
        if (r < 0 || detach)
                return r;
        return peer_watch_new(job->manager->peers, m, on_owner_left, job, &job->owner);
}

static int method_cancel(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Job *job = userdata;
        int r;

        r = manager_bus_authorize(job->manager, m, job->record->uid, PERMIT_MANAGE_JOBS, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1;

        if (job_has_ended(job))
                return sd_bus_reply_method_return(m, NULL);
        if (job->cancelling->len >= CANCELLING_MAX)
                return sd_bus_error_setf(
                                error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                "%u calls of Cancel wait for the end of this job already, and at most %u may.",
                                job->cancelling->len, CANCELLING_MAX);
        /* Answered when nothing of it runs any more. */
        g_ptr_array_add(job->cancelling, sd_bus_message_ref(m));
        manager_cancel(job->manager, job, JT_ERROR_CANCELLED);
        return 1;
}

static int method_attach(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Job *job = userdata;
        int r;

        r = manager_bus_authorize(job->manager, m, job->record->uid, PERMIT_MANAGE_JOBS, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1;

        r = job_bus_track(job, m, true);
        if (r == -EBUSY)
                return sd_bus_error_set_const(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                              "Too many connections are attached to this job.");
        if (r < 0)
                return r;
        r = sd_bus_reply_method_return(m, NULL);
        if (r < 0)
                return r;
        if (job_has_ended(job))
                log_unsent(job, send_finished_to(job, sd_bus_message_get_sender(m)));
        return 1;
}

static int method_get_result(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        g_autoptr(sd_bus_message) reply = NULL;
        Job *job = userdata;
        int r;

        r = manager_bus_authorize(job->manager, m, job->record->uid, PERMIT_READ_RECORDS, error);
        if (r < 0)
                return r;
        if (r == 0)
                return 1;

        if (!job_has_ended(job))
                return sd_bus_error_setf(error, JT_ERROR_NOT_FINISHED,
                                         "Job %" PRIu32 " is still %s; its result comes with Finished.",
                                         job->record->id, job_state_to_string(job->record->state));
        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;
        r = result_append(reply, job->record->result);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

static int get_id(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                  void *userdata, sd_bus_error *error) {
        const Job *job = userdata;

        return sd_bus_message_append(reply, "u", job->record->id);
}

static int get_word(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                    void *userdata, sd_bus_error *error) {
        const Job *job = userdata;
        const char *word = strcmp(property, "Kind") == 0    ? job_kind_to_string(job->record->kind)
                           : strcmp(property, "Phase") == 0 ? job_state_to_string(job->phase)
                                                            : job_state_to_string(job->record->state);

        return sd_bus_message_append(reply, "s", word);
}

/* on_properties_call() has seen to it that the caller is known. */
static int get_owner(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                     void *userdata, sd_bus_error *error) {
        const Job *job = userdata;
        sd_bus_message *m = sd_bus_get_current_message(bus);
        const Caller *caller;
        uid_t shown = UINT32_MAX;

        if (m && caller_known(job->manager->callers, m, &caller) &&
            (caller->uid == 0 || caller->uid == job->record->uid))
                shown = job->record->uid;
        return sd_bus_message_append(reply, "u", (uint32_t) shown);
}

static int get_submitted(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Job *job = userdata;

        return sd_bus_message_append(reply, "t", job->record->submitted_usec);
}

static int get_number(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const Job *job = userdata;
        uint32_t number = strcmp(property, "Trial") == 0    ? job->trial
                          : strcmp(property, "Trials") == 0 ? job->trials
                                                            : queue_position(job->manager->queue, job->record->id);

        return sd_bus_message_append(reply, "u", number);
}

static int get_estimated_finish(sd_bus *bus, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Job *job = userdata;

        return sd_bus_message_append(reply, "t", manager_estimate(job->manager, job));
}

const sd_bus_vtable job_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Cancel", NULL, NULL, method_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Attach", NULL, NULL, method_attach, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetResult", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", result), method_get_result,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Id", "u", get_id, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Kind", "s", get_word, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("OwnerUid", "u", get_owner, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Submitted", "t", get_submitted, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_word, 0, 0),
        SD_BUS_PROPERTY("Phase", "s", get_word, 0, 0),
        SD_BUS_PROPERTY("Trial", "u", get_number, 0, 0),
        SD_BUS_PROPERTY("Trials", "u", get_number, 0, 0),
        SD_BUS_PROPERTY("QueuePosition", "u", get_number, 0, 0),
        SD_BUS_PROPERTY("EstimatedFinish", "t", get_estimated_finish, 0, 0),
        SD_BUS_SIGNAL_WITH_ARGS("Progress",
                                SD_BUS_ARGS("s", phase, "u", step, "u", steps, "d", fraction, "a{sv}", more), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Finished", SD_BUS_ARGS("s", result), 0),
        SD_BUS_VTABLE_END,
};

Job *job_bus_find(Manager *manager, const char *path) {
        const char *prefix = JT_JOB_PATH_PREFIX "/_";
        Job *job;
        uint64_t id;

        if (!g_str_has_prefix(path, prefix) || parse_u64(path + strlen(prefix), &id) < 0 || id > UINT32_MAX)
                return NULL;
        job = manager_find(manager, (uint32_t) id);
        return job && strcmp(job->path, path) == 0 ? job : NULL; /* not another spelling of the number */
}

static int find_job(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                    sd_bus_error *error) {
        Job *job = job_bus_find(userdata, path);

        if (!job)
                return 0;
        *ret_found = job;
        return 1;
}

static int list_nodes(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error) {
        Manager *manager = userdata;
        GHashTableIter iterator;
        size_t n = 0;
        void *value;
        char **nodes;

        /* sd-bus frees these with free(3); GLib's allocator is the same since 2.46. */
        nodes = g_new0(char *, g_hash_table_size(manager->jobs) + 1);
        g_hash_table_iter_init(&iterator, manager->jobs);
        while (g_hash_table_iter_next(&iterator, NULL, &value))
                nodes[n++] = g_strdup(((Job *) value)->path);
        *ret_nodes = nodes;
        return 0;
}

int job_bus_attach(Manager *manager, sd_bus_slot **ret_objects, sd_bus_slot **ret_nodes) {
        int r;

        r = sd_bus_add_fallback_vtable(manager->bus, ret_objects, JT_JOB_PATH_PREFIX, JT_JOB_INTERFACE, job_vtable,
                                       find_job, manager);
        if (r < 0)
                return r;
        return sd_bus_add_node_enumerator(manager->bus, ret_nodes, JT_JOB_PATH_PREFIX, list_nodes, manager);
}
