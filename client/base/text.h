/* SPDX-License-Identifier: MIT */
#pragma once

/* Text on a terminal: columns instead of bytes, commands as a shell would take them, nothing that moves the cursor. */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* How text for people is drawn. */
typedef struct Style {
        bool colour;
        bool ascii; /* no symbols beyond ASCII (translations keep their letters) */
} Style;

typedef enum Colour {
        COLOUR_NONE,
        COLOUR_STRONG,
        COLOUR_ENERGY,
        COLOUR_TIME,
        COLOUR_DIM,
        COLOUR_WARNING,
        COLOUR_BAD,
        N_COLOURS,
} Colour;

/* Columns the text takes on a terminal: two for East Asian wide characters, none for combining ones. */
size_t text_width(const char *text);

/* A copy in which control characters and bytes that are not UTF-8 are written as \xNN: what others wrote (labels,
 * commands, messages, output of programs) must not steer the terminal. Newlines are kept when lines is true. */
char *text_printable(const char *text, bool lines);

/* A copy of at most width columns, ending in … (or ~) when something was cut off. */
char *text_ellipsize(const char *text, size_t width, bool ascii);

/* Appends text and pads to width columns, on the left when right-aligned. */
void text_append_padded(GString *out, const char *text, size_t width, bool right);

/* Appends text in a colour, if the style has any. */
void text_append_coloured(GString *out, const Style *style, Colour colour, const char *text);

/* Appends text broken at spaces, and between East Asian characters, to lines of width columns, each line after the
 * first indented. */
void text_append_wrapped(GString *out, const char *text, size_t width, size_t indent);

/* The command as it would be typed: quoted only where a shell needs it; printable. */
char *text_command(char *const *argv);

/* The name out of names (NULL-terminated) nearest to word; NULL when none is near enough to be meant. */
const char *text_closest(const char *word, const char *const *names);
