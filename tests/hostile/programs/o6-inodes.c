/* SPDX-License-Identifier: MIT */
/* O6: a million empty files, directories ten thousand deep, names of 255 bytes.
 * Tries: to exhaust inodes, to overflow the stack of a recursive clean-up, to overflow the buffer of a path.
 * Expected: files AC|MLE|RTE, deep AC|MLE, names AC|MLE
 * Why: the tmpfs has a limit of inodes (ENOSPC, which the program looks for); what it left goes with the mount, at
 * once. Inodes are charged, so that memory.max may come first. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int files(void) {
        char name[32];

        for (int i = 0; i < 1000000; i++) {
                int fd;

                snprintf(name, sizeof(name), "%d", i);
                fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
                if (fd < 0)
                        return errno == ENOSPC ? puts("denied ENOSPC") < 0 : 1;
                close(fd);
        }
        puts("a million");
        return 0;
}

static int deep(void) {
        for (int i = 0; i < 10000; i++)
                if (mkdir("d", 0700) < 0 || chdir("d") < 0)
                        break;
        puts("done");
        return 0;
}

static int names(void) {
        char name[256];

        for (int i = 0; i < 10000; i++) {
                int fd;

                memset(name, 'n', 255);
                name[snprintf(name, sizeof(name), "%d", i)] = '-';
                name[255] = '\0';
                fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
                if (fd < 0)
                        break;
                close(fd);
        }
        puts("done");
        return 0;
}

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";

        return strcmp(how, "files") == 0 ? files() : strcmp(how, "deep") == 0 ? deep() : names();
}
