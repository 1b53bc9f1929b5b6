/* SPDX-License-Identifier: MIT */
#pragma once

/* Requests as messages, built key by key, and what comes of reading them. */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "names.h"
#include "offline-bus.h"
#include "request.h"

#define BIT(id) (UINT64_C(1) << (id))

typedef struct Fixture {
        OfflineBus offline;
        RequestLimits limits;
        JobKind kind; /* JOB_MEASURE unless a test says otherwise */
        sd_bus_message *m;
} Fixture;

static inline void setup(Fixture *f, const void *data) {
        offline_bus_init(&f->offline);
        request_limits_init(&f->limits);
        f->limits.bounds[REQUEST_MEMORY_MAX].max = UINT64_C(1) << 30;
}

static inline void teardown(Fixture *f, const void *data) {
        sd_bus_message_unref(f->m);
        offline_bus_clear(&f->offline);
}

/* A message with the dictionary open and argv in it, unless told otherwise. */
static inline void begin(Fixture *f, bool with_argv) {
        sd_bus_message_unref(f->m);
        f->m = offline_message_new(&f->offline);
        g_assert_cmpint(sd_bus_message_open_container(f->m, 'a', "{sv}"), >=, 0);
        if (with_argv)
                g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "argv", "as", 1, "/bin/true"), >=, 0);
}

static inline int finish(Fixture *f, Request **ret, sd_bus_error *error) {
        g_assert_cmpint(sd_bus_message_close_container(f->m), >=, 0);
        offline_message_turn(f->m);
        return request_from_message(f->m, f->kind, &f->limits, ret, error);
}

static inline Request *accepted(Fixture *f) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        Request *request = NULL;
        int r;

        r = finish(f, &request, &error);
        g_assert_cmpstr(error.message, ==, NULL);
        g_assert_cmpint(r, ==, 0);
        g_assert_nonnull(request);
        return request;
}

static inline void refused(Fixture *f, const char *message) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        Request *request = NULL;

        g_assert_cmpint(finish(f, &request, &error), ==, -EBADMSG);
        g_assert_null(request);
        g_assert_cmpstr(error.name, ==, JT_ERROR_INVALID_REQUEST);
        if (message)
                g_assert_cmpstr(error.message, ==, message);
}

static inline void append_number(Fixture *f, KeyId id, uint64_t value) {
        const RequestKey *key = &request_keys[id];
        int r;

        if (key->type == KEY_UINT32)
                r = sd_bus_message_append(f->m, "{sv}", key->name, "u", (uint32_t) value);
        else
                r = sd_bus_message_append(f->m, "{sv}", key->name, "t", value);
        g_assert_cmpint(r, >=, 0);
}

static inline bool is_number(KeyType type) {
        return type == KEY_UINT32 || type == KEY_UINT64 || type == KEY_USEC || type == KEY_BYTES;
}

static inline uint64_t number_of(const Request *request, KeyId id) {
        const void *p = (const uint8_t *) request + request_keys[id].offset;

        return request_keys[id].type == KEY_UINT32 ? *(const uint32_t *) p : *(const uint64_t *) p;
}

static inline void append_fd(Fixture *f, const char *name, int flags) {
        autofd fd = open("/dev/null", flags | O_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", name, "h", fd), >=, 0);
}

#define ALL_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

static inline int make_memfd(const char *text, int seals) {
        autofd fd = memfd_create("blobs", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        size_t size = strlen(text);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write(fd, text, size), ==, (ssize_t) size);
        g_assert_cmpint(fcntl(fd, F_ADD_SEALS, seals), ==, 0);
        return steal_fd(&fd);
}

static inline void append_blobs_fd(Fixture *f) {
        autofd fd = make_memfd("0123456789", ALL_SEALS);

        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "blobs", "h", fd), >=, 0);
}

static inline void append_blobs_bytes(Fixture *f, const void *bytes, size_t size) {
        g_assert_cmpint(sd_bus_message_open_container(f->m, 'e', "sv"), >=, 0);
        g_assert_cmpint(sd_bus_message_append(f->m, "s", "blobs"), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(f->m, 'v', "ay"), >=, 0);
        g_assert_cmpint(sd_bus_message_append_array(f->m, 'y', bytes, size), >=, 0);
        g_assert_cmpint(sd_bus_message_close_container(f->m), >=, 0);
        g_assert_cmpint(sd_bus_message_close_container(f->m), >=, 0);
}

static inline void append_file(Fixture *f, const char *name, uint64_t offset, uint64_t size, uint32_t mode) {
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "files", "a(sttu)", 1, name, offset, size, mode), >=, 0);
}

static inline void append_test(Fixture *f, const char *name) {
        g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", "tests", "a(stttt)", 1, name, UINT64_C(0), UINT64_C(4),
                                              UINT64_C(4), UINT64_C(6)),
                        >=, 0);
}

#define KEY_SET(...) g_assert_cmpint(sd_bus_message_append(f->m, "{sv}", __VA_ARGS__), >=, 0)

/* A validation's request with blobs of ten bytes, without tests when the case brings its own. */
static inline void begin_validation(Fixture *f, bool with_test) {
        f->kind = JOB_VALIDATE;
        begin(f, true);
        append_blobs_fd(f);
        if (with_test)
                append_test(f, "1");
}
