/* SPDX-License-Identifier: MIT */
/* M7: fills its directories.
 * Tries: to keep in files what it may not keep in memory: work directory and /tmp, with the output limit out of the
 * way. Expected: work MLE|RTE, tmp MLE|RTE, capped OLE|RTE Why: the box's tmpfs is charged to the leaf; what is met
 * first, the tmpfs's size (ENOSPC, upon which the program exits with 1) or memory.max, depends on what else is
 * charged. With a low output limit it is files over the cap (OLE) or RLIMIT_FSIZE's SIGXFSZ. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
        static char block[1 << 20];
        char name[64];

        memset(block, 1, sizeof(block));
        for (int i = 0; i < 1024; i++) {
                int fd;

                snprintf(name, sizeof(name), "%s/fill-%d", argc > 1 && strcmp(argv[1], "tmp") == 0 ? "/tmp" : ".", i);
                fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
                if (fd < 0 || write(fd, block, sizeof(block)) != (ssize_t) sizeof(block))
                        return 1;
                close(fd);
        }
        puts("1 GiB");
        return 0;
}
