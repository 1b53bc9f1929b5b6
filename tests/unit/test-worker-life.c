/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "worker-alive.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SH(script) ARGV("sh", "-c", script)
#define SPIN "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; "

static void check_failure(const WorkerClient *client, const char *error, const char *verdict, const char *words) {
        g_assert_nonnull(client->result);
        g_test_message("%s", client->result->message);
        g_assert_cmpint(client->result->result, ==, RESULT_FAILED);
        g_assert_cmpstr(client->result->error, ==, error);
        g_assert_cmpstr(client->result->verdict, ==, verdict);
        g_assert_nonnull(strstr(client->result->message, words));
}

static char *own_directory(mode_t mode) {
        char *dir = g_strdup("/tmp/jouletrace-worker-XXXXXX");

        g_assert_nonnull(g_mkdtemp(dir));
        g_assert_cmpint(chmod(dir, mode), ==, 0);
        return dir;
}

static void test_no_entry(void) {
        g_auto(WorkerClient) client;
        g_autofree char *dir = own_directory(0700);

        worker_client_init(&client, SH("pwd"));
        client.context.uid = 65534;
        client.request->cwd_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        worker_measure(&client);
        g_assert_cmpint(client.result->result, ==, RESULT_FAILED);
        g_assert_cmpstr(client.result->error, ==, JT_ERROR_EXEC_FAILED);
        g_assert_nonnull(strstr(client.result->message, "working directory: Permission denied"));
        g_assert_cmpint(rmdir(dir), ==, 0);
}

/* The program's digest is what its user may read: not a way to look into other people's files. */
static void test_no_peeking(void) {
        g_auto(WorkerClient) client;
        g_autofree char *dir = own_directory(0700), *secret = g_build_filename(dir, "secret", NULL);

        g_assert_true(g_file_set_contents(secret, "#!/bin/sh\n", -1, NULL));
        g_assert_cmpint(chmod(secret, 0755), ==, 0);
        worker_client_init(&client, ARGV(secret));
        client.context.uid = 65534;
        worker_measure(&client);
        check_failure(&client, JT_ERROR_EXEC_FAILED, "XF", "Permission denied");
        g_assert_true(JSON_NODE_HOLDS_NULL(report_node(client.full, "program.sha256")));
        g_assert_cmpint(unlink(secret), ==, 0);
        g_assert_cmpint(rmdir(dir), ==, 0);
}

static int memfd_with(const char *text) {
        int fd = memfd_create("test", MFD_CLOEXEC);

        g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t) strlen(text));
        return fd;
}

static char *read_all(int fd) {
        char *text = g_malloc0(65536);

        g_assert_cmpint(pread(fd, text, 65535, 0), >=, 0);
        return text;
}

/* Each run reads the whole of it, from the start. */
static void test_stdin(void) {
        for (int bytes = 0; bytes < 2; bytes++) {
                g_auto(WorkerClient) client;
                g_autofree char *output = NULL;
                autofd fd = memfd_create("output", MFD_CLOEXEC);

                worker_client_init(&client, SH("read a; read b; [ \"$b\" = two ] || exit 9; echo $a$b; sleep 0.002"));
                if (bytes)
                        client.request->stdin_bytes = g_bytes_new_static("one\ntwo\n", 8);
                else
                        client.request->stdin_fd = memfd_with("one\ntwo\n");
                client.request->output_fd = dup(fd);
                client.request->trials = 3;
                client.request->warmups = 2;
                client.request->min_window_usec = 20 * USEC_PER_MSEC;
                worker_measure(&client);
                g_assert_cmpint(client.result->result, ==, RESULT_DONE);
                output = read_all(fd);
                g_assert_cmpstr(output, ==, "onetwo\n");
        }
}

static void test_stdin_pipe(void) {
        g_auto(WorkerClient) client;
        int fds[2];

        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        worker_client_init(&client, SH("cat"));
        client.request->stdin_fd = fds[0];
        worker_measure(&client);
        g_assert_cmpstr(client.result->error, ==, JT_ERROR_INVALID_REQUEST);
        g_assert_nonnull(strstr(client.result->message, "regular file"));
        (void) close(fds[1]);
}

/* The first run's two outputs, and nobody else's. */
static void test_outputs(void) {
        g_auto(WorkerClient) client;
        g_autofree char *output = NULL, *errors = NULL;
        autofd out = memfd_create("output", MFD_CLOEXEC), err = memfd_create("errors", MFD_CLOEXEC);

        worker_client_init(&client, SH("echo to-out; echo to-err >&2"));
        client.request->trials = 3;
        client.request->output_fd = dup(out);
        client.request->error_output_fd = dup(err);
        worker_measure(&client);
        output = read_all(out);
        errors = read_all(err);
        g_assert_cmpstr(output, ==, "to-out\n");
        g_assert_cmpstr(errors, ==, "to-err\n");
}

/* A failing run's output is handed over as well. */
static void test_output_of_failure(void) {
        g_auto(WorkerClient) client;
        g_autofree char *output = NULL;
        autofd out = memfd_create("output", MFD_CLOEXEC);

        worker_client_init(&client, SH("echo so far; exit 1"));
        client.request->output_fd = dup(out);
        worker_measure(&client);
        output = read_all(out);
        g_assert_cmpstr(output, ==, "so far\n");
        g_assert_cmpint(client.result->result, ==, RESULT_FAILED);
}

/* Nobody reads the pipe that is to take the output: the job ends all the same, and says so. */
static void test_output_hangs(void) {
        g_auto(WorkerClient) client;
        int fds[2];

        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        worker_client_init(&client, SH("head -c 1000000 /dev/zero"));
        client.request->output_fd = fds[1];
        worker_measure(&client);
        g_assert_cmpint(client.result->result, ==, RESULT_DONE);
        g_assert_nonnull(strstr(report_string(client.full, "measurement.output_problem"), "in time"));
        g_assert_cmpint(fcntl(fds[1], F_GETFL) & O_NONBLOCK, ==, 0);
        (void) close(fds[0]);
}

static void test_env(void) {
        g_auto(WorkerClient) client;
        g_autofree char *output = NULL, *body = NULL;
        autofd out = memfd_create("output", MFD_CLOEXEC);

        worker_client_init(&client, SH("echo $SECRET; env | wc -l"));
        client.request->env = g_strsplit("PATH=/usr/bin:/bin SECRET=swordfish PWD=/", " ", -1);
        client.request->output_fd = dup(out);
        worker_measure(&client);
        output = read_all(out);
        g_assert_cmpstr(output, ==, "swordfish\n3\n");
        g_assert_cmpstr(report_string(client.full, "request.env.names.2"), ==, "SECRET");
        body = json_to_string(client.nodes[1], FALSE);
        g_assert_null(strstr(body, "swordfish"));
}

static void test_as_user(void) {
        g_auto(WorkerClient) client;
        g_autofree char *output = NULL, *slack = NULL, *expected = NULL;
        gid_t groups[] = { 4242, 4243 };
        autofd out = memfd_create("output", MFD_CLOEXEC);

        worker_client_init(&client, SH("id -u; id -g; id -G; pwd; echo $HOME; cat /proc/self/timerslack_ns"));
        client.context.uid = 65534;
        client.context.groups = groups;
        client.context.n_groups = 2;
        client.request->output_fd = dup(out);
        worker_measure(&client);
        g_assert_cmpint(client.result->result, ==, RESULT_DONE);
        output = read_all(out);
        g_assert_true(g_file_get_contents("/proc/self/timerslack_ns", &slack, NULL, NULL));
        expected = g_strconcat("65534\n65534\n65534 4242 4243\n/\n/nonexistent\n", slack, NULL); /* not the judge's */
        g_assert_cmpstr(output, ==, expected);
}

static void test_unknown_user(void) {
        g_auto(WorkerClient) client;

        worker_client_init(&client, SH("id"));
        client.context.uid = 4000000001U;
        worker_connect(&client);
        g_assert_cmpint(worker_prepare(&client), <, 0);
        g_assert_cmpstr(client.error.name, ==, JT_ERROR_INVALID_REQUEST);
}

/* A child that works, and works on after the program's end: it is killed with it, and what it did is paid for. */
static void test_orphan(void) {
        g_auto(WorkerClient) client;

        worker_client_init(&client, SH("trap 'exit 0' USR1; export MAIN=$$; setsid sh -c '" SPIN SPIN SPIN SPIN
                                       "kill -USR1 $MAIN; while :; do :; done' & wait"));
        worker_measure(&client);
        g_assert_cmpint(client.result->result, ==, RESULT_DONE);
        g_assert_cmpfloat(client.result->cpu, >, 0.01);
        g_assert_cmpfloat(client.result->total_energy, >, 0.1);
}

static void run_until_alive(WorkerClient *client, const char *argument) {
        worker_connect(client);
        g_assert_cmpint(worker_prepare(client), >=, 0);
        worker_run_begin(client, "");
        g_assert_cmpint(sd_bus_flush(client->bus), >=, 0);
        wait_until(alive, argument, true);
}

static void test_cancel(void) {
        g_auto(WorkerClient) client;

        worker_client_init(&client, SH("trap '' TERM; sleep 5811 & wait; sleep 5811"));
        run_until_alive(&client, "sleep 5811");
        g_assert_cmpint(sd_bus_call_method(client.bus, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE, "Cancel",
                                           &client.error, NULL, "s", "no reason at all"),
                        <, 0);
        g_assert_cmpint(sd_bus_call_method_async(client.bus, NULL, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE, "Cancel",
                                                 NULL, NULL, "s", JT_ERROR_CANCELLED),
                        >=, 0);
        worker_run_end(&client);
        g_assert_cmpint(client.result->result, ==, RESULT_CANCELLED);
        g_assert_cmpstr(client.result->error, ==, JT_ERROR_CANCELLED);
        g_assert_false(alive("sleep 5811"));
        g_assert_true(JSON_NODE_HOLDS_NULL(report_node(client.report, "measurement.status")));
}

/* In the pause between two trials, which the next one is told of. */
static void cancel_second(WorkerClient *client, const char *phase, uint32_t step) {
        if (step == 2)
                g_assert_cmpint(sd_bus_call_method_async(client->bus, NULL, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE,
                                                         "Cancel", NULL, NULL, "s", JT_ERROR_CALLER_LEFT),
                                >=, 0);
}

static void test_cancel_pause(void) {
        g_auto(WorkerClient) client;

        worker_client_init(&client, SH("sleep 0.01"));
        client.request->trials = 3;
        client.request->cooldown_usec = 60 * USEC_PER_SEC;
        client.on_progress = cancel_second;
        worker_measure(&client);
        g_assert_cmpint(client.result->result, ==, RESULT_CANCELLED);
        g_assert_cmpstr(client.result->error, ==, JT_ERROR_CALLER_LEFT);
}

static void test_daemon_gone(void) {
        g_auto(WorkerClient) client;
        g_autofree char *pid = NULL;

        worker_client_init(&client, SH("trap '' TERM HUP; setsid sleep 5812 & sleep 5812; sleep 5812"));
        run_until_alive(&client, "sleep 5812");
        pid = g_strdup_printf("%d", client.worker_pid);
        g_assert_true(worker_alive(pid));
        sd_bus_detach_event(client.bus);
        sd_bus_close(client.bus);
        wait_until(alive, "sleep 5812", false);
        wait_until(worker_alive, pid, false);
}

static void test_terminated(void) {
        g_auto(WorkerClient) client;
        g_autofree char *pid = NULL;

        worker_client_init(&client, SH("trap '' TERM HUP; setsid sleep 5813 & sleep 5813; sleep 5813"));
        run_until_alive(&client, "sleep 5813");
        pid = g_strdup_printf("%d", client.worker_pid);
        g_assert_cmpint(kill(client.worker_pid, SIGTERM), ==, 0);
        wait_until(alive, "sleep 5813", false);
        wait_until(worker_alive, pid, false);
}

/* While a program runs, whoever reads its output can do nothing that its caller cannot. */
static void test_judge(void) {
        static const struct {
                uid_t uid;
                const char *ids;
        } judges[] = {
                { 65534, "\nUid:\t65534\t65534\t65534\t65534\nGid:\t65534\t65534\t65534\t65534\n" },
                { 0, "\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n" }, /* who asks on his own account stays who he is */
        };

        for (size_t i = 0; i < G_N_ELEMENTS(judges); i++) {
                g_auto(WorkerClient) client;
                g_autofree char *path = NULL, *status = NULL, *launcher_path = NULL, *launcher_status = NULL;
                g_autofree char *argument = g_strdup_printf("sleep 581%zu.25", 5 + i);
                gid_t groups[] = { 4242 };

                if (geteuid() != 0) {
                        g_test_message("a worker without privileges has none to let go");
                        return;
                }
                worker_client_init(&client, SH(argument));
                client.context.uid = judges[i].uid;
                client.context.groups = groups;
                client.context.n_groups = 1;
                run_until_alive(&client, argument);
                path = g_strdup_printf("/proc/%d/status", client.worker_pid);
                g_assert_true(g_file_get_contents(path, &status, NULL, NULL));
                g_test_message("%s", status);
                g_assert_true(g_str_has_prefix(status, "Name:\tjt-judge\n"));
                g_assert_nonnull(strstr(status, judges[i].ids));
                if (judges[i].uid != 0)
                        g_assert_nonnull(strstr(status, "\nGroups:\t \n"));
                g_assert_nonnull(strstr(status, "\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
                                                "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
                                                "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n"));
                launcher_path = g_strdup_printf("/proc/%d/status", worker_launcher(&client));
                g_assert_true(g_file_get_contents(launcher_path, &launcher_status, NULL, NULL));
                g_assert_nonnull(strstr(launcher_status, "\nUid:\t0\t0\t0\t0\n"));
        }
}

static void test_launcher_killed(void) {
        g_auto(WorkerClient) client;

        worker_client_init(&client, SH("trap '' TERM; setsid sleep 5817.25 & sleep 5817.25; sleep 5817.25"));
        client.context.uid = 65534;
        run_until_alive(&client, "sleep 5817.25");
        g_assert_cmpint(kill(worker_launcher(&client), SIGKILL), ==, 0);
        worker_run_end(&client);
        g_assert_nonnull(client.result);
        g_assert_cmpint(client.result->result, ==, RESULT_INFRASTRUCTURE);
        g_assert_cmpstr(client.result->error, ==, JT_ERROR_WORKER_FAILED);
        g_assert_nonnull(strstr(client.result->message, "launcher"));
        g_assert_cmpstr(client.result->verdict, ==, "IE");
        g_assert_false(alive("sleep 5817.25"));
}

static void test_judge_killed(void) {
        g_auto(WorkerClient) client;
        g_autofree char *launcher = NULL;

        worker_client_init(&client, SH("trap '' TERM HUP; setsid sleep 5818.25 & sleep 5818.25; sleep 5818.25"));
        client.context.uid = 65534;
        run_until_alive(&client, "sleep 5818.25");
        launcher = g_strdup_printf("%d", worker_launcher(&client));
        g_assert_cmpint(kill(client.worker_pid, SIGKILL), ==, 0);
        wait_until(alive, "sleep 5818.25", false);
        wait_until(worker_alive, launcher, false);
}

/* It has nothing to wait for once its answer is out, even when we leave the connection open. */
static void test_ends(void) {
        g_auto(WorkerClient) client;
        g_autofree char *pid = NULL;
        uint64_t begin;

        worker_client_init(&client, SH("true"));
        worker_measure(&client);
        begin = now_monotonic_usec();
        pid = g_strdup_printf("%d", client.worker_pid);
        wait_until(worker_alive, pid, false);
        g_assert_cmpuint(now_monotonic_usec() - begin, <, 4 * USEC_PER_SEC);
}

static void test_progress(void) {
        static const char *const phases[] = { "settling 0/0",  "baseline 0/0",  "warming 1/2",   "warming 2/2",
                                              "measuring 1/3", "measuring 2/3", "measuring 3/3", "finishing 0/0" };
        g_auto(WorkerClient) client;

        worker_client_init(&client, SH(SPIN));
        client.request->trials = 3;
        client.request->warmups = 2;
        worker_measure(&client);
        g_assert_cmpuint(client.phases->len, ==, G_N_ELEMENTS(phases));
        for (size_t i = 0; i < G_N_ELEMENTS(phases); i++)
                g_assert_cmpstr(g_ptr_array_index(client.phases, i), ==, phases[i]);
}

static void test_protocol(void) {
        g_auto(WorkerClient) client;

        worker_client_init(&client, SH(SPIN));
        worker_connect(&client);
        worker_run_begin(&client, "");
        worker_run_end(&client);
        g_assert_true(sd_bus_error_is_set(&client.error)); /* Prepare comes first */
        client.answered = false;
        g_assert_cmpint(worker_prepare(&client), >=, 0);
        g_assert_cmpint(worker_prepare(&client), <, 0); /* and only once */
        worker_run_begin(&client, "");
        worker_run_end(&client);
        g_assert_nonnull(client.result);
}

static void test_kind(void) {
        g_auto(WorkerClient) client;

        /* A validation without tests is none, whoever passed it on. */
        worker_client_init(&client, SH("true"));
        client.request->kind = JOB_VALIDATE;
        worker_connect(&client);
        g_assert_cmpint(worker_prepare(&client), <, 0);
        g_assert_cmpstr(client.error.name, ==, JT_ERROR_INVALID_REQUEST);
        g_assert_nonnull(strstr(client.error.message, "tests: are missing"));
}

static void test_unknown_kind(void) {
        g_auto(WorkerClient) client;
        g_autoptr(sd_bus_message) reply = NULL;

        worker_client_init(&client, SH("true"));
        worker_connect(&client);
        g_assert_cmpint(sd_bus_call_method(client.bus, NULL, JT_WORKER_PATH, JT_WORKER_INTERFACE, "Prepare",
                                           &client.error, &reply, "saa{sv}a{sv}a{sv}", "guess", 0, 0, 0),
                        <, 0);
        g_assert_cmpstr(client.error.name, ==, JT_ERROR_INVALID_REQUEST);
        g_assert_cmpstr(client.error.message, ==, "\"guess\" is no kind of job");
}

/* The daemon's word for a cgroup is not taken. */
static void test_false_scope(void) {
        g_auto(WorkerClient) client;
        g_autofree char *keeper = NULL;

        worker_client_init(&client, SH("true"));
        client.context.containment = (char *) "scope";
        worker_connect(&client);
        g_assert_cmpint(worker_prepare(&client), >=, 0);
        g_assert_cmpint(client.keeper_pid, >, 1);
        keeper = g_strdup_printf("%d", client.keeper_pid);
        g_assert_true(worker_alive(keeper));
        worker_run_begin(&client, "/system.slice/jouletrace-job-1.scope");
        worker_run_end(&client);
        g_assert_cmpstr(client.error.name, ==, JT_ERROR_SCOPE_FAILED);
        sd_bus_detach_event(client.bus);
        sd_bus_close(client.bus);
        wait_until(worker_alive, keeper, false);
}

static void test_keeper(void) {
        g_auto(WorkerClient) client;
        g_autofree char *path = NULL, *status = NULL;

        worker_client_init(&client, SH("true"));
        client.context.containment = (char *) "scope";
        worker_connect(&client);
        g_assert_cmpint(worker_prepare(&client), >=, 0);
        path = g_strdup_printf("/proc/%d/status", client.keeper_pid);
        g_assert_true(g_file_get_contents(path, &status, NULL, NULL));
        g_assert_nonnull(strstr(status,
                                "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000"));
}

/* "Prepare s a{sv} a{sv} >u >u; Run …" of our interface, from introspection data. */
typedef struct Shape {
        GString *text;
        bool ours, is_signal;
} Shape;

static void on_element(GMarkupParseContext *context, const char *element, const char **names, const char **values,
                       void *userdata, GError **error) {
        Shape *shape = userdata;
        const char *name = "", *type = "", *direction = "";

        for (size_t i = 0; names[i]; i++) {
                if (g_str_equal(names[i], "name"))
                        name = values[i];
                if (g_str_equal(names[i], "type"))
                        type = values[i];
                if (g_str_equal(names[i], "direction"))
                        direction = values[i];
        }
        if (g_str_equal(element, "interface"))
                shape->ours = g_str_equal(name, JT_WORKER_INTERFACE);
        if (!shape->ours)
                return;
        if (g_str_equal(element, "method") || g_str_equal(element, "signal"))
                g_string_append_printf(shape->text, "; %s %s", element, name);
        if (g_str_equal(element, "arg"))
                g_string_append_printf(shape->text, " %s%s %s", g_str_equal(direction, "out") ? ">" : "", type, name);
}

static char *shape_of(const char *xml) {
        const GMarkupParser parser = { .start_element = on_element };
        Shape shape = { .text = g_string_new(NULL) };
        GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &shape, NULL);
        const char *begin = strstr(xml, "<node");

        g_assert_nonnull(begin);
        g_assert_true(g_markup_parse_context_parse(context, begin, -1, NULL));
        g_markup_parse_context_free(context);
        return g_string_free(shape.text, FALSE);
}

static void test_contract(void) {
        g_auto(WorkerClient) client;
        g_autoptr(sd_bus_message) reply = NULL;
        g_autofree char *file = NULL, *written = NULL, *served = NULL;
        const char *xml;

        worker_client_init(&client, SH("true"));
        worker_connect(&client);
        g_assert_cmpint(sd_bus_call_method(client.bus, NULL, JT_WORKER_PATH, "org.freedesktop.DBus.Introspectable",
                                           "Introspect", &client.error, &reply, NULL),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "s", &xml), >=, 0);
        g_assert_true(g_file_get_contents(FIXTURES "/../../dbus/org.jouletrace.Worker1.xml", &file, NULL, NULL));
        written = shape_of(file);
        served = shape_of(xml);
        g_assert_cmpstr(served, ==, written);
        g_assert_nonnull(strstr(served, "Prepare s kind aa{sv} candidates a{sv} request"));
}

static const struct {
        const char *path;
        GTestFunc test;
} tests[] = {
        { "/worker/contract", test_contract },
        { "/worker/no-entry", test_no_entry },
        { "/worker/no-peeking", test_no_peeking },
        { "/worker/stdin", test_stdin },
        { "/worker/stdin-pipe", test_stdin_pipe },
        { "/worker/outputs", test_outputs },
        { "/worker/output-of-failure", test_output_of_failure },
        { "/worker/output-hangs", test_output_hangs },
        { "/worker/env", test_env },
        { "/worker/as-user", test_as_user },
        { "/worker/unknown-user", test_unknown_user },
        { "/worker/orphan", test_orphan },
        { "/worker/cancel", test_cancel },
        { "/worker/cancel-pause", test_cancel_pause },
        { "/worker/daemon-gone", test_daemon_gone },
        { "/worker/terminated", test_terminated },
        { "/worker/judge", test_judge },
        { "/worker/launcher-killed", test_launcher_killed },
        { "/worker/judge-killed", test_judge_killed },
        { "/worker/ends", test_ends },
        { "/worker/progress", test_progress },
        { "/worker/protocol", test_protocol },
        { "/worker/kind", test_kind },
        { "/worker/unknown-kind", test_unknown_kind },
        { "/worker/false-scope", test_false_scope },
        { "/worker/keeper", test_keeper },
};

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
                g_test_add_func(tests[i].path, tests[i].test);
        return g_test_run();
}
