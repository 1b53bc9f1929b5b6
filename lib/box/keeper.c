/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "clone.h"
#include "identity.h"
#include "keeper.h"

#define READY_TIMEOUT_MSEC 5000
#define END_TIMEOUT_MSEC 2000

_Noreturn static void exec_keeper(int leash_fd, int ready_fd, pid_t parent) {
        char *const argv[] = { (char *) "jouletrace-keeper", (char *) "--keeper", NULL };

        child_reset_signals();
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
                _exit(1);
        if (dup2(leash_fd, 0) < 0 || dup2(ready_fd, 1) < 0)
                _exit(1);
        (void) execve("/proc/self/exe", argv, environ);
        _exit(127);
}

int keeper_start(Keeper **ret) {
        g_autoptr(Keeper) keeper = g_new(Keeper, 1);
        autofd leash = -1, ready_ours = -1, ready_theirs = -1;
        struct pollfd item;
        const pid_t parent = getpid();
        int fds[2];
        char byte;

        *keeper = (Keeper){ .pidfd = -1, .leash_fd = -1 };
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        leash = fds[0];
        keeper->leash_fd = fds[1];
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        ready_ours = fds[0];
        ready_theirs = fds[1];

        keeper->pid = clone_into(-1, 0, &keeper->pidfd);
        if (keeper->pid < 0)
                return keeper->pid;
        if (keeper->pid == 0)
                exec_keeper(leash, ready_theirs, parent);
        ready_theirs = safe_close(ready_theirs);

        item = (struct pollfd){ .fd = ready_ours, .events = POLLIN };
        if (poll(&item, 1, READY_TIMEOUT_MSEC) <= 0)
                return -ETIMEDOUT;
        if (read(ready_ours, &byte, 1) != 1)
                return -ECHILD;
        *ret = g_steal_pointer(&keeper);
        return 0;
}

Keeper *keeper_free(Keeper *keeper) {
        struct pollfd item;
        siginfo_t info;

        if (!keeper)
                return NULL;
        /* Whoever gave up root since the start may not kill it, but holds the leash. */
        safe_close(keeper->leash_fd);
        if (keeper->pid > 0) {
                (void) syscall(SYS_pidfd_send_signal, keeper->pidfd, SIGKILL, NULL, 0);
                item = (struct pollfd){ .fd = keeper->pidfd, .events = POLLIN };
                (void) poll(&item, 1, END_TIMEOUT_MSEC);
                (void) waitid(P_PID, (id_t) keeper->pid, &info, WEXITED | WNOHANG);
        }
        safe_close(keeper->pidfd);
        g_free(keeper);
        return NULL;
}

int keeper_main(void) {
        char byte = 0;

        if (capabilities_drop() < 0)
                return EXIT_FAILURE;
        /* After the change of credentials, which clears it. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
                return EXIT_FAILURE;
        if (write(STDOUT_FILENO, &byte, 1) != 1)
                return EXIT_FAILURE;
        (void) close(STDOUT_FILENO);

        while (read(STDIN_FILENO, &byte, 1) > 0)
                ;
        return EXIT_SUCCESS;
}
