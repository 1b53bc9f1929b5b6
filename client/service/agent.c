/* SPDX-License-Identifier: MIT */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "base.h"

#define AGENT "pkttyagent"
#define REGISTER_TIMEOUT_MSEC 10000

static void G_GNUC_NORETURN agent_exec(int notify_fd) {
        char notify[16];
        sigset_t none;

        /* the caller has signals blocked for its event loop; the agent wants them */
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void) fcntl(notify_fd, F_SETFD, 0);
        if (!isatty(STDOUT_FILENO)) {
                int tty = open("/dev/tty", O_WRONLY | O_CLOEXEC);

                if (tty >= 0)
                        (void) dup2(tty, STDOUT_FILENO);
        }
        (void) snprintf(notify, sizeof(notify), "%d", notify_fd);
        /* polkit 122 looks for a fallback agent only where there is a login session; within one the desktop's agent
         * goes before ours. */
        if (sd_pid_get_session(0, NULL) >= 0)
                (void) execlp(AGENT, AGENT, "--notify-fd", notify, "--fallback", (char *) NULL);
        else
                (void) execlp(AGENT, AGENT, "--notify-fd", notify, (char *) NULL);
        _exit(127);
}

int agent_start(pid_t *pid) {
        struct pollfd waiting = { .events = POLLHUP };
        autofd notified = -1, notify = -1;
        int fds[2];

        if (*pid > 0 || geteuid() == 0 || !isatty(STDIN_FILENO))
                return 0;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        notified = fds[0];
        notify = fds[1];

        *pid = fork();
        if (*pid < 0) {
                *pid = 0;
                return -errno;
        }
        if (*pid == 0)
                agent_exec(notify);

        /* it closes its end when it is registered, and so does the kernel when it could not start */
        notify = safe_close(notify);
        waiting.fd = notified;
        while (poll(&waiting, 1, REGISTER_TIMEOUT_MSEC) < 0 && errno == EINTR)
                ;
        return 0;
}

void agent_stop(pid_t *pid) {
        if (*pid <= 0)
                return;
        (void) kill(*pid, SIGTERM);
        (void) kill(*pid, SIGCONT);
        while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
                ;
        *pid = 0;
}
