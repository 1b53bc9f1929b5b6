/* SPDX-License-Identifier: MIT */
/* O18: writes a program and becomes it.
 * Tries: to run bytes that nobody has seen.
 * Expected: AC|RTE
 * Why: allowed or not, what it writes runs in the same box: it must not be root, nor have new privileges. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv) {
        char buffer[65536];
        ssize_t n;
        int from, to;

        (void) argv;
        if (argc > 1) {
                puts(getuid() != 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "contained" : "free");
                return 0;
        }
        from = open("/proc/self/exe", O_RDONLY);
        to = open("/tmp/written", O_WRONLY | O_CREAT | O_TRUNC, 06755);
        if (from < 0 || to < 0)
                return 1;
        while ((n = read(from, buffer, sizeof(buffer))) > 0)
                if (write(to, buffer, n) != n)
                        return 1;
        close(to);
        execl("/tmp/written", "written", "again", NULL);
        puts("contained");
        return 0;
}
