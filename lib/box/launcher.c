/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "launcher-message.h"

#define ANSWER_TIMEOUT_MSEC 10000
#define END_TIMEOUT_MSEC 5000

struct Launcher {
        pid_t pid;
        int pidfd, socket_fd; /* socket_fd -1: never asked again */
        Containment *containment;
};

int launcher_start(const LauncherSpec *spec, Launcher **ret) {
        autofd ours = -1, theirs = -1, judge_pidfd = -1, pidfd = -1;
        const pid_t judge = getpid();
        Launcher *launcher;
        int fds[2];
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        ours = fds[0];
        theirs = fds[1];
        judge_pidfd = pidfd_open(judge, 0);
        if (judge_pidfd < 0)
                return -errno;

        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                launcher_serve(spec, theirs, judge, judge_pidfd);
        pidfd = pidfd_open(pid, 0); /* not reaped before we say so: the number is its own */
        if (pidfd < 0) {
                const int r = -errno;

                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
                return r;
        }

        containment_hand_over(spec->containment);
        g_hash_table_add(spec->containment->others, GINT_TO_POINTER(pid));
        launcher = g_new(Launcher, 1);
        *launcher = (Launcher){
                .pid = pid, .pidfd = steal_fd(&pidfd), .socket_fd = steal_fd(&ours), .containment = spec->containment
        };
        *ret = launcher;
        return 0;
}

Launcher *launcher_free(Launcher *launcher) {
        struct pollfd item;
        siginfo_t info;

        if (!launcher)
                return NULL;
        safe_close(launcher->socket_fd);
        item = (struct pollfd){ .fd = launcher->pidfd, .events = POLLIN };
        if (poll(&item, 1, END_TIMEOUT_MSEC) == 0)
                (void) pidfd_send_signal(launcher->pidfd, SIGKILL, NULL, 0); /* when we may */
        (void) waitid(P_PID, (id_t) launcher->pid, &info, WEXITED | WNOHANG);
        g_hash_table_remove(launcher->containment->others, GINT_TO_POINTER(launcher->pid));
        safe_close(launcher->pidfd);
        g_free(launcher);
        return NULL;
}

pid_t launcher_pid(const Launcher *launcher) {
        return launcher->pid;
}

int launcher_pidfd(const Launcher *launcher) {
        return launcher->pidfd;
}

GHashTable *launcher_others(const Launcher *launcher) {
        return launcher->containment->others;
}

static int exchange(Launcher *launcher, const LaunchRequest *request, const int *fds, size_t n_fds, LaunchReply *reply,
                    int *ret_fds, size_t *ret_n_fds) {
        struct pollfd item = { .fd = launcher->socket_fd, .events = POLLIN };
        int r;

        r = message_send(launcher->socket_fd, request, sizeof(*request), fds, n_fds);
        if (r < 0)
                return r;
        do
                r = poll(&item, 1, ANSWER_TIMEOUT_MSEC);
        while (r < 0 && errno == EINTR);
        if (r <= 0)
                return r < 0 ? -errno : -ETIMEDOUT;
        return message_receive(launcher->socket_fd, reply, sizeof(*reply), ret_fds, ret_n_fds);
}

static void close_all(const int *fds, size_t n) {
        for (size_t i = 0; i < n; i++)
                safe_close(fds[i]);
}

/* wanted descriptors come with a good answer, and none with a bad one; SIZE_MAX: the caller counts them. */
static int call(Launcher *launcher, const LaunchRequest *request, const int *fds, size_t n_fds, size_t wanted,
                LaunchReply *reply, int ret_fds[static LAUNCH_FDS_MAX], size_t *ret_n_fds) {
        int r = -ECONNRESET;

        if (launcher->socket_fd < 0)
                return r;
        r = exchange(launcher, request, fds, n_fds, reply, ret_fds, ret_n_fds);
        if (r >= 0 && reply->error == 0 && (wanted == SIZE_MAX || *ret_n_fds == wanted))
                return 0;
        if (r >= 0) {
                close_all(ret_fds, *ret_n_fds);
                if (reply->error < 0)
                        return reply->error;
        }
        /* What comes later would be taken for the answer to something else. */
        launcher->socket_fd = safe_close(launcher->socket_fd);
        return -ECONNRESET;
}

static Leaf *take_leaf(uint32_t mask, const int *fds, size_t *next) {
        int files[LEAF_FILES];

        for (size_t i = 0; i < LEAF_FILES; i++)
                files[i] = mask & (1U << i) ? fds[(*next)++] : -1;
        return leaf_from_files(files);
}

static int parts_from_reply(const LaunchReply *reply, const int *fds, size_t n_fds, BoxParts *ret) {
        const size_t n_leaf = (size_t) __builtin_popcount(reply->leaf_files),
                     n_run = (size_t) __builtin_popcount(reply->run_files);
        size_t next = BOX_FDS;

        if ((reply->leaf_files | reply->run_files) >> LEAF_FILES || n_fds != BOX_FDS + n_leaf + n_run)
                return -EBADMSG;
        *ret = (BoxParts){ .pid = reply->pid, .id = reply->id, .boxed = reply->boxed };
        memcpy(ret->fds, fds, sizeof(ret->fds));
        if (n_leaf > 0)
                ret->leaf = take_leaf(reply->leaf_files, fds, &next);
        if (n_run > 0)
                ret->run = take_leaf(reply->run_files, fds, &next);
        return 0;
}

int launcher_spawn(Launcher *launcher, const BoxSpec *spec, BoxParts *ret, char **ret_why) {
        const LaunchRequest request = { .kind = LAUNCH_BOX,
                                        .number = spec->number,
                                        .with_stdin = spec->stdin_fd >= 0,
                                        .with_extra = spec->extra_fd >= 0 };
        int sent[2 + BOX_HANDED_MAX], fds[LAUNCH_FDS_MAX], r;
        size_t n_sent = 0, n_fds;
        LaunchReply reply = {};

        g_assert(spec->n_handed <= BOX_HANDED_MAX);
        if (spec->stdin_fd >= 0)
                sent[n_sent++] = spec->stdin_fd;
        if (spec->extra_fd >= 0)
                sent[n_sent++] = spec->extra_fd;
        for (size_t i = 0; i < spec->n_handed; i++)
                sent[n_sent++] = spec->handed[i];
        r = call(launcher, &request, sent, n_sent, SIZE_MAX, &reply, fds, &n_fds);
        if (r >= 0) {
                r = parts_from_reply(&reply, fds, n_fds, ret);
                if (r < 0)
                        close_all(fds, n_fds);
        }
        if (r < 0)
                *ret_why = *reply.why ? g_strndup(reply.why, sizeof(reply.why))
                                      : g_strdup_printf("The launcher does not start the run: %s", g_strerror(-r));
        return r;
}

/* A request that is but a number. */
static int tell(Launcher *launcher, LaunchKind kind, uint32_t number) {
        LaunchReply reply;
        int fds[LAUNCH_FDS_MAX];
        size_t n_fds;

        return call(launcher, &(LaunchRequest){ .kind = kind, .number = number }, NULL, 0, 0, &reply, fds, &n_fds);
}

int launcher_kill(Launcher *launcher, uint32_t id) {
        return tell(launcher, LAUNCH_KILL, id);
}

int launcher_remove(Launcher *launcher, uint32_t id) {
        return tell(launcher, LAUNCH_REMOVE, id);
}

int launcher_errand(Launcher *launcher, uint32_t number, const int *fds, size_t n_fds, pid_t *ret_pid, int *ret_pidfd,
                    int *ret_reply_fd) {
        LaunchReply reply;
        int got[LAUNCH_FDS_MAX], r;
        size_t n_got;

        r = call(launcher, &(LaunchRequest){ .kind = LAUNCH_ERRAND, .number = number }, fds, n_fds, 2, &reply, got,
                 &n_got);
        if (r < 0)
                return r;
        *ret_pid = reply.pid;
        *ret_pidfd = got[0];
        *ret_reply_fd = got[1];
        return 0;
}

int launcher_end_errand(Launcher *launcher) {
        return tell(launcher, LAUNCH_END_ERRAND, 0);
}
