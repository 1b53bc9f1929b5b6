/* SPDX-License-Identifier: MIT */
/* X10: restarts the machine.
 * Tries: reboot(), and the magic system request key.
 * Expected: reboot SV|AC, sysrq AC
 * Why: reboot() ends the run or is denied, as is /proc/sysrq-trigger. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
        int r;

        sync();
        if (argc > 1 && strcmp(argv[1], "reboot") == 0)
                r = syscall(SYS_reboot, 0xfee1dead, 672274793, 0x01234567, NULL);
        else {
                r = open("/proc/sysrq-trigger", O_WRONLY);
                if (r >= 0)
                        r = write(r, "b", 1);
        }
        puts(r < 0 ? "denied" : "done");
        return 0;
}
