/* SPDX-License-Identifier: MIT */
/* M11: memory of the kernel's own.
 * Tries: full pipes, full sockets, epoll and inotify watches, a deep tree of directories, descriptors in flight.
 * Expected: pipes MLE|RTE, sockets MLE|RTE, epoll MLE|RTE, inotify MLE|RTE, dentries MLE|RTE, scm MLE|RTE
 * Why: the kernel charges it to the leaf; RLIMIT_NOFILE, the inodes of the tmpfs and the limits per user may come
 * first, upon which the program exits with 1. */

#define _GNU_SOURCE

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char block[4096];

static int fill(int from) {
        fcntl(from, F_SETFL, O_NONBLOCK);
        while (write(from, block, sizeof(block)) > 0)
                ;
        return 0;
}

static int pipes(void) {
        int fds[2];

        if (pipe(fds) < 0)
                return -1;
        fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
        return fill(fds[1]);
}

static int sockets(void) {
        int fds[2], size = 1 << 20;

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
                return -1;
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        fill(fds[0]);
        return fill(fds[1]);
}

static int watches_epoll(void) {
        static int last = -1;
        struct epoll_event event = { .events = EPOLLIN };
        int fd = epoll_create1(0);

        if (fd < 0)
                return -1;
        if (last >= 0)
                epoll_ctl(fd, EPOLL_CTL_ADD, last, &event);
        last = fd;
        return 0;
}

static int watches_inotify(void) {
        static int n, fd = -1;
        char name[32];

        if (fd < 0)
                fd = inotify_init1(0);
        snprintf(name, sizeof(name), "watched-%d", n++);
        if (mkdir(name, 0700) < 0)
                return -1;
        return inotify_add_watch(fd, name, IN_ALL_EVENTS);
}

static int dentries(void) {
        char name[256];

        memset(name, 'd', 255);
        name[255] = '\0';
        if (mkdir(name, 0700) < 0)
                return -1;
        return chdir(name);
}

/* Each pair carries itself: nobody can reach it any more, and only the kernel's collector frees it. */
static int in_flight(void) {
        char control[CMSG_SPACE(2 * sizeof(int))] = "";
        struct iovec data = { block, sizeof(block) };
        struct msghdr message = {
                .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
        };
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
                return -1;
        *header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(fds)),
                                    .cmsg_level = SOL_SOCKET,
                                    .cmsg_type = SCM_RIGHTS };
        memcpy(CMSG_DATA(header), fds, sizeof(fds));
        if (sendmsg(fds[0], &message, 0) < 0)
                return -1;
        close(fds[0]);
        close(fds[1]);
        return 0;
}

int main(int argc, char **argv) {
        static const struct {
                const char *name;
                int (*step)(void);
        } ways[] = {
                { "pipes", pipes },         { "sockets", sockets },
                { "epoll", watches_epoll }, { "inotify", watches_inotify },
                { "dentries", dentries },   { "scm", in_flight },
        };

        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
                if (argc > 1 && strcmp(argv[1], ways[i].name) == 0)
                        for (int n = 0; n < 1000000; n++)
                                if (ways[i].step() < 0)
                                        return 1;
        puts("a million");
        return 0;
}
