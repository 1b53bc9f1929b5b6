/* SPDX-License-Identifier: MIT */
/* M15: protects itself from the OOM killer.
 * Tries: -1000 in its own oom_score_adj and in that of the box's first process, and then too much memory.
 * Expected: MLE
 * Why: lowering the value needs CAP_SYS_RESOURCE, and memory.oom.group ends the whole leaf. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void protect(const char *path) {
        int fd = open(path, O_WRONLY);

        if (fd >= 0 && write(fd, "-1000", 5) == 5)
                close(fd);
}

int main(void) {
        protect("/proc/self/oom_score_adj");
        protect("/proc/1/oom_score_adj");
        for (;;) {
                char *block = malloc(1 << 20);

                if (!block)
                        return 1;
                memset(block, 1, 1 << 20);
        }
}
