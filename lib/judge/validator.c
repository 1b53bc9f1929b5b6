/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "decimal.h"
#include "validator.h"

static const char *const type_names[N_VALIDATOR_TYPES] = {
        [VALIDATOR_TOKENS] = "tokens",
        [VALIDATOR_EXACT] = "exact",
        [VALIDATOR_LINES] = "lines",
        [VALIDATOR_NUMBERS] = "numbers",
};

const char *validator_type_to_string(ValidatorType type) {
        g_assert(type < N_VALIDATOR_TYPES);
        return type_names[type];
}

int validator_type_from_string(const char *text, ValidatorType *ret) {
        for (ValidatorType type = 0; type < N_VALIDATOR_TYPES; type++)
                if (strcmp(text, type_names[type]) == 0) {
                        *ret = type;
                        return 0;
                }
        return -EINVAL;
}

/* A piece of one of the two texts. */
typedef struct Range {
        const char *data;
        size_t size;
} Range;

typedef struct Comparison {
        const ValidatorOptions *options;
        Range got; /* all of it, for places */
        uint64_t token;
        Difference *difference;
} Comparison;

static bool is_space(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Takes the longest beginning of *rest that is white space, or that is none. */
static Range take(Range *rest, bool space) {
        Range taken = { rest->data, 0 };

        while (taken.size < rest->size && is_space(rest->data[taken.size]) == space)
                taken.size++;
        rest->data += taken.size;
        rest->size -= taken.size;
        return taken;
}

/* Length of the common beginning. */
static size_t common(Range a, Range b, bool case_sensitive) {
        const size_t size = MIN(a.size, b.size);
        size_t i = 0;

        if (case_sensitive)
                while (i < size && a.data[i] == b.data[i])
                        i++;
        else
                while (i < size && g_ascii_tolower(a.data[i]) == g_ascii_tolower(b.data[i]))
                        i++;
        return i;
}

static bool same(Range a, Range b, bool case_sensitive) {
        return a.size == b.size && common(a, b, case_sensitive) == a.size;
}

static void find_place(const Comparison *comparison, const char *at) {
        const char *p = comparison->got.data, *newline;
        Difference *difference = comparison->difference;

        difference->line = 1;
        while (p < at && (newline = memchr(p, '\n', (size_t) (at - p)))) {
                difference->line++;
                p = newline + 1;
        }
        difference->column = (uint64_t) (at - p) + 1;
        difference->token = comparison->token;
}

/* expected or got NULL: nothing stands there, which is then said of the output or of a line. */
static Answer differ(Comparison *comparison, const char *at, const Range *expected, const Range *got,
                     const char *whole) {
        Difference *difference = comparison->difference;
        const size_t focus = expected && got ? common(*expected, *got, comparison->options->case_sensitive) : 0;
        g_autofree char *what = NULL;

        find_place(comparison, at);
        if (expected)
                difference->expected = excerpt_new(expected->data, expected->size, focus);
        if (got)
                difference->got = excerpt_new(got->data, got->size, focus);
        if (expected && got)
                what = g_strdup_printf("expected \"%s\", got \"%s\"", difference->expected, difference->got);
        else if (expected)
                what = g_strdup_printf("%s ends early; expected \"%s\"", whole, difference->expected);
        else
                what = g_strdup_printf("extra output \"%s\"", difference->got);
        difference->message = g_strdup_printf("line %" G_GUINT64_FORMAT ", column %" G_GUINT64_FORMAT ": %s",
                                              difference->line, difference->column, what);
        return ANSWER_WRONG;
}

static bool number_matches(const ValidatorOptions *options, const Decimal *expected, const Decimal *got) {
        double e, g;
        long double error; /* wider, so that the error of two doubles and its bound do not overflow */

        if (decimal_equal(expected, got))
                return true;
        if (!decimal_to_double(expected, &e) || !decimal_to_double(got, &g))
                return false;
        error = fabsl((long double) e - (long double) g);
        return (options->absolute > 0 && error <= (long double) options->absolute) ||
               (options->relative > 0 && error <= (long double) options->relative * fabsl(e));
}

static bool token_matches(const ValidatorOptions *options, Range expected, Range got) {
        Decimal e, g;

        if ((options->type == VALIDATOR_NUMBERS || options->absolute > 0 || options->relative > 0) &&
            decimal_parse(expected.data, expected.size, &e))
                return decimal_parse(got.data, got.size, &g) && number_matches(options, &e, &g);
        return same(expected, got, options->case_sensitive);
}

/* All of both ranges; whole is what ends early when got does. */
static Answer compare_tokens(Comparison *comparison, Range expected, Range got, const char *whole) {
        const ValidatorOptions *options = comparison->options;

        for (;;) {
                const Range e_space = take(&expected, true), g_space = take(&got, true);
                const Range e = take(&expected, false), g = take(&got, false);

                comparison->token += e.size > 0 || g.size > 0;
                if (g.size == 0 && e.size > 0)
                        return differ(comparison, g.data, &e, NULL, whole);
                if (e.size == 0 && g.size > 0)
                        return differ(comparison, g.data, NULL, &g, whole);
                if (options->space_sensitive && !same(e_space, g_space, true))
                        return differ(comparison, g_space.data, &e_space, &g_space, whole);
                if (e.size == 0)
                        return ANSWER_RIGHT;
                if (!token_matches(options, e, g))
                        return differ(comparison, g.data, &e, &g, whole);
        }
}

/* From here to the end of the line, its newline included. */
static Range rest_of_line(Range text, size_t from) {
        Range line = { text.data + from, text.size - from };
        const char *newline = line.size > 0 ? memchr(line.data, '\n', line.size) : NULL;

        if (newline)
                line.size = (size_t) (newline - line.data) + 1;
        return line;
}

static Answer compare_exact(Comparison *comparison, Range expected, Range got) {
        const size_t at = common(expected, got, comparison->options->case_sensitive);
        const Range e = rest_of_line(expected, at), g = rest_of_line(got, at);

        if (e.size == 0 && g.size == 0)
                return ANSWER_RIGHT;
        return differ(comparison, g.data, e.size > 0 ? &e : NULL, g.size > 0 ? &g : NULL, "the output");
}

static Range trim_end(Range text, bool space_sensitive) {
        if (space_sensitive) {
                text.size -= text.size > 0 && text.data[text.size - 1] == '\n';
                return text;
        }
        while (text.size > 0 && is_space(text.data[text.size - 1]))
                text.size--;
        return text;
}

/* Takes a line off *rest, without its newline; *more is whether another follows. */
static Range take_line(Range *rest, bool *more) {
        Range line = rest_of_line(*rest, 0);

        rest->data += line.size;
        rest->size -= line.size;
        *more = line.size > 0 && line.data[line.size - 1] == '\n';
        line.size -= *more;
        return line;
}

static Answer compare_line(Comparison *comparison, Range expected, Range got) {
        size_t at;

        if (!comparison->options->space_sensitive)
                return compare_tokens(comparison, expected, got, "the line");
        at = common(expected, got, comparison->options->case_sensitive);
        if (at == expected.size && at == got.size)
                return ANSWER_RIGHT;
        return differ(comparison, got.data + at, &expected, &got, "the line");
}

static Answer compare_lines(Comparison *comparison, Range expected, Range got) {
        const bool sensitive = comparison->options->space_sensitive;
        Range e_rest = trim_end(expected, sensitive), g_rest = trim_end(got, sensitive);
        bool e_more = e_rest.size > 0, g_more = g_rest.size > 0;

        while (e_more && g_more) {
                const Range e = take_line(&e_rest, &e_more), g = take_line(&g_rest, &g_more);
                const Answer answer = compare_line(comparison, e, g);

                if (answer != ANSWER_RIGHT)
                        return answer;
        }
        if (e_more) {
                const Range e = take_line(&e_rest, &e_more);

                return differ(comparison, g_rest.data, &e, NULL, "the output");
        }
        if (g_more) {
                const char *at = g_rest.data;
                const Range g = take_line(&g_rest, &g_more);

                return differ(comparison, at, NULL, &g, "the output");
        }
        return ANSWER_RIGHT;
}

Answer validator_compare(const ValidatorOptions *options, const char *expected, size_t expected_size, const char *got,
                         size_t got_size, Difference *ret) {
        /* Never NULL, so that places can be computed from empty texts. */
        const Range e = { expected_size > 0 ? expected : "", expected_size };
        const Range g = { got_size > 0 ? got : "", got_size };
        Comparison comparison = { .options = options, .got = g, .difference = ret };

        *ret = (Difference){};
        switch (options->type) {
        case VALIDATOR_EXACT:
                return compare_exact(&comparison, e, g);
        case VALIDATOR_LINES:
                return compare_lines(&comparison, e, g);
        case VALIDATOR_TOKENS:
        case VALIDATOR_NUMBERS:
                return compare_tokens(&comparison, e, g, "the output");
        case N_VALIDATOR_TYPES:
                break;
        }
        g_assert_not_reached();
}
