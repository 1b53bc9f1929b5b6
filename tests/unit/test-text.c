/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "table.h"

static void test_width(void) {
        g_assert_cmpuint(text_width("abc"), ==, 3);
        g_assert_cmpuint(text_width("µJ …"), ==, 4);
        g_assert_cmpuint(text_width("電力"), ==, 4);
        g_assert_cmpuint(text_width("e\xcc\x81"), ==, 1);
        g_assert_cmpuint(text_width("\xff\xfe"), ==, 2);
}

/* What a label or a program wrote must not steer the terminal. */
static void test_printable(void) {
        g_autofree char *escape = text_printable("a\033[2Jb\x7f", false), *bytes = text_printable("\xff z", false);
        g_autofree char *lines = text_printable("a\nb\tc", true), *one = text_printable("a\nb", false);
        g_autofree char *bidi = text_printable("a\xe2\x80\xae z", false), *c1 = text_printable("\xc2\x9b"
                                                                                               "2J",
                                                                                               false);

        g_assert_cmpstr(escape, ==, "a\\x1b[2Jb\\x7f");
        g_assert_cmpstr(bytes, ==, "\\xff z");
        g_assert_cmpstr(lines, ==, "a\nb c");
        g_assert_cmpstr(one, ==, "a\\x0ab");
        g_assert_cmpstr(bidi, ==, "a\\u202e z");
        g_assert_cmpstr(c1, ==, "\\x9b2J");
}

static void test_ellipsize(void) {
        g_autofree char *fits = text_ellipsize("abcd", 4, false), *cut = text_ellipsize("abcde", 4, false);
        g_autofree char *plain = text_ellipsize("abcde", 4, true), *wide = text_ellipsize("電力電力", 5, false);

        g_assert_cmpstr(fits, ==, "abcd");
        g_assert_cmpstr(cut, ==, "abc…");
        g_assert_cmpstr(plain, ==, "abc~");
        g_assert_cmpstr(wide, ==, "電力…");
}

static void test_command(void) {
        const char *argv[] = { "sh", "-c", "echo 'a'; x", "", NULL };
        g_autofree char *text = text_command((char *const *) argv);

        g_assert_cmpstr(text, ==, "sh -c \"echo 'a'; x\" ''");
}

static void test_closest(void) {
        const char *const names[] = { "measure", "show", "jobs", "status", NULL };

        g_assert_cmpstr(text_closest("measrue", names), ==, "measure");
        g_assert_cmpstr(text_closest("m", names), ==, "measure");
        g_assert_cmpstr(text_closest("stauts", names), ==, "status");
        g_assert_null(text_closest("compare", names));
        g_assert_null(text_closest("", names));
}

static void test_table(void) {
        const Style plain = {}, coloured = { .colour = true };
        g_autoptr(Table) table = table_new("rll");
        g_autoptr(GString) out = g_string_new(NULL), with_colour = g_string_new(NULL);
        const char *const cells[] = { "1", "電力", "x", "20", "a", "", "3", "", "y" };

        for (size_t i = 0; i < G_N_ELEMENTS(cells); i++)
                table_cell(table, i == 0 ? COLOUR_BAD : COLOUR_NONE, cells[i]);
        table_append(out, table, &plain, 2);
        g_assert_cmpstr(out->str, ==,
                        "   1  電力  x\n"
                        "  20  a\n"
                        "   3        y\n");
        table_append(with_colour, table, &coloured, 2);
        g_assert_true(g_str_has_prefix(with_colour->str, "   \033[1;31m1\033[0m  電力  x\n"));
}

static const Option options[] = {
        { "trials", 't', "N", "how often", 1 },
        { "quiet", 'q', NULL, "less", 2 },
        { "how", 0, "HOW", "how", 3, (const char *const[]){ "fast", "slow", NULL } },
        {},
};

static int set(void *userdata, int id, const char *value, char **ret_problem) {
        g_string_append_printf(userdata, "%d=%s ", id, value ?: "-");
        return 0;
}

static void test_options(void) {
        static const struct {
                const char *args[8];
                bool leading;
                const char *set;      /* NULL: refused */
                const char *operands; /* or the problem */
        } cases[] = {
                { { "--trials", "3", "-q", "x" }, false, "1=3 2=- ", "x" },
                { { "--trials=3", "-t4", "-t", "5" }, false, "1=3 1=4 1=5 ", "" },
                { { "a", "-q", "b" }, false, "2=- ", "a b" },
                { { "a", "-q", "b" }, true, "", "a -q b" },
                { { "-q", "--", "-t", "b" }, false, "2=- ", "-t b" },
                { { "--how=fast", "-" }, false, "3=fast ", "-" },
                { { "--trials" }, false, NULL, "--trials needs a value: N" },
                { { "--trails", "3" }, false, NULL, "unknown option --trails; did you mean --trials?" },
                { { "--zzzzzz" }, false, NULL, "unknown option --zzzzzz" },
                { { "-x" }, false, NULL, "unknown option -x" },
                { { "--quiet=1" }, false, NULL, "--quiet takes no value" },
                { { "--how", "so" }, false, NULL, "--how cannot be “so”; choose one of: fast, slow" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GString) seen = g_string_new(NULL);
                const OptionGroup group = { options, set, seen };
                g_autofree char *problem = NULL, *joined = NULL;
                g_autofree char **operands = NULL;
                int r;

                r = options_parse((char **) cases[i].args, &group, 1, cases[i].leading, &operands, &problem);
                if (!cases[i].set) {
                        g_assert_cmpint(r, <, 0);
                        g_assert_cmpstr(problem, ==, cases[i].operands);
                        continue;
                }
                g_assert_cmpint(r, ==, 0);
                g_assert_cmpstr(seen->str, ==, cases[i].set);
                joined = g_strjoinv(" ", operands);
                g_assert_cmpstr(joined, ==, cases[i].operands);
        }
}

static void test_wrapped(void) {
        static const struct {
                const char *text, *lines;
        } cases[] = {
                { "", "" },
                { "one two three", "one two\n  three" },
                { "one\ntwo", "one two" },
                { "immeasurable is one word", "immeasurable\n  is one\n  word" },
                { "測定する。次へ", "測定する。\n  次へ" }, /* no line begins with the full stop */
                { "測定する（次）", "測定する\n  （次）" }, /* nor ends with an opening bracket */
                { "--local は速い", "--local は\n  速い" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GString) out = g_string_new(NULL);

                text_append_wrapped(out, cases[i].text, 10, 2);
                g_assert_cmpstr(out->str, ==, cases[i].lines);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/text/width", test_width);
        g_test_add_func("/text/printable", test_printable);
        g_test_add_func("/text/ellipsize", test_ellipsize);
        g_test_add_func("/text/command", test_command);
        g_test_add_func("/text/closest", test_closest);
        g_test_add_func("/text/table", test_table);
        g_test_add_func("/text/options", test_options);
        g_test_add_func("/text/wrapped", test_wrapped);
        return g_test_run();
}
