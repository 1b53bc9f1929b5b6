/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "base.h"
#include "message-size.h"

/* As the D-Bus specification marshals each type; *size is how far it has come. */

static void align(uint64_t *size, uint64_t alignment) {
        *size = (*size + alignment - 1) / alignment * alignment;
}

static uint64_t alignment_of(char type) {
        switch (type) {
        case 'n':
        case 'q':
                return 2;
        case 'x':
        case 't':
        case 'd':
        case '(':
        case '{':
                return 8;
        case 'y':
        case 'g':
        case 'v':
                return 1;
        default:
                return 4;
        }
}

static bool is_plain_number(char type) {
        return strchr("ynqiuxtd", type);
}

static int add_value(sd_bus_message *m, char type, const char *contents, uint64_t *size);

/* Whatever is left of the container the message stands in. */
static int add_values(sd_bus_message *m, uint64_t *size) {
        const char *contents;
        char type;
        int r;

        while ((r = sd_bus_message_peek_type(m, &type, &contents)) > 0) {
                r = add_value(m, type, contents, size);
                if (r < 0)
                        return r;
        }
        return r;
}

static int add_basic(sd_bus_message *m, char type, uint64_t *size) {
        const char *text;
        uint64_t number;
        int r;

        align(size, alignment_of(type));
        if (!strchr("sog", type)) {
                r = sd_bus_message_read_basic(m, type, &number);
                *size += alignment_of(type);
                return r;
        }
        r = sd_bus_message_read_basic(m, type, &text);
        if (r < 0)
                return r;
        *size += (type == 'g' ? 1 : sizeof(uint32_t)) + strlen(text) + 1;
        return 0;
}

/* An array of numbers may be megabytes, and needs no look at each. */
static int add_numbers(sd_bus_message *m, char type, uint64_t *size) {
        const void *numbers;
        size_t length;
        int r;

        r = sd_bus_message_read_array(m, type, &numbers, &length);
        if (r < 0)
                return r;
        *size += length;
        return 0;
}

static int add_value(sd_bus_message *m, char type, const char *contents, uint64_t *size) {
        int r;

        if (!strchr("arev", type))
                return add_basic(m, type, size);
        if (type == 'a') {
                align(size, sizeof(uint32_t));
                *size += sizeof(uint32_t);
                align(size, alignment_of(contents[0]));
                if (is_plain_number(contents[0]))
                        return add_numbers(m, contents[0], size);
        } else if (type == 'v')
                *size += 1 + strlen(contents) + 1;
        else
                align(size, 8);
        r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;
        r = add_values(m, size);
        if (r < 0)
                return r;
        return sd_bus_message_exit_container(m);
}

int message_body_size(sd_bus_message *m, uint64_t *ret) {
        uint64_t size = 0;
        int r;

        r = sd_bus_message_rewind(m, true);
        if (r < 0)
                return r;
        r = add_values(m, &size);
        if (r < 0)
                return r;
        r = sd_bus_message_rewind(m, true);
        if (r < 0)
                return r;
        *ret = size;
        return 0;
}
