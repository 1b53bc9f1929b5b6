/* SPDX-License-Identifier: MIT */
/* X1: reads what is the host's.
 * Tries: password hashes, keys, homes, and the state of the service.
 * Expected: AC
 * Why: none of it is in the box: not closed (EACCES), absent (ENOENT). */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int main(void) {
        static const char *const paths[] = {
                "/etc/shadow",
                "/etc/gshadow",
                "/etc/sudoers",
                "/etc/ssh",
                "/etc/machine-id",
                "/root",
                "/home",
                "/home/user1",
                "/var/lib/jouletrace",
                "/run/jouletrace",
                "/run/dbus",
                "/run/systemd",
                "/var/log",
                "/boot",
                "/sys/kernel/debug",
                "/proc/1/root/etc/shadow",
                "/proc/1/cwd/etc/shadow",
                "/proc/self/root/etc/shadow",
                "/../etc/shadow",
                "/dev/mem",
                "/dev/sda",
                "/dev/vda",
        };

        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
                int fd = open(paths[i], O_RDONLY);

                if (fd >= 0)
                        printf("opened %s\n", paths[i]);
                else if (errno != ENOENT && strncmp(paths[i], "/proc/1/", 8) != 0)
                        printf("%s: %s\n", paths[i], strerror(errno));
        }
        puts("absent");
        return 0;
}
