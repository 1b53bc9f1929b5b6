/* SPDX-License-Identifier: MIT */
/* M8: huge pages.
 * Tries: to take memory from the host's pool of huge pages, which memory.max does not count.
 * Expected: AC
 * Why: every way to them says that there are none, whatever the host has; reserved or not. */

#define _GNU_SOURCE

#include <stdio.h>
#include <sys/mman.h>
#include <sys/shm.h>

#define SIZE ((size_t) 64 << 20)

int main(void) {
        const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, access = PROT_READ | PROT_WRITE;

        if (mmap(NULL, SIZE, access, flags, -1, 0) != MAP_FAILED)
                puts("mapped");
        if (mmap(NULL, SIZE, access, flags | MAP_NORESERVE, -1, 0) != MAP_FAILED)
                puts("mapped without a reservation");
        if (memfd_create("huge", MFD_HUGETLB) >= 0)
                puts("a file of them");
        if (shmget(IPC_PRIVATE, SIZE, SHM_HUGETLB | 0600) >= 0)
                puts("a segment of them");
        puts("denied");
        return 0;
}
