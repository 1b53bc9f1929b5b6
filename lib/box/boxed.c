/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "boxed.h"
#include "clone.h"
#include "descendants.h"
#include "launcher.h"
#include "stub.h"

#define STUB_MSEC 1000 /* for the one thing it has left to do */

struct Boxed {
        Leaf *run; /* of the program; NULL for a process group */
        int stub_pidfd, listener_fd;
        bool dismissed, stub_killed, stub_reaped;
        uint64_t killed_cpu_usec; /* process group: of all that lived in it, when it was killed */
};

int boxed_make_socket(int *ret_ours, int *ret_theirs) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return -errno;
        *ret_ours = fds[0];
        *ret_theirs = fds[1];
        return 0;
}

static uint64_t namespaces_of(const BoxRoot *root) {
        return CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | (root->user_namespace ? CLONE_NEWUSER : 0) |
               (root->netns_fd < 0 ? CLONE_NEWNET : 0);
}

static char *why_not(const BoxRoot *root, int error) {
        if (!root->user_namespace)
                return g_strdup_printf("A box cannot be made: the kernel gives no namespaces (%s)%s",
                                       g_strerror(-error), error == -EPERM ? BOX_NEEDS : "");
        return g_strdup_printf("A box cannot be made: the kernel gives this user no user namespace (%s)",
                               g_strerror(-error));
}

int boxed_clone(const ChildPlan *plan, uint64_t flags, BoxParts *parts, char **ret_why) {
        const BoxRoot *root = plan->spec->root;
        g_autoptr(RootPlan) root_plan = NULL;
        StubPlan stub = { .child = *plan, .run_fd = parts->run ? parts->run->fd : -1 };
        int r;

        r = root_plan_new(plan->spec, &root_plan);
        if (r < 0)
                return r;
        stub.root = root_plan;
        parts->boxed = true;
        parts->pid = clone_into(parts->leaf ? parts->leaf->fd : -1, flags | namespaces_of(root),
                                &parts->fds[BOX_FD_PID]);
        if (parts->pid == 0)
                stub_run(&stub);
        if (parts->pid < 0)
                *ret_why = why_not(root, parts->pid);
        return parts->pid < 0 ? -ENOTSUP : 0;
}

int boxed_watch(Box *box, BoxParts *parts) {
        Boxed *boxed = box->boxed = g_new(Boxed, 1);

        *boxed = (Boxed){ .run = g_steal_pointer(&parts->run),
                          .stub_pidfd = steal_fd(&parts->fds[BOX_FD_PID]),
                          .listener_fd = -1 };
        /* What ends is not the stub but the program, and the stub's word on it must be there when that is seen. */
        box->pidfd = fcntl(box->status_fd, F_DUPFD_CLOEXEC, 3);
        return box->pidfd < 0 ? -errno : 0;
}

static void program_ended(Box *box, int code, int status) {
        box->reaped = true;
        box->end_code = code;
        box->end_status = status;
}

int boxed_read_status(Box *box, ChildStatus *ret) {
        StubMessage message;
        int listener, r;

        if (box->reaped)
                return 0; /* box_reap() has read all there was */
        r = stub_receive(box->status_fd, &message, &listener);
        if (r <= 0)
                return r;
        if (listener >= 0) {
                safe_close(box->boxed->listener_fd);
                box->boxed->listener_fd = listener;
        }
        if (message.ended) {
                program_ended(box, message.end_code, message.end_status);
                return 0;
        }
        *ret = (ChildStatus){ .stage = message.stage, .error = message.error };
        return 1;
}

int boxed_reap(Box *box) {
        StubMessage message;
        int listener, r;

        while ((r = stub_receive(box->status_fd, &message, &listener)) > 0) {
                safe_close(listener);
                if (message.ended) {
                        box->max_rss = message.max_rss;
                        program_ended(box, message.end_code, message.end_status);
                        return 0;
                }
                box->stage = (BoxStage) message.stage;
                box->error = message.error;
        }
        if (r < 0)
                return r;
        /* Killed with its stub: by us, or with its whole cgroup for want of memory. */
        program_ended(box, CLD_KILLED, SIGKILL);
        return 0;
}

/* The cgroup that box_kill() and box_empty() are about. */
static Leaf *leaf_of(const Box *box) {
        return box->gate_open && !box->boxed->dismissed ? box->boxed->run : box->leaf;
}

/* PID 1 of a namespace takes all others with it. It has its maker's uid, and may be none of ours to signal. */
static int kill_stub(Box *box) {
        int r;

        if (box->boxed->stub_killed)
                return 0;
        /* The kernel does not charge a stub for what dies with it. */
        (void) descendants_cpu_usec(box->containment->others, box->pid, &box->boxed->killed_cpu_usec);
        r = syscall(SYS_pidfd_send_signal, box->boxed->stub_pidfd, SIGKILL, NULL, 0) < 0 ? -errno : 0;
        if (r == -EPERM && box->launcher)
                r = launcher_kill(box->launcher, box->id);
        if (r < 0 && r != -ESRCH)
                return r;
        box->boxed->stub_killed = true; /* asked for once: this may be called every 100 µs while a window is open */
        return 0;
}

int boxed_kill(Box *box) {
        if (box->leaf)
                return leaf_kill(leaf_of(box));
        /* The end of a program that has ended is read first, for the stub dies with the rest. */
        (void) box_reap(box);
        if (box->boxed->stub_reaped)
                return 0;
        return kill_stub(box);
}

/* PID 1 of a namespace is dead when all others are. */
static int reap_stub(Box *box) {
        siginfo_t info = {};
        struct rusage usage;

        if (box->boxed->stub_reaped)
                return 1;
        if (syscall(SYS_waitid, P_PIDFD, box->boxed->stub_pidfd, &info, WEXITED | WNOHANG, &usage) < 0)
                return -errno;
        if (info.si_pid == 0)
                return 0;
        box->boxed->stub_reaped = true;
        box->over = true;
        box->reaped_cpu_usec += MAX(rusage_cpu_usec(&usage), box->boxed->killed_cpu_usec);
        return 1;
}

int boxed_empty(Box *box) {
        int r;

        if (!box->leaf)
                return reap_stub(box);
        r = leaf_populated(leaf_of(box));
        return r < 0 ? r : r == 0;
}

void boxed_wait_end(Box *box) {
        const uint64_t deadline = now_monotonic_usec() + STUB_MSEC * USEC_PER_MSEC;
        struct pollfd item = { .fd = box->status_fd, .events = POLLIN };

        if (boxed_empty(box) != 1)
                return;
        /* There may be two messages: that it could not be started, and how it ended. */
        while (!box->reaped && box_reap(box) == -EAGAIN && now_monotonic_usec() < deadline)
                (void) poll(&item, 1, STUB_MSEC);
}

void boxed_dismiss(Box *box) {
        box->boxed->dismissed = true;
}

const Leaf *boxed_run_leaf(const Box *box) {
        return box->boxed->run;
}

int box_listener_fd(const Box *box) {
        return box->boxed ? box->boxed->listener_fd : -1;
}

void boxed_free(Box *box) {
        struct pollfd item;

        if (!box->boxed)
                return;
        if (box->pid > 0) {
                item = (struct pollfd){ .fd = box->boxed->stub_pidfd, .events = POLLIN };
                if (!box->boxed->stub_reaped)
                        (void) poll(&item, 1, STUB_MSEC);
                (void) reap_stub(box);
        }
        safe_close(box->boxed->stub_pidfd);
        safe_close(box->boxed->listener_fd);
        leaf_free(box->boxed->run);
        g_free(box->boxed);
        box->boxed = NULL;
}
