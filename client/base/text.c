/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <string.h>

static const char *const colour_codes[N_COLOURS] = {
        [COLOUR_NONE] = "",          [COLOUR_STRONG] = "\033[1m", [COLOUR_ENERGY] = "\033[1;32m",
        [COLOUR_TIME] = "\033[36m",  [COLOUR_DIM] = "\033[2m",    [COLOUR_WARNING] = "\033[33m",
        [COLOUR_BAD] = "\033[1;31m",
};

static size_t char_width(gunichar c) {
        if (g_unichar_iszerowidth(c))
                return 0;
        return g_unichar_iswide(c) ? 2 : 1;
}

size_t text_width(const char *text) {
        size_t width = 0;

        /* a locale that is not UTF-8 hands us its own bytes: one column each */
        if (!g_utf8_validate(text, -1, NULL))
                return strlen(text);
        for (; *text; text = g_utf8_next_char(text))
                width += char_width(g_utf8_get_char(text));
        return width;
}

char *text_printable(const char *text, bool lines) {
        GString *out = g_string_new(NULL);

        while (*text) {
                gunichar c = g_utf8_get_char_validated(text, -1);

                if (c == (gunichar) -1 || c == (gunichar) -2) {
                        g_string_append_printf(out, "\\x%02x", (unsigned char) *text++);
                        continue;
                }
                if (c == '\n' && lines)
                        g_string_append_c(out, '\n');
                else if (c == '\t')
                        g_string_append_c(out, ' ');
                else if (g_unichar_iscntrl(c) || g_unichar_type(c) == G_UNICODE_FORMAT)
                        g_string_append_printf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned) c);
                else
                        g_string_append_unichar(out, c);
                text = g_utf8_next_char(text);
        }
        return g_string_free(out, FALSE);
}

char *text_ellipsize(const char *text, size_t width, bool ascii) {
        const char *end = text;
        size_t columns = 0;

        if (text_width(text) <= width || !g_utf8_validate(text, -1, NULL))
                return g_strdup(text);
        while (*end && columns + char_width(g_utf8_get_char(end)) < width) {
                columns += char_width(g_utf8_get_char(end));
                end = g_utf8_next_char(end);
        }
        return g_strdup_printf("%.*s%s", (int) (end - text), text, ascii ? "~" : "…");
}

void text_append_padded(GString *out, const char *text, size_t width, bool right) {
        size_t used = text_width(text), missing = width > used ? width - used : 0;

        if (right)
                g_string_append_printf(out, "%*s", (int) missing, "");
        g_string_append(out, text);
        if (!right)
                g_string_append_printf(out, "%*s", (int) missing, "");
}

void text_append_coloured(GString *out, const Style *style, Colour colour, const char *text) {
        bool coloured = style->colour && colour != COLOUR_NONE && *text;

        g_string_append(out, coloured ? colour_codes[colour] : "");
        g_string_append(out, text);
        g_string_append(out, coloured ? "\033[0m" : "");
}

/* Whether a line may not end before the character: punctuation that belongs to what it follows. */
static bool clings(gunichar c) {
        switch (g_unichar_break_type(c)) {
        case G_UNICODE_BREAK_CLOSE_PUNCTUATION:
        case G_UNICODE_BREAK_CLOSE_PARENTHESIS:
        case G_UNICODE_BREAK_CONDITIONAL_JAPANESE_STARTER:
        case G_UNICODE_BREAK_EXCLAMATION:
        case G_UNICODE_BREAK_NON_STARTER:
                return true;
        default:
                return g_unichar_iszerowidth(c);
        }
}

/* Bytes of the word before the first place where it may be broken: only beside East Asian characters, which have no
 * spaces between them. */
static size_t piece_length(const char *word) {
        const char *end = word;

        if (!g_utf8_validate(word, -1, NULL))
                return strlen(word);
        while (*end) {
                gunichar c = g_utf8_get_char(end), next;

                end = g_utf8_next_char(end);
                next = g_utf8_get_char(end);
                if ((g_unichar_iswide(c) || g_unichar_iswide(next)) && !clings(next) &&
                    g_unichar_break_type(c) != G_UNICODE_BREAK_OPEN_PUNCTUATION)
                        break;
        }
        return (size_t) (end - word);
}

void text_append_wrapped(GString *out, const char *text, size_t width, size_t indent) {
        g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
        size_t column = 0;

        for (char **word = words; *word; word++)
                for (const char *rest = *word; *rest;) {
                        g_autofree char *piece = g_strndup(rest, piece_length(rest));
                        size_t gap = rest == *word && column > 0 ? 1 : 0, columns = text_width(piece);

                        if (column > 0 && column + gap + columns > width) {
                                g_string_append_printf(out, "\n%*s", (int) indent, "");
                                column = gap = 0;
                        }
                        g_string_append_printf(out, "%s%s", gap > 0 ? " " : "", piece);
                        column += gap + columns;
                        rest += strlen(piece);
                }
}

static bool needs_quotes(const char *argument) {
        return *argument == '\0' ||
               argument[strspn(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^")];
}

/* Double quotes where they are enough and single ones would need three more. */
static char *quote(const char *argument) {
        if (!needs_quotes(argument))
                return g_strdup(argument);
        if (strchr(argument, '\'') && !strpbrk(argument, "\"$`\\!"))
                return g_strdup_printf("\"%s\"", argument);
        return g_shell_quote(argument);
}

char *text_command(char *const *argv) {
        g_autoptr(GString) command = g_string_new(NULL);

        for (; argv && *argv; argv++) {
                g_autofree char *quoted = quote(*argv);

                g_string_append_printf(command, "%s%s", command->len ? " " : "", quoted);
        }
        return text_printable(command->str, false);
}

/* Levenshtein's distance; the words are short */
static size_t edit_distance(const char *a, const char *b) {
        size_t m = strlen(b);
        g_autofree size_t *row = g_new(size_t, m + 1);

        for (size_t j = 0; j <= m; j++)
                row[j] = j;
        for (size_t i = 0; a[i]; i++) {
                size_t diagonal = row[0];

                row[0] = i + 1;
                for (size_t j = 0; j < m; j++) {
                        size_t substitute = diagonal + (a[i] != b[j]);

                        diagonal = row[j + 1];
                        row[j + 1] = MIN(MIN(row[j + 1], row[j]) + 1, substitute);
                }
        }
        return row[m];
}

const char *text_closest(const char *word, const char *const *names) {
        size_t best = MAX(strlen(word) / 3, 1) + 1;
        const char *closest = NULL;

        for (; *names; names++) {
                size_t distance = g_str_has_prefix(*names, word) && *word ? 1 : edit_distance(word, *names);

                if (distance < best) {
                        best = distance;
                        closest = *names;
                }
        }
        return closest;
}
