/* SPDX-License-Identifier: MIT */
#include "thermal.h"
#include "tree.h"

#define ZONE(n) "sys/class/thermal/thermal_zone" #n "/"
#define HWMON(n) "sys/class/hwmon/hwmon" #n "/"

typedef struct Fixture {
        char *tree;
        Sysroot *root;
        Thermal *thermal;
} Fixture;

static void set_up(Fixture *f, const void *data) {
        f->tree = tree_new();
}

static void tear_down(Fixture *f, const void *data) {
        thermal_free(f->thermal);
        sysroot_free(f->root);
        tree_free(f->tree);
}

static int open_limited(Fixture *f, int64_t limit_mc) {
        f->thermal = thermal_free(f->thermal);
        f->root = sysroot_free(f->root);
        g_assert_cmpint(sysroot_open(f->tree, &f->root), ==, 0);
        return thermal_open(f->root, 3000, limit_mc, &f->thermal);
}

static void assert_reads(Fixture *f, int64_t mc) {
        int64_t now_mc = 0;

        g_assert_cmpint(open_limited(f, 0), ==, 0);
        g_assert_cmpint(thermal_read(f->thermal, &now_mc), ==, 0);
        g_assert_cmpint(now_mc, ==, mc);
}

/* 0: none */
static void assert_limit(Fixture *f, int64_t configured_mc, int64_t mc) {
        int64_t limit_mc = 0;

        g_assert_cmpint(open_limited(f, configured_mc), ==, 0);
        g_assert_cmpint(thermal_limit(f->thermal, &limit_mc), ==, mc > 0 ? 0 : -ENODATA);
        g_assert_cmpint(limit_mc, ==, mc);
}

static void zone(const Fixture *f, const char *number, const char *type, const char *temperature) {
        g_autofree char *type_file = g_strdup_printf("sys/class/thermal/thermal_zone%s/type", number);
        g_autofree char *temp_file = g_strdup_printf("sys/class/thermal/thermal_zone%s/temp", number);

        tree_put(f->tree, type_file, type);
        tree_put(f->tree, temp_file, temperature);
}

static void hwmon(const Fixture *f, const char *number, const char *driver, const char *temperature) {
        g_autofree char *name_file = g_strdup_printf("sys/class/hwmon/hwmon%s/name", number);
        g_autofree char *temp_file = g_strdup_printf("sys/class/hwmon/hwmon%s/temp1_input", number);

        tree_put(f->tree, name_file, driver);
        tree_put(f->tree, temp_file, temperature);
}

static void test_no_sensor(Fixture *f, const void *data) {
        g_assert_cmpint(open_limited(f, 0), ==, -ENOENT);
        zone(f, "0", "acpitz\n", "27800\n");
        hwmon(f, "0", "nvme\n", "39850\n");
        g_assert_cmpint(open_limited(f, 0), ==, -ENOENT);
}

/* The hottest package counts; a zone of the board or of the wireless card is none. */
static void test_zones(Fixture *f, const void *data) {
        zone(f, "0", "acpitz\n", "99000\n");
        zone(f, "3", "x86_pkg_temp\n", "41000\n");
        assert_reads(f, 41000);
        zone(f, "10", "x86_pkg_temp\n", "52000\n");
        assert_reads(f, 52000);
        zone(f, "10", "x86_pkg_temp\n", "-2000\n");
        zone(f, "3", "x86_pkg_temp\n", "-1000\n");
        assert_reads(f, -1000);
}

static void test_hwmon(Fixture *f, const void *data) {
        hwmon(f, "0", "nvme\n", "70000\n");
        hwmon(f, "1", "coretemp\n", "44000\n");
        tree_put(f->tree, HWMON(1) "temp2_input", "60000\n"); /* a core */
        assert_reads(f, 44000);
        hwmon(f, "2", "coretemp\n", "47000\n");
        assert_reads(f, 47000);
        hwmon(f, "1", "k10temp\n", "50125\n");
        assert_reads(f, 50125);
        /* Where there are zones they are asked, for they are the same sensors. */
        zone(f, "0", "x86_pkg_temp\n", "43000\n");
        assert_reads(f, 43000);
}

static void test_unreadable(Fixture *f, const void *data) {
        int64_t mc;

        zone(f, "0", "x86_pkg_temp\n", "41000\n");
        zone(f, "1", "x86_pkg_temp\n", "55000\n");
        tree_put(f->tree, ".faults", ZONE(1) "temp EIO\n");
        assert_reads(f, 41000);
        tree_put(f->tree, ".faults", ZONE(0) "temp ENODATA\n" ZONE(1) "temp EIO\n");
        g_assert_cmpint(open_limited(f, 0), ==, -EIO);
        tree_put(f->tree, ".faults", "");
        g_assert_cmpint(open_limited(f, 0), ==, 0);
        tree_put(f->tree, ZONE(0) "temp", "hot\n");
        tree_put(f->tree, ZONE(1) "temp", "\n");
        g_assert_cmpint(thermal_read(f->thermal, &mc), ==, -EINVAL);
}

static void test_limit(Fixture *f, const void *data) {
        zone(f, "0", "x86_pkg_temp\n", "41000\n");
        zone(f, "1", "acpitz\n", "27000\n");
        assert_limit(f, 0, 0);
        assert_limit(f, 80000, 80000);
        hwmon(f, "0", "coretemp\n", "41000\n");
        tree_put(f->tree, HWMON(0) "temp1_crit", "105000\n");
        assert_limit(f, 0, 105000);
        tree_put(f->tree, ZONE(1) "trip_point_0_type", "critical\n");
        tree_put(f->tree, ZONE(1) "trip_point_0_temp", "20000\n");
        tree_put(f->tree, ZONE(0) "trip_point_0_type", "passive\n"); /* thermald wants to know */
        tree_put(f->tree, ZONE(0) "trip_point_0_temp", "40000\n");
        tree_put(f->tree, ZONE(0) "trip_point_1_type", "active\n"); /* a fan */
        tree_put(f->tree, ZONE(0) "trip_point_1_temp", "50000\n");
        assert_limit(f, 0, 105000);
        tree_put(f->tree, ZONE(0) "trip_point_2_type", "critical\n");
        tree_put(f->tree, ZONE(0) "trip_point_2_temp", "100000\n");
        tree_put(f->tree, ZONE(0) "trip_point_3_type", "hot\n");
        tree_put(f->tree, ZONE(0) "trip_point_3_temp", "95000\n");
        assert_limit(f, 0, 95000);
        tree_put(f->tree, HWMON(0) "temp1_crit", "90000\n");
        assert_limit(f, 0, 90000);
        tree_put(f->tree, HWMON(0) "temp1_crit", "0\n"); /* not known to the firmware */
        assert_limit(f, 80000, 80000);
        assert_limit(f, 99000, 95000);
}

static const struct {
        int64_t now_mc, reference_mc; /* reference 0: this is the first trial */
        ThermalGate limited, unlimited;
} gate[] = {
        { 50000, 50000, THERMAL_OPEN, THERMAL_OPEN }, { 53000, 50000, THERMAL_OPEN, THERMAL_OPEN },
        { 53001, 50000, THERMAL_HOT, THERMAL_HOT },   { 47000, 50000, THERMAL_OPEN, THERMAL_OPEN },
        { 46999, 50000, THERMAL_COLD, THERMAL_COLD }, { 79999, 78000, THERMAL_OPEN, THERMAL_OPEN },
        { 80000, 79000, THERMAL_HOT, THERMAL_OPEN },  { 30000, 0, THERMAL_OPEN, THERMAL_OPEN },
        { 79999, 0, THERMAL_OPEN, THERMAL_OPEN },     { 80000, 0, THERMAL_HOT, THERMAL_OPEN },
        { 80000, 90000, THERMAL_HOT, THERMAL_COLD },
};

static void test_gate(Fixture *f, const void *data) {
        zone(f, "0", "x86_pkg_temp\n", "41000\n");
        for (size_t i = 0; i < G_N_ELEMENTS(gate); i++) {
                const int64_t *reference_mc = gate[i].reference_mc ? &gate[i].reference_mc : NULL;

                g_assert_cmpint(open_limited(f, 80000), ==, 0);
                g_assert_cmpint(thermal_look(f->thermal, gate[i].now_mc, reference_mc), ==, gate[i].limited);
                g_assert_cmpint(open_limited(f, 0), ==, 0);
                g_assert_cmpint(thermal_look(f->thermal, gate[i].now_mc, reference_mc), ==, gate[i].unlimited);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/thermal/no-sensor", Fixture, NULL, set_up, test_no_sensor, tear_down);
        g_test_add("/thermal/zones", Fixture, NULL, set_up, test_zones, tear_down);
        g_test_add("/thermal/hwmon", Fixture, NULL, set_up, test_hwmon, tear_down);
        g_test_add("/thermal/unreadable", Fixture, NULL, set_up, test_unreadable, tear_down);
        g_test_add("/thermal/limit", Fixture, NULL, set_up, test_limit, tear_down);
        g_test_add("/thermal/gate", Fixture, NULL, set_up, test_gate, tear_down);
        return g_test_run();
}
