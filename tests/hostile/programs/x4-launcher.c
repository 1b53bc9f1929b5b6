/* SPDX-License-Identifier: MIT */
/* X4: rewrites the program that launched it (CVE-2019-5736).
 * Tries: the executables of the box's first process and of its parent, and the libraries and shell the host uses.
 * Expected: AC
 * Why: what is bound from the host is read-only, and another process's executable is not to be opened. */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
        static const char *const paths[] = { "/proc/1/exe", "/bin/sh", "/usr/bin/env", "/lib64/ld-linux-x86-64.so.2",
                                             "/usr/lib/x86_64-linux-gnu/libc.so.6" };
        char parent[64];

        snprintf(parent, sizeof(parent), "/proc/%d/exe", getppid());
        if (open(parent, O_RDWR) >= 0)
                printf("opened %s\n", parent);
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
                if (open(paths[i], O_WRONLY) >= 0 || open(paths[i], O_RDWR | O_TRUNC) >= 0)
                        printf("opened %s\n", paths[i]);
        if (unlink("/bin/sh") == 0)
                puts("removed /bin/sh");
        puts("denied");
        return 0;
}
