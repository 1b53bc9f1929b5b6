/* SPDX-License-Identifier: MIT */
#pragma once

/* JSON as the stretches of text its values are. A number of any size stays what was written: it never becomes one of
 * the machine's. The grammar is RFC 8259's and nothing more. */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text within what json_slice_parse() was given, without white space around. */
typedef struct JsonSlice {
        const char *text;
        size_t size;
} JsonSlice;

/* One value and nothing after it. -E2BIG beyond JSON_SIZE_MAX, -ELOOP beyond JSON_DEPTH_MAX, -EBADMSG else (*ret_at,
 * which may be NULL, is where). */
int json_slice_parse(const char *text, size_t size, JsonSlice *ret, size_t *ret_at);

/* What a failure of json_slice_parse() means, for people. */
const char *json_slice_explain(int r);

bool json_slice_is_object(JsonSlice slice);
bool json_slice_is_array(JsonSlice slice);
bool json_slice_is_null(JsonSlice slice);

/* The next member of an object or element of an array. *at is 0 at first and false is the end. The name is decoded;
 * one with a NUL is "". */
bool json_slice_member(JsonSlice object, size_t *at, char **ret_name, JsonSlice *ret_value);
bool json_slice_element(JsonSlice array, size_t *at, JsonSlice *ret_value);

/* A string's contents, which may hold NUL; NULL when it is no string. */
GBytes *json_slice_bytes(JsonSlice slice);

/* The same as text; NULL also when it holds a NUL. */
char *json_slice_string(JsonSlice slice);

/* Whole numbers are those without point and exponent. */
bool json_slice_i64(JsonSlice slice, int64_t *ret);
bool json_slice_double(JsonSlice slice, double *ret); /* finite */
bool json_slice_bool(JsonSlice slice, bool *ret);
