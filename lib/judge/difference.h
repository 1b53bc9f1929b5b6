/* SPDX-License-Identifier: MIT */
#pragma once

/* Where an answer parts from what was expected, in words that are safe to print and to put into a report. */

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Of an excerpt, its ellipses included. */
#define EXCERPT_MAX 256

typedef struct Difference {
        uint64_t line, column; /* in the program's output, from 1, the column in bytes; 0: not a text */
        uint64_t token;        /* of the output, from 1; 0: not compared by tokens */
        char *path;            /* in a value ("[3].name"; "" is the whole); NULL: not a value */
        char *expected, *got;  /* excerpts; NULL: nothing stands there */
        char *message;         /* one sentence without a full stop: `line 3, column 5: expected "42", got "43"` */
} Difference;

void difference_clear(Difference *difference);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Difference, difference_clear)

/* Appends a byte or character of data as excerpts show it: printable UTF-8 as it is, quotes and backslashes behind a
 * backslash, all else as \n, \t, \r or \xNN. Returns how many bytes of data it was; size is not 0. */
size_t excerpt_append(GString *out, const char *data, size_t size);

/* At most EXCERPT_MAX bytes of valid UTF-8 from data: its beginning, or the surroundings of data[focus] when that lies
 * far from it. "…" stands for what was left out. */
char *excerpt_new(const char *data, size_t size, size_t focus);
