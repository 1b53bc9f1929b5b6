/* SPDX-License-Identifier: MIT */
#include "message-json.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base.h"

static JsonNode *node_double(double value) {
        JsonNode *node = json_node_new(JSON_NODE_VALUE);

        if (!isfinite(value)) {
                json_node_unref(node);
                return json_node_new(JSON_NODE_NULL);
        }
        json_node_set_double(node, value);
        return node;
}

static JsonNode *node_int(int64_t value) {
        return json_node_init_int(json_node_alloc(), value);
}

static int read_basic(sd_bus_message *m, char type, JsonNode **ret) {
        union {
                uint8_t y;
                int b;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
                double d;
                const char *s;
        } value;
        int r;

        if (type == SD_BUS_TYPE_UNIX_FD)
                return -EOPNOTSUPP;
        r = sd_bus_message_read_basic(m, type, &value);
        if (r < 0)
                return r;
        switch (type) {
        case SD_BUS_TYPE_BYTE:
                *ret = node_int(value.y);
                break;
        case SD_BUS_TYPE_BOOLEAN:
                *ret = json_node_init_boolean(json_node_alloc(), value.b);
                break;
        case SD_BUS_TYPE_INT16:
                *ret = node_int(value.n);
                break;
        case SD_BUS_TYPE_UINT16:
                *ret = node_int(value.q);
                break;
        case SD_BUS_TYPE_INT32:
                *ret = node_int(value.i);
                break;
        case SD_BUS_TYPE_UINT32:
                *ret = node_int(value.u);
                break;
        case SD_BUS_TYPE_INT64:
                *ret = node_int(value.x);
                break;
        case SD_BUS_TYPE_UINT64:
                *ret = value.t <= INT64_MAX ? node_int((int64_t) value.t) : node_double((double) value.t);
                break;
        case SD_BUS_TYPE_DOUBLE:
                *ret = node_double(value.d);
                break;
        default:
                *ret = json_node_init_string(json_node_alloc(), value.s);
        }
        return 0;
}

static int read_object(sd_bus_message *m, JsonNode **ret) {
        g_autoptr(JsonObject) object = json_object_new();
        const char *contents;
        int r;

        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                JsonNode *value;
                const char *key;

                r = sd_bus_message_peek_type(m, NULL, &contents);
                if (r < 0)
                        return r;
                r = sd_bus_message_enter_container(m, 'e', contents);
                if (r < 0)
                        return r;
                r = sd_bus_message_read(m, "s", &key);
                if (r < 0)
                        return r;
                r = message_to_json(m, &value);
                if (r < 0)
                        return r;
                json_object_set_member(object, key, value);
                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        *ret = json_node_init_object(json_node_alloc(), object);
        return 0;
}

static int read_array(sd_bus_message *m, JsonNode **ret) {
        g_autoptr(JsonArray) array = json_array_new();
        int r;

        while ((r = sd_bus_message_at_end(m, false)) == 0) {
                JsonNode *value;

                r = message_to_json(m, &value);
                if (r < 0)
                        return r;
                json_array_add_element(array, value);
        }
        if (r < 0)
                return r;
        *ret = json_node_init_array(json_node_alloc(), array);
        return 0;
}

int message_to_json(sd_bus_message *m, JsonNode **ret) {
        g_autoptr(JsonNode) value = NULL;
        const char *contents;
        char type;
        int r;

        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r <= 0)
                return r < 0 ? r : -ENXIO;
        if (type != SD_BUS_TYPE_ARRAY && type != SD_BUS_TYPE_VARIANT && type != SD_BUS_TYPE_STRUCT)
                return read_basic(m, type, ret);

        r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;
        if (type == SD_BUS_TYPE_VARIANT)
                r = message_to_json(m, &value);
        else if (type == SD_BUS_TYPE_ARRAY && g_str_has_prefix(contents, "{s"))
                r = read_object(m, &value);
        else
                r = read_array(m, &value);
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&value);
        return 0;
}

void json_print(JsonNode *node) {
        g_autoptr(JsonGenerator) generator = json_generator_new();
        g_autofree char *text = NULL;

        json_generator_set_root(generator, node);
        json_generator_set_pretty(generator, TRUE);
        text = json_generator_to_data(generator, NULL);
        puts(text);
}
