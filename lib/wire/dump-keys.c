/* SPDX-License-Identifier: MIT */

/* At build time: the table of request keys as JSON, for the manual and the tests. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "request.h"

static const char *const signatures[] = {
        [KEY_STRINGS] = "as",
        [KEY_STRING] = "s",
        [KEY_CHOICE] = "s",
        [KEY_UINT32] = "u",
        [KEY_UINT64] = "t",
        [KEY_USEC] = "t",
        [KEY_BYTES] = "t",
        [KEY_DOUBLE] = "d",
        [KEY_BOOLEAN] = "b",
        [KEY_FD] = "h",
        [KEY_FD_OR_BYTES] = "h or ay",
        [KEY_FILES] = "a(sttu)",
        [KEY_TESTS] = "a(stttt)",
        [KEY_VALIDATOR] = "a{sv}",
        [KEY_FUNCTION] = "a{sv}",
};

static bool is_number(KeyType type) {
        return type == KEY_UINT32 || type == KEY_UINT64 || type == KEY_USEC || type == KEY_BYTES;
}

static void append_number(GString *json, const RequestKey *key) {
        g_autofree char *fallback = request_format_number(key->type, key->bounds.fallback);

        g_string_append_printf(json, ", \"min\": %" PRIu64 ", \"max\": %" PRIu64 ", \"default\": %" PRIu64,
                               key->bounds.min, key->bounds.max, key->bounds.fallback);
        g_string_append(json, ", \"default_text\": ");
        json_append_string(json, fallback);
        g_string_append_printf(json, ", \"unit\": \"%s\"",
                               key->type == KEY_USEC    ? "µs"
                               : key->type == KEY_BYTES ? "bytes"
                                                        : "");
}

/* The keys of a dictionary within the request. */
static void append_members(GString *json, KeyType type) {
        const PartKey *keys = type == KEY_VALIDATOR  ? request_validator_keys
                              : type == KEY_FUNCTION ? request_function_keys
                                                     : NULL;

        g_string_append(json, ", \"members\": [");
        for (const PartKey *key = keys; key && key->name; key++) {
                g_string_append_printf(json,
                                       "%s{\"name\": \"%s\", \"type\": \"%s\", \"doc\": ", key > keys ? ", " : "",
                                       key->name, part_type_signature(key->type));
                json_append_string(json, key->doc);
                g_string_append_c(json, '}');
        }
        g_string_append_c(json, ']');
}

static void append_kinds(GString *json, KeyId id) {
        bool first = true;

        g_string_append(json, ", \"kinds\": [");
        for (JobKind kind = 0; kind <= REQUEST_CANDIDATE; kind++) {
                if (!request_key_takes(id, kind))
                        continue;
                g_string_append_printf(json, "%s\"%s\"", first ? "" : ", ",
                                       kind == REQUEST_CANDIDATE ? "candidate" : job_kind_to_string(kind));
                first = false;
        }
        g_string_append_c(json, ']');
}

static void print_key(KeyId id) {
        const RequestKey *key = &request_keys[id];
        g_autofree char *range = request_key_range(id, &key->bounds);
        g_autoptr(GString) json = g_string_new(NULL);

        g_string_append_printf(json, "{\"name\": \"%s\", \"type\": \"%s\", \"range\": ", key->name,
                               signatures[key->type]);
        json_append_string(json, range);
        if (is_number(key->type))
                append_number(json, key);
        append_kinds(json, id);
        append_members(json, key->type);
        g_string_append(json, ", \"choices\": [");
        for (const char *const *choice = key->choices; choice && *choice; choice++) {
                if (choice != key->choices)
                        g_string_append(json, ", ");
                json_append_string(json, *choice);
        }
        g_string_append(json, "], \"knob\": ");
        json_append_string(json, key->knob);
        g_string_append(json, ", \"metavar\": ");
        json_append_string(json, key->metavar);
        g_string_append(json, ", \"doc\": ");
        json_append_string(json, key->doc);
        printf("%s}%s\n", json->str, id + 1 < N_REQUEST_KEYS ? "," : "");
}

int main(void) {
        puts("[");
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++)
                print_key(id);
        puts("]");
        return EXIT_SUCCESS;
}
