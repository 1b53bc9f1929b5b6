/* SPDX-License-Identifier: MIT */
#include "package-glob.h"

#include <glib.h>
#include <string.h>

#define COMBINATIONS_MAX 256

/* Whether pattern, without braces, matches the first length bytes of text. */
static bool matches(const char *pattern, const char *text, size_t length) {
        const char *star = NULL, *mark = NULL, *end = text + length;

        while (text < end) {
                if (*pattern == '*') {
                        star = pattern++;
                        mark = text;
                } else if (*pattern == *text) {
                        pattern++;
                        text++;
                } else if (star && *mark != '/') {
                        pattern = star + 1;
                        text = ++mark;
                } else
                        return false;
        }
        return pattern[strspn(pattern, "*")] == '\0';
}

static bool covers(const char *pattern, const char *path) {
        for (const char *end = path; *end;) {
                end += 1 + strcspn(end + 1, "/");
                if (matches(pattern, path, (size_t) (end - path)))
                        return true;
        }
        return false;
}

/* The brace that closes the one at open; NULL when none does. */
static const char *closing(const char *open) {
        int depth = 0;

        for (const char *p = open; *p; p++) {
                depth += (*p == '{') - (*p == '}');
                if (depth == 0)
                        return p;
        }
        return NULL;
}

static bool expand(const char *pattern, const char *path, unsigned *budget) {
        const char *open = strchr(pattern, '{'), *close = open ? closing(open) : NULL, *start;
        int depth = 0;

        if ((*budget)-- == 0) {
                *budget = 0;
                return false;
        }
        if (!close)
                return covers(pattern, path);
        start = open + 1;
        for (const char *p = start; p <= close; p++) {
                depth += (*p == '{') - (*p == '}' && p < close);
                if (p == close || (*p == ',' && depth == 0)) {
                        g_autofree char *one = g_strdup_printf("%.*s%.*s%s", (int) (open - pattern), pattern,
                                                               (int) (p - start), start, close + 1);

                        if (expand(one, path, budget))
                                return true;
                        start = p + 1;
                }
        }
        return false;
}

bool glob_covers(const char *pattern, const char *path) {
        unsigned budget = COMBINATIONS_MAX;

        return expand(pattern, path, &budget);
}
