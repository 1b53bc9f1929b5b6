/* SPDX-License-Identifier: MIT */

/* How long one reading of all domains takes.
 *
 *   bench-meter [-n READS] [FIXTURE-TREE]
 *
 * Reads the host's counters by perf and by powercap where it has them. With a fixture tree also its zones: what the
 * files cost without a register behind them. Where the host has no RAPL PMU, four software events in one group stand
 * for it, on the CPU we run on and on another one; what a register costs on top is not in that figure. One JSON object
 * a line; times in microseconds. */

#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"

static int compare_u64(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

static void report(const char *meter, const char *source, size_t domains, uint64_t *ns, size_t n) {
        qsort(ns, n, sizeof(uint64_t), compare_u64);
        printf("{\"bench\":\"meter-read\",\"meter\":\"%s\",\"source\":\"%s\",\"domains\":%zu,\"n\":%zu,\"p50_us\":%."
               "3f,"
               "\"p99_us\":%.3f}\n",
               meter, source, domains, n, (double) ns[n / 2] / 1e3, (double) ns[n * 99 / 100] / 1e3);
}

static void bench(const Topology *topology, const Sysroot *root, const char *name, const char *source, size_t n) {
        g_autofree uint64_t *ns = g_new(uint64_t, n);
        g_autofree char *reason = NULL;
        g_autoptr(Meter) meter = NULL;
        static Reading reading;
        size_t domains;

        if (meter_open(topology, root, &(MeterConfig){ .name = name }, &meter, &reason) < 0) {
                fprintf(stderr, "no %s from the %s: %s\n", name, source, reason);
                return;
        }
        for (size_t i = 0; i < n; i++) {
                uint64_t before = now_monotonic_ns();

                (void) meter_read(meter, &reading);
                ns[i] = now_monotonic_ns() - before;
        }
        (void) meter_domains(meter, &domains);
        report(name, source, domains, ns, n);
}

static int bench_tree(const char *path, const char *source, size_t n) {
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(Topology) topology = NULL;
        int r;

        r = sysroot_open(path, &root);
        if (r < 0)
                return r;
        r = topology_discover(root, TOPOLOGY_PROBE, &topology);
        if (r < 0)
                return r;
        if (sysroot_is_host(root))
                bench(topology, root, "perf", source, n);
        bench(topology, root, "powercap", source, n);
        return 0;
}

static void bench_software_events(unsigned cpu, const char *source, size_t n) {
        static const char *const names[] = { "package-0", "dram-0", "package-1", "dram-1" };
        g_autoptr(Sysroot) root = NULL;
        Domain domains[G_N_ELEMENTS(names)];
        Topology topology = { .domains = domains, .n_domains = G_N_ELEMENTS(domains) };

        for (size_t i = 0; i < G_N_ELEMENTS(domains); i++)
                domains[i] = (Domain){ .name = (char *) names[i],
                                       .cpu = -1,
                                       .in_total = true,
                                       .perf = { .pmu = (char *) "software",
                                                 .event = (char *) "cpu-clock",
                                                 .type = PERF_TYPE_SOFTWARE,
                                                 .config = PERF_COUNT_SW_CPU_CLOCK,
                                                 .unit_uj = 1,
                                                 .cpu = cpu } };
        if (sysroot_open(NULL, &root) == 0)
                bench(&topology, root, "perf", source, n);
}

int main(int argc, char **argv) {
        size_t n = 10000;
        const char *tree = NULL;
        cpu_set_t all, one;
        int here, other;

        for (int i = 1; i < argc; i++)
                if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
                        n = strtoul(argv[++i], NULL, 10);
                else
                        tree = argv[i];

        if (n == 0 || sched_getaffinity(0, sizeof(all), &all) < 0)
                return EXIT_FAILURE;
        here = cpulist_first(&all);
        other = cpulist_last(&all);
        CPU_ZERO(&one);
        CPU_SET((unsigned) here, &one);
        if (sched_setaffinity(0, sizeof(one), &one) < 0)
                return EXIT_FAILURE;

        if (bench_tree(NULL, "host", n) < 0)
                return EXIT_FAILURE;
        if (tree && bench_tree(tree, "fixture tree", n) < 0)
                return EXIT_FAILURE;
        bench_software_events((unsigned) here, "software events, same CPU", n);
        if (other != here)
                bench_software_events((unsigned) other, "software events, other CPU", n);
        return EXIT_SUCCESS;
}
