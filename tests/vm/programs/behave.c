/* SPDX-License-Identifier: MIT */
/* behave: does what honest programs do and prints what came of it, a line each, so that a direct run and a measured
 * one can be compared: writes to its directory and to /tmp, listens on 127.0.0.1, maps PROT_EXEC, says who it is. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *what, int failed) {
        printf("%s: %s\n", what, failed ? strerror(errno) : "ok");
}

static int write_file(const char *path) {
        int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);

        return fd < 0 || write(fd, "x", 1) != 1 || close(fd) < 0;
}

int main(void) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        char directory[4096];
        gid_t groups[64];
        struct stat st;
        int n;

        say("write to cwd", write_file("behave.out"));
        say("owner of it", stat("behave.out", &st) < 0);
        printf("it is %u:%u mode %o\n", st.st_uid, st.st_gid, st.st_mode & 07777);
        say("write to /tmp", write_file("/tmp/behave.out"));
        say("bind 127.0.0.1", fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0);
        say("listen", listen(fd, 1) < 0);
        say("map PROT_EXEC",
            mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
        printf("cwd %s\n", getcwd(directory, sizeof(directory)));
        printf("uid %u/%u gid %u/%u groups", getuid(), geteuid(), getgid(), getegid());
        n = getgroups(64, groups);
        for (int i = 0; i < n; i++)
                printf(" %u", groups[i]);
        printf("\nHOME %s\n", getenv("HOME") ?: "unset");
        for (int i = 3; i < 256; i++)
                if (fcntl(i, F_GETFD) >= 0 && i != fd)
                        printf("inherited descriptor %d\n", i);
        return 0;
}
