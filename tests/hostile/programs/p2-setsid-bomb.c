/* SPDX-License-Identifier: MIT */
/* P2: a fork bomb in which each child makes a session of its own.
 * Tries: to leave the process group and the session that might be killed.
 * Expected: TLE|RTE
 * Why: a leaf is left by nobody; cgroup.kill ends all of it. Fact tasks-denied as for P1. */

#include <unistd.h>

int main(void) {
        for (;;)
                if (fork() == 0)
                        setsid();
}
