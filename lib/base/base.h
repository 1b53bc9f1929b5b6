/* SPDX-License-Identifier: MIT */
#pragma once

/* Cleanup of file descriptors and of libsystemd's objects in GLib's manner, and the two clocks. */

#include <errno.h>
#include <glib.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define NSEC_PER_SEC UINT64_C(1000000000)
#define NSEC_PER_USEC UINT64_C(1000)
#define USEC_INFINITY UINT64_MAX

/* Closes fd unless it is negative, keeps errno, returns -1: `fd = safe_close(fd)`. */
static inline int safe_close(int fd) {
        if (fd >= 0) {
                int saved = errno;

                (void) close(fd);
                errno = saved;
        }
        return -1;
}

static inline void safe_closep(int *fd) {
        *fd = safe_close(*fd);
}

/* A file descriptor that is closed when it leaves its scope; initialise it with -1. */
#define autofd __attribute__((cleanup(safe_closep))) int

/* Hands the descriptor over: the variable holds -1 afterwards. */
static inline int steal_fd(int *fd) {
        int taken = *fd;

        *fd = -1;
        return taken;
}

static inline uint64_t clock_ns(clockid_t clock) {
        struct timespec ts;

        (void) clock_gettime(clock, &ts);
        return (uint64_t) ts.tv_sec * NSEC_PER_SEC + (uint64_t) ts.tv_nsec;
}

static inline uint64_t now_monotonic_ns(void) {
        return clock_ns(CLOCK_MONOTONIC);
}

static inline uint64_t now_monotonic_usec(void) {
        return clock_ns(CLOCK_MONOTONIC) / NSEC_PER_USEC;
}

static inline uint64_t now_realtime_usec(void) {
        return clock_ns(CLOCK_REALTIME) / NSEC_PER_USEC;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus, sd_bus_flush_close_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_slot, sd_bus_slot_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_creds, sd_bus_creds_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_track, sd_bus_track_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_event, sd_event_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_event_source, sd_event_source_disable_unref)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sd_bus_error, sd_bus_error_free)
