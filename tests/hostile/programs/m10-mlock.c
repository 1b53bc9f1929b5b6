/* SPDX-License-Identifier: MIT */
/* M10: locks its memory.
 * Tries: mlockall(), and then four times as much memory as it may have.
 * Expected: AC|MLE|RTE
 * Why: refused, it says "denied". Where RLIMIT_MEMLOCK lets a little through, locked pages are charged as others are:
 * oom_kill, or mmap() fails and it exits with 1. Having got the memory is the wrong answer. */

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

int main(void) {
        if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
                return puts("denied") < 0;
        for (int i = 0; i < 256; i++) {
                char *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

                if (block == MAP_FAILED)
                        return 1;
                memset(block, 1, 1 << 20);
        }
        puts("256 MiB");
        return 0;
}
