/* SPDX-License-Identifier: MIT */
/* E5: leaves its core.
 * Tries: sched_setaffinity() to all CPUs, and the cpuset's own files.
 * Expected: AC
 * Why: affinity may be asked for (runtimes do) and is bounded by the cpuset, which is nowhere to be written. It must
 * run on one CPU, since the request asks for one. */

#define _GNU_SOURCE

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

int main(void) {
        cpu_set_t all, mine;
        int first;

        memset(&all, 0xff, sizeof(all));
        sched_setaffinity(0, sizeof(all), &all);
        if (sched_getaffinity(0, sizeof(mine), &mine) < 0)
                return 1;
        first = sched_getcpu();
        for (int i = 0; i < 100; i++) {
                sched_yield();
                if (sched_getcpu() != first)
                        return puts("left its CPU") < 0;
        }
        if (open("/sys/fs/cgroup/cpuset.cpus", O_WRONLY) >= 0 || open("/dev/cpuset/cpus", O_WRONLY) >= 0)
                puts("opened its cpuset");
        printf("%d CPU\n", CPU_COUNT(&mine));
        return 0;
}
