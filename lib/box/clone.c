/* SPDX-License-Identifier: MIT */
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "clone.h"

/* Docker's seccomp profile answers ENOSYS to clone3, whose flags it cannot look at. */
static pid_t fork_with_pidfd(int *ret_pidfd) {
        pid_t pid = fork();

        if (pid < 0)
                return -errno;
        if (pid > 0) {
                /* Not reaped before we say so: the number cannot have been given to another process. */
                int pidfd = (int) syscall(SYS_pidfd_open, pid, 0);

                if (pidfd < 0) {
                        int saved = errno;

                        (void) kill(pid, SIGKILL);
                        (void) waitpid(pid, NULL, 0);
                        return -saved;
                }
                *ret_pidfd = pidfd;
        }
        return pid;
}

pid_t clone_into(int cgroup_fd, int *ret_pidfd) {
        return clone_into_namespaces(0, cgroup_fd, ret_pidfd);
}

pid_t clone_into_namespaces(uint64_t namespaces, int cgroup_fd, int *ret_pidfd) {
        int pidfd = -1;
        struct clone_args args = {
                .flags = CLONE_PIDFD | namespaces,
                .pidfd = (uint64_t) (uintptr_t) &pidfd,
                .exit_signal = SIGCHLD,
        };
        long pid;

        if (cgroup_fd >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) cgroup_fd;
        }
        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0 && errno == ENOSYS && cgroup_fd < 0 && namespaces == 0)
                return fork_with_pidfd(ret_pidfd);
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
