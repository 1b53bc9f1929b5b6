/* SPDX-License-Identifier: MIT */

/* When the real worker makes its trials, how many runs of each, and which are long enough. */

#include <string.h>

#include "tree.h"
#include "worker-client.h"

#define SH(script) ((const char *const[]){ "sh", "-c", script, NULL })
#define ZONE "sys/class/thermal/thermal_zone3"

/* Nothing makes a package warmer that idles: it is said that it was colder, and not waited. */
static void test_cold_package(void) {
        g_auto(WorkerClient) client;
        g_autofree char *script = NULL;
        Tree *tree = tree_new();
        uint64_t begin_usec;

        tree_put(tree, "sys/devices/system/cpu/online", "0-1\n");
        tree_put(tree, ZONE "/type", "x86_pkg_temp\n");
        tree_put(tree, ZONE "/temp", "55000\n");
        script = g_strdup_printf("echo 41000 > %s/" ZONE "/temp; sleep 0.01", tree);
        worker_client_init(&client, SH(script));
        client.context.sysroot = tree;
        client.request->trials = 2;
        client.request->thermal_wait_usec = 30 * USEC_PER_SEC;
        begin_usec = now_monotonic_usec();
        worker_measure(&client);
        g_assert_cmpuint(now_monotonic_usec() - begin_usec, <, 25 * USEC_PER_SEC);
        g_assert_cmpint(client.result->result, ==, RESULT_DONE);
        g_assert_cmpint(report_int(client.full, "measurement.trials.1.temp_start_mc"), ==, 41000);
        g_assert_cmpstr(report_string(client.full, "measurement.trials.1.quality.0"), ==, "TEMP_START_OFF");
        tree_free(tree);
}

/* The first of all runs is slow, and long enough: by the others, which are faster, the windows are planned again. Two
 * of them are a window on the slowest of hosts, too. */
static void test_slow_first_run(void) {
        g_auto(WorkerClient) client;
        Tree *tree = tree_new();
        g_autofree char *script = g_strdup_printf("if [ -e %s/ran ]; then sleep 0.1; else : > %s/ran; sleep 0.4; fi",
                                                  tree, tree);

        worker_client_init(&client, SH(script));
        client.request->trials = 3;
        client.request->min_window_usec = 200 * USEC_PER_MSEC;
        worker_measure(&client);
        g_assert_cmpint(client.result->result, ==, RESULT_DONE);
        g_assert_false(json_node_get_boolean(report_node(client.full, "measurement.trials.0.valid")));
        g_assert_nonnull(strstr(report_string(client.full, "measurement.trials.0.reason"), "later runs were faster"));
        g_assert_cmpint(report_int(client.full, "measurement.trials.2.iterations"), >, 1);
        g_assert_cmpfloat(client.result->wall, <, 0.4);
        tree_free(tree);
}

/* Seventy regions of a millisecond together are as long as MinWindow, and tell of others at moments that the program
 * chose: they have a time. Only who may see everything is given their energy. */
static void test_short_regions(void) {
        static const char *const resolutions[] = { "rounded", "fine" };

        for (size_t i = 0; i < G_N_ELEMENTS(resolutions); i++) {
                g_auto(WorkerClient) client;
                bool valid = false;

                worker_client_init(&client,
                                   (const char *const[]){ "/usr/bin/python3", "-c",
                                                          "import jouletrace, time\nfor i in range(70):\n    with "
                                                          "jouletrace.region():\n        time.sleep(0.001)\n",
                                                          NULL });
                client.request->region = true;
                client.request->env = g_strdupv((char *[]){ (char *) "PYTHONPATH=" SOURCE "/region",
                                                            (char *) "PYTHONDONTWRITEBYTECODE=1", NULL });
                client.context.region_min_usec = 60 * USEC_PER_MSEC;
                g_free(client.request->resolution);
                client.request->resolution = g_strdup(resolutions[i]);
                worker_measure(&client);
                valid = json_node_get_boolean(report_node(client.full, "measurement.trials.0.valid"));
                g_assert_true(valid == (i == 1));
                g_assert_cmpint(report_int(client.full, "measurement.trials.0.wall_ns"), >=, 70000000);
                if (valid)
                        continue;
                g_assert_cmpstr(client.result->status, ==, "UNMEASURABLE");
                g_assert_cmpstr(report_string(client.full, "measurement.trials.0.quality.0"), ==, "TOO_SHORT");
                g_assert_true(JSON_NODE_HOLDS_NULL(report_node(client.full, "measurement.trials.0.total_uj")));
                g_assert_true(JSON_NODE_HOLDS_NULL(
                                report_node(client.full, "measurement.trials.0.windows.0.energy_uj.model")));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/worker-pace/cold-package", test_cold_package);
        g_test_add_func("/worker-pace/slow-first-run", test_slow_first_run);
        g_test_add_func("/worker-pace/short-regions", test_short_regions);
        return g_test_run();
}
