/* SPDX-License-Identifier: MIT */
/* T12: one byte of output a second, without end.
 * Tries: to look alive, so that a time-out for silence never comes.
 * Expected: WTL
 * Why: the wall limit counts from the start, not from the last byte. */

#include <unistd.h>

int main(void) {
        for (;;) {
                if (write(STDOUT_FILENO, "4", 1) < 0)
                        return 1;
                sleep(1);
        }
}
