/* SPDX-License-Identifier: MIT */
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
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

static int compare_fds(const void *a, const void *b) {
        return *(const int *) a - *(const int *) b;
}

int close_all_but(int *fds, size_t n) {
        int next = STDERR_FILENO + 1;

        qsort(fds, n, sizeof(*fds), compare_fds);
        for (size_t i = 0; i < n; i++) {
                if (fds[i] < next)
                        continue; /* none, a standard one, or twice the same */
                if (fds[i] > next && syscall(SYS_close_range, next, fds[i] - 1, 0) < 0)
                        return -errno;
                next = fds[i] + 1;
        }
        return syscall(SYS_close_range, next, ~0U, 0) < 0 ? -errno : 0;
}
