/* SPDX-License-Identifier: MIT */
/* X5: looks for the expected answer.
 * Tries: every file it can reach, every descriptor it has; the answer is the mark below, in two parts here so that
 * this program is not found by itself. Expected: AC Why: answers are never in the box; the judge compares outside. It
 * prints the mark only when it met it nowhere. */

#define _GNU_SOURCE

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char mark[32];

static void search_fd(int fd, const char *name) {
        static char buffer[1 << 20];
        ssize_t n = pread(fd, buffer, sizeof(buffer), 0);

        if (n > 0 && memmem(buffer, n, mark, strlen(mark)))
                printf("found in %s\n", name);
}

static int search(const char *path, const struct stat *st, int type, struct FTW *where) {
        const char *dot = strrchr(path, '.');
        int fd;

        (void) where;
        if (dot && (strcmp(dot, ".ans") == 0 || strcmp(dot, ".out") == 0 || strcmp(dot, ".diff") == 0))
                printf("found %s\n", path);
        if (type != FTW_F || !S_ISREG(st->st_mode))
                return 0;
        fd = open(path, O_RDONLY | O_NONBLOCK);
        if (fd >= 0) {
                search_fd(fd, path);
                close(fd);
        }
        return 0;
}

int main(void) {
        static const char *const roots[] = { ".",    "..",   "../..",    "/box",  "/tmp",
                                             "/var", "/run", "/dev/shm", "/home", "/mnt" };
        struct stat st;

        snprintf(mark, sizeof(mark), "%s-%s", "4f1c", "marked-answer");
        for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
                /* The whole of /usr is searched by no judge's test in its time. */
                if (stat(roots[i], &st) < 0 || (strncmp(roots[i], "..", 2) == 0 && access("/usr", F_OK) == 0))
                        continue;
                nftw(roots[i], search, 16, FTW_PHYS | FTW_MOUNT);
        }
        for (int fd = 0; fd < 1024; fd++)
                if (fd != 1 && fd != 2 && fcntl(fd, F_GETFD) >= 0)
                        search_fd(fd, "a descriptor");
        puts(mark);
        return 0;
}
