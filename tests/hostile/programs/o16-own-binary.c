/* SPDX-License-Identifier: MIT */
/* O16: rewrites its own program.
 * Tries: to have the next run start something else: by its path, by its descriptor, and by a file in its place.
 * Expected: AC
 * Why: each run gets the bytes of the sealed memfd; the second test must meet the first one's program. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
        static const char script[] = "#!/bin/sh\necho rewritten\n";
        char path[4096];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
        int fd;

        puts("original");
        if (n < 0)
                return 0;
        path[n] = '\0';
        fd = open(path, O_WRONLY);
        if (fd >= 0 && write(fd, script, sizeof(script) - 1) < 0)
                close(fd);
        unlink(path);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
        if (fd >= 0 && write(fd, script, sizeof(script) - 1) < 0)
                close(fd);
        return 0;
}
