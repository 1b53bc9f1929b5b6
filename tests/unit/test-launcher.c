/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "host-box.h"
#include "launcher-message.h"

#define NOBODY 65534
#define STRANGER 65533
#define WAIT_USEC (10U * USEC_PER_SEC)

#define ERRAND_FDS 4U

static char *const no_env[] = { NULL };
static char *const argvs[][4] = {
        { (char *) "/bin/sh", (char *) "-c", (char *) "id -u; cat; exit 3" },
        { (char *) "/bin/sh", (char *) "-c", (char *) "trap '' TERM; setsid sleep 4721.25 & sleep 4721.25; :" },
};

static int work_fds(void *userdata, const int *fds, size_t n_fds, GString *reply) {
        for (size_t i = 0; i < n_fds; i++)
                g_string_append_printf(reply, "%d", fcntl(fds[i], F_GETFD) == FD_CLOEXEC);
        return 0;
}

typedef struct Fixture {
        Containment *containment;
        Identity *identity;
        char *own_path; /* of the leaves; NULL for a process group */
        BoxSpec boxes[G_N_ELEMENTS(argvs)];
        ErrandSpec errand;
        LauncherSpec spec;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        g_assert_cmpint(containment_open_process(&f->containment), >=, 0);
        g_assert_cmpint(identity_lookup(NOBODY, NULL, 0, false, &f->identity), >=, 0);
        f->own_path = g_strdup(f->containment->own_path);
        f->errand = (ErrandSpec){ .work = work_fds, .n_fds = ERRAND_FDS };
        for (uint32_t i = 0; i < G_N_ELEMENTS(argvs); i++) {
                f->boxes[i] = host_box(f->containment, f->identity, argvs[i], no_env);
                f->boxes[i].number = i;
        }
        f->spec = (LauncherSpec){ .containment = f->containment,
                                  .boxes = f->boxes,
                                  .n_boxes = G_N_ELEMENTS(f->boxes),
                                  .errands = &f->errand,
                                  .n_errands = 1,
                                  .identity = f->identity,
                                  .daemon_fd = -1 };
}

static void tear_down(Fixture *f, gconstpointer data) {
        containment_free(f->containment);
        identity_free(f->identity);
        g_free(f->own_path);
}

static Box *spawn(Fixture *f, Launcher *launcher, uint32_t number, int stdin_fd) {
        BoxSpec spec = f->boxes[number];
        g_autofree char *why = NULL;
        Box *box = NULL;
        int r;

        spec.launcher = launcher;
        spec.stdin_fd = stdin_fd;
        r = box_spawn(&spec, &box, &why);
        if (why)
                g_test_message("%s", why);
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpint(box_wait_ready(box, WAIT_USEC), ==, 0);
        g_assert_cmpint(box_open_gate(box), ==, 0);
        return box;
}

static BoxEnd collect(Box *box) {
        struct pollfd item = { .fd = box->pidfd, .events = POLLIN };
        const uint64_t deadline = now_monotonic_usec() + WAIT_USEC;
        BoxEnd end;

        g_assert_cmpint(poll(&item, 1, WAIT_USEC / 1000), ==, 1);
        while (box_empty(box) != 1) {
                g_assert_cmpuint(now_monotonic_usec(), <, deadline);
                (void) box_kill(box);
                g_usleep(200);
        }
        g_assert_cmpint(box_collect(box, &end), ==, 0);
        return end;
}

static size_t count_entries(const char *path, unsigned char type) {
        DIR *dir = opendir(path);
        size_t n = 0;

        g_assert_nonnull(dir);
        for (struct dirent *entry; (entry = readdir(dir));)
                n += entry->d_type == type && *entry->d_name != '.';
        (void) closedir(dir);
        return n;
}

/* A run that somebody else made is ours to wait for, with its output and its end; its leaf goes with it. */
static void test_run(Fixture *f, gconstpointer data) {
        g_autoptr(Launcher) launcher = NULL;
        autofd memfd = memfd_create("input", MFD_CLOEXEC);
        char output[64] = {};
        BoxEnd end;
        Box *box;

        g_assert_cmpint(launcher_start(&f->spec, &launcher), ==, 0);
        g_assert_cmpint(write(memfd, "given\n", 6), ==, 6);
        g_assert_cmpint(lseek(memfd, 0, SEEK_SET), ==, 0);
        box = spawn(f, launcher, 0, memfd);
        end = collect(box);
        g_assert_cmpint(end.end_code, ==, CLD_EXITED);
        g_assert_cmpint(end.end_status, ==, 3);
        g_assert_cmpint(read(box->stdout_fd, output, sizeof(output) - 1), >, 0);
        g_assert_cmpstr(output, ==, "65534\ngiven\n");
        if (f->own_path)
                g_assert_cmpuint(count_entries(f->own_path, DT_DIR), ==, 1);
        box_free(box);
        if (f->own_path)
                g_assert_cmpuint(count_entries(f->own_path, DT_DIR), ==, 0);
        launcher = launcher_free(launcher);
        if (f->own_path)
                g_assert_cmpint(access(f->own_path, F_OK), ==, -1);
}

/* What is open here is not open there. */
static void test_descriptors(Fixture *f, gconstpointer data) {
        g_autoptr(Launcher) launcher = NULL;
        autofd kept = memfd_create("of-caller", MFD_CLOEXEC), counter = memfd_create("counter", MFD_CLOEXEC);
        autofd cwd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_autoptr(GString) open_files = g_string_new(NULL);
        g_auto(GStrv) sockets = NULL;
        Box *box;

        f->boxes[0].cwd_fd = cwd;
        f->spec.kept_fds = &kept;
        f->spec.n_kept_fds = 1;
        g_assert_cmpint(launcher_start(&f->spec, &launcher), ==, 0);
        box = spawn(f, launcher, 0, -1); /* it has closed them by now */
        collect(box);
        box_free(box);
        g_assert_cmpint(counter, >=, 0);
        for (int fd = 0; fd < 256; fd++) {
                GHashTableIter iter;
                void *pid;

                g_hash_table_iter_init(&iter, f->containment->others);
                while (g_hash_table_iter_next(&iter, &pid, NULL)) {
                        g_autofree char *link = g_strdup_printf("/proc/%d/fd/%d", GPOINTER_TO_INT(pid), fd);
                        g_autofree char *target = g_file_read_link(link, NULL);

                        if (target && fd > STDERR_FILENO)
                                g_string_append_printf(open_files, "%s ", target);
                }
        }
        g_test_message("%s", open_files->str);
        g_assert_nonnull(strstr(open_files->str, "/tmp "));
        g_assert_nonnull(strstr(open_files->str, "of-caller"));
        g_assert_null(strstr(open_files->str, "counter"));
        sockets = g_strsplit(open_files->str, "socket:", -1);
        g_assert_cmpuint(g_strv_length(sockets), ==, 2); /* its own, and no other */
}

/* The tables' ends are held. */
static void test_refused(Fixture *f, gconstpointer data) {
        static const uint32_t numbers[] = { 1, 2, G_N_ELEMENTS(argvs), 1000, UINT32_MAX };
        g_autoptr(Launcher) launcher = NULL;
        g_autofree char *why = NULL;
        BoxParts parts;
        int pidfd, reply_fd;
        uint32_t id;
        pid_t pid;
        Box *box;

        g_assert_cmpint(launcher_start(&f->spec, &launcher), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
                if (numbers[i] >= G_N_ELEMENTS(argvs)) {
                        const BoxSpec unknown = { .number = numbers[i], .stdin_fd = -1, .extra_fd = -1 };

                        g_clear_pointer(&why, g_free);
                        g_assert_cmpint(launcher_spawn(launcher, &unknown, &parts, &why), ==, -EINVAL);
                        g_assert_nonnull(why);
                }
                g_assert_cmpint(launcher_errand(launcher, numbers[i], NULL, 0, &pid, &pidfd, &reply_fd), ==, -EINVAL);
                g_assert_cmpint(launcher_remove(launcher, numbers[i]), ==, -EINVAL);
                g_assert_cmpint(launcher_kill(launcher, numbers[i]), ==, -EINVAL);
        }
        g_assert_cmpint(launcher_remove(launcher, 0), ==, -EINVAL);

        box = spawn(f, launcher, 1, -1);
        id = box->id;
        g_assert_cmpint(launcher_remove(launcher, id), ==, -EBUSY);
        g_assert_cmpint(launcher_kill(launcher, id + 1), ==, -EINVAL);
        g_assert_cmpint(launcher_kill(launcher, getpid()), ==, -EINVAL);
        g_assert_cmpint(box_empty(box), ==, 0);
        g_assert_cmpint(launcher_kill(launcher, id), ==, 0);
        g_assert_cmpint(collect(box).end_status, ==, SIGKILL);
        g_assert_cmpint(launcher_kill(launcher, id), ==, 0); /* it is dead, not forgotten */
        box_free(box);
        g_assert_cmpint(launcher_kill(launcher, id), ==, -EINVAL);
        g_assert_cmpint(launcher_remove(launcher, id), ==, -EINVAL);
}

/* A launcher that the test speaks to itself. */
static int start_raw(Fixture *f, pid_t *ret_pid) {
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), ==, 0);
        *ret_pid = fork();
        if (*ret_pid == 0)
                launcher_serve(&f->spec, fds[1], getppid(), pidfd_open(getppid(), 0));
        (void) close(fds[1]);
        containment_hand_over(f->containment);
        g_hash_table_add(f->containment->others, GINT_TO_POINTER(*ret_pid));
        return fds[0];
}

/* Whatever comes is answered, with an error, and the launcher serves on. */
static void test_malformed(Fixture *f, gconstpointer data) {
        static const struct {
                LaunchRequest request;
                size_t size, n_fds;
                int error;
        } requests[] = {
                { { LAUNCH_END_ERRAND, 0 }, 1, 0, -EBADMSG },
                { { LAUNCH_END_ERRAND, 0 }, sizeof(uint32_t), 0, -EBADMSG },
                { { LAUNCH_END_ERRAND, 0 }, sizeof(LaunchRequest) + 4, 0, -EBADMSG },
                { { LAUNCH_END_ERRAND, 0 }, 4096, LAUNCH_FDS_MAX, -EBADMSG },
                { { LAUNCH_END_ERRAND + 1, 0 }, sizeof(LaunchRequest), 0, -EINVAL },
                { { UINT32_MAX, 0 }, sizeof(LaunchRequest), LAUNCH_FDS_MAX, -EINVAL },
                { { LAUNCH_BOX, 0 }, sizeof(LaunchRequest), 2, -EINVAL },
                { { LAUNCH_ERRAND, 0 }, sizeof(LaunchRequest), 0, -EINVAL },
                { { LAUNCH_ERRAND, 0 }, sizeof(LaunchRequest), ERRAND_FDS - 1, -EINVAL },
                { { LAUNCH_ERRAND, 0 }, sizeof(LaunchRequest), ERRAND_FDS + 1, -EINVAL },
                { { LAUNCH_BOX, UINT32_MAX }, sizeof(LaunchRequest), 0, -EINVAL },
                { { LAUNCH_REMOVE, 7 }, sizeof(LaunchRequest), 0, -EINVAL },
                { { LAUNCH_KILL, 0 }, sizeof(LaunchRequest), 0, -EINVAL },
                { { LAUNCH_KILL, 1 }, sizeof(LaunchRequest), 1, -EINVAL },
                { { LAUNCH_KILL, UINT32_MAX }, sizeof(LaunchRequest), 0, -EINVAL },
                { { LAUNCH_END_ERRAND, 0 }, sizeof(LaunchRequest), 0, 0 },
        };
        pid_t pid;
        autofd fd = start_raw(f, &pid);
        autofd null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        int fds[LAUNCH_FDS_MAX];

        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
                fds[i] = null_fd;
        for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
                char packet[4096] = {};
                struct pollfd item = { .fd = fd, .events = POLLIN };
                LaunchReply reply;
                int got[LAUNCH_FDS_MAX];
                size_t n_got;

                memcpy(packet, &requests[i].request, sizeof(LaunchRequest));
                g_assert_cmpint(message_send(fd, packet, requests[i].size, fds, requests[i].n_fds), ==, 0);
                g_assert_cmpint(poll(&item, 1, WAIT_USEC / 1000), ==, 1);
                g_assert_cmpint(message_receive(fd, &reply, sizeof(reply), got, &n_got), ==, 0);
                g_assert_cmpint(reply.error, ==, requests[i].error);
                g_assert_cmpuint(n_got, ==, 0);
        }
        fd = safe_close(fd);
        g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
        g_hash_table_remove(f->containment->others, GINT_TO_POINTER(pid));
}

/* A launcher that is gone is an error, at once. */
static void test_gone(Fixture *f, gconstpointer data) {
        g_autoptr(Launcher) launcher = NULL;
        g_autofree char *why = NULL;
        struct pollfd item;
        BoxParts parts;

        g_assert_cmpint(launcher_start(&f->spec, &launcher), ==, 0);
        item = (struct pollfd){ .fd = launcher_pidfd(launcher), .events = POLLIN };
        g_assert_cmpint(poll(&item, 1, 0), ==, 0);
        g_assert_cmpint(pidfd_send_signal(launcher_pidfd(launcher), SIGKILL, NULL, 0), ==, 0);
        g_assert_cmpint(poll(&item, 1, WAIT_USEC / 1000), ==, 1);
        g_assert_cmpint(launcher_spawn(launcher, &f->boxes[0], &parts, &why), ==, -ECONNRESET);
        g_assert_nonnull(why);
        g_assert_cmpint(launcher_remove(launcher, 1), ==, -ECONNRESET);
        g_assert_cmpint(launcher_end_errand(launcher), ==, -ECONNRESET);
        if (f->own_path)
                g_assert_cmpint(rmdir(f->own_path), ==, 0); /* the next worker would, see test-containment */
}

typedef struct Errored {
        sd_event *event;
        char *reply;
} Errored;

static void on_errand(int r, const char *reply, size_t length, void *userdata) {
        Errored *errored = userdata;

        g_assert_cmpint(r, ==, 0);
        errored->reply = g_strndup(reply, length);
        (void) sd_event_exit(errored->event, 0);
}

static void test_errand_descriptors(Fixture *f, gconstpointer data) {
        g_autoptr(Launcher) launcher = NULL;
        g_autoptr(sd_event) event = NULL;
        const int fds[ERRAND_FDS] = { STDIN_FILENO, STDERR_FILENO, STDERR_FILENO, STDERR_FILENO };
        Errored errored = {};
        Errand *errand;

        g_assert_cmpint(launcher_start(&f->spec, &launcher), ==, 0);
        g_assert_cmpint(sd_event_new(&event), >=, 0);
        errored.event = event;
        g_assert_cmpint(errand_start(event, launcher, 0, fds, G_N_ELEMENTS(fds), WAIT_USEC, on_errand, &errored,
                                     &errand),
                        ==, 0);
        g_assert_cmpint(sd_event_loop(event), ==, 0);
        g_assert_cmpstr(errored.reply, ==, "1111");
        g_free(errored.reply);
}

/* A process of its own as judge, which tells its run's pid and then does as the test wants. */
static pid_t start_judge(Fixture *f, void (*then)(Box *box), pid_t *ret_run) {
        pid_t judge;
        int fds[2];

        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        judge = fork();
        if (judge == 0) {
                Launcher *launcher;
                Box *box;

                g_assert_cmpint(launcher_start(&f->spec, &launcher), ==, 0);
                g_assert_cmpint(privileges_drop(STRANGER, STRANGER), ==, 0);
                box = spawn(f, launcher, 1, -1);
                g_assert_cmpint(write(fds[1], &box->pid, sizeof(pid_t)), ==, sizeof(pid_t));
                then(box);
                launcher_free(launcher);
                _exit(0);
        }
        containment_hand_over(f->containment);
        (void) close(fds[1]);
        g_assert_cmpint(read(fds[0], ret_run, sizeof(pid_t)), ==, sizeof(pid_t));
        (void) close(fds[0]);
        return judge;
}

static bool lives(pid_t pid) {
        g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid), *text = NULL;

        return g_file_get_contents(path, &text, NULL, NULL) && !strstr(text, ") Z");
}

static void assert_nothing_left(Fixture *f, pid_t run) {
        const uint64_t deadline = now_monotonic_usec() + WAIT_USEC;

        while (lives(run) || access(f->own_path, F_OK) == 0) {
                g_assert_cmpuint(now_monotonic_usec(), <, deadline);
                g_usleep(1000);
        }
}

static bool in_cgroup(Fixture *f) {
        if (!f->own_path)
                g_test_message("no cgroup here: only the caller may end his processes, and is the judge");
        return f->own_path != NULL;
}

static void kill_it(Box *box) {
        g_assert_cmpint(kill(box->pid, SIGKILL), ==, -1);
        g_assert_cmpint(errno, ==, EPERM);
        g_assert_cmpint(box_kill(box), ==, 0);
        g_assert_cmpint(collect(box).end_status, ==, SIGKILL);
        box_free(box);
}

/* A judge who may not signal the program kills it all the same, to the last process, and has it removed. */
static void test_stranger_kills(Fixture *f, gconstpointer data) {
        pid_t judge, run;
        int status;

        if (!in_cgroup(f))
                return;
        judge = start_judge(f, kill_it, &run);
        g_assert_cmpint(waitpid(judge, &status, 0), ==, judge);
        g_assert_cmpint(status, ==, 0);
        assert_nothing_left(f, run);
}

static void die(Box *box) {
        (void) raise(SIGKILL);
}

/* No signal of a parent's death reaches the program of another user; it dies all the same. */
static void test_judge_killed(Fixture *f, gconstpointer data) {
        pid_t judge, run;

        if (!in_cgroup(f))
                return;
        judge = start_judge(f, die, &run);
        g_assert_cmpint(waitpid(judge, NULL, 0), ==, judge);
        assert_nothing_left(f, run);
}

static void hang(Box *box) {
        for (;;)
                (void) pause();
}

/* The daemon has closed its connection, and may not kill a judge that does not care. */
static void test_judge_hangs(Fixture *f, gconstpointer data) {
        pid_t judge, run;
        int fds[2], status;

        if (!in_cgroup(f))
                return;
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        f->spec.daemon_fd = fds[0];
        judge = start_judge(f, hang, &run);
        (void) close(fds[0]);
        g_assert_true(lives(run));
        (void) shutdown(fds[1], SHUT_RDWR);
        (void) close(fds[1]);
        g_assert_cmpint(waitpid(judge, &status, 0), ==, judge);
        g_assert_cmpint(WTERMSIG(status), ==, SIGKILL);
        assert_nothing_left(f, run);
}

static const struct {
        const char *path;
        void (*test)(Fixture *, gconstpointer);
} tests[] = {
        { "/launcher/run", test_run },
        { "/launcher/descriptors", test_descriptors },
        { "/launcher/refused", test_refused },
        { "/launcher/malformed", test_malformed },
        { "/launcher/gone", test_gone },
        { "/launcher/errand-descriptors", test_errand_descriptors },
        { "/launcher/stranger-kills", test_stranger_kills },
        { "/launcher/judge-killed", test_judge_killed },
        { "/launcher/judge-hangs", test_judge_hangs },
};

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
                g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
        return g_test_run();
}
