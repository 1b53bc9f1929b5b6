/* SPDX-License-Identifier: MIT */
/* O11: its standard descriptors in other places.
 * Tries: standard output closed, a pipe without a reader, standard input in the place of output, and standard input
 * opened for writing, which would change the next run's. Expected: close WA, sigpipe RTE, dup WA, reopen AC Why: what
 * is not on standard output is no answer. The input is sealed, and each run has its own description of it. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";
        char line[64] = "";
        int fds[2], fd;

        if (strcmp(how, "close") == 0) {
                close(STDOUT_FILENO);
                puts("42");
        } else if (strcmp(how, "sigpipe") == 0) {
                if (pipe(fds) < 0)
                        return 0;
                close(fds[0]);
                if (write(fds[1], "42\n", 3) < 0)
                        return 0;
        } else if (strcmp(how, "dup") == 0) {
                dup2(STDIN_FILENO, STDOUT_FILENO);
                puts("42");
        } else {
                fd = open("/proc/self/fd/0", O_RDWR);
                if (fd >= 0 && pwrite(fd, "changed!", 8, 0) == 8)
                        puts("written");
                puts(fgets(line, sizeof(line), stdin) ? line : "");
        }
        return 0;
}
