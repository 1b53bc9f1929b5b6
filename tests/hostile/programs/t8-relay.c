/* SPDX-License-Identifier: MIT */
/* T8: children spin in turn, none of them for longer than the limit.
 * Tries: to slip below a limit that is counted per process.
 * Expected: TLE
 * Why: the leaf's cpu.stat keeps the time of those that have exited. */

#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double cpu_seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return now.tv_sec + now.tv_nsec / 1e9;
}

int main(void) {
        for (;;) {
                pid_t pid = fork();

                if (pid < 0)
                        return 1;
                if (pid == 0) {
                        while (cpu_seconds() < 0.1)
                                ;
                        _exit(0);
                }
                waitpid(pid, NULL, 0);
        }
}
