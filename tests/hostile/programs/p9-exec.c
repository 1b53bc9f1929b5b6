/* SPDX-License-Identifier: MIT */
/* P9: becomes another program.
 * Tries: a shell, and a set-user-id program that would make it root.
 * Expected: shell AC, setuid AC
 * Why: exec is allowed (interpreters and compilers need it), but nothing is gained by it: no new privileges, nothing
 * mounted with set-user-id, and su says no. The program prints what it found. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

int main(int argc, char **argv) {
        struct statvfs fs;

        if (argc > 1 && strcmp(argv[1], "shell") == 0) {
                execl("/bin/sh", "sh", "-c", "echo shell", NULL);
                return 1;
        }
        if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
                puts("new privileges are possible");
        else if (statvfs("/usr/bin", &fs) < 0 || !(fs.f_flag & ST_NOSUID))
                puts("set-user-id programs work");
        else if (system("test \"$(echo | su -c 'id -u' 2>/dev/null)\" = 0 || test \"$(id -u)\" = 0") == 0)
                puts("root");
        else
                puts("nothing gained");
        return 0;
}
