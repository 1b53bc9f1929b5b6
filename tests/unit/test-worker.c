/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "worker-client.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_simple(void) {
        g_auto(WorkerClient) client;

        worker_client_init(&client, ARGV("sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo out"));
        client.request->trials = 3;
        client.request->warmups = 1;
        worker_measure(&client);

        g_assert_nonnull(client.result);
        g_assert_cmpint(client.result->result, ==, RESULT_DONE);
        g_assert_cmpstr(client.result->status, ==, "OK");
        g_assert_true(client.result->simulated);
        g_assert_cmpuint(client.result->trials, ==, 3);
        g_assert_cmpfloat(client.result->wall, >, 0);
        g_assert_cmpfloat(client.result->cpu, >, 0);
        g_assert_cmpfloat_with_epsilon(client.result->total_energy, client.result->cpu * 10, 0.002);
        g_assert_cmpstr(report_string(client.report, "measurement.status"), ==, "OK");
        g_assert_cmpint(report_int(client.report, "measurement.trials.2.iterations"), >=, 1);
        g_assert_cmpint(report_int(client.report, "measurement.trials.0.total_uj") % 1000, ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/worker/simple", test_simple);
        return g_test_run();
}
