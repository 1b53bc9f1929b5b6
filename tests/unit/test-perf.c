/* SPDX-License-Identifier: MIT */
#include <linux/perf_event.h>
#include <string.h>
#include <sys/wait.h>

#include "meter.h"
#include "perf.h"
#include "tree.h"

/* No machine is sure to have a RAPL PMU, but all have software events, which are opened, grouped and read alike:
 * cpu-clock counts nanoseconds, here "of 0.001 µJ". Where this process may open no event (a container's filter), what
 * must hold is that the refusal is told as it came. */
static const PerfSource clock_source = { .pmu = (char *) "software",
                                         .event = (char *) "cpu-clock",
                                         .type = PERF_TYPE_SOFTWARE,
                                         .config = PERF_COUNT_SW_CPU_CLOCK,
                                         .unit_uj = 0.001 };

static Domain domain(const char *name, DomainKind kind, const PerfSource *source) {
        return (Domain){ .name = (char *) name,
                         .kind = kind,
                         .cpu = -1,
                         .die = -1,
                         .in_total = domain_kind_in_total(kind),
                         .perf = *source };
}

/* Opens a perf meter on made-up domains; NULL, with the errno, when this process may not. */
static Meter *open_perf(Domain *domains, size_t n, const cpu_set_t *cores, int *ret_error) {
        g_autoptr(Sysroot) root = NULL;
        Topology topology = { .domains = domains, .n_domains = n };
        MeterConfig config = { .name = "perf", .cores = cores };
        g_autofree char *reason = NULL;
        Meter *meter = NULL;
        autofd fd = perf_open(&clock_source, -1);

        g_assert_cmpint(sysroot_open(NULL, &root), ==, 0);
        *ret_error = meter_open(&topology, root, &config, &meter, &reason);
        if (fd < 0) {
                g_test_message("perf events are refused here: %s", g_strerror(-fd));
                g_assert_cmpint(*ret_error, ==, fd);
                g_assert_nonnull(strstr(reason, g_strerror(-fd)));
        }
        return meter;
}

static void spin(uint64_t ns) {
        uint64_t end = now_monotonic_ns() + ns;

        while (now_monotonic_ns() < end)
                ;
}

static void test_unit_and_window(void) {
        Domain domains[] = { domain("package-0", DOMAIN_PACKAGE, &clock_source) };
        g_autoptr(Meter) meter = NULL;
        Reading begin, end;
        uint64_t uj;
        int error;

        meter = open_perf(domains, 1, NULL, &error);
        if (!meter)
                return;
        g_assert_cmpstr(meter_name(meter), ==, "perf");
        g_assert_cmpint(meter_read(meter, &begin), ==, 0);
        spin(20000000);
        g_assert_cmpint(meter_read(meter, &end), ==, 0);
        g_assert_cmpint(meter_total_uj(meter, &begin, &end, &uj), ==, 0);
        /* Nanoseconds × 0.001: the microseconds between the readings. */
        g_assert_cmpuint(uj, >=, (end.before_ns - begin.after_ns) / 1000 * 9 / 10);
        g_assert_cmpuint(uj, <=, (end.after_ns - begin.before_ns) / 1000 + 100);
}

static void test_group(void) {
        PerfSource unknown = clock_source;
        Domain domains[3];
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(MeterCounters) counters = NULL;
        Topology topology = { .domains = domains, .n_domains = 3 };
        MeterConfig config = { .name = "perf" };
        autofd fd = perf_open(&clock_source, -1);
        g_autoptr(Meter) meter = NULL;
        Reading begin, end;
        int r;

        unknown.type = PERF_TYPE_SOFTWARE + 1000; /* no such PMU */
        domains[0] = domain("package-0", DOMAIN_PACKAGE, &clock_source);
        domains[1] = domain("dram-0", DOMAIN_DRAM, &clock_source);
        domains[2] = domain("core-0", DOMAIN_CORE, &unknown);

        g_assert_cmpint(sysroot_open(NULL, &root), ==, 0);
        r = meter_open_counters(&topology, root, &config, &counters, NULL);
        if (fd < 0) {
                g_assert_cmpint(r, <, 0);
                return;
        }
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpuint(counters->n_counters, ==, 1); /* one read for both */
        g_assert_cmpuint(counters->counters[0].n, ==, 2);
        g_assert_cmpuint(counters->n_domains, ==, 2);
        g_assert_cmpuint(counters->n_dropped, ==, 1); /* and one that was refused, by name */
        g_assert_cmpstr(counters->dropped[0].name, ==, "core-0");
        g_assert_nonnull(strstr(counters->dropped[0].reason, "perf_event_open"));

        g_assert_cmpint(meter_adopt(g_steal_pointer(&counters), &config, &meter), ==, 0);
        g_assert_cmpint(meter_read(meter, &begin), ==, 0);
        spin(5000000);
        g_assert_cmpint(meter_read(meter, &end), ==, 0);
        g_assert_cmpuint(end.n_domains, ==, 2);
        g_assert_cmpuint(end.domains[0].energy_uj, >, begin.domains[0].energy_uj);
        g_assert_cmpuint(end.domains[1].energy_uj, >, begin.domains[1].energy_uj);
}

static void test_cores(void) {
        Domain domains[] = { domain("package-0", DOMAIN_PACKAGE, &clock_source),
                             domain("core-0-cpu-0", DOMAIN_CORE, &clock_source),
                             domain("core-0-cpu-1", DOMAIN_CORE, &clock_source) };
        g_autoptr(Meter) without = NULL, with = NULL;
        const MeterDomain *list;
        cpu_set_t cores;
        int error;
        size_t n;

        domains[1].cpu = 0;
        domains[2].cpu = 1;
        without = open_perf(domains, 3, NULL, &error);
        if (!without)
                return;
        (void) meter_domains(without, &n);
        g_assert_cmpuint(n, ==, 1);

        CPU_ZERO(&cores);
        CPU_SET(1, &cores);
        with = open_perf(domains, 3, &cores, &error);
        list = meter_domains(with, &n);
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpstr(list[1].name, ==, "core-0-cpu-1");
        g_assert_cmpstr(meter_total(with), ==, "package-0");
}

/* The counters outlive the privilege they were opened with. */
static void test_read_without_privilege(void) {
        Domain domains[] = { domain("package-0", DOMAIN_PACKAGE, &clock_source) };
        g_autoptr(Meter) meter = NULL;
        int error, status;
        pid_t pid;

        meter = open_perf(domains, 1, NULL, &error);
        if (!meter)
                return;
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                Reading reading;

                if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
                        _exit(2);
                _exit(meter_read(meter, &reading) == 0 && reading.domains[0].error == 0 ? 0 : 1);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFEXITED(status));
        g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void test_nothing_in_perf(void) {
        Domain domains[] = { { .name = (char *) "package-0", .kind = DOMAIN_PACKAGE, .in_total = true, .cpu = -1 } };
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(Meter) meter = NULL;
        g_autofree char *reason = NULL;
        Topology topology = { .domains = domains, .n_domains = 1 };

        g_assert_cmpint(sysroot_open(NULL, &root), ==, 0);
        g_assert_cmpint(meter_open(&topology, root, &(MeterConfig){ .name = "perf" }, &meter, &reason), ==, -ENODEV);
        g_assert_nonnull(strstr(reason, "package-0: not in perf"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/perf/unit-and-window", test_unit_and_window);
        g_test_add_func("/perf/group", test_group);
        g_test_add_func("/perf/cores", test_cores);
        g_test_add_func("/perf/read-without-privilege", test_read_without_privilege);
        g_test_add_func("/perf/nothing-in-perf", test_nothing_in_perf);
        return g_test_run();
}
