/* SPDX-License-Identifier: MIT */
/* T11: the right answer, standard output closed, and then a sleep.
 * Tries: to be taken for ended when its output has ended.
 * Expected: WTL
 * Why: the end of a run is the end of its processes. */

#include <stdio.h>
#include <unistd.h>

int main(void) {
        puts("42");
        fclose(stdout);
        close(STDERR_FILENO);
        for (;;)
                sleep(1000);
}
