/* SPDX-License-Identifier: MIT */
/* X13: types into the caller's terminal (CVE-2017-5226).
 * Tries: TIOCSTI, the same with a bit set that the kernel ignores, TIOCLINUX, and /dev/tty.
 * Expected: sti SV|AC, sti-high SV|AC, linux SV|AC, tty AC
 * Why: no descriptor is a terminal and none can be opened; ioctl requests are compared as the 32 bits they are. Ended
 * or denied, both are right. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <termios.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";
        unsigned long request = strcmp(how, "sti") == 0        ? TIOCSTI
                                : strcmp(how, "sti-high") == 0 ? (1UL << 32 | TIOCSTI)
                                                               : TIOCLINUX;
        int worked = 0;
        char byte = '\n';

        if (strcmp(how, "tty") == 0)
                worked = open("/dev/tty", O_RDWR) >= 0 || open("/dev/tty1", O_RDWR) >= 0 ||
                         open("/dev/ptmx", O_RDWR) >= 0 || open("/dev/console", O_RDWR) >= 0;
        else
                for (int fd = 0; fd < 3; fd++)
                        worked |= syscall(SYS_ioctl, fd, request, &byte) >= 0;
        puts(worked ? "typed" : "denied");
        return 0;
}
