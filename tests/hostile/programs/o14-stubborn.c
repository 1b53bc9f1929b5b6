/* SPDX-License-Identifier: MIT */
/* O14: leaves what is hard to remove.
 * Tries: directories without permissions, files made immutable, and descriptors kept open by an orphan.
 * Expected: AC
 * Why: the orphan dies with the leaf and the files with the box's mount; nobody walks through them. */

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
        int fd, flags = FS_IMMUTABLE_FL;

        if (mkdir("closed", 0700) < 0)
                return 1;
        fd = open("closed/kept", O_RDWR | O_CREAT, 0600);
        if (fd < 0)
                return 1;
        ioctl(fd, FS_IOC_SETFLAGS, &flags);
        if (chmod("closed", 0) < 0)
                return 1;
        if (fork() == 0) {
                setsid();
                for (;;)
                        if (write(fd, "x", 1) < 0 || usleep(1000) < 0)
                                pause();
        }
        puts("42");
        return 0;
}
