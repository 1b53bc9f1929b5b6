/* SPDX-License-Identifier: MIT */
#include "request-internal.h"

/* Whether there is something to send; a key without a value is left out. */
static bool has_value(const Request *request, KeyId id) {
        const void *p = request_member_const(request, id);

        switch (request_keys[id].type) {
        case KEY_STRINGS:
                return *(char **const *) p != NULL;
        case KEY_STRING:
        case KEY_CHOICE:
                return *(char *const *) p != NULL;
        case KEY_DOUBLE:
                return *(const double *) p > 0;
        case KEY_FD:
                return *(const int *) p >= 0;
        case KEY_FD_OR_BYTES:
                return *(const int *) p >= 0 || *request_bytes_member((Request *) request, id);
        case KEY_FILES:
        case KEY_TESTS:
        case KEY_VALIDATOR:
        case KEY_FUNCTION:
                return *(void *const *) p;
        default:
                return true;
        }
}

static int append_strings(sd_bus_message *m, char **strings) {
        int r;

        r = sd_bus_message_open_container(m, 'v', "as");
        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(m, strings);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int append_bytes(sd_bus_message *m, GBytes *bytes) {
        const void *data;
        size_t size;
        int r;

        data = g_bytes_get_data(bytes, &size);
        r = sd_bus_message_open_container(m, 'v', "ay");
        if (r < 0)
                return r;
        r = sd_bus_message_append_array(m, 'y', data, size);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int append_fd_or_bytes(sd_bus_message *m, const Request *request, KeyId id) {
        GBytes *bytes = *request_bytes_member((Request *) request, id);

        if (bytes)
                return append_bytes(m, bytes);
        return sd_bus_message_append(m, "v", "h", *(const int *) request_member_const(request, id));
}

static int append_value(sd_bus_message *m, const Request *request, KeyId id) {
        const void *p = request_member_const(request, id);

        switch (request_keys[id].type) {
        case KEY_STRINGS:
                return append_strings(m, *(char **const *) p);
        case KEY_STRING:
        case KEY_CHOICE:
                return sd_bus_message_append(m, "v", "s", *(char *const *) p);
        case KEY_UINT32:
                return sd_bus_message_append(m, "v", "u", *(const uint32_t *) p);
        case KEY_DOUBLE:
                return sd_bus_message_append(m, "v", "d", *(const double *) p);
        case KEY_BOOLEAN:
                return sd_bus_message_append(m, "v", "b", (int) *(const bool *) p);
        case KEY_FD_OR_BYTES:
                return append_fd_or_bytes(m, request, id);
        case KEY_FD:
                return sd_bus_message_append(m, "v", "h", *(const int *) p);
        case KEY_FILES:
        case KEY_TESTS:
        case KEY_VALIDATOR:
        case KEY_FUNCTION:
                return request_append_part(m, request_keys[id].type, *(void *const *) p);
        default:
                return sd_bus_message_append(m, "v", "t", *(const uint64_t *) p);
        }
}

int request_append_keys(sd_bus_message *m, const Request *request, uint64_t keys) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++) {
                if (!(keys & (UINT64_C(1) << id)) || !has_value(request, id))
                        continue;
                r = sd_bus_message_open_container(m, 'e', "sv");
                if (r < 0)
                        return r;
                r = sd_bus_message_append_basic(m, 's', request_keys[id].name);
                if (r < 0)
                        return r;
                r = append_value(m, request, id);
                if (r < 0)
                        return r;
                r = sd_bus_message_close_container(m);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

uint64_t request_keys_of(JobKind kind) {
        uint64_t keys = 0;

        for (KeyId id = 0; id < N_REQUEST_KEYS; id++)
                if (request_key_takes(id, kind))
                        keys |= UINT64_C(1) << id;
        return keys;
}

int request_append(sd_bus_message *m, const Request *request) {
        return request_append_keys(m, request, request_keys_of(request->kind));
}

int request_append_given(sd_bus_message *m, const Request *request) {
        return request_append_keys(m, request, request->given);
}
