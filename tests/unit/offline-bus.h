/* SPDX-License-Identifier: MIT */
#pragma once

/* Messages that are built, sealed and read again without a peer: enough for what (de)serialises. */

#include <stdbool.h>
#include <sys/socket.h>

#include "base.h"

typedef struct OfflineBus {
        sd_bus *bus;
        int other_end;
} OfflineBus;

static inline void offline_bus_clear(OfflineBus *offline) {
        sd_bus_close(offline->bus);
        sd_bus_unref(offline->bus);
        offline->other_end = safe_close(offline->other_end);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OfflineBus, offline_bus_clear)

static inline void offline_bus_init(OfflineBus *offline) {
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(sd_bus_new(&offline->bus), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(offline->bus, fds[0], fds[0]), >=, 0);
        g_assert_cmpint(sd_bus_start(offline->bus), >=, 0);
        offline->other_end = fds[1];
}

static inline sd_bus_message *offline_message_new(OfflineBus *offline) {
        sd_bus_message *m;

        g_assert_cmpint(sd_bus_message_new_signal(offline->bus, &m, "/test", "org.jouletrace.Test", "Test"), >=, 0);
        return m;
}

/* From writing to reading. */
static inline void offline_message_turn(sd_bus_message *m) {
        g_assert_cmpint(sd_bus_message_seal(m, 1, 0), >=, 0);
        g_assert_cmpint(sd_bus_message_rewind(m, true), >=, 0);
}
