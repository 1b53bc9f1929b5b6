/* SPDX-License-Identifier: MIT */
/* X18: floods the logs.
 * Tries: the sockets of syslog and of the journal, the kernel's buffer, and a crash every moment, each of which the
 * kernel writes a line about. Expected: AC Why: no socket and no /dev/kmsg are in the box; the kernel limits its own
 * lines. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *path) {
        struct sockaddr_un name = { .sun_family = AF_UNIX };

        strcpy(name.sun_path, path);
        if (connect(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *) &name, sizeof(name)) == 0)
                printf("reached %s\n", path);
}

int main(void) {
        say("/dev/log");
        say("/run/systemd/journal/dev-log");
        say("/run/systemd/journal/socket");
        say("/run/systemd/journal/stdout");
        if (open("/dev/kmsg", O_WRONLY) >= 0)
                puts("opened /dev/kmsg");
        for (int i = 0; i < 500; i++) {
                pid_t pid = fork();

                if (pid == 0)
                        *(volatile int *) 8 = 1;
                if (pid > 0)
                        waitpid(pid, NULL, 0);
        }
        puts("absent");
        return 0;
}
