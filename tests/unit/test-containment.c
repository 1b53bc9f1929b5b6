/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "containment.h"
#include "launcher.h"

#define NOBODY 65534
#define WAIT_USEC (10U * USEC_PER_SEC)

static void test_unknown_user(void) {
        Identity *identity = NULL;

        g_assert_cmpint(identity_lookup(4000000001U, NULL, 0, true, &identity), ==, -ESRCH);
        g_assert_null(identity);
}

static void test_environment(void) {
        g_autoptr(Identity) identity = NULL;
        g_auto(GStrv) env = NULL;

        g_assert_cmpint(identity_lookup(0, NULL, 0, true, &identity), >=, 0);
        env = identity_environment(identity);
        g_assert_cmpstr(g_environ_getenv(env, "HOME"), ==, "/root");
        g_assert_cmpstr(g_environ_getenv(env, "USER"), ==, "root");
        g_assert_nonnull(g_environ_getenv(env, "PATH"));
        g_assert_cmpuint(g_strv_length(env), ==, 6);
}

static const struct {
        const char *path;
        bool valid;
} scope_paths[] = {
        { "/jouletrace.slice/jouletrace-job-ab12-1.scope", true },
        { "/outer/jouletrace.slice/jouletrace-job-ab12-1.scope", true },
        { "jouletrace.slice/jouletrace-job-ab12-1.scope", false },
        { "/jouletrace.slice/../jouletrace.slice/jouletrace-job-1.scope", false },
        { "/jouletrace.slice/jouletrace-job-1.scope/", false },
        { "/jouletrace.slice/x/jouletrace-job-1.scope", false },
        { "/system.slice/jouletrace-job-1.scope", false },
        { "/jouletrace.slice/session-1.scope", false },
        { "/jouletrace.slice/jouletrace-job-1.service", false },
        { "//jouletrace.slice/jouletrace-job-1.scope", false },
        { "", false },
        { "/", false },
};

static void test_scope_path(void) {
        cpu_set_t none;

        CPU_ZERO(&none);
        for (size_t i = 0; i < G_N_ELEMENTS(scope_paths); i++) {
                g_autofree char *why = NULL;
                Containment *containment = NULL;

                g_test_message("%s", scope_paths[i].path);
                g_assert_true(containment_scope_path_valid(scope_paths[i].path) == scope_paths[i].valid);
                g_assert_cmpint(containment_open_scope(scope_paths[i].path, getpid(), &none, &containment, &why), ==,
                                -ENOTRECOVERABLE);
                g_assert_nonnull(why);
                g_assert_null(containment);
        }
}

static const struct {
        const char *mountinfo, *cgroup, *path;
} mounts[] = {
        { "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/user.slice/s.scope\n",
          "/sys/fs/cgroup/user.slice/s.scope" },
        { "30 23 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs rw\n31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 "
          "rw\n",
          "1:cpu:/x\n0::/\n", "/sys/fs/cgroup/unified" },
        { "30 23 0:26 /docker/ab /sys/fs/cgroup rw - cgroup2 c rw\n", "0::/docker/ab/c\n", "/sys/fs/cgroup/c" },
        { "30 23 0:26 /docker/ab /sys/fs/cgroup rw - cgroup2 c rw\n", "0::/docker/abc\n", NULL },
        { "30 23 0:26 / /odd\\040name rw - cgroup2 c rw\n", "0::/\n", "/odd name" },
        { "30 23 0:26 / /sys/fs/cgroup rw - cgroup cgroup rw\n", "0::/\n", NULL },
        { "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 c rw\n", "1:cpu:/\n", NULL },
        { "nonsense\n - cgroup2 x\n", "0::/\n", NULL },
};

static void test_own_cgroup(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(mounts); i++) {
                g_autofree char *path = NULL;
                const int r = containment_own_cgroup(mounts[i].mountinfo, mounts[i].cgroup, &path);

                g_assert_cmpint(r, ==, mounts[i].path ? 0 : -ENOENT);
                g_assert_cmpstr(path, ==, mounts[i].path);
        }
}

/* A limit the kernel does not take, or shows differently, is no limit. */
static void test_leaf_set(void) {
        g_autofree char *dir = g_strdup_printf("/tmp/jouletrace-leaf-%d", getpid());
        Leaf leaf = { .fd = -1 };

        g_assert_cmpint(mkdir(dir, 0755), ==, 0);
        leaf.fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(leaf_set(&leaf, "memory.max", "4096"), ==, -ENOTRECOVERABLE);
        g_assert_cmpint(symlinkat("/dev/null", leaf.fd, "pids.max"), ==, 0); /* takes all, shows nothing */
        g_assert_cmpint(leaf_set(&leaf, "pids.max", "4"), ==, -ENOTRECOVERABLE);
        g_assert_cmpint(unlinkat(leaf.fd, "pids.max", 0), ==, 0);
        safe_close(leaf.fd);
        g_assert_cmpint(rmdir(dir), ==, 0);
}

typedef struct ErrandResult {
        sd_event *event;
        int r;
        char *reply;
} ErrandResult;

static void on_errand(int r, const char *reply, size_t length, void *userdata) {
        ErrandResult *result = userdata;

        result->r = r;
        result->reply = g_strndup(reply, length);
        (void) sd_event_exit(result->event, 0);
}

static int work_who(void *userdata, const int *fds, size_t n_fds, GString *reply) {
        g_string_append_printf(reply, "%d", getuid());
        return access("/etc/shadow", R_OK) < 0 ? 0 : -EUCLEAN;
}

static int work_fail(void *userdata, const int *fds, size_t n_fds, GString *reply) {
        return -EXDEV;
}

static int work_hang(void *userdata, const int *fds, size_t n_fds, GString *reply) {
        (void) sleep(3600);
        return 0;
}

static int work_crash(void *userdata, const int *fds, size_t n_fds, GString *reply) {
        (void) raise(SIGKILL);
        return 0;
}

static int work_dumpable(void *userdata, const int *fds, size_t n_fds, GString *reply) {
        g_string_append_printf(reply, "%d", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
        return 0;
}

static const struct {
        ErrandSpec spec;
        uint64_t timeout_usec;
        int r;
        const char *reply;
        uid_t uid;
} errands[] = {
        { { work_who, NULL }, WAIT_USEC, 0, "65534", NOBODY },
        { { work_fail, NULL }, WAIT_USEC, -EXDEV, "", NOBODY },
        { { work_hang, NULL }, 50000, -ETIMEDOUT, "", NOBODY },
        { { work_crash, NULL }, WAIT_USEC, -ECHILD, "", NOBODY },
        { { work_dumpable, NULL }, WAIT_USEC, 0, "0", NOBODY },
        { { work_dumpable, NULL }, WAIT_USEC, 0, "0", 0 }, /* the kernel does nothing about it by itself */
};

static void test_errand(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(errands); i++) {
                g_autoptr(Identity) identity = NULL;
                g_autoptr(Containment) containment = NULL;
                g_autoptr(Launcher) launcher = NULL;
                LauncherSpec spec = { .errands = &errands[i].spec, .n_errands = 1, .daemon_fd = -1 };
                g_autoptr(sd_event) event = NULL;
                ErrandResult result = {};
                Errand *errand;

                g_assert_cmpint(identity_lookup(errands[i].uid, NULL, 0, true, &identity), >=, 0);
                g_assert_cmpint(containment_open_process(&containment), >=, 0);
                spec.identity = identity;
                spec.containment = containment;
                g_assert_cmpint(launcher_start(&spec, &launcher), >=, 0);
                g_assert_cmpint(sd_event_new(&event), >=, 0);
                result.event = event;
                g_assert_cmpint(errand_start(event, launcher, 0, NULL, 0, errands[i].timeout_usec, on_errand, &result,
                                             &errand),
                                ==, 0);
                g_assert_cmpuint(g_hash_table_size(containment->others), >=, 2);
                g_assert_cmpint(sd_event_loop(event), ==, 0);
                g_assert_cmpint(result.r, ==, errands[i].r);
                g_assert_cmpstr(result.reply, ==, errands[i].reply);
                g_free(result.reply);
        }
}

/* The cgroups of a worker that was killed are gone when the next one starts. */
static void test_stale(void) {
        const pid_t killed = fork();
        g_autofree char *path = NULL;
        Containment *containment;

        if (killed == 0) {
                Leaf *leaf, *run;

                g_assert_cmpint(containment_open_process(&containment), >=, 0);
                if (containment->kind == CONTAINMENT_CGROUP) {
                        g_assert_cmpint(leaf_create(containment->fd, "trial-1", &leaf), ==, 0);
                        g_assert_cmpint(leaf_create(leaf->fd, "run", &run), ==, 0);
                }
                (void) raise(SIGKILL);
        }
        g_assert_cmpint(waitpid(killed, NULL, 0), ==, killed);
        g_assert_cmpint(containment_open_process(&containment), >=, 0);
        if (containment->kind == CONTAINMENT_CGROUP) {
                g_autofree char *dir = g_path_get_dirname(containment->own_path);

                g_assert_cmpint(access(containment->own_path, F_OK), ==, 0);
                path = g_strdup_printf("%s/jouletrace-%d.0", dir, killed);
                g_assert_cmpint(access(path, F_OK), ==, -1);
        }
        containment_free(containment);
}

/* One of the same PID, of another PID namespace, or with something in it that would not die, is in nobody's way; nor
 * is one that lives taken for a leftover. */
static void test_same_pid(void) {
        g_autoptr(Containment) other = NULL, containment = NULL;

        g_assert_cmpint(containment_open_process(&other), >=, 0);
        g_assert_cmpint(containment_open_process(&containment), >=, 0);
        g_assert_cmpint(containment->kind, ==, other->kind);
        if (containment->kind == CONTAINMENT_CGROUP) {
                g_assert_cmpstr(containment->own_path, !=, other->own_path);
                g_assert_cmpint(access(other->own_path, F_OK), ==, 0);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/containment/unknown-user", test_unknown_user);
        g_test_add_func("/containment/environment", test_environment);
        g_test_add_func("/containment/scope-path", test_scope_path);
        g_test_add_func("/containment/own-cgroup", test_own_cgroup);
        g_test_add_func("/containment/leaf-set", test_leaf_set);
        g_test_add_func("/containment/errand", test_errand);
        g_test_add_func("/containment/stale", test_stale);
        g_test_add_func("/containment/same-pid", test_same_pid);
        return g_test_run();
}
