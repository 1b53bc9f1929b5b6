/* SPDX-License-Identifier: MIT */
/* M8: huge pages.
 * Tries: to take memory from the host's pool of huge pages, which memory.max does not count.
 * Expected: AC|RTE
 * Why: the host has no pool, or the box may not have of it: mmap() or the first touch (SIGBUS) fails. Having 64 MiB of
 * them is the wrong answer. */

#include <stdio.h>
#include <sys/mman.h>

int main(void) {
        volatile char *memory =
                        mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

        if (memory == MAP_FAILED)
                return puts("denied") < 0;
        for (size_t i = 0; i < 64 << 20; i += 4096)
                memory[i] = 1;
        puts("64 MiB");
        return 0;
}
