/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "json.h"

static void test_string(void) {
        static const struct {
                const char *text, *json;
        } cases[] = {
                { NULL, "null" },
                { "", "\"\"" },
                { "a/b", "\"a/b\"" },
                { "\"\\", "\"\\\"\\\\\"" },
                { "\n\r\t", "\"\\n\\r\\t\"" },
                { "\001\037\177", "\"\\u0001\\u001f\\u007f\"" },
                { "µJ 日本", "\"µJ 日本\"" },
                { "a\xff"
                  "b",
                  "\"a\xef\xbf\xbd"
                  "b\"" },
                { "\xc3", "\"\xef\xbf\xbd\"" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GString) json = g_string_new(NULL);

                json_append_string(json, cases[i].text);
                g_assert_cmpstr(json->str, ==, cases[i].json);
        }
}

static void test_appends(void) {
        g_autoptr(GString) json = g_string_new("{\"a\":");

        json_append_string(json, "b");
        g_assert_cmpstr(json->str, ==, "{\"a\":\"b\"");
}

static void test_body(void) {
        static const struct {
                const char *text;
                size_t length;
                bool plausible;
        } cases[] = {
                { "{}", 2, true },   { "{}\n", 3, true },   { "{\"a\":1}", 7, true }, { "", 0, false },
                { "\n", 1, false },  { "{", 1, false },     { "}", 1, false },        { "[]", 2, false },
                { " {}", 3, false }, { "{}x", 3, false },   { "{\xff}", 3, false },   { "{\0}", 3, false },
                { "{é}", 4, true },  { "{1234}", 6, true }, { "{12345}", 7, true },   { "{123456}", 8, false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_true(json_body_plausible(cases[i].text, cases[i].length, 7) == cases[i].plausible);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/json/string", test_string);
        g_test_add_func("/json/appends", test_appends);
        g_test_add_func("/json/body", test_body);
        return g_test_run();
}
