/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "pmu.h"
#include "topology.h"
#include "tree.h"
#include "zones.h"

/* Each directory of tests/fixtures is a host; NAME.golden is what we make of it. JT_UPDATE_GOLDEN=1 writes them anew:
 * read the difference before it is committed. */
static void test_golden(gconstpointer data) {
        const char *name = data;
        g_autofree char *tree = g_build_filename(FIXTURES, name, NULL);
        g_autofree char *golden = g_strdup_printf("%s.golden", tree);
        g_autofree char *expected = NULL, *got = NULL;
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(Topology) topology = NULL;

        g_assert_cmpint(sysroot_open(tree, &root), ==, 0);
        g_assert_cmpint(topology_discover(root, TOPOLOGY_PROBE, &topology), ==, 0);
        got = topology_describe(topology);
        if (g_getenv("JT_UPDATE_GOLDEN"))
                g_assert_true(g_file_set_contents(golden, got, -1, NULL));
        g_assert_true(g_file_get_contents(golden, &expected, NULL, NULL));
        g_assert_cmpstr(got, ==, expected);
}

static Topology *discover(const char *name, TopologyFlags flags) {
        g_autofree char *tree = g_build_filename(FIXTURES, name, NULL);
        g_autoptr(Sysroot) root = NULL;
        Topology *topology = NULL;

        g_assert_cmpint(sysroot_open(tree, &root), ==, 0);
        g_assert_cmpint(topology_discover(root, flags, &topology), ==, 0);
        return topology;
}

static void test_psys_and_parts_are_not_added(void) {
        g_autoptr(Topology) topology = discover("intel-client", TOPOLOGY_PROBE);

        g_assert_cmpstr(topology->total, ==, "package-0 + dram-0");
        g_assert_false(topology_find(topology, "psys")->in_total);
        g_assert_false(topology_find(topology, "core-0")->in_total);
        g_assert_false(topology_find(topology, "uncore-0")->in_total);
        g_assert_cmpint(topology_find(topology, "psys")->package, ==, -1);
}

static void test_each_zone_has_its_range(void) {
        g_autoptr(Topology) topology = discover("intel-server", TOPOLOGY_PROBE);

        g_assert_cmpuint(topology_find(topology, "package-1")->range_uj, ==, 262143328850);
        g_assert_cmpuint(topology_find(topology, "dram-1")->range_uj, ==, 65712999613);
        g_assert_cmpfloat_with_epsilon(topology_find(topology, "dram-1")->unit_uj, 2.3283064365386963e-4, 1e-18);
}

static void test_index_is_not_the_socket(void) {
        g_autoptr(Topology) topology = discover("index-not-socket", TOPOLOGY_PROBE);

        g_assert_cmpstr(topology_find(topology, "package-0")->powercap.id, ==, "intel-rapl:2");
        g_assert_cmpstr(topology_find(topology, "dram-0")->powercap.id, ==, "intel-rapl:2:0");
        g_assert_cmpstr(topology_find(topology, "package-1")->powercap.id, ==, "intel-rapl:0");
        g_assert_cmpint(topology_find(topology, "package-1")->package, ==, 1);
}

static void test_two_real_dies_are_both_added(void) {
        g_autoptr(Topology) topology = discover("intel-two-dies", TOPOLOGY_PROBE);

        g_assert_nonnull(strstr(topology->total, "package-0-die-0 + dram-0-die-0 + package-0-die-1 + dram-0-die-1"));
        g_assert_cmpuint(topology_find(topology, "package-1-die-1")->perf.cpu, ==, 6);
}

static void test_mirrors(void) {
        g_autoptr(Topology) probed = discover("amd-mirrors", TOPOLOGY_PROBE);
        g_autoptr(Topology) unprobed = discover("amd-mirrors", 0);

        g_assert_cmpstr(probed->total, ==, "package-0 + package-1");
        /* Whether or not the counters may be read, the answer is the same. */
        g_assert_cmpstr(unprobed->total, ==, "package-0 + package-1");
}

static void test_is_mirror(void) {
        g_assert_true(topology_is_mirror(5, 5, 5));
        g_assert_true(topology_is_mirror(5, 6, 9));
        g_assert_false(topology_is_mirror(5, 10, 9));
        g_assert_false(topology_is_mirror(5, 4, 9));
        g_assert_true(topology_is_mirror(100, 101, 2)); /* wrapped after the second reading */
        g_assert_true(topology_is_mirror(100, 1, 2));   /* and before it */
        g_assert_false(topology_is_mirror(100, 50, 2));
}

static void test_unprobed_opens_no_counter(void) {
        g_autoptr(Topology) topology = discover("eacces", 0);

        g_assert_cmpstr(topology->total, ==, "package-0 + dram-0");
        g_assert_cmpuint(topology->n_dropped, ==, 0);
}

static void test_zone_ids(void) {
        static const char *const bad[] = { "",
                                           "intel-rapl",
                                           "intel-rapl:",
                                           "intel-rapl:0:",
                                           "intel-rapl:g",
                                           "intel-rapl:0:0:0:0:0",
                                           "intel-rapl:0 ",
                                           "intel-rapl:ffffffffffff",
                                           "dtpm:0",
                                           "intel-rapl-mmio",
                                           "intel-raplx:0" };
        ZoneId id;

        g_assert_cmpint(zone_id_parse("intel-rapl:1f:a", &id), ==, 0);
        g_assert_cmpint((int) id.control, ==, CONTROL_RAPL);
        g_assert_cmpuint(id.depth, ==, 2);
        g_assert_cmpuint(id.index[0], ==, 0x1f);
        g_assert_cmpuint(id.index[1], ==, 0xa);
        g_assert_cmpint(zone_id_parse("intel-rapl-tpmi:0", &id), ==, 0);
        g_assert_cmpint((int) id.control, ==, CONTROL_TPMI);
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_cmpint(zone_id_parse(bad[i], &id), ==, -EINVAL);
}

static void test_zone_names(void) {
        static const char *const bad[] = {
                "",          "package",    "package-",         "package-0-", "package-0-die",      "package-0-die-",
                "package-x", "package--1", "package-0-die-1-", "Dram",       "package-99999999999"
        };
        DomainKind kind;
        int package, die;

        g_assert_cmpint(zone_name_parse("package-0-die-1", &kind, &package, &die), ==, 0);
        g_assert_cmpint((int) kind, ==, DOMAIN_PACKAGE);
        g_assert_cmpint(package, ==, 0);
        g_assert_cmpint(die, ==, 1);
        g_assert_cmpint(zone_name_parse("package-10", &kind, &package, &die), ==, 0);
        g_assert_cmpint(package, ==, 10); /* decimal, unlike an index */
        g_assert_cmpint(die, ==, -1);
        g_assert_cmpint(zone_name_parse("psys", &kind, &package, &die), ==, 0);
        g_assert_cmpint((int) kind, ==, DOMAIN_PSYS);
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_cmpint(zone_name_parse(bad[i], &kind, &package, &die), ==, -EINVAL);
}

static const char *formats(const char *term, void *userdata) {
        if (strcmp(term, "event") == 0)
                return "config:0-7";
        if (strcmp(term, "umask") == 0)
                return "config:8-15";
        if (strcmp(term, "edge") == 0)
                return "config:18";
        if (strcmp(term, "wide") == 0)
                return "config:0-63";
        if (strcmp(term, "other") == 0)
                return "config1:0-7";
        if (strcmp(term, "odd") == 0)
                return "config:7-0";
        return NULL;
}

static void test_perf_events(void) {
        static const struct {
                const char *text;
                int error;
                uint64_t config;
        } table[] = {
                { "event=0x02", 0, 2 },
                { "event=2", 0, 2 },
                { "event=0x3c,umask=0x01", 0, 0x13c },
                { "event=0xff,edge", 0, 0x400ff },
                { "wide=0xffffffffffffffff", 0, UINT64_MAX },
                { "event=0x100", -EINVAL, 0 },
                { "event=0x", -EINVAL, 0 },
                { "event=0x-2", -EINVAL, 0 },
                { "event=", -EINVAL, 0 },
                { "", -EINVAL, 0 },
                { "unknown=1", -EINVAL, 0 },
                { "event=0x10000000000000002", -EINVAL, 0 },
                { "other=1", -EOPNOTSUPP, 0 },
                { "odd=1", -EINVAL, 0 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                uint64_t config = 0;

                g_assert_cmpint(pmu_event_parse(table[i].text, formats, NULL, &config), ==, table[i].error);
                g_assert_cmphex(config, ==, table[i].config);
        }
}

static void test_perf_units(void) {
        double unit_uj;

        g_assert_cmpint(pmu_unit_parse("2.3283064365386962890625e-10", "Joules", &unit_uj), ==, 0);
        g_assert_cmpfloat_with_epsilon(unit_uj, 1e6 / 4294967296, 1e-18);
        g_assert_cmpint(pmu_unit_parse("6.103515625e-05", "Joules", &unit_uj), ==, 0);
        g_assert_cmpfloat_with_epsilon(unit_uj, 61.03515625, 1e-12);
        g_assert_cmpint(pmu_unit_parse("1e-6", "mJ", &unit_uj), ==, -EINVAL);
        g_assert_cmpint(pmu_unit_parse("0", "Joules", &unit_uj), ==, -EINVAL);
        g_assert_cmpint(pmu_unit_parse("-1", "Joules", &unit_uj), ==, -EINVAL);
        g_assert_cmpint(pmu_unit_parse("nan", "Joules", &unit_uj), ==, -EINVAL);
        g_assert_cmpint(pmu_unit_parse("1e999", "Joules", &unit_uj), ==, -EINVAL);
        g_assert_cmpint(pmu_unit_parse("1e-6 J", "Joules", &unit_uj), ==, -EINVAL);
        g_assert_cmpint(pmu_unit_parse("", "Joules", &unit_uj), ==, -EINVAL);
}

static void test_reservation(void) {
        static const struct {
                const char *tree;
                Reservation reservation;
                const char *cpus, *housekeeping;
                bool shared;
        } table[] = {
                { "intel-client", RESERVATION_CORE, "3,7", "0-2,4-6", false },
                { "intel-server", RESERVATION_CORE, "3", "0-2", false },
                { "hybrid", RESERVATION_CORE, "2-3", "0-1,4-7", false },
                { "one-cpu", RESERVATION_NONE, "0", "0", false },
                { "one-core-smt", RESERVATION_CONFINED, "1", "0", true },
                { "frozen", RESERVATION_CORE, "1", "0", false },
                { "hex-indices", RESERVATION_CONFINED, "11", "0-11", false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autoptr(Topology) topology = discover(table[i].tree, 0);
                g_autofree char *cpus = NULL, *housekeeping = NULL;
                cpu_set_t set, rest, lead;

                g_assert_cmpint((int) topology_reserve_auto(topology, &set), ==, (int) table[i].reservation);
                cpus = cpulist_format(&set);
                g_assert_cmpstr(cpus, ==, table[i].cpus);
                topology_housekeeping(topology, &set, &rest);
                housekeeping = cpulist_format(&rest);
                g_assert_cmpstr(housekeeping, ==, table[i].housekeeping);
                g_assert_true(topology_smt_shared(topology, &set) == table[i].shared);

                topology_lead_cpus(topology, &lead);
                CPU_AND(&lead, &lead, &set);
                if (table[i].reservation == RESERVATION_CORE)
                        g_assert_cmpint(CPU_COUNT(&lead), ==, 0);
        }
}

static void test_no_cpus(void) {
        g_autoptr(Tree) tree = g_dir_make_tmp("jt-empty-XXXXXX", NULL);
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(Topology) topology = NULL;

        g_assert_cmpint(sysroot_open(tree, &root), ==, 0);
        g_assert_cmpint(topology_discover(root, 0, &topology), ==, -ENOENT);
        g_assert_null(topology);
}

static void test_fault_tables(void) {
        static const struct {
                const char *text;
                int error;
        } table[] = { { "", 0 },
                      { "a/b EIO\n", 0 },
                      { "a/b\n", -EINVAL },
                      { "a/b EWHAT\n", -EINVAL },
                      { "a/b EIO EIO\n", -EINVAL } };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autoptr(Tree) tree = tree_new();
                g_autoptr(Sysroot) root = NULL;
                g_autofree char *text = NULL;

                tree_put(tree, ".faults", table[i].text);
                tree_put(tree, "a/b", "text");
                g_assert_cmpint(sysroot_open(tree, &root), ==, table[i].error);
                if (table[i].error == 0)
                        g_assert_cmpint(sysroot_read(root, "a/b", &text), ==, *table[i].text ? -EIO : 0);
        }
}

static void test_this_host(void) {
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(Topology) topology = NULL;
        g_autofree char *text = NULL;

        g_assert_cmpint(sysroot_open(NULL, &root), ==, 0);
        g_assert_cmpint(topology_discover(root, TOPOLOGY_PROBE, &topology), ==, 0);
        text = topology_describe(topology);
        g_test_message("%s", text);
        g_assert_cmpuint(topology->cpu->n_cpus, >, 0);
}

int main(int argc, char **argv) {
        g_autoptr(GDir) fixtures = NULL;
        const char *name;
        int n = 0;

        g_test_init(&argc, &argv, NULL);
        fixtures = g_dir_open(FIXTURES, 0, NULL);
        while ((name = g_dir_read_name(fixtures))) {
                g_autofree char *tree = g_build_filename(FIXTURES, name, NULL);
                g_autofree char *online = g_build_filename(tree, "sys/devices/system/cpu/online", NULL);

                if (g_file_test(online, G_FILE_TEST_EXISTS)) {
                        g_autofree char *path = g_strdup_printf("/topology/golden/%s", name);

                        g_test_add_data_func_full(path, g_strdup(name), test_golden, g_free);
                        n++;
                }
        }
        g_assert_cmpint(n, >=, 15);

        g_test_add_func("/topology/psys-and-parts-are-not-added", test_psys_and_parts_are_not_added);
        g_test_add_func("/topology/each-zone-has-its-range", test_each_zone_has_its_range);
        g_test_add_func("/topology/index-is-not-the-socket", test_index_is_not_the_socket);
        g_test_add_func("/topology/two-real-dies-are-both-added", test_two_real_dies_are_both_added);
        g_test_add_func("/topology/mirrors", test_mirrors);
        g_test_add_func("/topology/is-mirror", test_is_mirror);
        g_test_add_func("/topology/unprobed-opens-no-counter", test_unprobed_opens_no_counter);
        g_test_add_func("/topology/zone-ids", test_zone_ids);
        g_test_add_func("/topology/zone-names", test_zone_names);
        g_test_add_func("/topology/perf-events", test_perf_events);
        g_test_add_func("/topology/perf-units", test_perf_units);
        g_test_add_func("/topology/reservation", test_reservation);
        g_test_add_func("/topology/no-cpus", test_no_cpus);
        g_test_add_func("/topology/fault-tables", test_fault_tables);
        g_test_add_func("/topology/this-host", test_this_host);
        return g_test_run();
}
