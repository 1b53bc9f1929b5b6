/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "decimal.h"

#define EXPONENT_DIGITS_MAX 17 /* a magnitude then fits int64_t with room for the digits' places */

/* From text[*at], which may be the end; false when a digit is missing or the exponent is too long. */
static bool parse_exponent(const char *text, size_t size, size_t *at, int64_t *ret) {
        bool negative = false, any = false;
        int64_t exponent = 0;
        size_t digits = 0, i = *at;

        if (i == size || (text[i] != 'e' && text[i] != 'E')) {
                *ret = 0;
                return true;
        }
        i++;
        if (i < size && (text[i] == '+' || text[i] == '-'))
                negative = text[i++] == '-';
        for (; i < size && g_ascii_isdigit(text[i]); i++) {
                any = true;
                digits += exponent > 0 || text[i] != '0';
                if (digits > EXPONENT_DIGITS_MAX)
                        return false;
                exponent = exponent * 10 + (text[i] - '0');
        }
        *at = i;
        *ret = negative ? -exponent : exponent;
        return any;
}

bool decimal_parse(const char *text, size_t size, Decimal *ret) {
        Decimal decimal = { .text = text, .size = size };
        size_t i = 0, digits = 0, point = SIZE_MAX, first_place = 0;
        int64_t exponent;

        if (size > 0 && (text[0] == '+' || text[0] == '-'))
                i++;
        for (; i < size && (g_ascii_isdigit(text[i]) || (text[i] == '.' && point == SIZE_MAX)); i++) {
                if (text[i] == '.') {
                        point = digits;
                        continue;
                }
                if (text[i] != '0') {
                        if (!decimal.first) {
                                decimal.first = text + i;
                                first_place = digits;
                        }
                        decimal.last = text + i;
                }
                digits++;
        }
        if (digits == 0 || !parse_exponent(text, size, &i, &exponent) || i != size)
                return false;
        decimal.negative = text[0] == '-' && decimal.first;
        decimal.magnitude = exponent + (int64_t) MIN(point, digits) - (int64_t) first_place - 1;
        *ret = decimal;
        return true;
}

/* The next significant digit at or after *at, which moves behind it; '0' beyond the last. */
static char next_digit(const Decimal *decimal, const char **at) {
        if (*at <= decimal->last && **at == '.')
                (*at)++;
        return *at <= decimal->last ? *(*at)++ : '0';
}

bool decimal_equal(const Decimal *a, const Decimal *b) {
        const char *at_a = a->first, *at_b = b->first;

        if (!a->first || !b->first)
                return a->first == b->first;
        if (a->negative != b->negative || a->magnitude != b->magnitude)
                return false;
        while (at_a <= a->last || at_b <= b->last)
                if (next_digit(a, &at_a) != next_digit(b, &at_b))
                        return false;
        return true;
}

bool decimal_to_double(const Decimal *decimal, double *ret) {
        char small[64];
        g_autofree char *large = NULL;
        char *text = small;
        double value;

        if (decimal->size >= sizeof(small))
                text = large = g_malloc(decimal->size + 1);
        memcpy(text, decimal->text, decimal->size);
        text[decimal->size] = '\0';
        value = g_ascii_strtod(text, NULL);
        if (!isfinite(value))
                return false;
        *ret = value;
        return true;
}
