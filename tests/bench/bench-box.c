/* SPDX-License-Identifier: MIT */

/* What a run costs beside the program, taken with the worker's own window, launcher and lib/box.
 *
 *   bench-box [-n RUNS] [-l RUNS] [--scope] [--box]
 *
 * JSON lines, times in microseconds:
 *   whole       /bin/true from the building of its box to its removal; "outside" is that without its window
 *   gate-exec   from the write that opens the gate until we are told that execve() has taken place
 *   cpu-limit   how much more CPU time than its limit of 20 ms an endless loop has used when it is dead (-l)
 * As root the program runs as nobody; with --box in profile "box", whose gate-exec is not taken: its stub keeps open
 * what shows the exec otherwise. --scope has systemd make the scope that a job has; otherwise whatever this
 * process may do by itself, which the line names. */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keeper.h"
#include "launcher.h"
#include "root.h"
#include "scope.h"
#include "window.h"

#define NOBODY 65534
#define CPU_LIMIT_USEC (20U * USEC_PER_MSEC)

typedef struct Bench {
        sd_event *event;
        sd_bus *bus;
        Systemd *systemd;
        Keeper *keeper;
        Scope *scope;
        Containment *containment;
        Launcher *launcher;
        Identity *identity;
        Meter *meter;
        Ticker ticker;
        bool answered;
        Filter *filter; /* with --box */
        BoxRoot root;
} Bench;

/* The runs, by their number in the launcher. */
enum {
        RUN_TRUE,
        RUN_LOOP,
        RUNS,
};

static char *const argvs[RUNS][4] = { [RUN_TRUE] = { (char *) "/bin/true" },
                                      [RUN_LOOP] = { (char *) "/bin/sh", (char *) "-c",
                                                     (char *) "while :; do :; done" } };
static char *const no_env[] = { NULL };

static int compare_u64(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

static void print_times(const char *name, const char *containment, uint64_t *ns, size_t n) {
        qsort(ns, n, sizeof(*ns), compare_u64);
        printf("{\"bench\":\"%s\",\"containment\":\"%s\",\"n\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}\n",
               name, containment, n, (double) ns[n / 2] / 1e3, (double) ns[n * 99 / 100] / 1e3,
               (double) ns[n - 1] / 1e3);
}

static BoxSpec box_spec(const Bench *bench, uint32_t number) {
        const bool boxed = bench->filter;

        return (BoxSpec){ .profile = boxed ? "box" : "host",
                          .root = boxed ? &bench->root : NULL,
                          .identity = bench->identity,
                          .argv = argvs[number],
                          .env = boxed ? (char *const *) box_environment : no_env,
                          .cwd_fd = -1,
                          .stdin_fd = -1,
                          .extra_fd = -1,
                          .memory_max = UINT64_C(512) << 20,
                          .tasks_max = 64,
                          .containment = bench->containment,
                          .launcher = bench->launcher,
                          .number = number };
}

static void on_closed(Window *window, void *userdata) {
        *(bool *) userdata = true;
}

/* One run in a window of its own; what the window recorded. */
static int run_window(Bench *bench, uint32_t number, uint64_t cpu_limit_usec, WindowRecord **ret) {
        const BoxSpec box = box_spec(bench, number);
        const WindowSpec spec = { .event = bench->event,
                                  .ticker = &bench->ticker,
                                  .box = &box,
                                  .stdin_fd = -1,
                                  .limits = { .cpu_usec = cpu_limit_usec,
                                              .wall_usec = 60 * USEC_PER_SEC,
                                              .output_max = 1 << 20,
                                              .memory_max = box.memory_max,
                                              .tasks_max = box.tasks_max },
                                  .iterations = 1 };
        g_autoptr(Window) window = NULL;
        g_autofree char *why = NULL;
        bool closed = false;
        BoxStage stage;
        int r;

        r = window_start(&spec, on_closed, &closed, &window, &stage, &why);
        if (r < 0) {
                fprintf(stderr, "bench-box: %s\n", why ?: g_strerror(-r));
                return r;
        }
        while (!closed) {
                r = sd_event_run(bench->event, UINT64_MAX);
                if (r < 0)
                        return r;
        }
        *ret = window_take_record(window);
        return 0;
}

static int bench_whole(Bench *bench, const char *containment, size_t n) {
        g_autofree uint64_t *whole_ns = g_new(uint64_t, n), *outside_ns = g_new(uint64_t, n);

        for (size_t i = 0; i < n; i++) {
                const uint64_t begin_ns = now_monotonic_ns();
                WindowRecord *record;
                int r;

                r = run_window(bench, RUN_TRUE, 10 * USEC_PER_SEC, &record);
                if (r < 0)
                        return r;
                whole_ns[i] = now_monotonic_ns() - begin_ns;
                outside_ns[i] = whole_ns[i] - MIN(whole_ns[i], record->whole.wall_ns);
                window_record_free(record);
        }
        print_times("whole", containment, whole_ns, n);
        print_times("outside", containment, outside_ns, n);
        return 0;
}

/* The status pipe is close-on-exec: its end says that the program's image is in place. */
static int gate_to_exec(Bench *bench, uint64_t *ret_ns) {
        const BoxSpec spec = box_spec(bench, RUN_TRUE);
        g_autoptr(Box) box = NULL;
        g_autofree char *why = NULL;
        struct pollfd status;
        uint64_t begin_ns;
        int r;

        r = box_spawn(&spec, &box, &why);
        if (r < 0)
                return r;
        r = box_wait_ready(box, 10 * USEC_PER_SEC);
        if (r < 0)
                return r;
        status = (struct pollfd){ .fd = box->status_fd };
        begin_ns = now_monotonic_ns();
        r = box_open_gate(box);
        if (r < 0)
                return r;
        if (poll(&status, 1, 10000) != 1)
                return -ETIMEDOUT;
        *ret_ns = now_monotonic_ns() - begin_ns;
        return 0;
}

static int bench_gate(Bench *bench, const char *containment, size_t n) {
        g_autofree uint64_t *ns = g_new(uint64_t, n);

        for (size_t i = 0; i < n; i++) {
                int r = gate_to_exec(bench, &ns[i]);

                if (r < 0)
                        return r;
        }
        print_times("gate-exec", containment, ns, n);
        return 0;
}

static int bench_cpu_limit(Bench *bench, const char *containment, size_t n) {
        g_autofree uint64_t *over_ns = g_new(uint64_t, n);

        for (size_t i = 0; i < n; i++) {
                WindowRecord *record;
                int r;

                r = run_window(bench, RUN_LOOP, CPU_LIMIT_USEC, &record);
                if (r < 0)
                        return r;
                if (record->whole.cpu_usec < CPU_LIMIT_USEC) {
                        fprintf(stderr, "bench-box: killed at %" PRIu64 " µs of CPU time, before its limit\n",
                                record->whole.cpu_usec);
                        return -ERANGE;
                }
                over_ns[i] = (record->whole.cpu_usec - CPU_LIMIT_USEC) * NSEC_PER_USEC;
                window_record_free(record);
        }
        print_times("cpu-limit", containment, over_ns, n);
        return 0;
}

static void on_scope(Scope *scope, int r, const char *control_group, const char *message, void *userdata) {
        Bench *bench = userdata;
        g_autofree char *why = NULL;
        cpu_set_t cpus;

        (void) cpulist_parse("0", &cpus);
        bench->answered = true;
        if (r >= 0)
                r = containment_open_scope(control_group, bench->keeper->pid, &cpus, &bench->containment, &why);
        if (r < 0)
                fprintf(stderr, "bench-box: %s\n", why ?: message);
}

static int open_scope(Bench *bench) {
        cpu_set_t cpus;
        ScopeSpec spec = { .job = (uint32_t) getpid(), .cpus = &cpus };
        int r;

        r = keeper_start(&bench->keeper);
        if (r < 0)
                return r;
        spec.keeper = bench->keeper->pid;
        r = cpulist_parse("0", &cpus);
        if (r < 0)
                return r;
        r = sd_bus_open_system(&bench->bus);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(bench->bus, bench->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        r = systemd_new(bench->bus, bench->event, &bench->systemd);
        if (r < 0)
                return r;
        r = scope_start(bench->systemd, &spec, on_scope, bench, &bench->scope);
        while (r >= 0 && !bench->answered)
                r = sd_event_run(bench->event, UINT64_MAX);
        return r < 0 ? r : bench->containment ? 0 : -ENOTRECOVERABLE;
}

static int set_up_box(Bench *bench) {
        int r;

        r = filter_new(&bench->filter);
        if (r < 0)
                return r;
        bench->root = (BoxRoot){ .tmpfs_bytes = UINT64_C(64) << 20,
                                 .inodes = 10000,
                                 .netns_fd = -1,
                                 .hostname = "box",
                                 .filter = bench->filter,
                                 .user_namespace = !bench->identity->change,
                                 .uid_lock_fd = -1 };
        return 0;
}

static int start_launcher(Bench *bench) {
        const BoxSpec boxes[RUNS] = { box_spec(bench, RUN_TRUE), box_spec(bench, RUN_LOOP) };
        const LauncherSpec spec = { .containment = bench->containment,
                                    .boxes = boxes,
                                    .n_boxes = RUNS,
                                    .identity = bench->identity,
                                    .daemon_fd = -1 };

        return launcher_start(&spec, &bench->launcher);
}

static int set_up(Bench *bench, bool in_scope, bool boxed) {
        const uid_t uid = geteuid() == 0 ? NOBODY : geteuid();
        static const Topology topology;
        g_autoptr(Sysroot) root = NULL;
        int r;

        if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
                return -errno;
        r = sd_event_default(&bench->event);
        if (r < 0)
                return r;
        r = identity_lookup(uid, NULL, 0, false, &bench->identity);
        if (r < 0)
                return r;
        r = sysroot_open(NULL, &root);
        if (r < 0)
                return r;
        r = meter_open(&topology, root, &(MeterConfig){ .name = "none" }, &bench->meter, NULL);
        if (r < 0)
                return r;
        bench->ticker.meter = bench->meter;
        r = in_scope ? open_scope(bench) : containment_open_process(&bench->containment);
        if (r >= 0 && boxed)
                r = set_up_box(bench);
        return r < 0 ? r : start_launcher(bench);
}

static void tear_down(Bench *bench) {
        launcher_free(bench->launcher);
        filter_free(bench->filter);
        containment_free(bench->containment);
        keeper_free(bench->keeper);
        scope_free(bench->scope);
        systemd_free(bench->systemd);
        sd_bus_flush_close_unref(bench->bus);
        meter_free(bench->meter);
        identity_free(bench->identity);
        sd_event_unref(bench->event);
}

int main(int argc, char **argv) {
        size_t n = 1000, n_limit = 200;
        const char *containment;
        bool in_scope = false, boxed = false;
        Bench bench = {};
        int r;

        if (argc == 2 && strcmp(argv[1], "--keeper") == 0)
                return keeper_main();
        for (int i = 1; i < argc; i++)
                if (strcmp(argv[i], "--scope") == 0)
                        in_scope = true;
                else if (strcmp(argv[i], "--box") == 0)
                        boxed = true;
                else if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
                        n = strtoul(argv[++i], NULL, 10);
                else if (strcmp(argv[i], "-l") == 0 && i + 1 < argc)
                        n_limit = strtoul(argv[++i], NULL, 10);
                else {
                        fprintf(stderr, "usage: bench-box [-n RUNS] [-l RUNS] [--scope] [--box]\n");
                        return EXIT_FAILURE;
                }

        r = n > 0 ? set_up(&bench, in_scope, boxed) : -EINVAL;
        if (r >= 0) {
                containment = containment_kind_to_string(bench.containment->kind);
                r = bench_whole(&bench, containment, n);
        }
        if (r >= 0 && !boxed)
                r = bench_gate(&bench, containment, n);
        if (r >= 0 && n_limit > 0)
                r = bench_cpu_limit(&bench, containment, n_limit);
        if (r < 0)
                fprintf(stderr, "bench-box: %s\n", g_strerror(-r));
        tear_down(&bench);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
