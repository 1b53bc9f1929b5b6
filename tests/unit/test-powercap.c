/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "meter.h"
#include "tree.h"

#define PACKAGE "intel-rapl:0"
#define DRAM "intel-rapl:0:0"
#define PACKAGE_RANGE UINT64_C(262143328850)
#define DRAM_RANGE UINT64_C(65712999613)
#define PACKAGE_MODULUS UINT64_C(262143328911)
#define DRAM_MODULUS UINT64_C(65712999628)

static const MeterConfig powercap = { .name = "powercap" };

static Meter *open_meter(const char *tree, const MeterConfig *config) {
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(Topology) topology = NULL;
        g_autofree char *reason = NULL;
        Meter *meter = NULL;

        g_assert_cmpint(sysroot_open(tree, &root), ==, 0);
        g_assert_cmpint(topology_discover(root, TOPOLOGY_PROBE, &topology), ==, 0);
        g_assert_cmpint(meter_open(topology, root, config, &meter, &reason), ==, 0);
        return meter;
}

static int try_meter(const char *tree, const char *name, char **ret_reason) {
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(Topology) topology = NULL;
        g_autoptr(Meter) meter = NULL;
        MeterConfig config = { .name = name };

        g_assert_cmpint(sysroot_open(tree, &root), ==, 0);
        g_assert_cmpint(topology_discover(root, TOPOLOGY_PROBE, &topology), ==, 0);
        return meter_open(topology, root, &config, &meter, ret_reason);
}

static Tree *package_and_dram(uint64_t package_uj, uint64_t dram_uj) {
        Tree *tree = tree_new();

        tree_zone(tree, PACKAGE, "package-0\n", package_uj, PACKAGE_RANGE);
        tree_zone(tree, DRAM, "dram\n", dram_uj, DRAM_RANGE);
        return tree;
}

static uint64_t energy(const Reading *begin, const Reading *end, size_t domain) {
        uint64_t uj = 0;

        g_assert_cmpint(reading_energy_uj(begin, end, domain, &uj), ==, 0);
        return uj;
}

static void test_window(void) {
        g_autoptr(Tree) tree = package_and_dram(1000, 2000);
        g_autoptr(Meter) meter = open_meter(tree, &powercap);
        const MeterDomain *domains;
        Reading begin, end;
        uint64_t total;
        size_t n;

        domains = meter_domains(meter, &n);
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpstr(domains[0].name, ==, "package-0");
        g_assert_cmpstr(domains[0].source, ==, PACKAGE);
        g_assert_cmpstr(domains[1].name, ==, "dram-0");
        g_assert_cmpfloat(domains[1].unit_uj, ==, 1);
        g_assert_cmpuint(domains[1].range_uj, ==, DRAM_RANGE);
        g_assert_cmpstr(meter_name(meter), ==, "powercap");
        g_assert_false(meter_simulated(meter));
        g_assert_cmpstr(meter_total(meter), ==, "package-0 + dram-0");
        g_assert_cmpfloat_with_epsilon(meter_precision_uj(meter), 61.035, 0.001);

        tree_energy(tree, PACKAGE, 1500);
        g_assert_cmpint(meter_read(meter, &begin), ==, 0);
        g_assert_cmpuint(begin.domains[0].energy_uj, ==, 500); /* since the meter was opened */
        g_assert_cmpuint(begin.before_ns, <=, begin.after_ns);
        tree_energy(tree, PACKAGE, 4500);
        tree_energy(tree, DRAM, 2007);
        g_assert_cmpint(meter_read(meter, &end), ==, 0);
        g_assert_cmpuint(energy(&begin, &end, 0), ==, 3000);
        g_assert_cmpuint(energy(&begin, &end, 1), ==, 7);
        g_assert_cmpint(meter_total_uj(meter, &begin, &end, &total), ==, 0);
        g_assert_cmpuint(total, ==, 3007);
}

/* Two domains with different units wrap in one window: each by its own range, not by a shared one or by 2³² µJ. */
static void test_two_wraps_in_two_domains(void) {
        g_autoptr(Tree) tree = package_and_dram(PACKAGE_RANGE - 1000000, DRAM_RANGE - 2000000);
        g_autoptr(Meter) meter = open_meter(tree, &powercap);
        Reading begin, end;
        uint64_t total;

        g_assert_cmpint(meter_read(meter, &begin), ==, 0);
        tree_energy(tree, PACKAGE, 4000000);
        tree_energy(tree, DRAM, 5000000);
        g_assert_cmpint(meter_read(meter, &end), ==, 0);
        g_assert_cmpuint(energy(&begin, &end, 0), ==, 5000000 + (PACKAGE_MODULUS - PACKAGE_RANGE));
        g_assert_cmpuint(energy(&begin, &end, 1), ==, 7000000 + (DRAM_MODULUS - DRAM_RANGE));
        g_assert_cmpint(meter_total_uj(meter, &begin, &end, &total), ==, 0);
        g_assert_cmpuint(total, ==, 12000000 + 61 + 15);
}

/* A pair of readings that a failing one may come between. */
typedef struct Broken {
        Tree *tree;
        MeterCounters *counters; /* owned by meter */
        Meter *meter;
} Broken;

static Broken broken_open(void) {
        Broken b = { .tree = package_and_dram(100000000, 1000) };
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(Topology) topology = NULL;

        g_assert_cmpint(sysroot_open(b.tree, &root), ==, 0);
        g_assert_cmpint(topology_discover(root, TOPOLOGY_PROBE, &topology), ==, 0);
        g_assert_cmpint(meter_open_counters(topology, root, &powercap, &b.counters, NULL), ==, 0);
        g_assert_cmpuint(b.counters->n_counters, ==, 2);
        g_assert_cmpint(meter_adopt(b.counters, &powercap, &b.meter), ==, 0);
        return b;
}

static void broken_close(Broken *b) {
        meter_free(b->meter);
        tree_free(b->tree);
}

/* Puts another file behind the counter of the package; returns the one that was there. */
static int swap_file(Broken *b, const char *path) {
        int fd = b->counters->counters[0].fds[0], old = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        autofd other = open(path, O_RDONLY | O_CLOEXEC);

        g_assert_cmpint(old, >=, 0);
        g_assert_cmpint(other, >=, 0);
        g_assert_cmpint(dup3(other, fd, O_CLOEXEC), ==, fd);
        return old;
}

static void swap_back(Broken *b, int *old) {
        int fd = b->counters->counters[0].fds[0];

        g_assert_cmpint(dup3(*old, fd, O_CLOEXEC), ==, fd);
        *old = safe_close(*old);
}

/* A read error in the middle of a window is an invalid window: not 0, and not "a wrap" at the next reading. */
static void test_read_error(void) {
        Broken b = broken_open();
        Reading begin, broken, end, later;
        uint64_t uj = 12345, total = 12345;
        int old;

        g_assert_cmpint(meter_read(b.meter, &begin), ==, 0);
        old = swap_file(&b, "/proc/self/mem"); /* reading address 0 is EIO */
        g_assert_cmpint(meter_read(b.meter, &broken), ==, 0);
        g_assert_cmpint(broken.domains[0].error, ==, -EIO);
        g_assert_cmpint(broken.domains[1].error, ==, 0);
        g_assert_cmpint(reading_energy_uj(&begin, &broken, 0, &uj), ==, -EIO);
        g_assert_cmpint(meter_total_uj(b.meter, &begin, &broken, &total), ==, -EIO);
        g_assert_cmpuint(uj, ==, 12345);
        g_assert_cmpuint(total, ==, 12345);
        swap_back(&b, &old);

        tree_energy(b.tree, PACKAGE, 100000500);
        g_assert_cmpint(meter_read(b.meter, &end), ==, 0);
        g_assert_cmpint(end.domains[0].error, ==, 0);
        g_assert_cmpuint(end.domains[0].energy_uj, ==, 500);
        g_assert_cmpint(reading_energy_uj(&begin, &end, 0, &uj), ==, -EIO);
        g_assert_cmpuint(energy(&begin, &end, 1), ==, 0); /* dram was read all along */
        g_assert_cmpint(reading_energy_uj(&broken, &end, 0, &uj), ==, -EIO);

        tree_energy(b.tree, PACKAGE, 100000900);
        g_assert_cmpint(meter_read(b.meter, &later), ==, 0);
        g_assert_cmpuint(energy(&end, &later, 0), ==, 400);
        broken_close(&b);
}

static void test_no_value(void) {
        Broken b = broken_open();
        Reading begin, end;
        uint64_t uj;
        int old;

        g_assert_cmpint(meter_read(b.meter, &begin), ==, 0);
        old = swap_file(&b, "/dev/null");
        g_assert_cmpint(meter_read(b.meter, &end), ==, 0);
        g_assert_cmpint(end.domains[0].error, ==, -ENODATA);
        g_assert_cmpint(reading_energy_uj(&begin, &end, 0, &uj), ==, -ENODATA);
        swap_back(&b, &old);
        g_assert_cmpint(reading_energy_uj(&begin, &end, 2, &uj), ==, -ENODATA);
        broken_close(&b);
}

static void test_garbage(void) {
        static const struct {
                const char *text;
                int error;
        } table[] = { { "-5\n", -EINVAL },
                      { "12 34\n", -EINVAL },
                      { "\n", -EINVAL },
                      { "99999999999999999999\n", -ERANGE },
                      { "262143328911\n", -EIO } /* the modulus itself */ };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                Broken b = broken_open();
                Reading begin, end;
                uint64_t uj;

                g_assert_cmpint(meter_read(b.meter, &begin), ==, 0);
                tree_put(b.tree, "sys/class/powercap/" PACKAGE "/energy_uj", table[i].text);
                g_assert_cmpint(meter_read(b.meter, &end), ==, 0);
                g_assert_cmpint(end.domains[0].error, ==, table[i].error);
                g_assert_cmpint(reading_energy_uj(&begin, &end, 0, &uj), ==, table[i].error);
                broken_close(&b);
        }
}

static void test_all_fail(void) {
        g_autoptr(Tree) tree = package_and_dram(1000, 2000);
        g_autoptr(Meter) meter = open_meter(tree, &powercap);
        Reading reading;

        tree_put(tree, "sys/class/powercap/" PACKAGE "/energy_uj", "?");
        tree_put(tree, "sys/class/powercap/" DRAM "/energy_uj", "?");
        g_assert_cmpint(meter_read(meter, &reading), ==, -EINVAL);
}

/* The watchdog may have failed to read between begin and end; a window over it is not sound even if both ends are. */
static void test_overflow(void) {
        g_autoptr(Tree) tree = tree_new();
        g_autoptr(Meter) meter = NULL;
        Reading begin, watchdog, end, later;
        uint64_t uj;

        /* 10 J wrap at 500 W, doubled, after 10 ms already. */
        tree_zone(tree, PACKAGE, "package-0", 0, 9999999);
        meter = open_meter(tree, &powercap);
        g_assert_cmpuint(meter_watchdog_usec(meter), ==, 5000);

        g_assert_true(meter_read(meter, &begin) == 0);
        g_usleep(20000);
        tree_energy(tree, PACKAGE, 50);
        g_assert_cmpint(meter_read(meter, &watchdog), ==, 0);
        g_assert_cmpint(watchdog.domains[0].error, ==, -EOVERFLOW);
        g_assert_cmpint(meter_read(meter, &end), ==, 0);
        g_assert_cmpint(meter_read(meter, &end), ==, 0);
        g_assert_cmpint(reading_energy_uj(&begin, &end, 0, &uj), ==, -EOVERFLOW);
        g_assert_cmpint(reading_energy_uj(&begin, &watchdog, 0, &uj), ==, -EOVERFLOW);

        /* What begins there is sound, if it is read often enough. */
        for (int i = 0; i < 100; i++) {
                g_usleep(20000);
                tree_energy(tree, PACKAGE, (uint64_t) (60 + 20 * i));
                (void) meter_read(meter, &watchdog);
                tree_energy(tree, PACKAGE, (uint64_t) (70 + 20 * i));
                (void) meter_read(meter, &later);
                if (watchdog.domains[0].error == -EOVERFLOW && later.domains[0].error == 0)
                        break;
        }
        g_assert_cmpint(watchdog.domains[0].error, ==, -EOVERFLOW);
        g_assert_cmpuint(energy(&watchdog, &later, 0), ==, 10);
}

static void test_watchdog(void) {
        g_autoptr(Tree) tree = package_and_dram(1000, 2000);
        g_autoptr(Meter) meter = open_meter(tree, &powercap), limited = NULL;
        uint64_t before;
        Reading reading;

        /* Nothing says what the domains may draw: 500 W are assumed, and dram has the smaller range. */
        g_assert_cmpfloat_with_epsilon((double) meter_watchdog_usec(meter) / 1e6, 65712.999628 / 500 / 4, 0.001);

        tree_put(tree, "sys/class/powercap/" PACKAGE "/constraint_0_max_power_uw", "0\n");
        tree_put(tree, "sys/class/powercap/" PACKAGE "/constraint_0_power_limit_uw", "65000000\n");
        tree_put(tree, "sys/class/powercap/" DRAM "/constraint_0_max_power_uw", "10000000\n");
        limited = open_meter(tree, &powercap);
        before = meter_watchdog_usec(limited);
        g_assert_cmpfloat_with_epsilon((double) before / 1e6, 262143.328911 / 65 / 4, 0.001);

        /* It draws far more than it was said to. */
        g_usleep(150000);
        tree_energy(tree, PACKAGE, 1000 + 1000000000);
        g_assert_cmpint(meter_read(limited, &reading), ==, 0);
        g_assert_cmpuint(meter_watchdog_usec(limited), <, before / 10);
}

static void test_errors_are_not_zero(void) {
        static const struct {
                const char *tree, *words;
        } table[] = { { "eacces", "Permission denied" }, { "no-rapl", "this host shows no RAPL counter" } };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *tree = g_build_filename(FIXTURES, table[i].tree, NULL);
                g_autofree char *by_name = NULL, *automatic = NULL;

                g_assert_cmpint(try_meter(tree, "powercap", &by_name), ==, -ENODEV);
                g_assert_nonnull(strstr(by_name, table[i].words));
                g_assert_cmpint(try_meter(tree, "auto", &automatic), ==, -ENODEV);
                g_assert_nonnull(strstr(automatic, table[i].words));
        }
}

static void test_missing_domains_are_absent(void) {
        g_autofree char *eio = g_build_filename(FIXTURES, "eio", NULL);
        g_autofree char *range = g_build_filename(FIXTURES, "range-unreadable", NULL);
        g_autoptr(Meter) meter = open_meter(eio, &powercap), other = open_meter(range, &powercap);
        const DroppedDomain *dropped;
        size_t n;

        (void) meter_domains(meter, &n);
        g_assert_cmpuint(n, ==, 1);
        g_assert_cmpstr(meter_total(meter), ==, "package-0");
        dropped = meter_dropped(meter, &n);
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpstr(dropped[1].name, ==, "dram-0");
        g_assert_cmpstr(dropped[1].reason, ==, "energy_uj: Input/output error");

        g_assert_cmpstr(meter_total(other), ==, "package-0 + dram-1");
}

static void test_mirrors_count_once(void) {
        g_autofree char *tree = g_build_filename(FIXTURES, "amd-mirrors", NULL);
        g_autoptr(Meter) meter = open_meter(tree, &powercap);
        size_t n;

        (void) meter_domains(meter, &n);
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpstr(meter_total(meter), ==, "package-0 + package-1");
}

static void test_psys_alone_is_no_total(void) {
        g_autoptr(Tree) tree = tree_new();
        g_autofree char *reason = NULL;

        tree_zone(tree, "intel-rapl:0", "psys", 5, PACKAGE_RANGE);
        g_assert_cmpint(try_meter(tree, "powercap", &reason), ==, -ENODEV);
        g_assert_nonnull(strstr(reason, "psys is never added"));
}

static void test_lost_before_the_first_reading(void) {
        g_autoptr(Tree) tree = package_and_dram(1000, 2000);
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(Topology) topology = NULL;
        g_autoptr(Meter) meter = NULL;
        g_autofree char *reason = NULL;
        const DroppedDomain *dropped;
        size_t n;

        g_assert_cmpint(sysroot_open(tree, &root), ==, 0);
        g_assert_cmpint(topology_discover(root, TOPOLOGY_PROBE, &topology), ==, 0);
        tree_energy(tree, DRAM, DRAM_MODULUS);
        g_assert_cmpint(meter_open(topology, root, &powercap, &meter, &reason), ==, 0);
        g_assert_cmpstr(meter_total(meter), ==, "package-0");
        dropped = meter_dropped(meter, &n);
        g_assert_cmpstr(dropped[n - 1].reason, ==, "shows more than its max_energy_range_uj");
        g_clear_pointer(&meter, meter_free);

        tree_put(tree, "sys/class/powercap/" PACKAGE "/energy_uj", "");
        g_assert_cmpint(meter_open(topology, root, &powercap, &meter, &reason), ==, -ENODATA);
        g_assert_nonnull(strstr(reason, "cannot be read"));
}

/* Lets a counter run, as hardware would, until it is told to stop. */
typedef struct Runner {
        const char *tree;
        int stop;
} Runner;

static gpointer run_counter(gpointer data) {
        Runner *runner = data;
        g_autofree char *path = g_build_filename(runner->tree, "sys/class/powercap/" PACKAGE "/energy_uj", NULL);
        autofd fd = open(path, O_WRONLY | O_CLOEXEC);

        /* One digit after the other is raised, by writes of one byte: a reader never sees half a value. */
        for (int step = 0; step < 8 * 9 && !g_atomic_int_get(&runner->stop); step++) {
                char digit = (char) ('1' + step / 8);

                g_assert_cmpint(pwrite(fd, &digit, 1, 9 - step % 8), ==, 1);
                g_usleep(10000);
        }
        return NULL;
}

static void test_frozen_domain_is_dropped(void) {
        g_autoptr(Tree) tree = tree_new();
        g_autoptr(Meter) meter = NULL;
        const MeterDomain *domains;
        const DroppedDomain *dropped;
        Runner runner = { .tree = tree };
        Reading begin, end;
        GThread *thread;
        size_t n;

        tree_zone(tree, "intel-rapl:0:1", "dram", 0, DRAM_RANGE);
        tree_zone(tree, "intel-rapl:0:2", "uncore", 0, PACKAGE_RANGE);
        tree_zone(tree, "intel-rapl:1", "psys", 0, PACKAGE_RANGE);
        tree_zone(tree, PACKAGE, "package-0", 0, PACKAGE_RANGE);
        tree_put(tree, "sys/class/powercap/" PACKAGE "/energy_uj", "0000000000\n");
        meter = open_meter(tree, &powercap);
        g_assert_cmpstr(meter_total(meter), ==, "package-0 + dram-0");

        thread = g_thread_new("counter", run_counter, &runner);
        /* long enough for a busy machine to let the other thread write */
        g_assert_cmpint(meter_probe(meter, 400 * USEC_PER_MSEC * NSEC_PER_USEC), ==, 0);
        g_assert_cmpstr(meter_total(meter), ==, "package-0");
        domains = meter_domains(meter, &n);
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpstr(domains[0].name, ==, "package-0");
        g_assert_cmpstr(domains[1].name, ==, "uncore-0"); /* an idle GPU's stands still rightly */
        dropped = meter_dropped(meter, &n);
        g_assert_cmpuint(n, ==, 2);
        g_assert_cmpstr(dropped[1].name, ==, "dram-0");
        g_assert_cmpstr(dropped[1].reason, ==, "did not move in 400 ms of busy CPU");

        /* The domains left are still the ones they were. */
        g_assert_cmpint(meter_read(meter, &begin), ==, 0);
        g_usleep(100000);
        g_assert_cmpint(meter_read(meter, &end), ==, 0);
        g_assert_cmpuint(end.n_domains, ==, 2);
        g_assert_cmpuint(energy(&begin, &end, 0), >, 0);
        g_assert_cmpuint(energy(&begin, &end, 1), ==, 0);
        g_atomic_int_set(&runner.stop, 1);
        g_thread_join(thread);
}

static void test_frozen_host(void) {
        g_autofree char *tree = g_build_filename(FIXTURES, "frozen", NULL);
        g_autoptr(Meter) meter = open_meter(tree, &powercap);
        uint64_t before = now_monotonic_ns();

        g_assert_cmpint(meter_probe(meter, 20000000), ==, -ENODEV);
        g_assert_cmpuint(now_monotonic_ns() - before, <, 500000000);
        g_assert_cmpstr(meter_total(meter), ==, "");
}

static void test_choice(void) {
        g_autofree char *tree = g_build_filename(FIXTURES, "intel-server", NULL);
        g_autoptr(Meter) automatic = open_meter(tree, &(MeterConfig){}),
                         none = open_meter(tree, &(MeterConfig){ "none" });
        g_autofree char *unknown = NULL, *perf = NULL;
        Reading reading;
        uint64_t total;
        size_t n;

        /* perf cannot be opened on a tree of files, so auto takes the zones. */
        g_assert_cmpstr(meter_name(automatic), ==, "powercap");
        g_assert_cmpint(try_meter(tree, "perf", &perf), ==, -EOPNOTSUPP);
        g_assert_nonnull(strstr(perf, "perf is not available on a fixture tree"));
        g_assert_cmpint(try_meter(tree, "msr", &unknown), ==, -EINVAL);
        g_assert_nonnull(strstr(unknown, "msr"));

        (void) meter_domains(none, &n);
        g_assert_cmpuint(n, ==, 0);
        g_assert_cmpint(meter_read(none, &reading), ==, 0);
        g_assert_cmpuint(reading.before_ns, >, 0);
        g_assert_cmpint(meter_total_uj(none, &reading, &reading, &total), ==, -ENODATA);
        g_assert_cmpuint(meter_watchdog_usec(none), ==, USEC_INFINITY);
        g_assert_cmpint(meter_probe(none, 1000000), ==, 0);
        g_assert_cmpfloat(meter_precision_uj(none), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/powercap/window", test_window);
        g_test_add_func("/powercap/two-wraps-in-two-domains", test_two_wraps_in_two_domains);
        g_test_add_func("/powercap/read-error", test_read_error);
        g_test_add_func("/powercap/no-value", test_no_value);
        g_test_add_func("/powercap/garbage", test_garbage);
        g_test_add_func("/powercap/all-fail", test_all_fail);
        g_test_add_func("/powercap/overflow", test_overflow);
        g_test_add_func("/powercap/watchdog", test_watchdog);
        g_test_add_func("/powercap/errors-are-not-zero", test_errors_are_not_zero);
        g_test_add_func("/powercap/missing-domains-are-absent", test_missing_domains_are_absent);
        g_test_add_func("/powercap/mirrors-count-once", test_mirrors_count_once);
        g_test_add_func("/powercap/psys-alone-is-no-total", test_psys_alone_is_no_total);
        g_test_add_func("/powercap/lost-before-the-first-reading", test_lost_before_the_first_reading);
        g_test_add_func("/powercap/frozen-domain-is-dropped", test_frozen_domain_is_dropped);
        g_test_add_func("/powercap/frozen-host", test_frozen_host);
        g_test_add_func("/powercap/choice", test_choice);
        return g_test_run();
}
