/* SPDX-License-Identifier: MIT */
#include "prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "say.h"

/* Its output goes to standard error: ours is for the result. */
int run_prepare(const char *command) {
        int status;
        pid_t pid;

        fflush(NULL);
        pid = fork();
        if (pid < 0) {
                say(stderr, _("joulectl: --prepare cannot be run: %s\n"), g_strerror(errno));
                return EXIT_INFRASTRUCTURE;
        }
        if (pid == 0) {
                int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

                /* standard input belongs to the program that is measured */
                if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
                        _exit(126);
                (void) execl("/bin/sh", "sh", "-c", command, (char *) NULL);
                _exit(127);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return EXIT_INFRASTRUCTURE;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        if (WIFEXITED(status))
                say(stderr, _("joulectl: nothing was measured: --prepare ended with exit status %d\n"),
                    WEXITSTATUS(status));
        else
                say(stderr, _("joulectl: nothing was measured: --prepare was killed by signal %d\n"),
                    WTERMSIG(status));
        return EXIT_JOB_FAILED;
}
