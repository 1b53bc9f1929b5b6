/* SPDX-License-Identifier: MIT */
/* O2: the right answer, and a flood of standard error.
 * Tries: to be stopped, or to have the journal or the report filled, by what is no answer.
 * Expected: AC
 * Why: standard error is cut at a cap of its own and never decides. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
        char block[65536];

        memset(block, 'e', sizeof(block));
        for (int i = 0; i < 1024; i++)
                if (write(STDERR_FILENO, block, sizeof(block)) < 0)
                        return 1;
        puts("42");
        return 0;
}
