/* SPDX-License-Identifier: MIT */
/* M9: fills its memory and asks for it to be swapped out.
 * Tries: to use swap or zswap as a second helping.
 * Expected: MLE
 * Why: memory.swap.max and memory.zswap.max of the leaf are 0. */

#include <string.h>
#include <sys/mman.h>

int main(void) {
        for (;;) {
                char *block = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

                if (block == MAP_FAILED)
                        return 1;
                memset(block, 1, 4 << 20);
                madvise(block, 4 << 20, MADV_PAGEOUT);
        }
}
