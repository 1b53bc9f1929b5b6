/* SPDX-License-Identifier: MIT */
#pragma once

/* Starts the real worker as the daemon does and speaks its protocol. WORKER is its path. */

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <json-glib/json-glib.h>

#include "context.h"
#include "dbus/names.h"
#include "report-node.h"
#include "request.h"
#include "result.h"

#define RUN_TIMEOUT_USEC (300 * USEC_PER_SEC)

typedef struct WorkerClient {
        const char *worker;
        sd_event *event;
        sd_bus *bus;
        Request *request;
        JobContext context;
        pid_t worker_pid, keeper_pid;

        /* Of the answered Run. */
        bool answered;
        Result *result;
        sd_bus_error error;
        JsonObject *report, *full;
        JsonNode *nodes[2];
        GPtrArray *phases;
        double fraction;
        void (*on_progress)(struct WorkerClient *client, const char *phase, uint32_t step);
} WorkerClient;

/* A model meter of 10 W, one trial of one run, no pauses: what a test changes is what it is about. */
static inline void worker_client_init(WorkerClient *client, const char *const *argv) {
        *client = (WorkerClient){ .worker = WORKER, .phases = g_ptr_array_new_with_free_func(g_free) };
        g_assert_cmpint(sd_event_new(&client->event), >=, 0);
        client->request = request_new(JOB_MEASURE, NULL);
        client->request->argv = g_strdupv((char **) argv);
        client->request->trials = 1;
        client->request->warmups = 0;
        client->request->cooldown_usec = 0;
        client->request->min_window_usec = USEC_PER_MSEC;
        g_free(client->request->meter);
        client->request->meter = g_strdup("model");
        client->context = (JobContext){ .job = 1,
                                        .uid = getuid(),
                                        .containment = (char *) "process",
                                        .isolation = (char *) "none",
                                        .partition = (char *) "",
                                        .cpus = (char *) "",
                                        .reserved_cpus = (char *) "",
                                        .sysroot = (char *) "/",
                                        .meter = (char *) "auto",
                                        .model_watts = 10,
                                        .foreign_load_limit = 0.5,
                                        .frequency_limit = 5,
                                        .region_min_usec = USEC_PER_MSEC,
                                        .thermal_band_mc = 3000 };
}

static inline int worker_on_progress(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        WorkerClient *client = userdata;
        const char *phase;
        uint32_t step, steps;
        double fraction;

        g_assert_cmpint(sd_bus_message_read(m, "suud", &phase, &step, &steps, &fraction), >=, 0);
        g_assert_cmpfloat(fraction, >=, client->fraction);
        g_assert_cmpfloat(fraction, <=, 1);
        client->fraction = fraction;
        g_ptr_array_add(client->phases, g_strdup_printf("%s %u/%u", phase, step, steps));
        if (client->on_progress)
                client->on_progress(client, phase, step);
        return 0;
}

static inline void worker_connect(WorkerClient *client) {
        char *const argv[] = { (char *) client->worker, NULL };

        g_assert_cmpint(sd_bus_new(&client->bus), >=, 0);
        g_assert_cmpint(sd_bus_set_exec(client->bus, client->worker, argv), >=, 0);
        g_assert_cmpint(sd_bus_negotiate_fds(client->bus, true), >=, 0);
        g_assert_cmpint(sd_bus_set_method_call_timeout(client->bus, RUN_TIMEOUT_USEC), >=, 0);
        g_assert_cmpint(sd_bus_start(client->bus), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(client->bus, client->event, 0), >=, 0);
        g_assert_cmpint(sd_bus_match_signal(client->bus, NULL, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE, "Progress",
                                            worker_on_progress, client),
                        >=, 0);
}

static inline int worker_prepare(WorkerClient *client) {
        g_autoptr(sd_bus_message) m = NULL, reply = NULL;
        uint32_t worker_pid, keeper_pid;
        int r;

        g_assert_cmpint(sd_bus_message_new_method_call(client->bus, &m, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE,
                                                       "Prepare"),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "s", job_kind_to_string(client->request->kind)), >=, 0);
        g_assert_cmpint(request_any_append(m, client->request), >=, 0);
        g_assert_cmpint(job_context_append(m, &client->context), >=, 0);
        sd_bus_error_free(&client->error);
        r = sd_bus_call(client->bus, m, 10 * USEC_PER_SEC, &client->error, &reply);
        if (r < 0)
                return r;
        g_assert_cmpint(sd_bus_message_read(reply, "uu", &worker_pid, &keeper_pid), >=, 0);
        client->worker_pid = (pid_t) worker_pid;
        client->keeper_pid = (pid_t) keeper_pid;
        return 0;
}

static inline JsonObject *worker_read_body(int fd, JsonNode **ret_node) {
        g_autoptr(JsonParser) parser = json_parser_new();
        struct stat st;
        char *text;

        g_assert_cmpint(fcntl(fd, F_GET_SEALS), ==, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        g_assert_cmpint(fstat(fd, &st), ==, 0);
        text = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        g_assert_true(text != MAP_FAILED);
        g_assert_true(json_parser_load_from_data(parser, text, st.st_size, NULL));
        munmap(text, (size_t) st.st_size);
        *ret_node = json_parser_steal_root(parser);
        return json_node_get_object(*ret_node);
}

static inline int worker_on_result(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        WorkerClient *client = userdata;
        int public_fd, full_fd;

        client->answered = true;
        if (sd_bus_message_is_method_error(m, NULL)) {
                g_assert_cmpint(sd_bus_error_copy(&client->error, sd_bus_message_get_error(m)), <=, 0);
                return 0;
        }
        g_assert_cmpint(result_from_message(m, &client->result), >=, 0);
        g_assert_cmpint(sd_bus_message_read(m, "hh", &public_fd, &full_fd), >=, 0);
        client->report = worker_read_body(public_fd, &client->nodes[0]);
        client->full = worker_read_body(full_fd, &client->nodes[1]);
        return 0;
}

static inline void worker_run_begin(WorkerClient *client, const char *control_group) {
        g_autoptr(sd_bus_message) m = NULL;

        sd_bus_error_free(&client->error);
        g_assert_cmpint(sd_bus_message_new_method_call(client->bus, &m, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE,
                                                       "Run"),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "s", control_group), >=, 0);
        /* It lasts as long as the job; whoever waits for it has a deadline. */
        g_assert_cmpint(sd_bus_call_async(client->bus, NULL, m, worker_on_result, client, USEC_INFINITY), >=, 0);
}

static inline void worker_run_end(WorkerClient *client) {
        const uint64_t deadline = now_monotonic_usec() + RUN_TIMEOUT_USEC;

        while (!client->answered) {
                g_assert_cmpuint(now_monotonic_usec(), <, deadline);
                g_assert_cmpint(sd_event_run(client->event, 100 * USEC_PER_MSEC), >=, 0);
        }
}

/* Connect, Prepare, Run. */
static inline void worker_measure(WorkerClient *client) {
        worker_connect(client);
        g_assert_cmpint(worker_prepare(client), >=, 0);
        worker_run_begin(client, "");
        worker_run_end(client);
}

/* Of a worker whose job has begun. */
static inline pid_t worker_launcher(const WorkerClient *client) {
        const pid_t judge = client->worker_pid;
        g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", judge, judge), *text = NULL;
        g_auto(GStrv) pids = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        pids = g_strsplit(g_strchomp(text), " ", -1);
        for (char **pid = pids; *pid; pid++) {
                g_autofree char *comm = g_strdup_printf("/proc/%s/comm", *pid), *name = NULL;

                if (g_file_get_contents(comm, &name, NULL, NULL) && g_str_equal(name, "jt-launcher\n"))
                        return (pid_t) atoi(*pid);
        }
        g_assert_not_reached();
}

static inline void worker_client_clear(WorkerClient *client) {
        if (client->bus) {
                sd_bus_detach_event(client->bus);
                sd_bus_flush_close_unref(client->bus);
        }
        result_free(client->result);
        sd_bus_error_free(&client->error);
        for (size_t i = 0; i < G_N_ELEMENTS(client->nodes); i++)
                if (client->nodes[i])
                        json_node_unref(client->nodes[i]);
        g_ptr_array_unref(client->phases);
        request_free(client->request);
        sd_event_unref(client->event);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WorkerClient, worker_client_clear)
