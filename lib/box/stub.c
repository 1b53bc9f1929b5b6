/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/securebits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "clone.h"
#include "stub.h"

#define PROGRAM 2 /* the program's pid */
#define EVERYTHING_LOCKED                                                                                \
        (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | \
         SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* ---- messages ---- */

static int send_message(int status_fd, const StubMessage *message, int listener_fd) {
        struct iovec part = { .iov_base = (void *) message, .iov_len = sizeof(*message) };
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

        if (listener_fd >= 0) {
                struct cmsghdr *item;

                header.msg_control = &control;
                header.msg_controllen = sizeof(control);
                item = CMSG_FIRSTHDR(&header);
                item->cmsg_level = SOL_SOCKET;
                item->cmsg_type = SCM_RIGHTS;
                item->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(item), &listener_fd, sizeof(int));
        }
        return sendmsg(status_fd, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

_Noreturn static void fail(int status_fd, BoxStage stage, int error) {
        const StubMessage message = { .stage = (int32_t) stage, .error = error };

        (void) send_message(status_fd, &message, -1);
        _exit(127);
}

int stub_receive(int status_fd, StubMessage *ret, int *ret_listener_fd) {
        StubMessage message = {};
        struct iovec part = { .iov_base = &message, .iov_len = sizeof(message) };
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control;
        struct msghdr header = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };
        const struct cmsghdr *item;
        autofd listener = -1;
        ssize_t n;

        do
                n = recvmsg(status_fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == ECONNRESET ? 0 : -errno;
        if (n == 0)
                return 0;
        item = CMSG_FIRSTHDR(&header);
        if (item && item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS &&
            item->cmsg_len == CMSG_LEN(sizeof(int)))
                memcpy(&listener, CMSG_DATA(item), sizeof(int));
        if (n != sizeof(message) || message.stage < BOX_STAGE_READY || message.stage > BOX_STAGE_EXEC)
                return -EBADMSG;
        *ret = message;
        *ret_listener_fd = steal_fd(&listener);
        return 1;
}

/* ---- PID 2 ---- */

enum {
        FD_EXTRA = 3,
        FD_GATE,
        FD_STATUS,
};

static int limit_program(const StubPlan *plan) {
        const BoxSpec *spec = plan->child.spec;
        /* Deep recursion is no error while there is memory for it. Where RLIMIT_DATA stands in for the memory limit it
         * would refuse threads whose stacks are that large by default. */
        const rlim_t stack = plan->child.memory_rlimit ? MIN(spec->memory_max, CHILD_STACK_BYTES) : spec->memory_max;
        const struct {
                int resource;
                rlim_t most;
        } limits[] = {
                { RLIMIT_NOFILE, CHILD_OPEN_FILES },
                { RLIMIT_FSIZE, spec->root->tmpfs_bytes }, /* the tmpfs does not count a hole */
                { RLIMIT_STACK, stack },
                { RLIMIT_MEMLOCK, 0 },
                { RLIMIT_MSGQUEUE, 0 },
                { RLIMIT_NICE, 0 },
                { RLIMIT_RTPRIO, 0 },
                { RLIMIT_SIGPENDING, 1024 },
        };
        int r;

        for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
                r = child_limit_hard(limits[i].resource, limits[i].most);
                if (r < 0)
                        return r;
        }
        /* Where no controller counts tasks, the kernel counts those of the uid: in a user namespace they are the
         * box's, the stub among them; else those of the job's other boxes, too, which wait at their gates. How many
         * wait is not the same in every run, and a program can see its limits. */
        if (plan->child.memory_rlimit) {
                r = child_limit_hard(RLIMIT_NPROC,
                                     spec->tasks_max + (spec->root->user_namespace ? 1 : BOXES_AT_ONCE_MAX));
                if (r < 0)
                        return r;
        }
        return child_limit(&plan->child);
}

static int become_program(const StubPlan *plan) {
        /* Refused to a launcher without CAP_SETPCAP, and then without effect: there is no capability to keep. */
        (void) prctl(PR_SET_SECUREBITS, EVERYTHING_LOCKED, 0, 0, 0);
        if (!plan->child.spec->identity->change) {
                int r = capabilities_drop(); /* of the user namespace */

                if (r < 0)
                        return r;
        }
        return identity_assume(plan->child.spec->identity, 1);
}

_Noreturn static void run_program(const StubPlan *plan) {
        const ChildPlan *child = &plan->child;
        const BoxSpec *spec = child->spec;
        const int fds[] = { child->stdin_fd, child->stdout_fd, child->stderr_fd,
                            spec->extra_fd,  child->gate_fd,   child->status_fd };
        const StubMessage ready = { .stage = BOX_STAGE_READY };
        int listener = -1, r;
        char byte;

        r = child_arrange_fds(fds, G_N_ELEMENTS(fds), FD_GATE);
        if (r < 0)
                fail(child->status_fd, BOX_STAGE_SETUP, r);
        if (setsid() < 0)
                fail(FD_STATUS, BOX_STAGE_SETUP, -errno);
        (void) umask(022);
        r = child_pin(child);
        if (r < 0)
                fail(FD_STATUS, BOX_STAGE_SETUP, r);
        r = limit_program(plan);
        if (r < 0)
                fail(FD_STATUS, BOX_STAGE_SETUP, r);
        if (chdir(BOX_DIRECTORY) < 0)
                fail(FD_STATUS, BOX_STAGE_CHDIR, -errno);
        r = become_program(plan);
        if (r < 0)
                fail(FD_STATUS, BOX_STAGE_IDENTITY, r);

        listener = filter_install(spec->root->filter);
        if (listener < 0)
                fail(FD_STATUS, BOX_STAGE_FILTER, listener);
        if (send_message(FD_STATUS, &ready, listener) < 0)
                _exit(127);
        (void) close(listener);
        if (read(FD_GATE, &byte, 1) != 1)
                _exit(127); /* the run was given up */

        /* execvpe() would have a shell try what is no program, and looks for PATH in our own environment. */
        environ = (char **) spec->env;
        if (strchr(spec->argv[0], '/'))
                (void) execve(spec->argv[0], spec->argv, spec->env);
        else
                (void) execvpe(spec->argv[0], spec->argv, spec->env);
        fail(FD_STATUS, BOX_STAGE_EXEC, -errno);
}

/* ---- PID 1 ---- */

static int enter_namespaces(const StubPlan *plan) {
        const BoxRoot *root = plan->child.spec->root;
        int r;

        if (root->user_namespace) {
                r = root_map_ids(plan->root);
                if (r < 0)
                        return r;
        }
        if (root->netns_fd >= 0 && setns(root->netns_fd, CLONE_NEWNET) < 0)
                return -errno;
        /* Not with the clone: its root would be the cgroup of our parent (Linux looks at that of the caller). */
        if (unshare(CLONE_NEWCGROUP) < 0)
                return -errno;
        if (sethostname(root->hostname, strlen(root->hostname)) < 0)
                return -errno;
        return setdomainname("(none)", strlen("(none)")) < 0 ? -errno : 0;
}

/* Nothing of what the stub was born with is needed any more: neither the capabilities nor a descriptor, but for the
 * status socket and the lock that says the uid is in use. */
static int shrink(const StubPlan *plan) {
        const int fds[] = { plan->child.status_fd, plan->child.spec->root->uid_lock_fd };
        int r;

        r = child_arrange_fds(fds, G_N_ELEMENTS(fds), 0);
        if (r < 0)
                return r;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        return capabilities_drop();
}

#define STATUS_FD 0 /* of a stub that has shrunk */

static void on_status(int number) {
        struct pollfd item = { .fd = STATUS_FD };

        if (poll(&item, 1, 0) == 1 && item.revents & POLLHUP)
                _exit(127);
}

/* Whoever holds the other end may have neither the right to kill us nor a cgroup that does: the box ends with him. A
 * parent's death signal is sent in his name, and so not to us. */
static int end_with_watcher(void) {
        const struct sigaction action = { .sa_handler = on_status };

        /* PID 1 gets no signal that it has no handler for. */
        if (sigaction(SIGIO, &action, NULL) < 0 || fcntl(STATUS_FD, F_SETOWN, getpid()) < 0 ||
            fcntl(STATUS_FD, F_SETFL, O_ASYNC) < 0)
                return -errno;
        on_status(SIGIO); /* he may be gone already */
        return 0;
}

_Noreturn static void reap(void) {
        for (;;) {
                siginfo_t info = {};
                struct rusage usage;

                if (syscall(SYS_waitid, P_ALL, 0, &info, WEXITED, &usage) < 0) {
                        if (errno == EINTR)
                                continue;
                        /* Nothing lives in the box. To end now would take down the mounts while the window may still
                         * be open: that is left to who kills us. */
                        for (;;)
                                (void) pause();
                }
                if (info.si_pid == PROGRAM) {
                        const StubMessage end = { .stage = BOX_STAGE_READY,
                                                  .end_code = info.si_code,
                                                  .end_status = info.si_status,
                                                  .max_rss = (uint64_t) usage.ru_maxrss * 1024U,
                                                  .ended = true };

                        (void) send_message(STATUS_FD, &end, -1);
                }
        }
}

/* The program's table of descriptors is made at its clone, as large as the highest one that is open needs, and it can
 * see how large (FDSize of /proc/self/status): with what belongs to the other boxes of a window it would be larger. */
static int pack_descriptors(StubPlan *plan, BoxSpec *spec, BoxRoot *root) {
        ChildPlan *child = &plan->child;
        int *const places[] = { &child->stdin_fd, &child->stdout_fd, &child->stderr_fd, &spec->extra_fd,
                                &child->gate_fd,  &child->status_fd, &plan->run_fd,     &root->uid_lock_fd };
        int fds[G_N_ELEMENTS(places)], r;

        for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
                fds[i] = *places[i];
        r = child_arrange_fds(fds, G_N_ELEMENTS(fds), 0);
        if (r < 0)
                return r;
        for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
                if (fds[i] >= 0)
                        *places[i] = (int) i;
        return 0;
}

_Noreturn void stub_run(const StubPlan *given) {
        BoxRoot root = *given->child.spec->root;
        BoxSpec spec = *given->child.spec;
        StubPlan own = *given;
        const StubPlan *plan = &own;
        int status_fd = own.child.status_fd;
        int pidfd, r;
        pid_t pid;

        child_reset_signals();
        /* Our parent is not in this PID namespace, so whether it still lives is not to be seen; a gate that is closed
         * by its death is. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || setsid() < 0)
                fail(status_fd, BOX_STAGE_SETUP, -errno);
        child_adjust_oom_score();
        r = enter_namespaces(plan);
        if (r < 0)
                fail(status_fd, BOX_STAGE_NAMESPACES, r);
        r = root_enter(plan->root);
        if (r < 0)
                fail(status_fd, BOX_STAGE_ROOT, r);

        spec.root = &root;
        own.child.spec = &spec;
        r = pack_descriptors(&own, &spec, &root);
        if (r < 0)
                _exit(127); /* where the status socket is now, nobody knows */
        status_fd = own.child.status_fd;
        pid = clone_into(plan->run_fd, 0, &pidfd);
        if (pid < 0)
                fail(status_fd, BOX_STAGE_SETUP, pid);
        if (pid == 0)
                run_program(plan);
        r = shrink(plan);
        if (r >= 0)
                r = end_with_watcher();
        if (r < 0)
                _exit(127);
        reap();
}
