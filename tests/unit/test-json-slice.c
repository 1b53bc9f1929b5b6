/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base.h"
#include "json-read.h"
#include "json-slice.h"

static void test_grammar(void) {
        static const char *const good[] = { "{}",
                                            " [ ] ",
                                            "0",
                                            "-0.5e+10",
                                            "\"\\ud83d\\ude00\\u0000\"",
                                            "true",
                                            "null",
                                            "[1,[2,{\"a\":[]}]]",
                                            "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                                            "\"é\"" };
        static const char *const bad[] = { "",          "{",       "[1,]",    "{\"a\":1,}", "{a:1}",    "'a'",
                                           "01",        "+1",      "1.",      ".5",         "1e",       "0x10",
                                           "NaN",       "tru",     "[1 2]",   "\"\n\"",     "\"\\x\"",  "\"\\u12g4\"",
                                           "\"",        "{} {}",   "// x\n1", "1/**/",      "\"\xff\"", "-",
                                           "{\"a\" 1}", "[\"\\\"]" };

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
                JsonSlice slice;

                g_assert_cmpint(json_slice_parse(good[i], strlen(good[i]), &slice, NULL), ==, 0);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autofree char *exact = g_memdup2(bad[i], strlen(bad[i]) + 1);
                JsonSlice slice;
                size_t at;

                if (json_slice_parse(exact, strlen(bad[i]), &slice, &at) != -EBADMSG)
                        g_error("%s is taken", bad[i]);
                g_assert_cmpuint(at, <=, strlen(bad[i]));
        }
}

static void test_bounds(void) {
        g_autofree char *deep = g_malloc(2 * JSON_DEPTH_MAX + 3), *large = g_malloc(JSON_SIZE_MAX + 1);
        JsonSlice slice;

        memset(deep, '[', JSON_DEPTH_MAX + 1);
        memset(deep + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
        g_assert_cmpint(json_slice_parse(deep, 2 * JSON_DEPTH_MAX + 2, &slice, NULL), ==, -ELOOP);
        g_assert_cmpint(json_slice_parse(deep + 1, 2 * JSON_DEPTH_MAX, &slice, NULL), ==, 0);
        memset(large, ' ', JSON_SIZE_MAX + 1);
        large[0] = '1';
        g_assert_cmpint(json_slice_parse(large, JSON_SIZE_MAX + 1, &slice, NULL), ==, -E2BIG);
        g_assert_cmpint(json_slice_parse(large, JSON_SIZE_MAX, &slice, NULL), ==, 0);
        g_assert_cmpuint(slice.size, ==, 1);
}

static void test_walk(void) {
        static const char text[] =
                        " {\"a\" : [ 1.0 , {\"x\":\",]\"} ,\"]\"], \"\\u0062\":{ }, \"c\": 12345678901234567890 } ";
        g_autoptr(GString) seen = g_string_new(NULL);
        g_autofree char *name = NULL;
        JsonSlice root, value, element;
        size_t at = 0;

        g_assert_cmpint(json_slice_parse(text, strlen(text), &root, NULL), ==, 0);
        while (json_slice_member(root, &at, &name, &value)) {
                size_t within = 0;

                g_string_append_printf(seen, "%s=%.*s|", name, (int) value.size, value.text);
                while (json_slice_element(value, &within, &element))
                        g_string_append_printf(seen, "<%.*s>", (int) element.size, element.text);
                g_clear_pointer(&name, g_free);
        }
        g_assert_cmpstr(seen->str, ==,
                        "a=[ 1.0 , {\"x\":\",]\"} ,\"]\"]|<1.0><{\"x\":\",]\"}><\"]\">b={ }|c=12345678901234567890|");
}

static void test_values(void) {
        static const char text[] = "\"a\\u0000b\\ud83d\\ude00\\ud800x\\n\"";
        static const char expected[] = "a\0b\360\237\230\200\357\277\275x\n";
        JsonSlice string = { text, strlen(text) };
        g_autoptr(GBytes) bytes = json_slice_bytes(string);
        int64_t whole;
        double number;
        bool boolean;

        g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), expected, sizeof(expected) - 1);
        g_assert_null(json_slice_string(string));
        g_assert_false(json_slice_i64((JsonSlice){ "9223372036854775808", 19 }, &whole));
        g_assert_true(json_slice_i64((JsonSlice){ "-9223372036854775808", 20 }, &whole));
        g_assert_cmpint(whole, ==, INT64_MIN);
        g_assert_false(json_slice_i64((JsonSlice){ "1.0", 3 }, &whole));
        g_assert_true(json_slice_double((JsonSlice){ "1.5", 3 }, &number) && number == 1.5);
        g_assert_false(json_slice_double((JsonSlice){ "1e400", 5 }, &number));
        g_assert_false(json_slice_double((JsonSlice){ "null", 4 }, &number));
        g_assert_true(json_slice_bool((JsonSlice){ "false", 5 }, &boolean) && !boolean);
        g_assert_false(json_slice_bool((JsonSlice){ "0", 1 }, &boolean));
}

/* Refused before they are gone through: the least time of many is not the machine's other work. */
static void test_brackets(void) {
        g_autofree char *flood = g_strnfill(100000, '[');
        uint64_t least_ns = UINT64_MAX;

        for (int i = 0; i < 20; i++) {
                const uint64_t begin_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
                JsonSlice slice;

                g_assert_cmpint(json_slice_parse(flood, 100000, &slice, NULL), ==, -ELOOP);
                least_ns = MIN(least_ns, clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns);
        }
        g_test_message("100 kB of [: %" G_GUINT64_FORMAT " µs", least_ns / 1000);
        g_assert_cmpuint(least_ns, <, 1000000);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/json-slice/grammar", test_grammar);
        g_test_add_func("/json-slice/bounds", test_bounds);
        g_test_add_func("/json-slice/walk", test_walk);
        g_test_add_func("/json-slice/values", test_values);
        g_test_add_func("/json-slice/brackets", test_brackets);
        return g_test_run();
}
