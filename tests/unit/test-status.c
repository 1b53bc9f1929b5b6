/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "status.h"
#include "temporary.h"

#define SOON_USEC (USEC_PER_SEC / 5)
#define DUE_USEC (USEC_PER_SEC + SOON_USEC)

typedef struct Listener {
        char *directory;
        struct sockaddr_un address; /* of systemd's socket */
        int fd;
        sd_event *event;
        Status *status;
} Listener;

static void listener_up(Listener *listener, gconstpointer data) {
        struct sockaddr_un *address = &listener->address;

        listener->directory = temporary_new();
        address->sun_family = AF_UNIX;
        (void) snprintf(address->sun_path, sizeof(address->sun_path), "%s/notify", listener->directory);
        listener->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        g_assert_cmpint(listener->fd, >=, 0);
        g_assert_cmpint(bind(listener->fd, (struct sockaddr *) address, sizeof(*address)), ==, 0);
        g_assert_cmpint(sd_event_new(&listener->event), ==, 0);
        g_setenv("NOTIFY_SOCKET", address->sun_path, true);
        listener->status = status_new(listener->event);
        g_unsetenv("NOTIFY_SOCKET");
}

static void listener_down(Listener *listener, gconstpointer data) {
        status_free(listener->status);
        sd_event_unref(listener->event);
        safe_close(listener->fd);
        temporary_free(listener->directory);
        g_free(listener->directory);
}

static void wait_usec(Listener *listener, uint64_t usec) {
        const uint64_t until_usec = now_monotonic_usec() + usec;

        for (uint64_t now_usec; (now_usec = now_monotonic_usec()) < until_usec;)
                g_assert_cmpint(sd_event_run(listener->event, until_usec - now_usec), >=, 0);
}

/* NULL: nothing. */
static void hears(Listener *listener, const char *expected) {
        char line[64] = {};
        const ssize_t n = recv(listener->fd, line, sizeof(line) - 1, MSG_DONTWAIT);

        g_assert_cmpstr(n < 0 ? NULL : line, ==, expected);
}

static void test_rare(Listener *listener, gconstpointer data) {
        status_set(listener->status, g_strdup("one"));
        hears(listener, "STATUS=one");
        status_set(listener->status, g_strdup("two"));
        status_set(listener->status, g_strdup("three"));
        wait_usec(listener, SOON_USEC);
        hears(listener, NULL);
        wait_usec(listener, USEC_PER_SEC);
        hears(listener, "STATUS=three");
        hears(listener, NULL);
}

/* systemd knows it already. */
static void test_same(Listener *listener, gconstpointer data) {
        status_set(listener->status, g_strdup("one"));
        hears(listener, "STATUS=one");
        status_set(listener->status, g_strdup("two"));
        status_set(listener->status, g_strdup("one"));
        wait_usec(listener, DUE_USEC);
        hears(listener, NULL);
        status_set(listener->status, g_strdup("one"));
        hears(listener, NULL);
}

/* What came shortly before the first window, and what comes while one is open, waits until there is none. */
static void test_measuring(Listener *listener, gconstpointer data) {
        status_set(listener->status, g_strdup("waits"));
        status_set(listener->status, g_strdup("runs"));
        hears(listener, "STATUS=waits");
        status_flush(listener->status, true);
        wait_usec(listener, DUE_USEC);
        hears(listener, NULL);
        status_flush(listener->status, true);
        hears(listener, "STATUS=runs");

        wait_usec(listener, DUE_USEC);
        status_set(listener->status, g_strdup("runs, one queued"));
        wait_usec(listener, SOON_USEC);
        hears(listener, NULL);
        status_flush(listener->status, false);
        hears(listener, "STATUS=runs, one queued");
        status_set(listener->status, g_strdup("waits"));
        wait_usec(listener, DUE_USEC);
        hears(listener, "STATUS=waits");
}

/* What was there and is no more leaves no timer behind that goes off in a window. */
static void test_back_again(Listener *listener, gconstpointer data) {
        status_set(listener->status, g_strdup("one"));
        status_set(listener->status, g_strdup("two"));
        status_set(listener->status, g_strdup("one"));
        hears(listener, "STATUS=one");
        status_flush(listener->status, true);
        status_set(listener->status, g_strdup("three"));
        wait_usec(listener, DUE_USEC);
        hears(listener, NULL);
        status_flush(listener->status, true);
        hears(listener, "STATUS=three");
}

static void fill(const Listener *listener) {
        autofd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        g_assert_cmpint(connect(fd, (const struct sockaddr *) &listener->address, sizeof(listener->address)), ==, 0);
        while (send(fd, "full", 4, MSG_NOSIGNAL) >= 0)
                ;
        g_assert_cmpint(errno, ==, EAGAIN);
}

/* systemd is busy: what it does not take now it is told later. */
static void test_full(Listener *listener, gconstpointer data) {
        char other[4];

        fill(listener);
        status_set(listener->status, g_strdup("one"));
        status_set(listener->status, g_strdup("one"));
        while (recv(listener->fd, other, sizeof(other), MSG_DONTWAIT) >= 0)
                g_assert_cmpmem(other, sizeof(other), "full", 4);
        wait_usec(listener, DUE_USEC);
        hears(listener, "STATUS=one");
}

/* A window may be long. */
static void test_long_window(Listener *listener, gconstpointer data) {
        status_flush(listener->status, true);
        status_set(listener->status, g_strdup("runs"));
        wait_usec(listener, USEC_PER_SEC);
        hears(listener, NULL);
        wait_usec(listener, QUIET_USEC + SOON_USEC - USEC_PER_SEC);
        hears(listener, "STATUS=runs");
}

static void add(const char *path, void (*test)(Listener *, gconstpointer)) {
        g_test_add(path, Listener, NULL, listener_up, test, listener_down);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        add("/status/rare", test_rare);
        add("/status/same", test_same);
        add("/status/measuring", test_measuring);
        add("/status/long-window", test_long_window);
        add("/status/back-again", test_back_again);
        add("/status/full", test_full);
        return g_test_run();
}
