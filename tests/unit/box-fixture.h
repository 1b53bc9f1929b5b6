/* SPDX-License-Identifier: MIT */
#pragma once

/* One box for a test: as root with a throw-away uid, with --no-cgroup the same held together by its stub alone, or
 * with --as-nobody as an unprivileged user in a user namespace. */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "box-uids.h"
#include "fs.h"
#include "netns.h"
#include "no-cgroup.h"
#include "root.h"
#include "uids.h"

#define WAIT_USEC (20U * USEC_PER_SEC)
#define NOBODY 65534
#define SH(script) ((char *const[]){ (char *) "sh", (char *) "-c", (char *) script, NULL })
#define PROBE_DO(...) ((char *const[]){ (char *) "./probe", __VA_ARGS__, NULL })

typedef struct Fixture {
        Containment *containment;
        Identity identity;
        NetnsPool *pool;
        Filter *filter;
        BoxFile files[4];
        BoxRoot root;
        BoxSpec spec;
} Fixture;

static int probe_fd; /* opened while we may; the build may lie where nobody cannot go */

static inline void become_nobody(void) {
        const gid_t groups[] = { NOBODY };

        g_assert_cmpint(syscall(SYS_setgroups, 1, groups), ==, 0);
        g_assert_cmpint(setresgid(NOBODY, NOBODY, NOBODY), ==, 0);
        g_assert_cmpint(setresuid(NOBODY, NOBODY, NOBODY), ==, 0);
        /* As any process that was started by this user is; else proc's files belong to root. */
        g_assert_cmpint(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), ==, 0);
}

/* The kernel gives none in a chroot, where the tests may be run, too. */
static inline void skip_without_user_namespace(void) {
        const pid_t child = fork();
        int status;

        if (child == 0)
                _exit(unshare(CLONE_NEWUSER) < 0);
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
        if (status == 0)
                return;
        puts("1..0 # SKIP the kernel gives this user no user namespace");
        exit(0);
}

/* What main() begins with. */
static inline void open_tests(int *argc, char ***argv) {
        static const char *const modes[] = { "--as-nobody", "--no-cgroup", NULL };

        probe_fd = open(PROBE, O_RDONLY | O_CLOEXEC);
        g_assert_cmpint(probe_fd, >=, 0);
        if (*argc > 1 && g_strv_contains(modes, (*argv)[1])) {
                if (g_str_equal((*argv)[1], "--as-nobody")) {
                        become_nobody();
                        skip_without_user_namespace();
                } else
                        leave_cgroups();
                (*argv)[1] = (*argv)[0];
                (*argc)--;
                (*argv)++;
        }
        g_test_init(argc, argv, NULL);
}

static inline int text_file(const char *text) {
        int fd = memfd_create("file", MFD_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t) strlen(text));
        return fd;
}

static inline void add_file(Fixture *f, const char *name, int fd, mode_t mode) {
        g_assert_cmpuint(f->root.n_files, <, G_N_ELEMENTS(f->files));
        f->files[f->root.n_files++] =
                        (BoxFile){ .name = name, .fd = fd, .size = (uint64_t) lseek(fd, 0, SEEK_END), .mode = mode };
}

static inline void set_up(Fixture *f, gconstpointer data) {
        const bool root = geteuid() == 0;

        *f = (Fixture){};
        g_assert_cmpint(containment_open_process(&f->containment), >=, 0);
        g_assert_cmpint(filter_new(&f->filter), >=, 0);
        f->identity = (Identity){ .uid = BOX_UID, .gid = BOX_UID, .change = root };
        f->root = (BoxRoot){ .files = f->files,
                             .tmpfs_bytes = UINT64_C(4) << 20,
                             .inodes = 100,
                             .netns_fd = -1,
                             .hostname = "box",
                             .filter = f->filter,
                             .user_namespace = !root,
                             .uid_lock_fd = -1 };
        if (root) {
                f->pool = netns_pool_new();
                g_assert_cmpint(netns_pool_take(f->pool, &f->root.netns_fd), >=, 0);
        }
        f->spec = (BoxSpec){ .profile = "box",
                             .root = &f->root,
                             .identity = &f->identity,
                             .env = (char *const *) box_environment,
                             .cwd_fd = -1,
                             .extra_fd = -1,
                             .stdin_fd = -1,
                             .memory_max = UINT64_C(512) << 20,
                             .tasks_max = 32,
                             .containment = f->containment };
        add_file(f, "probe", fcntl(probe_fd, F_DUPFD_CLOEXEC, 3), 0755);
}

static inline void tear_down(Fixture *f, gconstpointer data) {
        for (size_t i = 0; i < f->root.n_files; i++)
                (void) close(f->files[i].fd);
        netns_pool_free(f->pool);
        filter_free(f->filter);
        containment_free(f->containment);
}

static inline char *drain(int fd) {
        GString *text = g_string_new(NULL);
        char buffer[4096];
        ssize_t n;

        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                g_string_append_len(text, buffer, n);
        return g_string_free(text, FALSE);
}

static inline Box *spawn(Fixture *f, char *const *argv) {
        g_autofree char *why = NULL;
        Box *box = NULL;
        int r;

        f->spec.argv = argv;
        r = box_spawn(&f->spec, &box, &why);
        if (r >= 0)
                r = box_wait_ready(box, WAIT_USEC);
        if (r < 0)
                g_test_message("%s: %s", why ? why : box_stage_to_string(box->stage), g_strerror(-r));
        g_assert_cmpint(r, ==, 0);
        return box;
}

static inline void wait_exit(Box *box) {
        struct pollfd item = { .fd = box->pidfd, .events = POLLIN };

        g_assert_cmpint(poll(&item, 1, WAIT_USEC / 1000), ==, 1);
}

static inline void kill_all(Box *box) {
        const uint64_t deadline = now_monotonic_usec() + WAIT_USEC;

        g_assert_cmpint(box_kill(box), >=, 0);
        while (box_empty(box) != 1) {
                g_assert_cmpuint(now_monotonic_usec(), <, deadline);
                g_usleep(200);
        }
}

static inline BoxEnd end_of(Box *box, char **ret_output) {
        g_autofree char *errors = NULL, *output = NULL;
        BoxEnd end;

        kill_all(box);
        g_assert_cmpint(box_collect(box, &end), ==, 0);
        output = drain(box->stdout_fd);
        errors = drain(box->stderr_fd);
        if (*errors)
                g_test_message("standard error: %s", errors);
        if (ret_output)
                *ret_output = g_steal_pointer(&output);
        return end;
}

static inline BoxEnd run(Fixture *f, char *const *argv, char **ret_output) {
        g_autoptr(Box) box = spawn(f, argv);

        g_assert_cmpint(box_open_gate(box), ==, 0);
        wait_exit(box);
        return end_of(box, ret_output);
}

static inline void assert_output(Fixture *f, const char *script, const char *wanted) {
        g_autofree char *output = NULL;

        (void) run(f, SH(script), &output);
        g_assert_cmpstr(output, ==, wanted);
}
