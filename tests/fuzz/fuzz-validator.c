/* SPDX-License-Identifier: MIT */

/* Any two texts must be compared by every validator. The input is a byte of options, the expected text, a byte 0xff
 * and the output; the expected text is also read as flags of the Kattis default validator. A text equals itself, what
 * is exactly the same is so for all the others, and a difference lies within the output. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"
#include "external.h"
#include "validator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
        if (!condition)
                abort();
}

typedef struct Text {
        const char *data;
        size_t size;
} Text;

static void check_difference(const Difference *difference, Text got) {
        uint64_t lines = 1;

        for (size_t i = 0; i < got.size; i++)
                lines += got.data[i] == '\n';
        require(difference->line >= 1 && difference->line <= lines);
        require(difference->column >= 1 && difference->column <= got.size + 1);
        require(difference->message && g_utf8_validate(difference->message, -1, NULL));
        require(!strpbrk(difference->message, "\n\x1b"));
        require(difference->expected || difference->got);
        require(!difference->expected || strlen(difference->expected) <= EXCERPT_MAX);
        require(!difference->got || strlen(difference->got) <= EXCERPT_MAX);
        require(!difference->path);
}

static bool accepts(const ValidatorOptions *options, Text expected, Text got) {
        g_auto(Difference) difference = {};
        const Answer answer =
                        validator_compare(options, expected.data, expected.size, got.data, got.size, &difference);

        if (answer == ANSWER_RIGHT)
                require(!difference.message);
        else
                check_difference(&difference, got);
        return answer == ANSWER_RIGHT;
}

/* Any text as a number: a double that is finite, and the same number as itself. */
static void check_decimal(Text text) {
        Decimal decimal;
        double value;

        if (!decimal_parse(text.data, text.size, &decimal))
                return;
        require(decimal_equal(&decimal, &decimal));
        require(!decimal_to_double(&decimal, &value) || isfinite(value));
        for (size_t i = 0; i < text.size; i++)
                require(strchr("+-.0123456789eE", text.data[i]) && text.data[i] != '\0');
}

static void check_flags(Text text) {
        g_autofree char *flags = g_strndup(text.data, text.size), *error = NULL;
        ValidatorOptions options;

        if (kattis_flags_parse(flags, &options, &error) < 0)
                require(error && g_utf8_validate(error, -1, NULL));
        else
                require(!error && isfinite(options.absolute) && options.absolute >= 0 && isfinite(options.relative) &&
                        options.relative >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const double tolerances[] = { 0, 1e-9, 0.5, 1e300 };
        const uint8_t *divider = size > 1 ? memchr(data + 1, 0xff, size - 1) : NULL;
        ValidatorOptions options, exact = { VALIDATOR_EXACT, true, true };
        Text expected, got;

        if (!divider)
                return 0;
        expected = (Text){ (const char *) data + 1, (size_t) (divider - data) - 1 };
        got = (Text){ (const char *) divider + 1, size - (size_t) (divider - data) - 1 };
        options = (ValidatorOptions){
                .type = data[0] % N_VALIDATOR_TYPES,
                .case_sensitive = data[0] & 4,
                .space_sensitive = data[0] & 8,
                .absolute = tolerances[data[0] >> 4 & 3],
                .relative = tolerances[data[0] >> 6 & 3],
        };
        require(accepts(&options, expected, expected));
        require(accepts(&options, got, got));
        if (accepts(&exact, expected, got))
                require(accepts(&options, expected, got));
        else
                (void) accepts(&options, expected, got);
        check_decimal(expected);
        check_decimal(got);
        check_flags(expected);
        return 0;
}
