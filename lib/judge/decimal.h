/* SPDX-License-Identifier: MIT */
#pragma once

/* Decimal numbers as programs print them, of any length: [+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)? and nothing else. No
 * NaN, infinity, hexadecimal digits, separators, other scripts' digits, whatever the locale. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Decimal {
        const char *text; /* as written; borrowed */
        size_t size;
        bool negative;            /* never for zero */
        const char *first, *last; /* significant digits, perhaps with the point between them; NULL: zero */
        int64_t magnitude;        /* first stands for first × 10^magnitude */
} Decimal;

/* False when text is no such number, or when its exponent has more than 17 digits. Linear in size. */
bool decimal_parse(const char *text, size_t size, Decimal *ret);

/* The same number exactly, however written: 100, +100.0 and 1e2 are one. */
bool decimal_equal(const Decimal *a, const Decimal *b);

/* The nearest double; false when the number is beyond what a double holds. */
bool decimal_to_double(const Decimal *decimal, double *ret);
