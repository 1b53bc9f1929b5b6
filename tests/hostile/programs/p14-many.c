/* SPDX-License-Identifier: MIT */
/* P14: ten thousand cgroups, ten thousand namespaces.
 * Tries: to exhaust what the kernel counts for the whole host.
 * Expected: cgroups AC, namespaces SV
 * Why: there is no cgroup tree to make a directory in; the first unshare() ends the run. */

#define _GNU_SOURCE

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int main(int argc, char **argv) {
        int made = 0;
        char name[128];

        for (int i = 0; i < 10000; i++)
                if (argc > 1 && strcmp(argv[1], "namespaces") == 0)
                        made += unshare(CLONE_NEWUTS) == 0;
                else {
                        snprintf(name, sizeof(name), "/sys/fs/cgroup/hostile-%d", i);
                        made += mkdir(name, 0755) == 0;
                }
        printf("%d made\n", made);
        return 0;
}
