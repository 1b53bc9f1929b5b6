/* SPDX-License-Identifier: MIT */
#include "json.h"

static void append_escaped(GString *json, char c) {
        switch (c) {
        case '"':
                g_string_append(json, "\\\"");
                break;
        case '\\':
                g_string_append(json, "\\\\");
                break;
        case '\n':
                g_string_append(json, "\\n");
                break;
        case '\r':
                g_string_append(json, "\\r");
                break;
        case '\t':
                g_string_append(json, "\\t");
                break;
        default:
                if ((guchar) c < 0x20 || c == 0x7f)
                        g_string_append_printf(json, "\\u%04x", (unsigned) c);
                else
                        g_string_append_c(json, c);
        }
}

void json_append_string(GString *json, const char *text) {
        g_autofree char *valid = NULL;

        if (!text) {
                g_string_append(json, "null");
                return;
        }

        valid = g_utf8_make_valid(text, -1);
        g_string_append_c(json, '"');
        for (const char *p = valid; *p != '\0'; p++)
                append_escaped(json, *p);
        g_string_append_c(json, '"');
}

bool json_body_plausible(const char *text, size_t length, size_t max) {
        if (length > max)
                return false;
        while (length > 0 && text[length - 1] == '\n')
                length--;
        if (length < 2 || text[0] != '{' || text[length - 1] != '}')
                return false;
        return g_utf8_validate_len(text, length, NULL);
}
