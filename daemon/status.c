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
        int fd; /* negative: nobody listens */
        char *text;
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
        g_free(status);
        return NULL;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata);

/* What does not go through now goes with the next line. */
static void status_send(Status *status) {
        g_autofree char *line = g_strdup_printf("STATUS=%s", status->text);

        g_clear_pointer(&status->text, g_free);
        (void) send(status->fd, line, strlen(line), MSG_NOSIGNAL);
        (void) sd_event_add_time_relative(status->event, &status->timer, CLOCK_MONOTONIC, PERIOD_USEC, 0, on_timer,
                                          status);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Status *status = userdata;

        status->timer = sd_event_source_disable_unref(status->timer);
        if (status->text)
                status_send(status);
        return 0;
}

void status_set(Status *status, char *text) {
        g_free(status->text);
        status->text = text;
        if (status->fd < 0)
                g_clear_pointer(&status->text, g_free);
        else if (!status->timer)
                status_send(status);
}
