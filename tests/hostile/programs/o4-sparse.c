/* SPDX-License-Identifier: MIT */
/* O4: a sparse file.
 * Tries: a file of 2 GiB that holds one byte, so that nothing is charged for it.
 * Expected: OLE|RTE
 * Why: RLIMIT_FSIZE stands at the output cap (SIGXFSZ), and a file over the cap is too much output however little it
 * holds. */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
        int fd = open("sparse", O_RDWR | O_CREAT, 0600);

        if (fd < 0 || lseek(fd, 2L << 30, SEEK_SET) < 0 || write(fd, "x", 1) != 1)
                return 1;
        puts("2 GiB");
        return 0;
}
