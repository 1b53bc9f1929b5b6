/* SPDX-License-Identifier: MIT */

/* Any bytes must be read as a value or refused with a message. The input is a byte of options and two texts, divided
 * by the first 0xff, which UTF-8 never has. Values that are read equal themselves under any options, and what differs
 * says where in valid UTF-8. */

#include <stdlib.h>
#include <string.h>

#include "value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
        if (!condition)
                abort();
}

static ValueOptions options_of(uint8_t flags) {
        static const double tolerances[] = { 0, 1e-9, 0.5, 1 };

        return (ValueOptions){
                .list_order_matters = !(flags & 1),
                .string_case_sensitive = !(flags & 2),
                .ignore_whitespace = flags & 4,
                .float_tolerance = tolerances[flags >> 3 & 3],
                .relative_tolerance = tolerances[flags >> 5 & 3],
        };
}

static Value *read_value(const uint8_t *text, size_t size) {
        g_autofree char *error = NULL;
        Value *value = NULL;
        const int r = value_parse((const char *) text, size, &value, &error);

        require((r == 0) == (value != NULL) && (r < 0) == (error != NULL));
        require(!error || g_utf8_validate(error, -1, NULL));
        return value;
}

static void check_difference(const Difference *difference) {
        require(difference->message && difference->path && (difference->expected || difference->got));
        require(g_utf8_validate(difference->message, -1, NULL) && !strpbrk(difference->message, "\n\x1b"));
        require(!difference->expected || strlen(difference->expected) <= EXCERPT_MAX);
        require(!difference->got || strlen(difference->got) <= EXCERPT_MAX);
}

static bool compare(const Value *expected, const Value *actual, const ValueOptions *options) {
        g_auto(Difference) difference = {};
        const bool equal = value_equal(expected, actual, options, &difference);

        if (equal)
                require(!difference.message);
        else
                check_difference(&difference);
        return equal;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const uint8_t *divider = size > 1 ? memchr(data + 1, 0xff, size - 1) : NULL;
        g_autoptr(Value) expected = NULL, actual = NULL;
        ValueOptions options;

        if (!divider)
                return 0;
        options = options_of(data[0]);
        expected = read_value(data + 1, (size_t) (divider - data) - 1);
        actual = read_value(divider + 1, size - (size_t) (divider - data) - 1);
        if (expected)
                require(compare(expected, expected, &options));
        if (actual)
                require(compare(actual, actual, &options));
        if (!expected || !actual)
                return 0;
        if (options.float_tolerance == 0 && options.relative_tolerance == 0)
                require(compare(expected, actual, &options) == compare(actual, expected, &options));
        else if (compare(expected, actual, &options)) {
                options.list_order_matters = false; /* which only permits more */
                require(compare(expected, actual, &options));
        }
        return 0;
}
