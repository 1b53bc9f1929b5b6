/* SPDX-License-Identifier: MIT */
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "no-cgroup.h"
#include "worker-problem.h"

/* A worker that may do less than the service's: without cgroups, and where the kernel gives no box. */

#define STRANGER 65534 /* may not signal a box's stub */

/* Whatever a failed test leaves alive has become our child. */
static void kill_children(void) {
        g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", getpid()), *text = NULL;

        while (g_file_get_contents(path, &text, NULL, NULL) && *text) {
                const pid_t pid = (pid_t) atoi(text);

                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
                g_clear_pointer(&text, g_free);
        }
}

/* What a test does to its own process, it does to a child. */
static void in_child(void (*what)(gconstpointer), gconstpointer data) {
        const pid_t pid = fork();
        int status;

        if (pid == 0) {
                what(data);
                _exit(0);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        kill_children();
        g_assert_cmpint(status, ==, 0);
}

/* ---- without cgroups ---- */

/* Whoever has the uid of a box, or had. */
static bool any_boxed(void) {
        g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
        const char *name;
        bool found = false;

        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename("/proc", name, "status", NULL), *text = NULL;
                const char *line;

                if (!g_ascii_isdigit(*name) || !g_file_get_contents(path, &text, NULL, NULL))
                        continue;
                line = strstr(text, "\nUid:\t");
                found |= line && strtoul(line + 6, NULL, 10) - BOX_UID < N_BOX_UIDS;
        }
        return found;
}

static void wait_boxed(bool wanted) {
        const uint64_t deadline = now_monotonic_usec() + 10 * USEC_PER_SEC;

        while (any_boxed() != wanted) {
                g_assert_cmpuint(now_monotonic_usec(), <, deadline);
                g_usleep(1000);
        }
}

/* In its own session, with a child in another, it never ends. */
static void init_endless(Problem *problem, uid_t caller) {
        problem_init(problem, JOB_VALIDATE);
        problem->client.context.uid = caller;
        problem->client.request->cpu_limit_usec = 300 * USEC_PER_MSEC;
        problem->client.request->wall_limit_usec = 50 * USEC_PER_SEC;
        problem_file(problem, "run", SHELL "trap '' TERM; setsid sleep 600 & while :; do :; done\n");
        problem_test(problem, "one", "", "");
}

/* Until it runs in its box, where no limit ends it soon. */
static void begin_endless(Problem *problem, uid_t caller) {
        init_endless(problem, caller);
        problem->client.request->cpu_limit_usec = 40 * USEC_PER_SEC;
        problem_begin(problem);
        g_assert_cmpint(sd_bus_flush(problem->client.bus), >=, 0);
        wait_boxed(true);
}

static const uid_t callers[] = { STRANGER, 0 };

static void end_by_cpu_limit(gconstpointer data) {
        leave_cgroups();
        for (size_t i = 0; i < G_N_ELEMENTS(callers); i++) {
                g_auto(Problem) problem = {};

                init_endless(&problem, callers[i]);
                problem_run(&problem);
                problem_assert_verdict(&problem, "TLE");
                g_assert_cmpstr(report_string(problem.client.report, "environment.containment"), ==, "process group");
                g_assert_cmpint(report_int(problem.client.report, "validation.tests.0.cpu_usec"), >=, 300000);
                g_assert_cmpint(report_int(problem.client.report, "validation.tests.0.cpu_usec"), <, 3000000);
                g_assert_false(any_boxed());
        }
}

static void test_cpu_limit(void) {
        in_child(end_by_cpu_limit, NULL);
}

static void end_by_cancel(gconstpointer data) {
        leave_cgroups();
        for (size_t i = 0; i < G_N_ELEMENTS(callers); i++) {
                g_auto(Problem) problem = {};

                begin_endless(&problem, callers[i]);
                g_assert_cmpint(sd_bus_call_method_async(problem.client.bus, NULL, NULL, JT_WORKER_PATH,
                                                         JT_WORKER_INTERFACE, "Cancel", NULL, NULL, "s",
                                                         JT_ERROR_CANCELLED),
                                >=, 0);
                worker_run_end(&problem.client);
                g_assert_cmpint(problem.client.result->result, ==, RESULT_CANCELLED);
                g_assert_false(any_boxed());
        }
}

static void test_cancel(void) {
        in_child(end_by_cancel, NULL);
}

/* Nobody else may end what he leaves behind. */
static void end_by_death(gconstpointer data) {
        g_auto(Problem) problem = {};

        leave_cgroups();
        begin_endless(&problem, STRANGER);
        g_assert_cmpint(kill(problem.client.worker_pid, SIGKILL), ==, 0);
        wait_boxed(false);
}

static void test_judge_killed(void) {
        in_child(end_by_death, NULL);
}

/* Nobody is left who might signal the box; it ends with the judge. */
static void end_by_launcher(gconstpointer data) {
        g_auto(Problem) problem = {};

        leave_cgroups();
        begin_endless(&problem, STRANGER);
        g_assert_cmpint(kill(worker_launcher(&problem.client), SIGKILL), ==, 0);
        worker_run_end(&problem.client);
        g_assert_cmpstr(problem.client.result->error, ==, JT_ERROR_WORKER_FAILED);
        wait_boxed(false);
}

static void test_launcher_killed(void) {
        in_child(end_by_launcher, NULL);
}

/* ---- without what a box needs ---- */

typedef struct Refusal {
        const char *name;
        int call;     /* that is refused; -1: CAP_SYS_ADMIN is missing */
        uint64_t bit; /* of its first argument; 0: whatever that is */
        const char *words;
} Refusal;

static const Refusal refusals[] = {
        { "capability", -1, 0, "no network namespace (Operation not permitted); it needs CAP_SYS_ADMIN" },
        { "unshare", SCMP_SYS(unshare), 0, "no network namespace (Operation not permitted)" },
        { "setns", SCMP_SYS(setns), 0, "no network namespace (Operation not permitted)" },
        { "clone", SCMP_SYS(clone), CLONE_NEWPID, "no namespaces (Operation not permitted)" },
        { "cgroup-namespace", SCMP_SYS(unshare), CLONE_NEWCGROUP, "entering its namespaces: Operation not permitted" },
        { "mount", SCMP_SYS(mount), 0, "making its file system: Operation not permitted" },
};

/* As a container's runtime does it; that of Docker knows no clone3(). */
static void refuse(const Refusal *refusal) {
        scmp_filter_ctx filter;

        if (refusal->call < 0) {
                g_assert_cmpint(prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0), ==, 0);
                return;
        }
        filter = seccomp_init(SCMP_ACT_ALLOW);
        g_assert_nonnull(filter);
        if (refusal->call == SCMP_SYS(clone))
                g_assert_cmpint(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), ==, 0);
        if (refusal->bit != 0)
                g_assert_cmpint(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refusal->call, 1,
                                                 SCMP_A0(SCMP_CMP_MASKED_EQ, refusal->bit, refusal->bit)),
                                ==, 0);
        else
                g_assert_cmpint(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refusal->call, 0), ==, 0);
        g_assert_cmpint(seccomp_load(filter), ==, 0);
        seccomp_release(filter);
}

static void run_refused(gconstpointer data) {
        const Refusal *refusal = data;
        g_auto(Problem) problem = {};
        g_auto(WorkerClient) host;

        leave_cgroups(); /* clone() has none */
        refuse(refusal);
        problem_init(&problem, JOB_VALIDATE);
        problem_file(&problem, "run", SHELL "echo 3\n");
        problem_test(&problem, "one", "", "3\n");
        problem_run(&problem);
        g_assert_cmpint(problem.client.result->result, ==, RESULT_INFRASTRUCTURE);
        g_assert_cmpstr(problem.client.result->error, ==, JT_ERROR_BOX_UNAVAILABLE);
        g_assert_cmpstr(problem.client.result->verdict, ==, "IE");
        if (!strstr(problem.client.result->message, refusal->words))
                g_error("\"%s\" does not say \"%s\"", problem.client.result->message, refusal->words);

        worker_client_init(&host, (const char *const[]){ "/bin/echo", "3", NULL });
        worker_measure(&host);
        g_assert_cmpint(host.result->result, ==, RESULT_DONE);
}

static void test_refused(gconstpointer data) {
        in_child(run_refused, data);
}

/* ---- an ordinary user's, as in embedded mode ---- */

static char *worker_of_all; /* the build may lie where nobody else can go */

static void copy_worker(void) {
        g_autofree char *directory = g_dir_make_tmp("jt-worker-XXXXXX", NULL), *worker = NULL;
        gsize size;

        g_assert_cmpint(chmod(directory, 0755), ==, 0);
        g_assert_true(g_file_get_contents(WORKER, &worker, &size, NULL));
        worker_of_all = g_build_filename(directory, "worker", NULL);
        g_assert_true(g_file_set_contents_full(worker_of_all, worker, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0755,
                                               NULL));
}

static void remove_worker(void) {
        g_autofree char *directory = g_path_get_dirname(worker_of_all);

        g_assert_cmpint(unlink(worker_of_all), ==, 0);
        g_assert_cmpint(rmdir(directory), ==, 0);
        g_free(worker_of_all);
}

static void become_stranger(void) {
        g_assert_cmpint(setgroups(0, NULL), ==, 0);
        g_assert_cmpint(setresgid(STRANGER, STRANGER, STRANGER), ==, 0);
        g_assert_cmpint(setresuid(STRANGER, STRANGER, STRANGER), ==, 0);
        /* As any process that was started by this user is; else proc's files belong to root. */
        g_assert_cmpint(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), ==, 0);
}

static bool gives_user_namespaces(void) {
        const pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(unshare(CLONE_NEWUSER) < 0);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        return status == 0;
}

static void run_on_host(void) {
        g_auto(WorkerClient) host;

        worker_client_init(&host, (const char *const[]){ "/bin/sh", "-c", "[ $(id -u) = 65534 ]", NULL });
        host.worker = worker_of_all;
        worker_measure(&host);
        g_assert_cmpint(host.result->result, ==, RESULT_DONE);
        g_assert_cmpstr(report_string(host.report, "environment.containment"), ==, "process group");
}

/* The box has a user namespace of its own, in which its user seems to be one of BoxUidRange. */
#define WHO_SH                                                                                        \
        SHELL "[ $(readlink /proc/self/ns/user) = '%s' ] && echo no namespace\nhostname; id -u; cat " \
              "/proc/self/uid_map\n"

static void run_boxed(void) {
        g_autofree char *outside = g_file_read_link("/proc/self/ns/user", NULL);
        g_autofree char *script = g_strdup_printf(WHO_SH, outside);
        g_autofree char *wanted = g_strdup_printf("box\n%u\n%u 65534 1\n", BOX_UID, BOX_UID);
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_MEASURE);
        problem.client.worker = worker_of_all;
        problem_file(&problem, "run", script);
        problem_test(&problem, "one", "", wanted);
        problem_run(&problem);
        problem_assert_verdict(&problem, "AC");
        g_assert_cmpint(problem.client.result->result, ==, RESULT_DONE);
}

static void refuse_boxed(void) {
        g_auto(Problem) problem = {};

        problem_init(&problem, JOB_VALIDATE);
        problem.client.worker = worker_of_all;
        problem_file(&problem, "run", SHELL "echo 3\n");
        problem_test(&problem, "one", "", "3\n");
        problem_run(&problem);
        g_assert_cmpint(problem.client.result->result, ==, RESULT_INFRASTRUCTURE);
        g_assert_cmpstr(problem.client.result->error, ==, JT_ERROR_BOX_UNAVAILABLE);
        if (!strstr(problem.client.result->message, "gives this user no user namespace ("))
                g_error("%s", problem.client.result->message);
}

static void run_unprivileged(gconstpointer data) {
        become_stranger();
        if (gives_user_namespaces())
                run_boxed();
        else
                refuse_boxed();
        run_on_host();
}

static void test_unprivileged(void) {
        in_child(run_unprivileged, NULL);
}

/* A kernel that gives user namespaces is made one that has none left. */
static void run_without_namespaces(gconstpointer data) {
        become_stranger();
        if (gives_user_namespaces()) {
                g_assert_cmpint(unshare(CLONE_NEWUSER), ==, 0);
                g_assert_cmpint(write_file_at(AT_FDCWD, "/proc/sys/user/max_user_namespaces", "0"), ==, 0);
        }
        refuse_boxed();
        run_on_host();
}

static void test_no_namespaces(void) {
        in_child(run_without_namespaces, NULL);
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        if (geteuid() != 0) {
                g_test_message("a worker without privileges has none to lose");
                return g_test_run();
        }
        g_test_add_func("/rights/cpu-limit", test_cpu_limit);
        g_test_add_func("/rights/cancel", test_cancel);
        g_test_add_func("/rights/judge-killed", test_judge_killed);
        g_test_add_func("/rights/launcher-killed", test_launcher_killed);
        for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
                g_autofree char *path = g_strconcat("/rights/refused/", refusals[i].name, NULL);

                g_test_add_data_func(path, &refusals[i], test_refused);
        }
        g_test_add_func("/rights/unprivileged", test_unprivileged);
        g_test_add_func("/rights/no-namespaces", test_no_namespaces);
        g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), ==, 0);
        copy_worker();
        r = g_test_run();
        remove_worker();
        return r;
}
