/* SPDX-License-Identifier: MIT */
/* T2: a sleep without end.
 * Tries: to hold the queue without using CPU time.
 * Expected: WTL
 * Why: the wall limit always runs, whatever the CPU time says. */

#include <unistd.h>

int main(void) {
        for (;;)
                sleep(1000);
}
