/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "log.h"
#include "child.h"
#include "descendants.h"

#define PATIENCE_USEC (5 * USEC_PER_SEC)
#define SWEEP_USEC USEC_PER_SEC
#define SWEEP_PAUSE_USEC 1000U

extern char **environ;

struct Child {
        sd_event *event;
        sd_event_source *exited, *patience;
        GHashTable *others;
        pid_t pid;
        bool released;
};

static void child_free(Child *child) {
        sd_event_source_disable_unref(child->exited);
        sd_event_source_disable_unref(child->patience);
        sd_event_unref(child->event);
        g_hash_table_unref(child->others);
        g_free(child);
}

/* A worker that was killed could not kill what it ran; of that, whatever outlived its parent is our child now. */
static void sweep(GHashTable *others) {
        uint64_t until = now_monotonic_usec() + SWEEP_USEC, cpu_usec = 0;
        int alive;

        while ((alive = descendants_sweep(others, 0, true, &cpu_usec)) > 0 && now_monotonic_usec() < until)
                g_usleep(SWEEP_PAUSE_USEC);
        if (alive < 0)
                log_errno(LOG_WARNING, alive, "cannot look for what a worker left running");
        else if (alive > 0)
                log_warning("%d processes that a worker left running do not end", alive);
}

static int on_exited(sd_event_source *source, const siginfo_t *info, void *userdata) {
        Child *child = userdata;

        g_hash_table_remove(child->others, GINT_TO_POINTER(child->pid));
        child->pid = 0;
        sweep(child->others);
        if (child->released)
                child_free(child);
        return 0;
}

static int on_patience_over(sd_event_source *source, uint64_t usec, void *userdata) {
        Child *child = userdata;

        log_warning("worker %d does not end and is killed", (int) child->pid);
        (void) kill(child->pid, SIGKILL);
        return 0;
}

static int spawn(const char *binary, int fd, pid_t *ret) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        int error;

        (void) sigemptyset(&none);
        (void) sigfillset(&all);
        (void) posix_spawn_file_actions_init(&actions);
        (void) posix_spawnattr_init(&attributes);
        (void) posix_spawnattr_setsigmask(&attributes, &none);
        (void) posix_spawnattr_setsigdefault(&attributes, &all);
        (void) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

        error = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
        if (error == 0)
                error = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
        if (error == 0)
                error = posix_spawn(ret, binary, &actions, &attributes, (char *const[]){ (char *) binary, NULL },
                                    environ);
        (void) posix_spawn_file_actions_destroy(&actions);
        (void) posix_spawnattr_destroy(&attributes);
        return -error;
}

int child_spawn(sd_event *event, GHashTable *others, const char *binary, Child **ret, int *ret_fd) {
        autofd ours = -1, theirs = -1;
        Child *child;
        pid_t pid;
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        ours = pair[0];
        theirs = pair[1];
        if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
                return -errno;
        r = spawn(binary, theirs, &pid);
        if (r < 0)
                return r;

        child = g_new0(Child, 1);
        child->event = sd_event_ref(event);
        child->others = g_hash_table_ref(others);
        g_hash_table_add(others, GINT_TO_POINTER(pid));
        child->pid = pid;
        r = sd_event_add_child(event, &child->exited, pid, WEXITED, on_exited, child);
        if (r < 0) {
                (void) kill(pid, SIGKILL);
                child_free(child); /* pid stays listed: nobody reaps it */
                return r;
        }
        *ret = child;
        *ret_fd = steal_fd(&ours);
        return 0;
}

Child *child_release(Child *child) {
        int r;

        if (!child)
                return NULL;
        child->released = true;
        if (child->pid == 0) {
                child_free(child);
                return NULL;
        }
        r = sd_event_add_time_relative(child->event, &child->patience, CLOCK_MONOTONIC, PATIENCE_USEC, 0,
                                       on_patience_over, child);
        if (r < 0)
                (void) kill(child->pid, SIGKILL);
        return NULL;
}
