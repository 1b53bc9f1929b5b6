/* SPDX-License-Identifier: MIT */
#include "printable.h"

char *text_printable(const char *bytes, size_t length) {
        const char *p = bytes, *end = bytes + length;
        GString *text = g_string_sized_new(length);

        while (p < end) {
                const gunichar c = g_utf8_get_char_validated(p, end - p);

                if (c == (gunichar) -1 || c == (gunichar) -2 || (c != '\n' && c != '\t' && !g_unichar_isprint(c))) {
                        g_string_append_printf(text, "\\x%02x", (unsigned char) *p);
                        p++;
                        continue;
                }
                g_string_append_unichar(text, c);
                p = g_utf8_next_char(p);
        }
        return g_string_free(text, FALSE);
}
