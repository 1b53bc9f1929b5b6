/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "value.h"

static Value *parse(const char *text) {
        g_autofree char *error = NULL;
        Value *value = NULL;

        if (value_parse(text, strlen(text), &value, &error) < 0)
                g_error("%s: %s", text, error);
        return value;
}

static void test_accepted(void) {
        static const char *const texts[] = {
                "null",
                " true\n",
                "false",
                "0",
                "-0",
                "-1",
                "10",
                "0.5",
                "1e5",
                "-1.5E-3",
                "1e+400",
                "NaN",
                "Infinity",
                "-Infinity",
                "\"\"",
                "\"a\\n\\u00e9\\ud83d\\ude00\"",
                "\"\\ud800\"",
                "\"\\ud800\\u0041\"",
                "\"\x7fµ\"",
                "[]",
                "[ ]",
                "{}",
                "{ }",
                "[1,2 , 3]",
                "{\"a\":1,\"b\":[{}]}",
                "{\"\":null}",
                "\t[\r\n]\t",
                "{\"a\":{\"a\":1}}",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(Value) value = parse(texts[i]);

                g_assert_nonnull(value);
        }
}

#define TEXT(t) .text = (t), .size = sizeof(t) - 1

static void test_refused(void) {
        static const struct {
                const char *text;
                size_t size;
                const char *error;
        } cases[] = {
                { TEXT(""), "byte 0: expected a value, but the text ends" },
                { TEXT(" "), "byte 1: expected a value, but the text ends" },
                { TEXT("{} {}"), "byte 3: expected the end of the text, not \"{}\"" },
                { TEXT("1 2"), "byte 2: expected the end of the text, not \"2\"" },
                { TEXT("01"), "byte 1: expected the end of the text, not \"1\"" },
                { TEXT("-"), "byte 1: expected a digit, but the text ends" },
                { TEXT("+1"), "byte 0: expected a value, not \"+1\"" },
                { TEXT(".5"), "byte 0: expected a value, not \".5\"" },
                { TEXT("1."), "byte 2: expected a digit after the point, but the text ends" },
                { TEXT("1e"), "byte 2: expected a digit in the exponent, but the text ends" },
                { TEXT("1e+-1"), "byte 3: expected a digit in the exponent, not \"-1\"" },
                { TEXT("0x10"), "byte 1: expected the end of the text, not \"x10\"" },
                { TEXT("nan"), "byte 0: expected a value, not \"nan\"" },
                { TEXT("-NaN"), "byte 1: expected a digit, not \"NaN\"" },
                { TEXT("Inf"), "byte 0: expected a digit, not \"Inf\"" },
                { TEXT("+Infinity"), "byte 0: expected a value, not \"+Infinity\"" },
                { TEXT("nulL"), "byte 0: expected a value, not \"nulL\"" },
                { TEXT("True"), "byte 0: expected a value, not \"True\"" },
                { TEXT("'a'"), "byte 0: expected a value, not \"'a'\"" },
                { TEXT("[1,]"), "byte 3: expected a value, not \"]\"" },
                { TEXT("[1 2]"), "byte 3: expected a comma or ], not \"2]\"" },
                { TEXT("[1"), "byte 2: expected a comma or ], but the text ends" },
                { TEXT("[}"), "byte 1: expected a value, not \"}\"" },
                { TEXT("{\"a\":1,}"), "byte 7: expected a string, not \"}\"" },
                { TEXT("{a:1}"), "byte 1: expected a string, not \"a:1}\"" },
                { TEXT("{\"a\" 1}"), "byte 5: expected a colon, not \"1}\"" },
                { TEXT("{\"a\":1]"), "byte 6: expected a comma or }, not \"]\"" },
                { TEXT("{\"a\":1,\"b\":2,\"a\":3}"), "byte 18: the key \"a\" is there twice" },
                { TEXT("[{\"\\u0061\":1,\"a\":1}]"), "byte 18: the key \"a\" is there twice" },
                { TEXT("\"a"), "byte 2: expected the end of a string, but the text ends" },
                { TEXT("\"\\x41\""), "byte 2: expected an escape of JSON, not \"x41\\\"\"" },
                { TEXT("\"\\u00g0\""), "byte 5: expected four hexadecimal digits, not \"g0\\\"\"" },
                { TEXT("\"\\ud83d\\u12"), "byte 11: expected four hexadecimal digits, but the text ends" },
                { TEXT("\"\\"), "byte 2: expected an escape of JSON, but the text ends" },
                { TEXT("\"a\nb\""), "byte 2: expected no control character in a string, not \"\\nb\\\"\"" },
                { TEXT("\"\xff\""), "byte 1: not UTF-8, or NUL" },
                { TEXT("\"\xed\xa0\x80\""), "byte 1: not UTF-8, or NUL" },
                { TEXT("\"\xc0\x80\""), "byte 1: not UTF-8, or NUL" },
                { TEXT("[\0]"), "byte 1: not UTF-8, or NUL" },
                { TEXT("[]\0"), "byte 2: not UTF-8, or NUL" },
                { TEXT("\xef\xbb\xbf[]"), "byte 0: expected a value, not \"\\xef\\xbb\\xbf[]\"" },
                { TEXT("// x\n1"), "byte 0: expected a value, not \"// x\\n1\"" },
                { TEXT("1\f"), "byte 1: expected the end of the text, not \"\\x0c\"" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(Value) value = NULL;
                g_autofree char *error = NULL;

                g_assert_cmpint(value_parse(cases[i].text, cases[i].size, &value, &error), ==, -EBADMSG);
                g_assert_cmpstr(error, ==, cases[i].error);
                g_assert_null(value);
        }
}

static uint64_t cpu_ns(void) {
        struct timespec ts;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}

static char *nested(size_t depth, const char *open, const char *middle, const char *close) {
        GString *text = g_string_new(NULL);

        for (size_t i = 0; i < depth; i++)
                g_string_append(text, open);
        g_string_append(text, middle);
        for (size_t i = 0; i < depth; i++)
                g_string_append(text, close);
        return g_string_free(text, FALSE);
}

static void test_depth(void) {
        g_autofree char *deep = nested(64, "[", "1", "]"), *deeper = nested(65, "[", "1", "]");
        g_autofree char *objects = nested(65, "{\"a\":", "1", "}"), *wide = nested(0, "", "[[],[],[[],[]]]", "");
        g_autofree char *error = NULL, *objects_error = NULL, *flood = g_strnfill(100000, '[');
        g_autoptr(Value) value = parse(deep), wide_value = parse(wide), none = NULL;
        uint64_t least = UINT64_MAX;

        g_assert_nonnull(value);
        g_assert_nonnull(wide_value);
        g_assert_cmpint(value_parse(deeper, strlen(deeper), &none, &error), ==, -ELOOP);
        g_assert_cmpstr(error, ==, "byte 64: lists and objects are nested deeper than 64");
        g_assert_cmpint(value_parse(objects, strlen(objects), &none, &objects_error), ==, -ELOOP);

        for (int i = 0; i < 20; i++) { /* the least is not the machine's other work */
                g_autofree char *flood_error = NULL;
                const uint64_t start = cpu_ns();

                g_assert_cmpint(value_parse(flood, 100000, &none, &flood_error), ==, -ELOOP);
                least = MIN(least, cpu_ns() - start);
        }
        g_test_message("100 kB of [: %" G_GUINT64_FORMAT " µs", least / 1000);
        g_assert_cmpuint(least, <, 1000000);
}

static void test_size(void) {
        g_autofree char *text = g_strnfill(VALUE_SIZE_MAX + 1, ' '), *error = NULL;
        g_autoptr(Value) value = NULL, none = NULL;

        text[0] = '1';
        g_assert_cmpint(value_parse(text, VALUE_SIZE_MAX, &value, &error), ==, 0);
        g_assert_cmpint(value_parse(text, VALUE_SIZE_MAX + 1, &none, &error), ==, -E2BIG);
        g_assert_cmpstr(error, ==, "10485761 bytes; at most 10485760 are read");
}

/* 256 KiB of each shape, which must be read and compared in a moment, whatever the order of lists. What is not linear
 * takes minutes. */
static void test_large(void) {
        static const char *const elements[] = { "0", "\"\"", "[]", "{}", "0.5", "1e-9", "[[]]", "{\"a\":0}", "null" };

        for (size_t s = 0; s < G_N_ELEMENTS(elements); s++)
                for (int order = 0; order < 2; order++) {
                        ValueOptions options = VALUE_OPTIONS_DEFAULT;
                        g_autoptr(GString) text = g_string_new("[");
                        g_autoptr(Value) value = NULL, other = NULL;
                        g_auto(Difference) difference = {}, none = {};

                        options.list_order_matters = order;
                        while (text->len < 256 * 1024)
                                g_string_append_printf(text, "%s,", elements[s]);
                        g_string_append(text, "1]");
                        value = parse(text->str);
                        g_assert_true(value_equal(value, value, &options, &none));
                        text->str[text->len - 2] = '2';
                        other = parse(text->str);
                        g_assert_false(value_equal(value, other, &options, &difference));
                }
}

static void test_many_keys(void) {
        g_autoptr(GString) text = g_string_new("{");
        g_autoptr(Value) value = NULL, none = NULL;
        g_autofree char *error = NULL;

        for (int i = 0; i < 200000; i++)
                g_string_append_printf(text, "\"%d\":0,", i);
        g_string_append(text, "\"x\":0}");
        value = parse(text->str);
        g_string_truncate(text, text->len - 1);
        g_string_append(text, ",\"4711\":0}");
        g_assert_cmpint(value_parse(text->str, text->len, &none, &error), ==, -EBADMSG);
        g_assert_nonnull(strstr(error, "the key \"4711\" is there twice"));
}

typedef enum Flag {
        ANY_ORDER = 1,
        ANY_CASE = 2,
        NO_SPACE = 4,
        NO_TOLERANCE = 8,
        WIDE = 16,     /* absolute 2 */
        RELATIVE = 32, /* 10 % */
} Flag;

static ValueOptions options_of(unsigned flags) {
        ValueOptions options = VALUE_OPTIONS_DEFAULT;

        options.list_order_matters = !(flags & ANY_ORDER);
        options.string_case_sensitive = !(flags & ANY_CASE);
        options.ignore_whitespace = flags & NO_SPACE;
        if (flags & (NO_TOLERANCE | WIDE | RELATIVE))
                options.float_tolerance = options.relative_tolerance = 0;
        if (flags & WIDE)
                options.float_tolerance = 2;
        if (flags & RELATIVE)
                options.relative_tolerance = 0.1;
        return options;
}

typedef struct Pair {
        const char *expected, *actual, *message; /* NULL: equal */
        unsigned flags;
} Pair;

static void check_pairs(const Pair *pairs, size_t n) {
        for (size_t i = 0; i < n; i++) {
                g_autoptr(Value) expected = parse(pairs[i].expected), actual = parse(pairs[i].actual);
                const ValueOptions options = options_of(pairs[i].flags);
                g_auto(Difference) difference = {};
                const bool equal = value_equal(expected, actual, &options, &difference);

                g_test_message("%s and %s: %s", pairs[i].expected, pairs[i].actual, difference.message);
                g_assert_cmpstr(difference.message, ==, pairs[i].message);
                g_assert_true(equal == !pairs[i].message);
                g_assert_true(equal == !difference.path);
        }
}

static void test_scalars(void) {
        static const Pair pairs[] = {
                { "null", "null" },
                { "null", "0", "expected null, got 0" },
                { "false", "null", "expected false, got null" },
                { "\"\"", "null", "expected \"\", got null" },
                { "[]", "null", "expected [], got null" },
                { "[]", "{}", "expected [], got {}" },
                { "true", "true" },
                { "true", "false", "expected true, got false" },
                { "true", "1" },
                { "1", "true" },
                { "0", "false" },
                { "2", "true", "expected 2, got true" },
                { "true", "1.0" },
                { "1", "1.0" },
                { "1.0", "1" },
                { "-0", "0" },
                { "-0.0", "0" },
                { "1", "\"1\"", "expected 1, got \"1\"" },
                { "\"a\"", "\"a\"" },
                { "\"a\"", "\"a \"", "expected \"a\", got \"a \"" },
                { "\"é\"", "\"\\u00e9\"" },
                { "\"\\ud83d\\ude00\"", "\"😀\"" },
                { "\"\\ud83d\"", "\"\\ud83d\"" },
                { "\"\\ud83d\"", "\"\\ud83e\"", "expected \"\\xed\\xa0\\xbd\", got \"\\xed\\xa0\\xbe\"" },
                { "\"a\\u0000b\"", "\"a\\u0000c\"", "expected \"a\\x00b\", got \"a\\x00c\"" },
                { "\"a\\\"\"", "\"a\"", "expected \"a\\\"\", got \"a\"" },
        };

        check_pairs(pairs, G_N_ELEMENTS(pairs));
}

static void test_integers(void) {
        static const Pair pairs[] = {
                { "354224848179261915075", "354224848179261915075" },
                { "354224848179261915075", "354224848179261915076",
                  "expected 354224848179261915075, got 354224848179261915076" },
                { "18446744073709551615", "-1", "expected 18446744073709551615, got -1" },
                { "9223372036854775808", "-9223372036854775808",
                  "expected 9223372036854775808, got -9223372036854775808" },
                { "-354224848179261915075", "-354224848179261915075" },
                { "-12", "-13", "expected -12, got -13" },
                /* A tolerance is for floats. */
                { "1000000000000", "1000000000001", "expected 1000000000000, got 1000000000001" },
                { "10", "11", "expected 10, got 11", WIDE },
                { "10", "11.0", NULL, WIDE },
                { "10.0", "11", NULL, WIDE },
                { "true", "2.5", NULL, WIDE },
                /* Integers with floats exactly, when there is no tolerance. */
                { "9007199254740993", "9007199254740992.0", "expected 9007199254740993, got 9007199254740992.0",
                  NO_TOLERANCE },
                { "9007199254740992", "9007199254740992.0", NULL, NO_TOLERANCE },
                { "9007199254740992.0", "9007199254740993", "expected 9007199254740992.0, got 9007199254740993",
                  NO_TOLERANCE },
                { "100000000000000000000000", "1e23", "expected 100000000000000000000000, got 1e+23", NO_TOLERANCE },
                { "99999999999999991611392", "1e23", NULL, NO_TOLERANCE },
                { "-1", "-0.5", "expected -1, got -0.5", NO_TOLERANCE },
                { "0", "-0.5", "expected 0, got -0.5", NO_TOLERANCE },
        };
        g_autoptr(GString) huge = g_string_new("1"), wrong = NULL;
        g_autoptr(Value) integer = NULL, other = NULL, one = parse("1.0"), infinity = parse("Infinity");
        const ValueOptions options = VALUE_OPTIONS_DEFAULT;

        check_pairs(pairs, G_N_ELEMENTS(pairs));

        /* 10**400 is no float, and no reason to fail. */
        for (int i = 0; i < 400; i++)
                g_string_append_c(huge, '0');
        wrong = g_string_new(huge->str);
        wrong->str[400] = '1';
        integer = parse(huge->str);
        other = parse(wrong->str);
        for (int i = 0; i < 3; i++) {
                const Value *const others[] = { one, infinity, other };
                g_auto(Difference) difference = {}, back = {}, none = {};

                g_assert_true(value_equal(integer, integer, &options, &none));
                g_assert_false(value_equal(integer, others[i], &options, &difference));
                g_assert_false(value_equal(others[i], integer, &options, &back));
                g_assert_cmpuint(strlen(difference.expected), ==, EXCERPT_MAX);
        }
}

static void test_floats(void) {
        static const Pair pairs[] = {
                { "0.1", "0.10000000000000001" },
                { "0.3", "0.30000000000000004" },
                { "0.3", "0.30000000000000004", "expected 0.3, got 0.30000000000000004", NO_TOLERANCE },
                { "1.0", "1.0000000005" },
                { "1.0", "1.0000000015", "expected 1.0, got 1.0000000015" },
                { "1e15", "1.0000000005e15" },
                { "0.0", "5e-10" },
                { "0.0", "2e-9", "expected 0.0, got 2e-09" },
                { "10.0", "10.9", NULL, RELATIVE },
                { "10.0", "11.2", "expected 10.0, got 11.2", RELATIVE },
                { "10.9", "10.0", NULL, RELATIVE },
                { "0.0", "1e-300", "expected 0.0, got 1e-300", RELATIVE },
                { "NaN", "NaN" },
                { "NaN", "0.0", "expected NaN, got 0.0" },
                { "0.0", "NaN", "expected 0.0, got NaN" },
                { "1", "NaN", "expected 1, got NaN" },
                { "NaN", "1", "expected NaN, got 1" },
                { "NaN", "Infinity", "expected NaN, got Infinity" },
                { "NaN", "null", "expected NaN, got null" },
                { "1.0", "NaN", "expected 1.0, got NaN", WIDE },
                { "Infinity", "Infinity" },
                { "-Infinity", "-Infinity" },
                { "Infinity", "-Infinity", "expected Infinity, got -Infinity" },
                { "Infinity", "1e308", "expected Infinity, got 1e+308" },
                { "1e308", "Infinity", "expected 1e+308, got Infinity" },
                { "Infinity", "1e999" }, /* as Python reads it */
                { "1.7e308", "-1.7e308", "expected 1.7e+308, got -1.7e+308" },
        };

        check_pairs(pairs, G_N_ELEMENTS(pairs));
}

static void test_strings(void) {
        static const Pair pairs[] = {
                { "\"Aé\"", "\"aÉ\"", "expected \"Aé\", got \"aÉ\"" },
                { "\"Aé\"", "\"aÉ\"", NULL, ANY_CASE },
                { "\"Aé\"", "\"aÉx\"", "expected \"Aé\", got \"aÉx\"", ANY_CASE },
                { "\"a b\"", "\" ab\\n\\u00a0\\u000b\"", NULL, NO_SPACE },
                { "\"a b\"", "\"A B\"", "expected \"a b\", got \"A B\"", NO_SPACE },
                { "\"a b\"", "\"A B\"", NULL, NO_SPACE | ANY_CASE },
                { "\"\\u0000\"", "\"\"", "expected \"\\x00\", got \"\"", NO_SPACE },
                { "{\"A\":1}", "{\"a\":1}", "the key \"A\" is missing", ANY_CASE },
        };

        check_pairs(pairs, G_N_ELEMENTS(pairs));
}

static void test_paths(void) {
        static const Pair pairs[] = {
                { "[1,2,3]", "[1,2,3]" },
                { "[1,2,3]", "[1,3,2]", "[1]: expected 2, got 3" },
                { "[1,2]", "[1,2,3]", "expected a list of 2, got one of 3" },
                { "[0,0,0,{\"name\":5}]", "[0,0,0,{\"name\":6}]", "[3].name: expected 5, got 6" },
                { "{\"a\":{\"b\":[1,[2]]}}", "{\"a\":{\"b\":[1,[3]]}}", ".a.b[1][0]: expected 2, got 3" },
                { "{\"a\":{\"b\":[1]}}", "{\"a\":{\"b\":[]}}", ".a.b: expected a list of 1, got one of 0" },
                { "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}" },
                { "{\"a\":1,\"bb\":2}", "{\"a\":1}", "the key \"bb\" is missing" },
                { "{\"a\":1}", "{\"a\":1,\"b\":2}", "the key \"b\" is not expected" },
                { "[{\"a\":1}]", "[{\"b\":1}]", "[0]: the key \"a\" is missing" },
                { "[{\"b\":1}]", "[{\"a\":1}]", "[0]: the key \"a\" is not expected" },
                { "{\"a b\":1,\"\":{\"1\":[\"\"]}}", "{\"a b\":1,\"\":{\"1\":[0]}}",
                  "[\"\"][\"1\"][0]: expected \"\", got 0" },
                { "{\"\\\"\\u001b\":1}", "{\"\\\"\\u001b\":2}", "[\"\\\"\\x1b\"]: expected 1, got 2" },
                { "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}",
                  "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":2}",
                  ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaa…: expected 1, got 2" },
                { "[1]", "{\"a\":[true,false,null],\"b\":{}}",
                  "expected [1], got {\"a\": [true, false, null], \"b\": {}}" },
        };

        check_pairs(pairs, G_N_ELEMENTS(pairs));
}

static void test_any_order(void) {
        static const Pair pairs[] = {
                { "[1,2,3]", "[3,1,2]", NULL, ANY_ORDER },
                { "[1,2,2]", "[2,1,1]", "in any order, expected 2, got 1", ANY_ORDER },
                { "[1,2]", "[1,2,2]", "expected a list of 2, got one of 3", ANY_ORDER },
                { "[[1,2],[3,4]]", "[[4,3],[2,1]]", NULL, ANY_ORDER },
                { "{\"a\":[1,2],\"b\":3}", "{\"b\":3,\"a\":[2,1]}", NULL, ANY_ORDER },
                { "{\"a\":[1,2],\"b\":3}", "{\"b\":3,\"a\":[2,4]}", ".a: in any order, expected 1, got 2", ANY_ORDER },
                { "[null,true,\"a\",[],{\"b\":[1,\"x\"]}]", "[{\"b\":[\"x\",1]},[],\"a\",null,1]", NULL, ANY_ORDER },
                { "[\"b\",\"A\"]", "[\"a\",\"B\"]", NULL, ANY_ORDER | ANY_CASE },
                { "[NaN,1,Infinity]", "[Infinity,NaN,1.0]", NULL, ANY_ORDER },
                { "[NaN,1]", "[1,1]", "in any order, expected NaN, got 1", ANY_ORDER },
                { "[354224848179261915075,1]", "[1,354224848179261915075]", NULL, ANY_ORDER },
                { "[354224848179261915075,354224848179261915076]", "[354224848179261915076,354224848179261915076]",
                  "in any order, expected 354224848179261915075, got 354224848179261915076", ANY_ORDER },
                { "[{\"a\":1},{\"b\":1}]", "[{\"b\":1},{\"a\":1}]", NULL, ANY_ORDER },
                { "[{\"a\":1},{\"a\":2}]", "[{\"a\":2},{\"a\":1}]", NULL, ANY_ORDER },
                /* The tolerance puts these into another order than their partners have. */
                { "[[1.0,7],[1.0000000001,3]]", "[[1.0,3],[1.0000000001,7]]", NULL, ANY_ORDER },
                { "[[1.0,7],[1.0000000001,3]]", "[[1.0,3],[1.0000000001,8]]",
                  "in any order, expected [1.0, 7], got [1.0, 3]", ANY_ORDER },
                { "[[1.0,7],[1.0000000001,3]]", "[[1.0,3],[1.0000000001,7]]",
                  "in any order, expected [1.0, 7], got [1.0, 3]", ANY_ORDER | NO_TOLERANCE },
                /* Here the partners that come first are not those that leave one for each. */
                { "[10,10.5]", "[9,10]", NULL, ANY_ORDER | WIDE },
                { "[[0.0,\"x\"],[2.0,\"x\"],[4.0,\"x\"]]", "[[1.0,\"x\"],[3.0,\"x\"],[5.0,\"x\"]]", NULL,
                  ANY_ORDER | WIDE },
                { "[{\"a\":1.0,\"b\":1},{\"a\":2.0,\"b\":1.5},{\"a\":3.0,\"b\":1}]",
                  "[{\"a\":3.5,\"b\":1},{\"a\":0.5,\"b\":1},{\"a\":4.0,\"b\":0}]", NULL, ANY_ORDER | WIDE },
        };

        check_pairs(pairs, G_N_ELEMENTS(pairs));
}

/* All permutations of what a brute force over assignments says, with elements near enough to be mistaken. */
static bool assignable(const Value *const *expected, const Value *const *actual, size_t n, unsigned used, size_t at,
                       const ValueOptions *options) {
        if (at == n)
                return true;
        for (size_t i = 0; i < n; i++) {
                g_auto(Difference) difference = {};

                if (!(used & 1U << i) && value_equal(expected[at], actual[i], options, &difference) &&
                    assignable(expected, actual, n, used | 1U << i, at + 1, options))
                        return true;
        }
        return false;
}

static char *random_element(GRand *rand) {
        return g_strdup_printf("{\"a\":%d%s,\"b\":%d%s}", g_rand_int_range(rand, 0, 8),
                               g_rand_boolean(rand) ? ".5" : "", g_rand_int_range(rand, 0, 5),
                               g_rand_boolean(rand) ? ".0" : "");
}

static void test_against_brute_force(void) {
        enum { N = 5, ROUNDS = 3000 };
        g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());
        const ValueOptions options = options_of(ANY_ORDER | WIDE);
        int equal_ones = 0;

        for (int round = 0; round < ROUNDS; round++) {
                g_autoptr(GString) e_text = g_string_new("["), a_text = g_string_new("[");
                g_autoptr(Value) e_list = NULL, a_list = NULL;
                Value *expected[N], *actual[N];
                g_auto(Difference) difference = {};
                bool equal;

                for (size_t i = 0; i < N; i++) {
                        g_autofree char *e = random_element(rand), *a = random_element(rand);

                        expected[i] = parse(e);
                        actual[i] = parse(a);
                        g_string_append_printf(e_text, "%s%s", i > 0 ? "," : "", e);
                        g_string_append_printf(a_text, "%s%s", i > 0 ? "," : "", a);
                }
                e_list = parse(g_string_append_c(e_text, ']')->str);
                a_list = parse(g_string_append_c(a_text, ']')->str);
                equal = value_equal(e_list, a_list, &options, &difference);
                equal_ones += equal;
                g_assert_true(equal == assignable((const Value *const *) expected, (const Value *const *) actual, N, 0,
                                                  0, &options));
                for (size_t i = 0; i < N; i++) {
                        value_free(expected[i]);
                        value_free(actual[i]);
                }
        }
        g_test_message("%d of %d were equal", equal_ones, ROUNDS);
        g_assert_cmpint(equal_ones, >, 0);
        g_assert_cmpint(equal_ones, <, ROUNDS);
}

/* Lists made to be matched in as many ways as possible, to no avail: an answer must come in seconds. */
static void test_bounded(void) {
        static const struct {
                int elements;
                const char *open, *close;
        } shapes[] = { { 20000, "[", "]" }, { 1000, "[[", "]]" }, { 20000, "", "" } };
        const ValueOptions options = options_of(ANY_ORDER | WIDE);

        for (size_t s = 0; s < G_N_ELEMENTS(shapes); s++) {
                g_autoptr(GString) e_text = g_string_new("["), a_text = g_string_new("[");
                g_autoptr(Value) expected = NULL, actual = NULL;
                g_auto(Difference) difference = {};

                for (int i = 0; i < shapes[s].elements; i++) {
                        g_string_append_printf(e_text, "%s%d.5%s,", shapes[s].open, i % 4, shapes[s].close);
                        g_string_append_printf(a_text, "%s%d.5%s,", shapes[s].open, 3 + i % 3, shapes[s].close);
                }
                expected = parse(g_string_append(e_text, "0]")->str);
                actual = parse(g_string_append(a_text, "0]")->str);
                g_assert_false(value_equal(expected, actual, &options, &difference));
                g_test_message("%s", difference.message);
        }
}

/* Lists of two in each other: what compares them again at each level takes 2^40 steps and more. */
static void test_not_exponential(void) {
        const ValueOptions options = options_of(ANY_ORDER | WIDE);
        g_autofree char *e_text = nested(40, "[[],", "0.5", "]"), *a_text = nested(40, "[[],", "9.5", "]");
        g_autofree char *twins = g_strdup("[0.5,0.5]"), *others = g_strdup("[0.5,9.5]");
        g_autoptr(Value) expected = parse(e_text), actual = parse(a_text), e_twins = NULL, a_twins = NULL;
        g_auto(Difference) difference = {}, twin_difference = {};

        g_assert_false(value_equal(expected, actual, &options, &difference));
        for (int i = 0; i < 8; i++) {
                char *e = g_strdup_printf("[%s,%s]", twins, twins), *a = g_strdup_printf("[%s,%s]", others, twins);

                g_free(twins);
                g_free(others);
                twins = e;
                others = a;
        }
        e_twins = parse(twins);
        a_twins = parse(others);
        g_assert_false(value_equal(e_twins, a_twins, &options, &twin_difference));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/value/accepted", test_accepted);
        g_test_add_func("/value/refused", test_refused);
        g_test_add_func("/value/depth", test_depth);
        g_test_add_func("/value/size", test_size);
        g_test_add_func("/value/large", test_large);
        g_test_add_func("/value/many-keys", test_many_keys);
        g_test_add_func("/value/scalars", test_scalars);
        g_test_add_func("/value/integers", test_integers);
        g_test_add_func("/value/floats", test_floats);
        g_test_add_func("/value/strings", test_strings);
        g_test_add_func("/value/paths", test_paths);
        g_test_add_func("/value/any-order", test_any_order);
        g_test_add_func("/value/against-brute-force", test_against_brute_force);
        g_test_add_func("/value/bounded", test_bounded);
        g_test_add_func("/value/not-exponential", test_not_exponential);
        return g_test_run();
}
