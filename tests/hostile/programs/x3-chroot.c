/* SPDX-License-Identifier: MIT */
/* X3: leaves its root.
 * Tries: chroot() twice, and .. from a directory opened before.
 * Expected: chroot SV|AC, climb AC
 * Why: chroot() ends the run or needs a capability it does not have ("denied"); above the box's root there is nothing,
 * since the old one is no longer mounted. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
        struct stat root, top;
        int fd = open("/", O_RDONLY | O_DIRECTORY);

        if (argc > 1 && strcmp(argv[1], "chroot") == 0) {
                if (mkdir("inner", 0755) < 0)
                        return 1;
                puts(chroot("inner") < 0 ? "denied" : "chroot worked");
                return 0;
        }
        if (fd < 0 || fchdir(fd) < 0 || stat("/", &root) < 0)
                return 1;
        for (int i = 0; i < 1000; i++)
                if (chdir("..") < 0)
                        return 1;
        if (stat(".", &top) < 0)
                return 1;
        if (top.st_ino != root.st_ino || top.st_dev != root.st_dev)
                puts("above the root");
        else if (access("/home", F_OK) == 0 || access("/etc/shadow", F_OK) == 0)
                puts("the host's root");
        else
                puts("contained");
        return 0;
}
