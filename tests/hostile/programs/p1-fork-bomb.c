/* SPDX-License-Identifier: MIT */
/* P1: the classic fork bomb.
 * Tries: to fill the process table of the host.
 * Expected: TLE|RTE
 * Why: pids.max of the leaf refuses forks (fact tasks-denied); those that got through spin until the CPU limit. Which
 * of the two ends is first is the scheduler's choice when the first process is killed by its own children's load. */

#include <unistd.h>

int main(void) {
        for (;;)
                fork();
}
