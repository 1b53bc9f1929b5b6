/* SPDX-License-Identifier: MIT */
/* T4: stops itself.
 * Tries: to be waited for by a launcher that takes a stop for an end, or to be forgotten by it.
 * Expected: WTL
 * Why: only an end is reaped (WEXITED); a stopped program runs into the wall limit, and cgroup.kill reaches it. */

#include <signal.h>

int main(void) {
        for (;;)
                raise(SIGSTOP);
}
