/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "yaml-read.h"

static Yaml *parse(const char *text) {
        g_autofree char *problem = NULL;
        Yaml *yaml = NULL;

        g_assert_cmpint(yaml_parse(text, strlen(text), &yaml, &problem), ==, 0);
        g_assert_null(problem);
        return yaml;
}

static void test_values(void) {
        g_autoptr(Yaml) yaml = parse("name: Sum # of two\nlimits: {memory: 256, time_limit: 1.5}\nflags: [a, 'b c']\n"
                                     "quoted: \"1\"\nyes: true\nnothing:\nover: 18446744073709551616\nhex: 0x10\n");
        const Yaml *limits = yaml_get(yaml, "limits");
        g_auto(GStrv) flags = yaml_strings(yaml_get(yaml, "flags"));
        uint64_t whole;
        double number;
        bool boolean;

        g_assert_cmpstr(yaml_text(yaml_get(yaml, "name")), ==, "Sum");
        g_assert_cmpuint(limits->line, ==, 2);
        g_assert_true(yaml_u64(yaml_get(limits, "memory"), &whole));
        g_assert_cmpuint(whole, ==, 256);
        g_assert_true(yaml_double(yaml_get(limits, "time_limit"), &number));
        g_assert_cmpfloat(number, ==, 1.5);
        g_assert_false(yaml_u64(yaml_get(limits, "time_limit"), &whole));
        g_assert_cmpuint(g_strv_length(flags), ==, 2);
        g_assert_cmpstr(flags[1], ==, "b c");
        g_assert_false(yaml_u64(yaml_get(yaml, "quoted"), &whole));
        g_assert_true(yaml_bool(yaml_get(yaml, "yes"), &boolean) && boolean);
        g_assert_null(yaml_get(yaml, "nothing"));
        g_assert_null(yaml_get(yaml, "missing"));
        g_assert_false(yaml_u64(yaml_get(yaml, "over"), &whole));
        g_assert_false(yaml_double(yaml_get(yaml, "hex"), &number));
        g_assert_null(yaml_strings(yaml_get(yaml, "name")));
}

static void test_empty(void) {
        static const char *const texts[] = { "", "# nothing\n", "---\n" };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(Yaml) yaml = parse(texts[i]);

                g_assert_null(yaml_get(yaml, "name"));
        }
}

static void test_refused(void) {
        g_autofree char *deep = g_strnfill(YAML_DEPTH_MAX + 1, '[');
        g_autofree char *many = g_strnfill(2 * YAML_NODES_MAX, ',');
        const struct {
                const char *text, *says;
        } cases[] = {
                { "a: &x 1\nb: *x\n", "line 2: aliases" },
                { "a: 1\nb: 2\na: 3\n", "line 3: a key that was there before" },
                { "a: 1\n---\nb: 2\n", "a second document" },
                { "a: [1, 2\n", "line" },
                { "a: \"b\\0c\"\n", "NUL" },
                { "? [a]\n: b\n", "a key that is no text" },
                { deep, "nested too deeply" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *problem = NULL;
                g_autoptr(Yaml) yaml = NULL;

                g_assert_cmpint(yaml_parse(cases[i].text, strlen(cases[i].text), &yaml, &problem), <, 0);
                g_assert_null(yaml);
                if (!strstr(problem, cases[i].says))
                        g_error("\"%s\" does not say \"%s\"", problem, cases[i].says);
        }
        for (size_t i = 0; i + 1 < 2 * YAML_NODES_MAX; i += 2)
                many[i] = '1';
        many[0] = '[';
        {
                g_autofree char *problem = NULL;
                g_autoptr(Yaml) yaml = NULL;

                g_assert_cmpint(yaml_parse(many, strlen(many), &yaml, &problem), <, 0);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/yaml-read/values", test_values);
        g_test_add_func("/yaml-read/empty", test_empty);
        g_test_add_func("/yaml-read/refused", test_refused);
        return g_test_run();
}
