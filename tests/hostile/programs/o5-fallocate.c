/* SPDX-License-Identifier: MIT */
/* O5: reserves a gibibyte of file.
 * Tries: to fill the disk in one call.
 * Expected: RTE|OLE|MLE
 * Why: ENOSPC or EFBIG, upon which it exits with 1; SIGXFSZ at the output cap; or memory.max, as tmpfs charges it. */

#include <fcntl.h>
#include <stdio.h>

int main(void) {
        int fd = open("reserved", O_RDWR | O_CREAT, 0600);

        if (fd < 0 || posix_fallocate(fd, 0, 1L << 30) != 0)
                return 1;
        puts("1 GiB");
        return 0;
}
