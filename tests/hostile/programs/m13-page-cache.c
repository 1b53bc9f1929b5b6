/* SPDX-License-Identifier: MIT */
/* M13: reads far more files than its memory holds.
 * Tries: to be charged for shared page cache until it is killed, or to push the cache of others out.
 * Expected: AC
 * Why: cache of its own leaf is reclaimed, which is the fact cache-capped and no oom_kill. */

#define _GNU_SOURCE

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

static size_t total;

static int read_file(const char *path, const struct stat *st, int type, struct FTW *where) {
        static char buffer[1 << 16];
        ssize_t n;
        int fd;

        (void) st;
        (void) where;
        if (type != FTW_F)
                return 0;
        fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return 0;
        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                total += n;
        close(fd);
        return total > 192 << 20;
}

int main(void) {
        nftw("/usr", read_file, 16, FTW_PHYS);
        puts(total > 1 << 20 ? "read" : "nothing there to read");
        return 0;
}
