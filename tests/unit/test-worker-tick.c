/* SPDX-License-Identifier: MIT */

/* The real worker at a counter that moves: a file of a powercap zone, which a thread of ours moves on every 2 ms. What
 * it shows is 10 W, whatever anything does. */

#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"
#include "worker-client.h"

#define ZONE "intel-rapl:0"
#define WATTS 10
#define TICK_USEC 2000
#define START_UJ UINT64_C(100000000000) /* so that the text has the same length all the time */
#define ATTEMPTS 10                     /* on a machine so busy that edges pass unseen */
#define TRIALS 3

typedef struct Counter {
        Tree *tree;
        GThread *thread;
        int fd;
        int stop;         /* atomic */
        uint64_t late_ns; /* atomic: the longest from one move to the next since it was set to 0 */
        int stat_fd;      /* /proc/stat; -1: there is none */
        char *ran;        /* file that the program makes as it ends */
        uint64_t busy_from_ns, busy_to_ns;
} Counter;

#define LATE_NS (5 * UINT64_C(1000000)) /* a fortieth of an idle window, which may differ by a twentieth */
#define NEVER UINT64_MAX
#define BUSY_AFTER_NS (150 * UINT64_C(1000000)) /* the program's end is out of the trial's window */
#define BUSY_NS UINT64_C(1000000000)

/* All CPUs, but for as long as others are at work: a second, soon after the program has been run. */
static void tell_idle(Counter *counter, uint64_t begin_ns) {
        const uint64_t now_ns = now_monotonic_ns();
        uint64_t busy_ns;
        char text[256];
        int n;

        if (counter->busy_from_ns == NEVER && access(counter->ran, F_OK) >= 0) {
                counter->busy_from_ns = now_ns + BUSY_AFTER_NS;
                counter->busy_to_ns = counter->busy_from_ns + BUSY_NS;
        }
        busy_ns = now_ns > counter->busy_from_ns ? MIN(now_ns, counter->busy_to_ns) - counter->busy_from_ns : 0;
        n = snprintf(text, sizeof(text),
                     "cpu0 1 0 1 %012" PRIu64 " 0 0 0 0 0 0\ncpu1 1 0 1 %012" PRIu64 " 0 0 0 0 0 0\n",
                     (now_ns - begin_ns - busy_ns) / 10000000, (now_ns - begin_ns - busy_ns) / 10000000);
        g_assert_cmpint(pwrite(counter->stat_fd, text, (size_t) n, 0), ==, n);
}

static void *move_on(void *userdata) {
        const uint64_t begin_ns = now_monotonic_ns();
        Counter *counter = userdata;
        uint64_t last_ns = begin_ns;

        /* A register does not wait for a CPU. Where this may not be had, ATTEMPTS are for that. */
        (void) sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 });
        while (!g_atomic_int_get(&counter->stop)) {
                char text[32];
                const uint64_t now_ns = now_monotonic_ns();
                const int n = snprintf(text, sizeof(text), "%" PRIu64 "\n",
                                       START_UJ + (now_ns - begin_ns) * WATTS / 1000);

                if (now_ns - last_ns > __atomic_load_n(&counter->late_ns, __ATOMIC_RELAXED))
                        __atomic_store_n(&counter->late_ns, now_ns - last_ns, __ATOMIC_RELAXED);
                last_ns = now_ns;

                g_assert_cmpint(pwrite(counter->fd, text, (size_t) n, 0), ==, n);
                if (counter->stat_fd >= 0)
                        tell_idle(counter, begin_ns);
                g_usleep(TICK_USEC);
        }
        return NULL;
}

/* loaded: others are at work, once. */
static void counter_up(Counter *counter, bool loaded) {
        g_autofree char *path = NULL, *stat = NULL;

        *counter = (Counter){ .tree = tree_new(), .stat_fd = -1, .busy_from_ns = NEVER, .busy_to_ns = NEVER };
        counter->ran = g_build_filename(counter->tree, "ran", NULL);
        if (loaded) {
                tree_put(counter->tree, "proc/stat", "");
                stat = g_build_filename(counter->tree, "proc/stat", NULL);
                counter->stat_fd = open(stat, O_WRONLY | O_CLOEXEC);
                g_assert_cmpint(counter->stat_fd, >=, 0);
        }
        tree_zone(counter->tree, ZONE, "package-0\n", START_UJ, UINT64_C(262143328850));
        path = g_build_filename(counter->tree, "sys/class/powercap", ZONE, "energy_uj", NULL);
        counter->fd = open(path, O_WRONLY | O_CLOEXEC);
        g_assert_cmpint(counter->fd, >=, 0);
        counter->thread = g_thread_new("counter", move_on, counter);
}

static void counter_down(Counter *counter) {
        g_atomic_int_set(&counter->stop, 1);
        g_thread_join(counter->thread);
        safe_close(counter->fd);
        safe_close(counter->stat_fd);
        g_free(counter->ran);
        tree_free(counter->tree);
}

/* Whether it came to a result: runs that are faster than those the windows were planned by leave them too short. */
static bool measure(WorkerClient *client, const Counter *counter, const char *const *argv) {
        worker_client_init(client, argv);
        client->context.sysroot = counter->tree;
        client->request->trials = TRIALS;
        client->request->allow_filtered = true; /* a busy machine's thread is no even counter */
        g_free(client->request->meter);
        client->request->meter = g_strdup("powercap");
        worker_measure(client);
        return client->result->result == RESULT_DONE;
}

static bool has_tick(const WorkerClient *client) {
        return !JSON_NODE_HOLDS_NULL(report_node(client->full, "measurement.meter.tick_ns"));
}

static void check_trial(const WorkerClient *client, guint i) {
        g_autofree char *path = g_strdup_printf("measurement.trials.%u", i);
        g_autofree char *total = g_strconcat(path, ".total_uj", NULL), *net = g_strconcat(path, ".net_uj", NULL),
                        *wall = g_strconcat(path, ".wall_ns", NULL),
                        *error = g_strconcat(path, ".uncertainty_uj.total", NULL),
                        *net_error = g_strconcat(path, ".uncertainty_uj.net", NULL);
        const double expected_uj = (double) report_int(client->full, wall) * WATTS / 1e3;

        if (JSON_NODE_HOLDS_NULL(report_node(client->full, total)))
                return; /* disturbed so that nothing is told */
        g_test_message("trial %u: %" PRIi64 " of %.0f µJ, ± %" PRIi64, i, report_int(client->full, total), expected_uj,
                       report_int(client->full, error));
        g_assert_cmpint(report_int(client->full, error), >, 0);
        g_assert_cmpfloat(fabs((double) report_int(client->full, total) - expected_uj), <,
                          (double) report_int(client->full, error) + expected_uj / 200);
        if (!JSON_NODE_HOLDS_NULL(report_node(client->full, net)))
                g_assert_cmpfloat(fabs((double) report_int(client->full, net)), <,
                                  (double) report_int(client->full, net_error) + expected_uj / 100);
}

static guint count_aligned(const WorkerClient *client) {
        guint aligned = 0;

        for (guint i = 0; i < TRIALS; i++) {
                g_autofree char *path = g_strdup_printf("measurement.trials.%u.windows.0.aligned", i);

                aligned += json_node_get_boolean(report_node(client->full, path));
        }
        return aligned;
}

/* Idle windows that stand at no edges are left out; of the four, enough for a baseline have to be there. */
static bool has_baseline(const WorkerClient *client) {
        JsonNode *baseline = report_node(client->full, "measurement.baseline");

        if (JSON_NODE_HOLDS_NULL(baseline))
                return false;
        return json_array_get_length(json_object_get_array_member(json_node_get_object(baseline), "windows")) >=
               TRIALS;
}

/* Energy is power times the very time that is given, though the program begins and ends between two moves of the
 * counter; above idle it took nothing. That much holds however busy the machine is; that edges are seen, when it lets
 * the worker run for some milliseconds. */
static void test_sleep(void) {
        Counter counter;
        bool seen = false;

        counter_up(&counter, false);
        for (unsigned attempt = 0; attempt < ATTEMPTS && !seen; attempt++) {
                g_auto(WorkerClient) client;

                __atomic_store_n(&counter.late_ns, 0, __ATOMIC_RELAXED);
                if (!measure(&client, &counter, (const char *const[]){ "/bin/sleep", "0.1", NULL }) ||
                    !has_tick(&client))
                        continue;
                g_assert_cmpint(report_int(client.full, "measurement.meter.tick_ns"), >, TICK_USEC * 1000);
                for (guint i = 0; i < TRIALS; i++)
                        check_trial(&client, i);
                g_assert_cmpstr(g_ptr_array_index(client.phases, 1), ==, "baseline 0/0");
                seen = count_aligned(&client) > 0 && has_baseline(&client) &&
                       __atomic_load_n(&counter.late_ns, __ATOMIC_RELAXED) < LATE_NS;
                if (seen)
                        g_assert_cmpfloat_with_epsilon(report_double(client.full, "measurement.baseline.power_w"),
                                                       WATTS, 0.5);
        }
        g_assert_true(seen);
        counter_down(&counter);
}

static bool is_near_floor(const WorkerClient *client) {
        JsonArray *reasons = json_node_get_array(report_node(client->full, "measurement.reasons"));

        for (guint i = 0; i < json_array_get_length(reasons); i++)
                if (g_str_equal(json_array_get_string_element(reasons, i), "NEAR_FLOOR"))
                        return true;
        return false;
}

/* What starting any program takes is found out in each job, and a program that is little more is told so. */
static void check_floor(const Counter *counter, const char *const *argv, bool near) {
        bool told = !near;

        for (unsigned attempt = 0; attempt < ATTEMPTS && told != near; attempt++) {
                g_auto(WorkerClient) client;
                double wall_s;

                if (!measure(&client, counter, argv))
                        continue;
                if (JSON_NODE_HOLDS_NULL(report_node(client.full, "measurement.floor")))
                        continue;
                told = is_near_floor(&client);
                wall_s = report_double(client.full, "measurement.floor.wall_s");
                g_assert_cmpfloat(wall_s, >, 0);
                g_assert_cmpfloat_with_epsilon(report_double(client.full, "measurement.floor.total_j"), wall_s * WATTS,
                                               0.02 + wall_s * WATTS / 2);
                g_assert_cmpint(report_int(client.full, "measurement.floor.iterations"), >, 0);
                g_assert_cmpint(report_int(client.full, "measurement.floor.uncertainty_uj.total"), >, 0);
        }
        g_assert_true(told == near);
}

static void test_floor(void) {
        Counter counter;

        counter_up(&counter, false);
        check_floor(&counter, (const char *const[]){ "/bin/true", NULL }, true);
        check_floor(&counter, (const char *const[]){ "/bin/sleep", "0.5", NULL }, false);
        counter_down(&counter);
}

static guint idle_windows(const WorkerClient *client) {
        JsonNode *baseline = report_node(client->full, "measurement.baseline");

        return JSON_NODE_HOLDS_NULL(baseline) ? 0
                                              : json_array_get_length(json_object_get_array_member(
                                                                json_node_get_object(baseline), "windows"));
}

/* Others who are at work for a second before a trial are waited for: it is valid, and none is made again. The idle
 * windows that they were in are none. */
static void test_quiet(void) {
        bool undisturbed = false;

        for (unsigned attempt = 0; attempt < ATTEMPTS && !undisturbed; attempt++) {
                g_auto(WorkerClient) client;
                g_autofree char *script = NULL;
                Counter counter;

                counter_up(&counter, true);
                script = g_strdup_printf("sleep 0.2; : > %s", counter.ran);
                worker_client_init(&client, (const char *const[]){ "/bin/sh", "-c", script, NULL });
                client.context.sysroot = counter.tree;
                client.request->trials = TRIALS;
                client.request->cooldown_usec = 300 * USEC_PER_MSEC;
                client.request->allow_filtered = true;
                g_free(client.request->meter);
                client.request->meter = g_strdup("powercap");
                worker_measure(&client);
                undisturbed = client.result->result == RESULT_DONE && client.result->invalid_trials == 0;
                g_test_message("%u trials were invalid, %u idle windows", client.result->invalid_trials,
                               idle_windows(&client));
                if (undisturbed)
                        g_assert_cmpuint(idle_windows(&client), <=, TRIALS + 1);
                counter_down(&counter);
        }
        g_assert_true(undisturbed);
}

/* Others who do not end are no reason to wait for ever: trials are refused, and so is the floor. */
static void test_load(void) {
        g_auto(WorkerClient) client;
        Counter counter;

        counter_up(&counter, false);
        tree_put(counter.tree, "proc/stat", "cpu0 1 0 1 5 0 0 0 0 0 0\ncpu1 1 0 1 5 0 0 0 0 0 0\n");
        worker_client_init(&client, (const char *const[]){ "/bin/sleep", "0.3", NULL });
        client.context.sysroot = counter.tree;
        client.context.region_min_usec = 200 * USEC_PER_MSEC; /* for the floor, too: 20 ms are two ticks */
        client.request->allow_filtered = true;
        g_free(client.request->meter);
        client.request->meter = g_strdup("powercap");
        worker_measure(&client);
        g_assert_cmpstr(client.result->status, ==, "UNSTABLE");
        g_assert_nonnull(strstr(client.result->message, "others took"));
        g_assert_cmpstr(report_string(client.full, "measurement.trials.0.quality.0"), ==, "FOREIGN_LOAD");
        g_assert_true(JSON_NODE_HOLDS_NULL(report_node(client.full, "measurement.floor")));
        g_assert_nonnull(strstr(json_object_get_string_member(json_node_get_object(report_node(client.full, "absent")),
                                                              "measurement.floor"),
                                "/bin/true was disturbed each time; at last others took"));
        counter_down(&counter);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/worker-tick/sleep", test_sleep);
        g_test_add_func("/worker-tick/floor", test_floor);
        g_test_add_func("/worker-tick/quiet", test_quiet);
        g_test_add_func("/worker-tick/load", test_load);
        return g_test_run();
}
