/* SPDX-License-Identifier: MIT */
/* O1: floods standard output.
 * Tries: to fill the memory or the disk of whoever keeps it.
 * Expected: OLE
 * Why: output is counted while it is read; the run is killed at the cap, at most one pipe's buffer later. */

#include <string.h>
#include <unistd.h>

int main(void) {
        char block[65536];

        memset(block, '4', sizeof(block));
        for (;;)
                if (write(STDOUT_FILENO, block, sizeof(block)) < 0)
                        return 1;
}
