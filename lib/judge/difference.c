/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "difference.h"

#define ELLIPSIS "…"
#define NEAR 64     /* a focus up to here needs nothing left out before it */
#define BEFORE 32   /* bytes shown before a farther one */
#define PIECE_MAX 6 /* of UTF-8 */

void difference_clear(Difference *difference) {
        g_clear_pointer(&difference->path, g_free);
        g_clear_pointer(&difference->expected, g_free);
        g_clear_pointer(&difference->got, g_free);
        g_clear_pointer(&difference->message, g_free);
        *difference = (Difference){};
}

size_t excerpt_append(GString *out, const char *data, size_t size) {
        static const char plain[] = "\n\t\r\"\\", names[] = "ntr\"\\";
        const char *special = *data != '\0' ? strchr(plain, *data) : NULL;
        gunichar c;

        if (special) {
                g_string_append_c(out, '\\');
                g_string_append_c(out, names[special - plain]);
                return 1;
        }
        if (g_ascii_isprint(*data)) {
                g_string_append_c(out, *data);
                return 1;
        }
        c = (guchar) *data >= 0x80 ? g_utf8_get_char_validated(data, (gssize) MIN(size, PIECE_MAX)) : 0;
        if (c >= 0x80 && c <= 0x10ffff && g_unichar_isprint(c)) {
                g_string_append_unichar(out, c);
                return (size_t) g_unichar_to_utf8(c, NULL);
        }
        g_string_append_printf(out, "\\x%02x", (guchar) *data);
        return 1;
}

char *excerpt_new(const char *data, size_t size, size_t focus) {
        GString *out = g_string_sized_new(EXCERPT_MAX);
        size_t at = 0;

        if (focus > NEAR) {
                at = focus - BEFORE;
                while (at < focus && ((guchar) data[at] & 0xc0) == 0x80) /* not in the middle of a character */
                        at++;
                g_string_append(out, ELLIPSIS);
        }
        while (at < size) {
                const gsize length = out->len;

                at += excerpt_append(out, data + at, size - at);
                if (out->len > EXCERPT_MAX - strlen(ELLIPSIS)) {
                        g_string_truncate(out, length);
                        g_string_append(out, ELLIPSIS);
                        break;
                }
        }
        return g_string_free(out, FALSE);
}
