/* SPDX-License-Identifier: MIT */
/* X6: looks for others.
 * Tries: processes, boxes, results and sockets that are not its own.
 * Expected: AC
 * Why: PID, mount and network namespaces are its own; it sees itself and the box's first process. */

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
        static const char *const paths[] = { "/var/lib/jouletrace",
                                             "/run/jouletrace",
                                             "/sys/fs/cgroup/jouletrace.slice",
                                             "/run/systemd/private",
                                             "/run/dbus/system_bus_socket",
                                             "/proc/1/root/home" };
        DIR *proc = opendir("/proc");
        struct dirent *entry;
        char line[512];
        FILE *sockets;

        while (proc && (entry = readdir(proc)))
                if (isdigit(entry->d_name[0]) && atoi(entry->d_name) != 1 && atoi(entry->d_name) != getpid())
                        printf("sees process %s\n", entry->d_name);
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
                if (access(paths[i], F_OK) == 0)
                        printf("sees %s\n", paths[i]);
        sockets = fopen("/proc/net/unix", "re");
        for (int n = 0; sockets && fgets(line, sizeof(line), sockets); n++)
                if (n > 0)
                        printf("sees socket %s", line);
        puts("alone");
        return 0;
}
