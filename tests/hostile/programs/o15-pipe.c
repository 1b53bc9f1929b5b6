/* SPDX-License-Identifier: MIT */
/* O15: turns the knobs of descriptors it shares with the judge.
 * Tries: the largest pipe buffer, non-blocking reads for the other side, and signals to whoever reads.
 * Expected: AC
 * Why: flags are those of its own end; F_SETOWN reaches only processes it may signal, and it sees none of ours. */

#define _GNU_SOURCE

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
        for (int fd = 0; fd < 3; fd++) {
                fcntl(fd, F_SETPIPE_SZ, 1 << 30);
                fcntl(fd, F_SETPIPE_SZ, 1 << 20);
                fcntl(fd, F_SETOWN, getppid());
                fcntl(fd, F_SETSIG, SIGKILL);
                fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC);
        }
        fcntl(STDOUT_FILENO, F_SETFL, 0);
        puts("42");
        return 0;
}
