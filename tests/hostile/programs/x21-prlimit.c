/* SPDX-License-Identifier: MIT */
/* X21: changes limits, its own and others'.
 * Tries: higher hard limits; a lower one of core dumps, at which their handler is started; limits, priorities and
 * signals of the box's first process, which is ours.
 * Expected: own AC, init AC
 * Why: EPERM; and a namespace's first process gets no signal from inside that it does not handle. */

#define _GNU_SOURCE

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv) {
        struct rlimit none = { 0, 0 }, all = { RLIM_INFINITY, RLIM_INFINITY }, now;

        if (argc > 1 && strcmp(argv[1], "own") == 0) {
                for (int i = 0; i < RLIM_NLIMITS; i++)
                        if (getrlimit(i, &now) == 0 && now.rlim_max != RLIM_INFINITY && setrlimit(i, &all) == 0)
                                printf("raised limit %d\n", i);
                if (setrlimit(RLIMIT_CORE, &none) == 0)
                        puts("lowered the limit of core dumps");
                puts("denied");
                return 0;
        }
        if (prlimit(1, RLIMIT_NOFILE, &none, NULL) == 0 || prlimit(1, RLIMIT_CPU, &none, NULL) == 0)
                puts("limited the first process");
        for (int sig = 1; sig < 65; sig++)
                if (sig != SIGCONT)
                        kill(1, sig);
        puts("alive");
        return 0;
}
