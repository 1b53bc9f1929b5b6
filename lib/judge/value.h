/* SPDX-License-Identifier: MIT */
#pragma once

/* JSON values whose numbers are kept as written, of any size, and when two of them are the same. For text from
 * outside: strict, bounded, linear but for the sorting of keys. */

#include <stdbool.h>
#include <stddef.h>

#include "difference.h"

#define VALUE_SIZE_MAX ((size_t) 10 * 1024 * 1024)
#define VALUE_DEPTH_MAX 64 /* lists and objects in each other */

typedef struct Value Value;

/* One JSON text (RFC 8259) and nothing after it, in UTF-8 without a mark at its start. Beyond it only what Python's
 * json.dumps() writes is taken: NaN, Infinity, -Infinity, and escapes of lone surrogates.
 *
 * -E2BIG for size or VALUE_SIZE_MAX, -ELOOP for depth, -EBADMSG for all else, a key given twice included; *ret_error
 * then says where and what: "byte 17: the key \"a\" is there twice". */
int value_parse(const char *text, size_t size, Value **ret, char **ret_error);
Value *value_free(Value *value);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Value, value_free)

typedef struct ValueOptions {
        double float_tolerance;    /* absolute; finite */
        double relative_tolerance; /* to the expected number; at most 1 when the order of lists does not matter */
        bool string_case_sensitive;
        bool ignore_whitespace; /* anywhere in a string */
        bool list_order_matters;
} ValueOptions;

#define VALUE_OPTIONS_DEFAULT                           \
        ((ValueOptions){ .float_tolerance = 1e-9,       \
                         .relative_tolerance = 1e-9,    \
                         .string_case_sensitive = true, \
                         .list_order_matters = true })

/* Whether actual is what was expected.
 *
 * null equals null only. Numbers and booleans mix: true is 1, 1 is 1.0. Two of them without a fraction or exponent
 * (and booleans) are compared exactly, whatever the tolerances. Otherwise the two are compared as Python's floats: NaN
 * equals NaN, an infinity itself, and finite numbers match when |e - a| <= float_tolerance or |e - a| <=
 * relative_tolerance × |e|; an integer beyond a float's range matches no float. Strings are compared by character,
 * keys always exactly. Lists have the same length and equal elements, in order unless list_order_matters is false,
 * which goes for lists inside lists too; objects have the same keys with equal values.
 *
 * When the order does not matter and tolerances make it unclear which element belongs to which, the work spent on
 * finding out is bounded; lists beyond that are different.
 *
 * False with the first difference, which the caller clears. */
bool value_equal(const Value *expected, const Value *actual, const ValueOptions *options, Difference *ret);
