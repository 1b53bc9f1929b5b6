/* SPDX-License-Identifier: MIT */
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include "clone.h"

/* Docker's seccomp profile answers ENOSYS to clone3, whose flags it cannot look at; the older call has no cgroups. The
 * arguments that are 0 change places between architectures. */
static long clone_before_clone3(uint64_t flags, int *pidfd) {
        return syscall(SYS_clone, (unsigned long) (flags | SIGCHLD), NULL, pidfd, NULL, NULL);
}

pid_t clone_into(int cgroup_fd, uint64_t flags, int *ret_pidfd) {
        int pidfd = -1;
        struct clone_args args = {
                .flags = CLONE_PIDFD | flags,
                .pidfd = (uint64_t) (uintptr_t) &pidfd,
                .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD, /* a sibling has ours */
        };
        long pid;

        if (cgroup_fd >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) cgroup_fd;
        }
        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0 && errno == ENOSYS && cgroup_fd < 0)
                pid = clone_before_clone3(args.flags, &pidfd);
        if (pid < 0)
                return -errno;
        if (pid > 0)
                *ret_pidfd = pidfd;
        return (pid_t) pid;
}

void child_reset_signals(void) {
        struct sigaction action = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int number = 1; number < NSIG; number++)
                (void) sigaction(number, &action, NULL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}
