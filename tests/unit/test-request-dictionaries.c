/* SPDX-License-Identifier: MIT */

/* The keys within validator and function, each by the table: what it goes with, its type and its bounds. */

#include <math.h>

#include "errors.h"
#include "request-fixture.h"

/* A validator of that type with what its type needs, and the dictionary left open for what is tried. */
static void begin_part(Fixture *f, KeyId dictionary, unsigned type, const char *tried) {
        const bool external = dictionary == REQUEST_VALIDATOR && type >= REQUEST_VALIDATOR_EXTERNAL;

        begin_validation(f, true);
        append_file(f, "a.py", 0, 1, 0644);
        g_assert_cmpint(sd_bus_message_open_container(f->m, 'e', "sv"), >=, 0);
        g_assert_cmpint(sd_bus_message_append(f->m, "s", request_keys[dictionary].name), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(f->m, 'v', "a{sv}"), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(f->m, 'a', "{sv}"), >=, 0);
        if (dictionary == REQUEST_VALIDATOR && !g_str_equal(tried, "type"))
                KEY_SET("type", "s", request_validator_types[type]);
        if (external && !g_str_equal(tried, "files"))
                KEY_SET("files", "a(sttu)", 1, "v.py", UINT64_C(0), UINT64_C(1), 0755);
        if (external && !g_str_equal(tried, "language") && !g_str_equal(tried, "argv"))
                KEY_SET("argv", "as", 1, "./v.py");
}

static void end_part(Fixture *f) {
        for (int i = 0; i < 3; i++)
                g_assert_cmpint(sd_bus_message_close_container(f->m), >=, 0);
}

static void append_part(Fixture *f, const PartKey *key, unsigned type) {
        switch (key->type) {
        case PART_STRING:
                KEY_SET(key->name, "s", g_str_equal(key->name, "type") ? request_validator_types[type] : "python3");
                break;
        case PART_DOUBLE:
                KEY_SET(key->name, "d", 0.5);
                break;
        case PART_BOOLEAN:
                KEY_SET(key->name, "b", 1);
                break;
        case PART_STRINGS:
                KEY_SET(key->name, "as", 1, "x");
                break;
        case PART_FILES:
                KEY_SET(key->name, "a(sttu)", 1, "v.py", UINT64_C(0), UINT64_C(1), 0755);
                break;
        }
}

/* Every key of a validator goes with the types of the table, and with no other. */
static void test_validator_types(Fixture *f, const void *data) {
        unsigned refusals = 0;

        for (const PartKey *key = request_validator_keys; key->name; key++)
                for (unsigned type = 0; request_validator_types[type]; type++) {
                        g_autoptr(Request) request = NULL;
                        g_autofree char *message =
                                        g_strdup_printf("validator.%s: does not go with type %s; leave it out",
                                                        key->name, request_validator_types[type]);

                        begin_part(f, REQUEST_VALIDATOR, type, key->name);
                        append_part(f, key, type);
                        end_part(f);
                        if (key->types & 1U << type)
                                request = accepted(f);
                        else {
                                refused(f, message);
                                refusals++;
                        }
                }
        g_assert_cmpuint(refusals, >, 10);
}

/* Both sides of every number, and another type of every key, of both dictionaries. */
static void test_part_bounds(Fixture *f, const void *data) {
        static const struct {
                double value;
                bool right;
        } numbers[] = {
                { 0, true },   { 0x1p-1074, true }, { G_MAXDOUBLE, true }, { -0x1p-1074, false },
                { -1, false }, { INFINITY, false }, { -INFINITY, false },  { NAN, false },
        };
        static const struct {
                KeyId dictionary;
                const PartKey *keys;
                unsigned type; /* one that takes numbers */
        } dictionaries[] = { { REQUEST_VALIDATOR, request_validator_keys, 3 },
                             { REQUEST_FUNCTION, request_function_keys, 0 } };
        unsigned tried = 0;

        for (size_t d = 0; d < G_N_ELEMENTS(dictionaries); d++)
                for (const PartKey *key = dictionaries[d].keys; key->name; key++) {
                        begin_part(f, dictionaries[d].dictionary, dictionaries[d].type, key->name);
                        KEY_SET(key->name, "x", INT64_C(1));
                        end_part(f);
                        refused(f, NULL);
                        for (size_t i = 0; key->type == PART_DOUBLE && i < G_N_ELEMENTS(numbers); i++) {
                                g_autoptr(Request) request = NULL;
                                const void *part;

                                tried++;
                                begin_part(f, dictionaries[d].dictionary, dictionaries[d].type, key->name);
                                KEY_SET(key->name, "d", numbers[i].value);
                                end_part(f);
                                if (!numbers[i].right) {
                                        refused(f, NULL);
                                        continue;
                                }
                                request = accepted(f);
                                part = dictionaries[d].dictionary == REQUEST_VALIDATOR
                                                       ? (const void *) request->validator
                                                       : (const void *) request->function;
                                g_assert_cmpfloat(*(const double *) (const void *) ((const uint8_t *) part +
                                                                                    key->offset),
                                                  ==, numbers[i].value);
                        }
                }
        g_assert_cmpuint(tried, ==, 4 * G_N_ELEMENTS(numbers));
}

/* Both sides of the table's bounds; of a validator's language, too. */
static void test_language_length(Fixture *f, const void *data) {
        const KeyBounds *bounds = &request_keys[REQUEST_LANGUAGE].bounds;

        for (uint64_t length = bounds->min - 1; length <= bounds->max + 1; length++)
                for (int part = 0; part < 2; part++) {
                        g_autofree char *name = g_strnfill(length, 'c');
                        g_autoptr(Request) request = NULL;

                        if (part)
                                begin_part(f, REQUEST_VALIDATOR, REQUEST_VALIDATOR_EXTERNAL, "language");
                        else {
                                begin_validation(f, true);
                                append_file(f, "a.py", 0, 1, 0644);
                        }
                        KEY_SET("language", "s", name);
                        if (part)
                                end_part(f);
                        if (length < bounds->min || length > bounds->max)
                                refused(f, NULL);
                        else
                                request = accepted(f);
                }
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(errors_register(), >=, 0);
        ADD("/request-dictionaries/validator-types", test_validator_types);
        ADD("/request-dictionaries/bounds", test_part_bounds);
        ADD("/request-dictionaries/language-length", test_language_length);
        return g_test_run();
}
