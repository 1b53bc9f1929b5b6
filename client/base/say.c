/* SPDX-License-Identifier: MIT */
#include "say.h"

#include <stdarg.h>
#include <string.h>

/* part of the parsed arguments: errors in them are also said */
static bool arg_ascii = false;

static const struct {
        const char *symbol, *ascii;
} symbols[] = {
        { "“", "\"" }, { "”", "\"" }, { "„", "\"" }, { "「", "\"" }, { "」", "\"" }, { "…", "..." },
        { "→", "->" }, { "–", "-" },  { "⚠", "!" },  { "×", "x" },   { "µ", "u" },   { "°", "" },
};

void say_in_ascii(void) {
        arg_ascii = true;
}

char *say_to_ascii(const char *text) {
        GString *out = g_string_new(text);

        for (size_t i = 0; i < G_N_ELEMENTS(symbols); i++)
                (void) g_string_replace(out, symbols[i].symbol, symbols[i].ascii, 0);
        return g_string_free(out, FALSE);
}

void say(FILE *stream, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = g_strdup_vprintf(format, ap);
        va_end(ap);
        if (arg_ascii) {
                g_autofree char *plain = say_to_ascii(text);

                fputs(plain, stream);
        } else
                fputs(text, stream);
}
