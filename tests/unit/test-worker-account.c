/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "no-cgroup.h"
#include "worker-problem.h"

/* What is charged to a run: the CPU time of whatever it started, in user and system mode. As root, and with
 * --no-cgroup where no cgroup does the counting. */

/* ---- the limit ---- */

static void init_limited(Problem *problem, const char *script) {
        problem_init(problem, JOB_VALIDATE);
        problem->client.request->cpu_limit_usec = 200 * USEC_PER_MSEC;
        problem->client.request->wall_limit_usec = 30 * USEC_PER_SEC;
        problem_file(problem, "run", script);
        problem_test(problem, "one", "", "3\n");
}

/* Time that passes is not CPU time. */
static void test_sleep(void) {
        g_auto(Problem) problem = {};

        init_limited(&problem, SHELL "sleep 1; echo 3\n");
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpint(report_int(problem.client.report, "validation.tests.0.wall_ns"), >=, 1000000000);
        g_assert_cmpint(report_int(problem.client.report, "validation.tests.0.cpu_usec"), <, 200000);
}

/* The kernel's work for a program is the program's, too: random bytes cost dd next to nothing in user mode. */
static void test_system_time(void) {
        g_auto(Problem) problem = {};

        init_limited(&problem, SHELL "exec dd if=/dev/urandom of=/dev/null bs=4M\n");
        problem_run(&problem);
        problem_assert_verdict(&problem, "TLE");
        g_assert_cmpint(report_int(problem.client.report, "validation.tests.0.cpu_usec"), >=, 200000);
        g_assert_cmpint(report_int(problem.client.report, "validation.tests.0.wall_ns"), <, 30000000000);
}

/* ---- orphans ---- */

/* The same work, measured by the CPU clock of whoever does it: the machine's other load does not show. */
#define WORKER_PY                                               \
        "import os, sys, time\n"                                \
        "def work():\n"                                         \
        "    begin = time.process_time()\n"                     \
        "    while time.process_time() - begin < 0.6: pass\n"   \
        "who = sys.argv[1] if len(sys.argv) > 1 else input()\n" \
        "if who == 'orphan':\n"                                 \
        "    r, w = os.pipe()\n"                                \
        "    if os.fork() == 0:\n"                              \
        "        os.setsid()\n"                                 \
        "        if os.fork() == 0: work()\n"                   \
        "        os._exit(0)\n"                                 \
        "    os.close(w)\n"                                     \
        "    os.wait()\n"                                       \
        "    os.read(r, 1)\n"                                   \
        "else: work()\n"                                        \
        "print(who)\n"

/* The orphan starts no interpreter, but is forked, twice. */
static void assert_paid(const char *what, double orphan, double foreground) {
        g_test_message("%s: %g in an orphan, %g in the foreground", what, orphan, foreground);
        g_assert_cmpfloat(foreground, >, 0);
        g_assert_cmpfloat(orphan / foreground, >=, 0.95);
        g_assert_cmpfloat(orphan / foreground, <, 1.2);
}

static const char *const doers[] = { "foreground", "orphan" };

/* Two tests of one job. */
static void test_boxed_orphan(void) {
        g_auto(Problem) problem = {};
        double cpu_usec[2], energy_j[2];

        problem_init(&problem, JOB_MEASURE);
        problem.client.request->cpu_limit_usec = 20 * USEC_PER_SEC;
        problem.client.request->wall_limit_usec = 40 * USEC_PER_SEC;
        problem_file(&problem, "run", "#!/usr/bin/python3\n" WORKER_PY);
        for (size_t i = 0; i < G_N_ELEMENTS(doers); i++) {
                g_autofree char *text = g_strdup_printf("%s\n", doers[i]);

                problem_test(&problem, doers[i], text, text);
        }
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
        for (size_t i = 0; i < G_N_ELEMENTS(doers); i++) {
                g_autofree char *cpu = g_strdup_printf("measurement.trials.0.windows.%zu.cpu_usec", i);
                g_autofree char *energy = g_strdup_printf("measurement.summary.per_test.%zu.total_j", i);
                g_autofree char *name = g_strdup_printf("measurement.summary.per_test.%zu.name", i);

                g_assert_cmpstr(report_string(problem.client.full, name), ==, doers[i]);
                cpu_usec[i] = (double) report_int(problem.client.full, cpu);
                energy_j[i] = report_double(problem.client.full, energy);
        }
        assert_paid("CPU time (us)", cpu_usec[1], cpu_usec[0]);
        assert_paid("energy (J)", energy_j[1], energy_j[0]);
}

static void test_host_orphan(void) {
        double cpu_usec[2], energy_j[2];

        for (size_t i = 0; i < G_N_ELEMENTS(doers); i++) {
                g_auto(WorkerClient) client;

                worker_client_init(&client,
                                   (const char *const[]){ "/usr/bin/python3", "-c", WORKER_PY, doers[i], NULL });
                client.request->cpu_limit_usec = 20 * USEC_PER_SEC;
                client.request->wall_limit_usec = 40 * USEC_PER_SEC;
                worker_measure(&client);
                g_assert_cmpint(client.result->result, ==, RESULT_DONE);
                cpu_usec[i] = (double) report_int(client.full, "measurement.trials.0.cpu_usec");
                energy_j[i] = client.result->total_energy;
        }
        assert_paid("CPU time (us)", cpu_usec[1], cpu_usec[0]);
        assert_paid("energy (J)", energy_j[1], energy_j[0]);
}

int main(int argc, char **argv) {
        if (argc > 1 && g_str_equal(argv[1], "--no-cgroup")) {
                leave_cgroups();
                argv[1] = argv[0];
                argc--;
                argv++;
        }
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/account/sleep", test_sleep);
        g_test_add_func("/account/system-time", test_system_time);
        g_test_add_func("/account/boxed-orphan", test_boxed_orphan);
        g_test_add_func("/account/host-orphan", test_host_orphan);
        return g_test_run();
}
