/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "log.h"
#include "status.h"

#define PERIOD_USEC USEC_PER_SEC

struct Status {
        sd_event *event;
        sd_event_source *timer;
        int fd;             /* negative: nobody listens */
        char *text, *sent;  /* what is to be sent, and what was last; NULL: nothing */
        uint64_t sent_usec; /* when that was */
        bool measures;      /* a window may be open */
};

/* Abstract names are written with @ and start with a zero byte. */
static int connect_notify_socket(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t length = strlen(path);
        autofd fd = -1;

        if (length >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, length);
        if (path[0] == '@')
                address.sun_path[0] = '\0';

        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *) &address,
                    (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length + (path[0] == '@' ? 0 : 1))) < 0)
                return -errno;
        return steal_fd(&fd);
}

Status *status_new(sd_event *event) {
        Status *status = g_new0(Status, 1);
        const char *path = getenv("NOTIFY_SOCKET");

        status->event = sd_event_ref(event);
        status->fd = -1;
        if (path) {
                status->fd = connect_notify_socket(path);
                if (status->fd < 0)
                        log_errno(LOG_WARNING, status->fd, "cannot reach systemd's notification socket");
        }
        return status;
}

Status *status_free(Status *status) {
        if (!status)
                return NULL;
        sd_event_source_disable_unref(status->timer);
        sd_event_unref(status->event);
        safe_close(status->fd);
        g_free(status->text);
        g_free(status->sent);
        g_free(status);
        return NULL;
}

static bool is_due(const Status *status) {
        return !status->sent || now_monotonic_usec() >= status->sent_usec + PERIOD_USEC;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

static void send_later(Status *status) {
        const uint64_t now_usec = now_monotonic_usec();
        const uint64_t due_usec = MAX(now_usec, status->sent_usec + PERIOD_USEC);

        status->timer = sd_event_source_disable_unref(status->timer);
        (void) sd_event_add_time_relative(status->event, &status->timer, CLOCK_MONOTONIC,
                                          due_usec - now_usec + (status->measures ? QUIET_USEC : 0), 0, on_timer,
                                          status);
}

/* systemd's socket may be full. */
static void send_text(Status *status) {
        g_autofree char *line = g_strdup_printf("STATUS=%s", status->text);

        status->timer = sd_event_source_disable_unref(status->timer);
        status->sent_usec = now_monotonic_usec();
        if (send(status->fd, line, strlen(line), MSG_NOSIGNAL) < 0) {
                send_later(status);
                return;
        }
        g_free(status->sent);
        status->sent = g_steal_pointer(&status->text);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        send_text(userdata);
        return 0;
}

/* A timer is on while there is a text that is not sent. */
void status_set(Status *status, char *text) {
        g_free(status->text);
        status->text = text;
        if (status->fd < 0 || g_strcmp0(text, status->sent) == 0) {
                g_clear_pointer(&status->text, g_free);
                status->timer = sd_event_source_disable_unref(status->timer);
        } else if (is_due(status) && !status->measures)
                send_text(status);
        else if (!status->timer)
                send_later(status);
}

void status_flush(Status *status, bool measures) {
        status->measures = measures;
        if (!status->text)
                return;
        if (is_due(status))
                send_text(status);
        else
                send_later(status);
}
