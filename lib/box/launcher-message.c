/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/socket.h>

#include "launcher-message.h"

/* Aligned as the kernel writes it. */
typedef union Control {
        struct cmsghdr header;
        char space[CMSG_SPACE(LAUNCH_FDS_MAX * sizeof(int))];
} Control;

int message_send(int socket_fd, const void *data, size_t size, const int *fds, size_t n_fds) {
        struct iovec iov = { .iov_base = (void *) data, .iov_len = size };
        Control control = {};
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
        ssize_t n;

        g_assert(n_fds <= LAUNCH_FDS_MAX);
        if (n_fds > 0) {
                message.msg_control = &control;
                message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
                control.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                                   .cmsg_type = SCM_RIGHTS,
                                                   .cmsg_len = CMSG_LEN(n_fds * sizeof(int)) };
                memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
        }
        do
                n = sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t) n == size ? 0 : -EIO;
}

static size_t take_fds(struct msghdr *message, int *fds) {
        size_t n_fds = 0;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                memcpy(fds, CMSG_DATA(c), n_fds * sizeof(int));
        }
        return n_fds;
}

int message_receive(int socket_fd, void *data, size_t size, int *fds, size_t *ret_n_fds) {
        struct iovec iov = { .iov_base = data, .iov_len = size };
        Control control = {};
        struct msghdr message = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };
        size_t n_fds;
        ssize_t n;

        do
                n = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        n_fds = take_fds(&message, fds);
        if (n == 0 || (size_t) n != size || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
                for (size_t i = 0; i < n_fds; i++)
                        safe_close(fds[i]);
                return n == 0 ? -EPIPE : -EBADMSG;
        }
        *ret_n_fds = n_fds;
        return 0;
}
