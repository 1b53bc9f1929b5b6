/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "worker-client.h"

#define SH(script) ((const char *const[]){ "sh", "-c", script, NULL })

static char *own_directory(mode_t mode) {
        char *dir = g_strdup("/tmp/jouletrace-worker-XXXXXX");

        g_assert_nonnull(g_mkdtemp(dir));
        g_assert_cmpint(chmod(dir, mode), ==, 0);
        return dir;
}

/* A machine with one sensor, and a program that ends with another temperature. */
static char *make_hot(WorkerClient *client, unsigned before_c, unsigned after_c) {
        char *dir = own_directory(0755);
        g_autofree char *make =
                        g_strdup_printf("mkdir -p %s/sys/class/thermal/thermal_zone3 "
                                        "%s/sys/devices/system/cpu && cd %s/sys/class/thermal/thermal_zone3 && "
                                        "echo x86_pkg_temp > type && echo %u000 > temp && "
                                        "echo critical > trip_point_0_type && echo 100000 > trip_point_0_temp && "
                                        "echo 0-1 > %s/sys/devices/system/cpu/online",
                                        dir, dir, dir, before_c, dir);
        g_autofree char *script = g_strdup_printf("echo %u000 > %s/sys/class/thermal/thermal_zone3/temp; sleep 0.01",
                                                  after_c, dir);

        g_assert_cmpint(system(make), ==, 0);
        worker_client_init(client, SH(script));
        client->context.sysroot = dir;
        client->request->thermal_wait_usec = 300 * USEC_PER_MSEC;
        return dir;
}

static void test_thermal(void) {
        g_auto(WorkerClient) client;
        g_autofree char *dir = make_hot(&client, 41, 55), *clean = g_strdup_printf("rm -r %s", dir);

        client.request->trials = 2;
        worker_measure(&client);
        g_assert_cmpint(client.result->result, ==, RESULT_DONE);
        g_assert_cmpint(report_int(client.full, "measurement.trials.0.temp_start_mc"), ==, 41000);
        g_assert_cmpint(report_int(client.full, "measurement.trials.0.temp_end_mc"), ==, 55000);
        g_assert_cmpint(report_int(client.full, "measurement.trials.1.temp_start_mc"), ==, 55000);
        g_assert_cmpstr(report_string(client.full, "measurement.trials.1.quality.0"), ==, "TEMP_START_OFF");
        g_assert_cmpint(report_int(client.full, "environment.thermal.limit_mc"), ==, 100000);
        g_assert_cmpint(system(clean), ==, 0);
}

/* With a strict policy such trials do not count, and no more of them are made than the bound of reruns allows. */
static void test_thermal_strict(void) {
        g_auto(WorkerClient) client;
        g_autofree char *dir = make_hot(&client, 41, 55), *clean = g_strdup_printf("rm -r %s", dir);

        client.context.thermal_strict = true;
        client.request->trials = 2;
        worker_measure(&client);
        g_assert_cmpint(client.result->result, ==, RESULT_UNSTABLE);
        g_assert_cmpstr(client.result->status, ==, "INVALIDATED");
        g_assert_cmpuint(client.result->trials, ==, 5);
        g_assert_cmpuint(client.result->invalid_trials, ==, 4);
        g_assert_nonnull(strstr(report_string(client.full, "measurement.trials.4.reason"), "started at 55.0 °C"));
        g_assert_cmpint(system(clean), ==, 0);
}

/* The limit holds for a warm-up, too; what it started at is nothing to the trials. */
static void test_thermal_limit(void) {
        g_auto(WorkerClient) client;
        g_autofree char *dir = make_hot(&client, 60, 40), *clean = g_strdup_printf("rm -r %s", dir);

        client.context.thermal_limit_mc = 60000;
        client.request->warmups = 1;
        client.request->trials = 2;
        worker_measure(&client);
        g_assert_cmpint(client.result->result, ==, RESULT_DONE);
        g_assert_cmpint(report_int(client.full, "environment.thermal.limit_mc"), ==, 60000);
        g_assert_cmpint(report_int(client.full, "measurement.warmups.0.temp_start_mc"), ==, 60000);
        g_assert_cmpstr(report_string(client.full, "measurement.warmups.0.quality.0"), ==, "TEMP_START_OFF");
        g_assert_cmpint(report_int(client.full, "measurement.trials.0.temp_start_mc"), ==, 40000);
        g_assert_cmpuint(json_array_get_length(json_node_get_array(
                                         report_node(client.full, "measurement.trials.0.quality"))),
                         ==, 0);
        g_assert_cmpint(system(clean), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/worker/thermal", test_thermal);
        g_test_add_func("/worker/thermal-strict", test_thermal_strict);
        g_test_add_func("/worker/thermal-limit", test_thermal_limit);
        return g_test_run();
}
