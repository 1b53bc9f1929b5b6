/* SPDX-License-Identifier: MIT */
#include "json-read.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* The end of the string that starts at text[i]; size when it has none. */
static size_t skip_string(const char *text, size_t size, size_t i) {
        for (i++; i < size; i++) {
                if (text[i] == '\\')
                        i++;
                else if (text[i] == '"')
                        return i;
        }
        return size;
}

/* Length of the number at text; *ret_beyond when it is an integer that json-glib would wrap into another one. */
static size_t scan_number(const char *text, size_t size, bool *ret_beyond) {
        size_t length = 0, digits = 0;
        bool whole = true;

        for (; length < size && strchr("+-.eE0123456789", text[length]) && text[length] != '\0'; length++) {
                digits += g_ascii_isdigit(text[length]);
                whole = whole && (g_ascii_isdigit(text[length]) || text[length] == '-');
        }
        *ret_beyond = whole && digits >= 19 &&
                      (digits > 19 || strncmp(text + (*text == '-'), "9223372036854775807", 19) > 0);
        return length;
}

/* Checks size, depth and that there is one object; hands back the text with integers beyond int64 made doubles. */
static int scan(const char *text, size_t size, GString **ret) {
        g_autoptr(GString) out = NULL;
        size_t depth = 0, copied = 0;
        bool closed = false;

        if (size > JSON_SIZE_MAX)
                return -E2BIG;

        out = g_string_sized_new(size + 1);
        for (size_t i = 0; i < size; i++) {
                char c = text[i];
                bool beyond;

                if (g_ascii_isspace(c))
                        continue;
                if (closed || (depth == 0 && c != '{') || c == '\0')
                        return -EBADMSG;
                if (c == '{' || c == '[') {
                        if (++depth > JSON_DEPTH_MAX)
                                return -ELOOP;
                } else if (c == '}' || c == ']') {
                        closed = --depth == 0;
                } else if (c == '"') {
                        i = skip_string(text, size, i);
                } else if (c == '-' || g_ascii_isdigit(c)) {
                        i += scan_number(text + i, size - i, &beyond) - 1;
                        if (beyond) {
                                g_string_append_len(out, text + copied, (gssize) (i + 1 - copied));
                                g_string_append(out, ".0");
                                copied = i + 1;
                        }
                }
        }
        if (!closed)
                return -EBADMSG;
        g_string_append_len(out, text + copied, (gssize) (size - copied));
        *ret = g_steal_pointer(&out);
        return 0;
}

int json_parse(const char *text, size_t size, JsonNode **ret) {
        g_autoptr(JsonParser) parser = json_parser_new_immutable();
        g_autoptr(GString) checked = NULL;
        JsonNode *root;
        int r;

        r = scan(text, size, &checked);
        if (r < 0)
                return r;
        if (!json_parser_load_from_data(parser, checked->str, (gssize) checked->len, NULL))
                return -EBADMSG;
        root = json_parser_get_root(parser);
        if (!root || !JSON_NODE_HOLDS_OBJECT(root))
                return -EBADMSG;
        *ret = json_parser_steal_root(parser);
        return 0;
}

static JsonNode *member(JsonObject *object, const char *name, JsonNodeType type) {
        JsonNode *node = object ? json_object_get_member(object, name) : NULL;

        return node && json_node_get_node_type(node) == type ? node : NULL;
}

static JsonNode *value(JsonObject *object, const char *name, GType type) {
        JsonNode *node = member(object, name, JSON_NODE_VALUE);

        return node && json_node_get_value_type(node) == type ? node : NULL;
}

const char *json_string(JsonObject *object, const char *name) {
        JsonNode *node = value(object, name, G_TYPE_STRING);

        return node ? json_node_get_string(node) : NULL;
}

JsonObject *json_object(JsonObject *object, const char *name) {
        JsonNode *node = member(object, name, JSON_NODE_OBJECT);

        return node ? json_node_get_object(node) : NULL;
}

JsonArray *json_array(JsonObject *object, const char *name) {
        JsonNode *node = member(object, name, JSON_NODE_ARRAY);

        return node ? json_node_get_array(node) : NULL;
}

double json_double(JsonObject *object, const char *name) {
        JsonNode *node = value(object, name, G_TYPE_DOUBLE) ?: value(object, name, G_TYPE_INT64);

        return node ? json_node_get_double(node) : NAN;
}

bool json_i64(JsonObject *object, const char *name, int64_t *ret) {
        JsonNode *node = value(object, name, G_TYPE_INT64);

        if (node)
                *ret = json_node_get_int(node);
        return node;
}

bool json_u64(JsonObject *object, const char *name, uint64_t *ret) {
        int64_t number;

        if (!json_i64(object, name, &number) || number < 0)
                return false;
        *ret = (uint64_t) number;
        return true;
}

bool json_true(JsonObject *object, const char *name) {
        JsonNode *node = value(object, name, G_TYPE_BOOLEAN);

        return node && json_node_get_boolean(node);
}

char **json_strings(JsonObject *object, const char *name) {
        JsonArray *array = json_array(object, name);
        GPtrArray *strings;

        if (!array)
                return NULL;
        strings = g_ptr_array_new();
        for (unsigned i = 0; i < json_array_get_length(array); i++) {
                JsonNode *node = json_array_get_element(array, i);

                if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING)
                        g_ptr_array_add(strings, g_strdup(json_node_get_string(node)));
        }
        g_ptr_array_add(strings, NULL);
        return (char **) g_ptr_array_free(strings, FALSE);
}

JsonObject *json_element(JsonArray *array, unsigned i) {
        JsonNode *node = i < json_array_get_length(array) ? json_array_get_element(array, i) : NULL;

        return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

JsonObject *json_named(JsonArray *array, const char *name) {
        for (unsigned i = 0; i < json_array_get_length(array); i++)
                if (g_strcmp0(json_string(json_element(array, i), "name"), name) == 0)
                        return json_element(array, i);
        return NULL;
}
