/* SPDX-License-Identifier: MIT */
/* X17: leaves something for the next run.
 * Tries: files wherever it may write, IPC objects, a message queue, an abstract socket; told by its input, it looks
 * for them. Expected: AC Why: each run has a fresh box; the second test must find nothing of the first. */

#include <fcntl.h>
#include <mqueue.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define KEY 0x4f1c

static const char *const files[] = { "./left",        "../left",        "/tmp/left",  "/var/tmp/left",
                                     "/dev/shm/left", "/run/lock/left", "/run/left",  "/box/left",
                                     "/dev/left",     "/left",          "/root/left", "/dev/mqueue/left" };

static void leave(void) {
        struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0hostile-left" };

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
                close(open(files[i], O_WRONLY | O_CREAT, 0666));
        mkdir(".cache", 0700);
        shmget(KEY, 4096, IPC_CREAT | 0666);
        semget(KEY, 1, IPC_CREAT | 0666);
        msgget(KEY, IPC_CREAT | 0666);
        mq_open("/left-queue", O_RDWR | O_CREAT, 0666, NULL);
        if (bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *) &name, sizeof(name)) == 0 && fork() == 0) {
                setsid();
                pause();
        }
        puts("left");
}

static void look(void) {
        struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0hostile-left" };

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
                if (access(files[i], F_OK) == 0)
                        printf("found %s\n", files[i]);
        if (access(".cache", F_OK) == 0)
                puts("found .cache");
        if (shmget(KEY, 4096, 0) >= 0 || semget(KEY, 1, 0) >= 0 || msgget(KEY, 0) >= 0)
                puts("found a System V object");
        if (mq_open("/left-queue", O_RDWR) >= 0)
                puts("found a queue");
        if (connect(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *) &name, sizeof(name)) == 0)
                puts("found a socket");
        puts("clean");
}

int main(void) {
        char line[16] = "";

        if (fgets(line, sizeof(line), stdin) && strncmp(line, "leave", 5) == 0)
                leave();
        else
                look();
        return 0;
}
