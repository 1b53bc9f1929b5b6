/* SPDX-License-Identifier: MIT */
/* T16: vfork(), and the child never execs.
 * Tries: to hang in the kernel, where signals other than SIGKILL do not reach the parent.
 * Expected: WTL
 * Why: cgroup.kill reaches both. */

#include <unistd.h>

int main(void) {
        if (vfork() == 0)
                for (;;)
                        pause();
        return 0;
}
