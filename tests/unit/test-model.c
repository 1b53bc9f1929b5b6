/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "meter.h"
#include "tree.h"

typedef struct Time {
        uint64_t usec;
        int error;
} Time;

static int cpu_time(void *userdata, uint64_t *ret_usec) {
        Time *t = userdata;

        *ret_usec = t->usec;
        return t->error;
}

static int open_model(const MeterConfig *config, Meter **ret, char **ret_reason) {
        g_autofree char *tree = g_build_filename(FIXTURES, "no-rapl", NULL);
        g_autoptr(Sysroot) root = NULL;
        g_autoptr(Topology) topology = NULL;

        g_assert_cmpint(sysroot_open(tree, &root), ==, 0);
        g_assert_cmpint(topology_discover(root, TOPOLOGY_PROBE, &topology), ==, 0);
        return meter_open(topology, root, config, ret, ret_reason);
}

static void test_watts_times_time(void) {
        Time used = { .usec = 1000 };
        MeterConfig config = { .name = "model", .model_watts_per_cpu = 12.5, .cpu_time = cpu_time, .userdata = &used };
        g_autoptr(Meter) meter = NULL;
        Reading begin, end;
        const MeterDomain *domains;
        uint64_t total;
        size_t n;

        g_assert_cmpint(open_model(&config, &meter, NULL), ==, 0);
        g_assert_true(meter_simulated(meter));
        g_assert_cmpstr(meter_name(meter), ==, "model");
        domains = meter_domains(meter, &n);
        g_assert_cmpuint(n, ==, 1);
        g_assert_cmpstr(domains[0].source, ==, "model");
        g_assert_cmpuint(meter_watchdog_usec(meter), ==, USEC_INFINITY);

        g_assert_cmpint(meter_read(meter, &begin), ==, 0);
        used.usec += 2000000;
        g_assert_cmpint(meter_read(meter, &end), ==, 0);
        g_assert_cmpint(meter_total_uj(meter, &begin, &end, &total), ==, 0);
        g_assert_cmpuint(total, ==, 25000000); /* 12.5 W for 2 s */
}

static void test_idle(void) {
        Time used = {};
        MeterConfig config = { .name = "model", .model_idle_watts = 20, .cpu_time = cpu_time, .userdata = &used };
        g_autoptr(Meter) meter = NULL;
        Reading begin, end;
        uint64_t total;

        g_assert_cmpint(open_model(&config, &meter, NULL), ==, 0);
        g_assert_cmpint(meter_read(meter, &begin), ==, 0);
        g_usleep(20000);
        g_assert_cmpint(meter_read(meter, &end), ==, 0);
        g_assert_cmpint(meter_total_uj(meter, &begin, &end, &total), ==, 0);
        /* 20 W × ns ÷ 1000 is µJ: between the inner and the outer stamps. */
        g_assert_cmpuint(total, <=, (end.after_ns - begin.before_ns) / 50 + 2);
        g_assert_cmpuint(total, >=, (end.before_ns - begin.after_ns) / 50 - 2);
}

static void test_no_time_is_no_energy(void) {
        Time used = { .usec = 5 };
        MeterConfig config = { .name = "model", .model_watts_per_cpu = 1, .cpu_time = cpu_time, .userdata = &used };
        g_autoptr(Meter) meter = NULL;
        Reading begin, end;
        uint64_t total;

        g_assert_cmpint(open_model(&config, &meter, NULL), ==, 0);
        g_assert_cmpint(meter_read(meter, &begin), ==, 0);
        used.error = -ENOENT;
        g_assert_cmpint(meter_read(meter, &end), ==, -ENOENT);
        g_assert_cmpint(meter_total_uj(meter, &begin, &end, &total), ==, -ENOENT);
        used = (Time){ .usec = 4 };
        g_assert_cmpint(meter_read(meter, &end), ==, -EIO); /* time does not run backwards */
}

static void test_only_when_asked_for(void) {
        Time used = {};
        MeterConfig config = { .model_watts_per_cpu = 10, .cpu_time = cpu_time, .userdata = &used };
        g_autoptr(Meter) meter = NULL;
        g_autofree char *reason = NULL;

        g_assert_cmpint(open_model(&config, &meter, &reason), ==, -ENODEV);
        g_assert_null(meter);
        g_assert_cmpstr(reason, ==, "this host shows no RAPL counter");
}

static void test_bad_watts(void) {
        static const double bad[] = { -1, NAN, INFINITY, 100001 };
        Time used = {};

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(Meter) meter = NULL;
                g_autofree char *cpu_reason = NULL, *idle_reason = NULL;
                MeterConfig cpu = {
                        .name = "model", .model_watts_per_cpu = bad[i], .cpu_time = cpu_time, .userdata = &used
                };
                MeterConfig idle = {
                        .name = "model", .model_idle_watts = bad[i], .cpu_time = cpu_time, .userdata = &used
                };

                g_assert_cmpint(open_model(&cpu, &meter, &cpu_reason), ==, -EINVAL);
                g_assert_nonnull(strstr(cpu_reason, "watts"));
                g_assert_cmpint(open_model(&idle, &meter, &idle_reason), ==, -EINVAL);
        }
        {
                g_autoptr(Meter) meter = NULL;

                g_assert_cmpint(open_model(&(MeterConfig){ .name = "model" }, &meter, NULL), ==, -EINVAL);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/model/watts-times-time", test_watts_times_time);
        g_test_add_func("/model/idle", test_idle);
        g_test_add_func("/model/no-time-is-no-energy", test_no_time_is_no_energy);
        g_test_add_func("/model/only-when-asked-for", test_only_when_asked_for);
        g_test_add_func("/model/bad-watts", test_bad_watts);
        return g_test_run();
}
