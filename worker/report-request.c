/* SPDX-License-Identifier: MIT */

/* The report's request{}: what was asked for, as it was run. */

#include <stdlib.h>
#include <string.h>

#include "report-internal.h"

static int compare_strings(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Names and a digest of the whole, never values: they are where secrets live. */
static void write_env(Body *body) {
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
        g_autofree char **sorted = NULL;
        guint n = body->record->env ? g_strv_length(body->record->env) : 0;

        sorted = g_memdup2(body->record->env, n * sizeof(char *));
        if (n > 0)
                qsort(sorted, n, sizeof(char *), compare_strings);
        body_open(body, "env");
        body_open_array(body, "names");
        for (guint i = 0; i < n; i++) {
                g_autofree char *name = g_strndup(sorted[i], strcspn(sorted[i], "="));

                body_string(body, NULL, name);
                g_checksum_update(sum, (const guchar *) sorted[i], (gssize) strlen(sorted[i]) + 1);
        }
        body_close_array(body);
        body_string(body, "sha256", g_checksum_get_string(sum));
        body_close(body);
}

static bool fd_given(const Request *request, KeyId key) {
        switch (key) {
        case REQUEST_STDIN:
                return request->stdin_fd >= 0 || request->stdin_bytes;
        case REQUEST_BLOBS:
                return request->blobs_fd >= 0 || request->blobs_bytes;
        case REQUEST_CWD:
                return request->cwd_fd >= 0;
        case REQUEST_OUTPUT:
                return request->output_fd >= 0;
        default:
                return request->error_output_fd >= 0;
        }
}

static void absent_key(Body *body, const char *name) {
        g_autofree char *path = g_strconcat("request.", name, NULL);

        body_absent(body, name, path, "not asked for");
}

static void write_files(Body *body, const char *name, const GArray *files) {
        body_open_array(body, name);
        for (unsigned i = 0; i < files->len; i++) {
                const RequestFile *file = &g_array_index(files, RequestFile, i);

                body_open(body, NULL);
                body_string(body, "name", file->name);
                body_int(body, "size", file->size);
                body_int(body, "mode", file->mode);
                body_close(body);
        }
        body_close_array(body);
}

static void write_member(Body *body, const PartKey *key, const void *member, const char *path) {
        if (key->type == PART_DOUBLE)
                body_double(body, key->name, *(const double *) member);
        else if (key->type == PART_BOOLEAN)
                body_bool(body, key->name, *(const bool *) member);
        else if (!*(void *const *) member) {
                g_autofree char *where = g_strconcat(path, ".", key->name, NULL);

                body_absent(body, key->name, where, "not asked for");
        } else if (key->type == PART_STRING)
                body_string(body, key->name, *(char *const *) member);
        else if (key->type == PART_STRINGS)
                body_strings(body, key->name, *(char *const *const *) member);
        else
                write_files(body, key->name, *(GArray *const *) member);
}

static void write_dictionary(Body *body, const char *name, const PartKey *keys, const void *part) {
        g_autofree char *path = g_strconcat("request.", name, NULL);

        body_open(body, name);
        for (const PartKey *key = keys; key->name; key++)
                write_member(body, key, (const uint8_t *) part + key->offset, path);
        body_close(body);
}

/* Of the tests only how many: each has its place in validation. */
static void write_part(Body *body, const RequestKey *key, const void *part) {
        if (key->type == KEY_FILES)
                write_files(body, key->name, part);
        else if (key->type == KEY_TESTS)
                body_int(body, key->name, ((const GArray *) part)->len);
        else if (key->type == KEY_VALIDATOR)
                write_dictionary(body, key->name, request_validator_keys, part);
        else
                write_dictionary(body, key->name, request_function_keys, part);
}

static void write_key(Body *body, KeyId id) {
        const RequestKey *key = &request_keys[id];
        const void *member = (const uint8_t *) body->record->request + key->offset;

        switch (key->type) {
        case KEY_STRINGS:
                if (id == REQUEST_ENV)
                        write_env(body);
                else
                        body_strings(body, key->name, *(char *const *const *) member);
                break;
        case KEY_STRING:
        case KEY_CHOICE:
                if (*(char *const *) member)
                        body_string(body, key->name, *(char *const *) member);
                else
                        absent_key(body, key->name);
                break;
        case KEY_UINT32:
                body_int(body, key->name, *(const uint32_t *) member);
                break;
        case KEY_UINT64:
        case KEY_USEC:
        case KEY_BYTES:
                body_int(body, key->name, *(const uint64_t *) member);
                break;
        case KEY_DOUBLE:
                if (*(const double *) member > 0)
                        body_double(body, key->name, *(const double *) member);
                else
                        absent_key(body, key->name);
                break;
        case KEY_BOOLEAN:
                body_bool(body, key->name, *(const bool *) member);
                break;
        case KEY_FD:
        case KEY_FD_OR_BYTES:
                body_bool(body, key->name, fd_given(body->record->request, id));
                break;
        case KEY_FILES:
        case KEY_TESTS:
        case KEY_VALIDATOR:
        case KEY_FUNCTION:
                if (*(void *const *) member)
                        write_part(body, key, *(void *const *) member);
                else
                        absent_key(body, key->name);
                break;
        }
}

void body_request(Body *body) {
        body_open(body, "request");
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++)
                if (request_key_takes(id, body->record->request->kind))
                        write_key(body, id);
        body_close(body);
}
