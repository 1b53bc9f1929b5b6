/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/wait.h>

#include "clone.h"
#include "errand.h"
#include "launcher.h"

struct Errand {
        pid_t pid;
        int pidfd, reply_fd;
        Launcher *launcher;
        sd_event_source *exit_source, *timer;
        ErrandDone done;
        void *userdata;
};

_Noreturn static void child_main(const ErrandSpec *spec, const Identity *identity, pid_t watcher, const int *fds,
                                 size_t n_fds, int reply_fd) {
        g_autoptr(GString) reply = g_string_new(NULL);
        int32_t r;

        child_reset_signals();
        r = identity_assume(identity, watcher);
        if (r >= 0)
                r = spec->work(spec->userdata, fds, n_fds, reply);
        g_string_truncate(reply, MIN(reply->len, ERRAND_REPLY_MAX));
        g_string_prepend_len(reply, (const char *) &r, sizeof(r));
        /* Smaller than the pipe: never blocks. */
        (void) !write(reply_fd, reply->str, reply->len);
        _exit(0);
}

pid_t errand_make(const ErrandSpec *spec, const Identity *identity, pid_t watcher, const int *fds, size_t n_fds,
                  int *ret_pidfd, int *ret_reply_fd) {
        autofd ours = -1, theirs = -1;
        int pipe_fds[2];
        pid_t pid;

        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                return -errno;
        ours = pipe_fds[0];
        theirs = pipe_fds[1];
        pid = clone_into(-1, CLONE_PARENT, ret_pidfd);
        if (pid == 0)
                child_main(spec, identity, watcher, fds, n_fds, theirs);
        if (pid > 0)
                *ret_reply_fd = steal_fd(&ours);
        return pid;
}

/* Errands that are over are reaped here; one that hangs in the kernel stays listed as nobody's run. */
static void reap(Errand *errand) {
        siginfo_t info = {};

        if (errand->pid <= 0)
                return;
        if (waitid(P_PID, (id_t) errand->pid, &info, WEXITED | WNOHANG) == 0 && info.si_pid == errand->pid) {
                g_hash_table_remove(launcher_others(errand->launcher), GINT_TO_POINTER(errand->pid));
                errand->pid = 0;
        }
}

static void finish(Errand *errand, int error) {
        char buffer[sizeof(int32_t) + ERRAND_REPLY_MAX];
        int32_t r = error;
        ssize_t n = 0;

        if (r == 0) {
                n = read(errand->reply_fd, buffer, sizeof(buffer));
                if (n < (ssize_t) sizeof(r))
                        r = -ECHILD;
                else
                        memcpy(&r, buffer, sizeof(r));
        }
        errand->done(r, buffer + sizeof(r), r < 0 ? 0 : (size_t) n - sizeof(r), errand->userdata);
        errand_free(errand);
}

static int on_exit_event(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Errand *errand = userdata;

        reap(errand);
        finish(errand, 0);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        finish(userdata, -ETIMEDOUT);
        return 0;
}

int errand_start(sd_event *event, Launcher *launcher, uint32_t number, const int *fds, size_t n_fds,
                 uint64_t timeout_usec, ErrandDone done, void *userdata, Errand **ret) {
        g_autoptr(Errand) errand = g_new(Errand, 1);
        int r;

        *errand = (Errand){ .pidfd = -1, .reply_fd = -1, .launcher = launcher, .done = done, .userdata = userdata };
        r = launcher_errand(launcher, number, fds, n_fds, &errand->pid, &errand->pidfd, &errand->reply_fd);
        if (r < 0)
                return r;
        g_hash_table_add(launcher_others(launcher), GINT_TO_POINTER(errand->pid));

        r = sd_event_add_io(event, &errand->exit_source, errand->pidfd, EPOLLIN, on_exit_event, errand);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(event, &errand->timer, CLOCK_MONOTONIC, timeout_usec, USEC_PER_MSEC, on_timeout,
                                       errand);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&errand);
        return 0;
}

Errand *errand_free(Errand *errand) {
        if (!errand)
                return NULL;
        if (errand->pid > 0) {
                (void) launcher_end_errand(errand->launcher);
                reap(errand);
        }
        sd_event_source_disable_unref(errand->exit_source);
        sd_event_source_disable_unref(errand->timer);
        safe_close(errand->reply_fd);
        safe_close(errand->pidfd);
        g_free(errand);
        return NULL;
}
