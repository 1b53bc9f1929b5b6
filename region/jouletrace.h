/* SPDX-License-Identifier: MIT */
#pragma once

/* Declares the part of a program that is to be measured, so that its start-up and its clean-up are not:
 *
 *         read_input();
 *         jouletrace_begin();
 *         work();
 *         jouletrace_end(1);
 *         write_output();
 *
 * Under `joulectl measure --region` energy and time cover what lies between begin and end, of all such pairs of one
 * run together. Anywhere else both calls do nothing and return 0. Everything is in this header; C99 or C++, POSIX.
 * Call both from one thread.
 *
 * The protocol: the environment names a connected SOCK_SEQPACKET socket, JOULETRACE_REGION_FD. The program sends
 * "begin" and waits for "go"; it sends "end N", N in decimal being how often it did its work in between, and waits for
 * "done". JOULETRACE_REGION_USEC says for how many microseconds the regions of one run should last together: shorter
 * ones give time but no energy, unless the service can make it up by repeating the whole program. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static inline int jouletrace_fd_(void) {
        const char *text = getenv("JOULETRACE_REGION_FD");
        char *end;
        long fd;

        if (!text || !*text)
                return -1;
        fd = strtol(text, &end, 10);
        return *end || fd < 0 || fd > 1 << 20 ? -1 : (int) fd;
}

static inline int jouletrace_say_(const char *message, const char *answer) {
        const int fd = jouletrace_fd_();
        char reply[16];
        ssize_t n;

        if (fd < 0)
                return 0;
        do
                n = send(fd, message, strlen(message), MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        do
                n = recv(fd, reply, sizeof(reply), 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t) n == strlen(answer) && memcmp(reply, answer, (size_t) n) == 0 ? 0 : -EPROTO;
}

/* Whether somebody measures. */
static inline int jouletrace_measured(void) {
        return jouletrace_fd_() >= 0;
}

/* For how long the regions of this run should last together, in microseconds; 0 when nobody measures. */
static inline unsigned long jouletrace_wanted_usec(void) {
        const char *text = getenv("JOULETRACE_REGION_USEC");

        return text && jouletrace_measured() ? strtoul(text, NULL, 10) : 0;
}

/* What follows is measured. 0, or negative errno: -EPIPE and -ECONNRESET when the measuring side is gone, -EPROTO
 * when it answers something else. */
static inline int jouletrace_begin(void) {
        return jouletrace_say_("begin", "go");
}

/* What follows is not. iterations (at least 1): how often the work was done since begin; figures are of one. */
static inline int jouletrace_end(unsigned long iterations) {
        char message[32];

        (void) snprintf(message, sizeof(message), "end %lu", iterations);
        return jouletrace_say_(message, "done");
}
