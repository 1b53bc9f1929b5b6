/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "request-internal.h"

static int append_files(sd_bus_message *m, const GArray *files) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "(sttu)");
        if (r < 0)
                return r;
        for (unsigned i = 0; i < files->len; i++) {
                const RequestFile *file = &g_array_index(files, RequestFile, i);

                r = sd_bus_message_append(m, "(sttu)", file->name, file->offset, file->size, file->mode);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int append_tests(sd_bus_message *m, const GArray *tests) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "(stttt)");
        if (r < 0)
                return r;
        for (unsigned i = 0; i < tests->len; i++) {
                const RequestTest *test = &g_array_index(tests, RequestTest, i);

                r = sd_bus_message_append(m, "(stttt)", test->name, test->input_offset, test->input_size,
                                          test->answer_offset, test->answer_size);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

/* Whether the member says something that its default does not. */
static bool differs(const PartKey *key, const void *member, const void *fallback) {
        switch (key->type) {
        case PART_STRING:
                return g_strcmp0(*(char *const *) member, *(char *const *) fallback) != 0;
        case PART_DOUBLE:
                return *(const double *) member < *(const double *) fallback ||
                       *(const double *) member > *(const double *) fallback;
        case PART_BOOLEAN:
                return *(const bool *) member != *(const bool *) fallback;
        case PART_STRINGS:
        case PART_FILES:
                return *(void *const *) member;
        }
        g_assert_not_reached();
}

static int append_member(sd_bus_message *m, const PartKey *key, const void *member) {
        switch (key->type) {
        case PART_STRING:
                return sd_bus_message_append_basic(m, 's', *(char *const *) member);
        case PART_DOUBLE:
                return sd_bus_message_append_basic(m, 'd', member);
        case PART_BOOLEAN:
                return sd_bus_message_append(m, "b", (int) *(const bool *) member);
        case PART_STRINGS:
                return sd_bus_message_append_strv(m, *(char **const *) member);
        case PART_FILES:
                return append_files(m, *(GArray *const *) member);
        }
        g_assert_not_reached();
}

static int append_entry(sd_bus_message *m, const PartKey *key, const void *member) {
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(m, 's', key->name);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, 'v', part_type_signature(key->type));
        if (r < 0)
                return r;
        r = append_member(m, key, member);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

/* What is as by default is left out: the reader has the same defaults. */
static int append_dictionary(sd_bus_message *m, const PartKey *keys, const void *part, const void *fallback) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r < 0)
                return r;
        for (const PartKey *key = keys; key->name; key++) {
                const void *member = (const uint8_t *) part + key->offset;

                if (!differs(key, member, (const uint8_t *) fallback + key->offset))
                        continue;
                r = append_entry(m, key, member);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int append_contents(sd_bus_message *m, KeyType type, const void *part) {
        g_autoptr(RequestValidator) validator = NULL;
        g_autoptr(RequestFunction) function = NULL;

        switch (type) {
        case KEY_FILES:
                return append_files(m, part);
        case KEY_TESTS:
                return append_tests(m, part);
        case KEY_VALIDATOR:
                validator = request_validator_new();
                return append_dictionary(m, request_validator_keys, part, validator);
        default:
                function = request_function_new();
                return append_dictionary(m, request_function_keys, part, function);
        }
}

int request_append_part(sd_bus_message *m, KeyType type, const void *part) {
        int r;

        r = sd_bus_message_open_container(m, 'v', request_key_signature(type));
        if (r < 0)
                return r;
        r = append_contents(m, type, part);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}
