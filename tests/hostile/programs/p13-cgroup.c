/* SPDX-License-Identifier: MIT */
/* P13: moves itself to another cgroup.
 * Tries: to leave the leaf by writing its pid to every cgroup.procs it can find, and to learn the leaf's name.
 * Expected: AC
 * Why: no cgroup tree is mounted in the box, and the cgroup namespace hides where the leaf hangs. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
        static const char *const files[] = {
                "/sys/fs/cgroup/cgroup.procs",
                "/sys/fs/cgroup/unified/cgroup.procs",
                "/sys/fs/cgroup/system.slice/cgroup.procs",
                "/sys/fs/cgroup/user.slice/cgroup.procs",
                "/sys/fs/cgroup/jouletrace.slice/cgroup.procs",
                "/sys/fs/cgroup/pids/tasks",
        };
        char text[4096] = "";
        int fd;

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                fd = open(files[i], O_WRONLY | O_CLOEXEC);
                if (fd >= 0 && write(fd, "0\n", 2) > 0)
                        return printf("moved by %s\n", files[i]) < 0;
        }
        fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strstr(text, "jouletrace"))
                return printf("knows its place: %s\n", text) < 0;
        puts("denied");
        return 0;
}
