/* SPDX-License-Identifier: MIT */
/* M1: touches its heap, a mebibyte at a time.
 * Tries: to use more memory than it may.
 * Expected: MLE
 * Why: memory.max with swap 0; memory.events counts an oom_kill. */

#include <stdlib.h>
#include <string.h>

int main(void) {
        for (;;) {
                char *block = malloc(1 << 20);

                if (!block)
                        return 1;
                memset(block, 1, 1 << 20);
        }
}
