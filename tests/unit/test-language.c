/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "language.h"

#define GOOD                                                                                                     \
        "[Language]\nName=Ex\nSuffixes=x;y;\nSource=main.x\nCompile=/bin/cc -o {binary} {files}\nRun={binary}\n" \
        "Version=/bin/cc -v\n"

static void test_parse(void) {
        g_autoptr(Language) language = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(language_parse("/etc/x/ex.conf", "# comment\n\n" GOOD, &language, &error), ==, 0);
        g_assert_cmpstr(language->id, ==, "ex");
        g_assert_cmpstr(language->name, ==, "Ex");
        g_assert_cmpuint(g_strv_length(language->suffixes), ==, 2);
        g_assert_cmpstr(language->suffixes[1], ==, "y");
        g_assert_cmpstr(language->source, ==, "main.x");
        g_assert_cmpuint(g_strv_length(language->compile), ==, 4);
        g_assert_cmpuint(g_strv_length(language->run), ==, 1);
        g_assert_cmpuint(g_strv_length(language->version), ==, 2);
        g_assert_true(language_makes_binary(language));
        g_assert_true(language_owns(language, "a.b.y"));
        g_assert_true(language_owns(language, "dir.z/a.x"));
        g_assert_false(language_owns(language, "dir.x/a"));
        g_assert_false(language_owns(language, "x"));
        g_assert_false(language_owns(language, "a.X"));
        g_assert_false(language_owns(language, "a."));
}

static void test_least(void) {
        g_autoptr(Language) language = NULL;
        g_autofree char *error = NULL;

        g_assert_cmpint(language_parse("ex.conf",
                                       "[Language]\nName=Ex\nSuffixes=x\nRun=/bin/ex 'a b' {main}\nVersion=/bin/ex\n",
                                       &language, &error),
                        ==, 0);
        g_assert_null(language->source);
        g_assert_null(language->compile);
        g_assert_false(language_makes_binary(language));
        g_assert_cmpstr(language->run[1], ==, "a b");
}

/* GOOD with one line in place of another. */
static void test_refused(void) {
        static const struct {
                const char *from, *to, *error;
        } cases[] = {
                { "Name=Ex", "Colour=red", "f.conf:2: unknown key Colour; there are Name, Suffixes," },
                { "Name=Ex", "Name=Ex\nName=Ey", "f.conf:3: Name is set twice" },
                { "Name=Ex", "Name=", "f.conf:2: Name is empty" },
                { "Name=Ex", "Name=\xff", "Name" },
                { "Name=Ex\n", "", "f.conf: Name is missing" },
                { "[Language]\n", "", "f.conf: " },
                { GOOD, "", "f.conf: the group [Language] is missing" },
                { "[Language]", "[Lingua]", "f.conf: unknown group [Lingua]; there is [Language]" },
                { "Name=Ex", "Name", "f.conf: " },
                { "Suffixes=x;y;", "Suffixes=.x", "f.conf:3: \".x\" is no suffix" },
                { "Suffixes=x;y;", "Suffixes=x;;y", "f.conf:3: \"\" is no suffix" },
                { "Source=main.x", "Source=main.z", "f.conf:4: \"main.z\" is no name of a file" },
                { "Source=main.x", "Source=../main.x", "f.conf:4: \"../main.x\" is no name of a file" },
                { "{files}", "{file}",
                  "f.conf:5: \"{file}\" in Compile has an unknown placeholder; there are {files}," },
                { "{files}", "-I{files}", "f.conf:5: {files} in Compile must be a word by itself, not \"-I{files}\"" },
                { "{files}", "{", "f.conf:5: \"{\" in Compile has an unknown placeholder" },
                { "{files}", "a}", "f.conf:5: \"a}\" in Compile has an unknown placeholder" },
                { "/bin/cc -o", "cc -o", "f.conf:5: \"cc\" in Compile is neither an absolute path nor {binary}" },
                { "/bin/cc -o", "'/bin/cc -o", "f.conf:5: Compile: " },
                { "Run={binary}", "Run={main}", "f.conf:6: \"{main}\" in Run is neither" },
                { "-o {binary}", "-c", "f.conf:6: Run names {binary}, which no Compile makes" },
                { "Run={binary}\n", "", "f.conf: Run is missing" },
                { "-v", "{main}", "f.conf:7: Version takes no placeholder" },
                { "Version=/bin/cc -v\n", "", "f.conf: Version is missing" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GString) text = g_string_new(GOOD);
                g_autoptr(Language) language = NULL;
                g_autofree char *error = NULL;

                g_assert_cmpuint(g_string_replace(text, cases[i].from, cases[i].to, 1), ==, 1);
                g_assert_cmpint(language_parse("f.conf", text->str, &language, &error), ==, -EINVAL);
                g_test_message("%s", error);
                g_assert_nonnull(strstr(error, cases[i].error));
                g_assert_null(language);
        }
}

static void test_expand(void) {
        static const char *const files[] = { "a.x", "-b.x", "dir/c.x", NULL };
        static char *command[] = { (char *) "/bin/java",     (char *) "-Xmx{memory}m",
                                   (char *) "{files}",       (char *) "{mainclass}",
                                   (char *) "{main}:{main}", (char *) "{binary}",
                                   (char *) "{main}",        NULL };
        const LanguageValues values = { files, "-dir/Main.x", "./program", UINT64_C(512) << 20 };
        g_auto(GStrv) expanded = language_expand(command, &values);
        g_autofree char *joined = g_strjoinv("|", expanded);

        g_assert_cmpstr(joined, ==,
                        "/bin/java|-Xmx512m|a.x|./-b.x|dir/c.x|Main|./-dir/Main.x:-dir/Main.x|./program|./-dir/"
                        "Main.x");
}

static void put(const char *directory, const char *name, const char *text) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void empty(const char *directory) {
        g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(directory, name, NULL);

                g_assert_cmpint(unlink(path), ==, 0);
        }
        g_assert_cmpint(rmdir(directory), ==, 0);
}

static void test_directories(void) {
        g_autofree char *etc = g_dir_make_tmp("etc-XXXXXX", NULL), *usr = g_dir_make_tmp("usr-XXXXXX", NULL);
        const char *const directories[] = { "/nonexistent/languages.d", etc, usr, NULL };
        g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free), languages = NULL;
        g_autofree char *null = g_build_filename(etc, "linked.conf", NULL);
        const Language *language = NULL;

        put(usr, "ex.conf", GOOD);
        put(usr, "gone.conf", GOOD);
        put(usr, "linked.conf", GOOD);
        put(usr, "wrong.conf", GOOD);
        put(usr, "kept.conf", "[Language]\nName=Kept\nSuffixes=k;x\nRun=/bin/k {main}\nVersion=/bin/k -v\n");
        put(usr, "README", "no language");
        put(usr, ".hidden.conf", "no language");
        put(etc, "ex.conf", "[Language]\nName=Mine\nSuffixes=m;x\nRun=/bin/m {main}\nVersion=/bin/m -v\n");
        put(etc, "gone.conf", "");
        g_assert_cmpint(symlink("/dev/null", null), ==, 0);
        put(etc, "wrong.conf", "[Language]\nName=Wrong\n");

        languages = languages_load(directories, problems);
        g_assert_cmpuint(languages->len, ==, 2);
        g_assert_cmpuint(problems->len, ==, 1);
        g_assert_nonnull(strstr(problems->pdata[0], "wrong.conf: Suffixes is missing"));
        g_assert_cmpstr(((const Language *) languages->pdata[0])->id, ==, "ex");
        g_assert_cmpstr(language_by_id(languages, "ex")->name, ==, "Mine");
        g_assert_null(language_by_id(languages, "gone"));
        g_assert_null(language_by_id(languages, "Mine"));
        g_assert_cmpint(language_by_file(languages, "a.m", &language), ==, 0);
        g_assert_cmpstr(language->id, ==, "ex");
        g_assert_cmpint(language_by_file(languages, "a.k", &language), ==, 0);
        g_assert_cmpstr(language->id, ==, "kept");
        g_assert_cmpint(language_by_file(languages, "a.x", &language), ==, -ENOTUNIQ);
        g_assert_cmpint(language_by_file(languages, "a.y", &language), ==, -ENOENT);
        g_assert_cmpint(language_by_file(languages, "a", &language), ==, -ENOENT);
        empty(etc);
        empty(usr);
}

/* What is installed: every file is understood, and its suffixes name it alone. */
static void test_shipped(void) {
        static const struct {
                const char *id, *file, *compile, *run;
        } shipped[] = {
                { "c", "a.c", "/usr/bin/gcc -O2 -std=gnu17 -pipe -o ./program a b -lm", "./program" },
                { "cpp", "a.cc", "/usr/bin/g++ -O2 -std=gnu++17 -pipe -o ./program a b -lm", "./program" },
                { "cpp", "a.cpp", NULL, "./program" },
                { "python3", "a.py", "/usr/bin/python3 -m py_compile a b", "/usr/bin/python3 a" },
        };
        static const char *const directories[] = { LANGUAGES_D, NULL }, *const files[] = { "a", "b", NULL };
        const LanguageValues values = { files, "a", "./program", 0 };
        g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GPtrArray) languages = languages_load(directories, problems);

        for (guint i = 0; i < problems->len; i++)
                g_test_message("%s", (const char *) problems->pdata[i]);
        g_assert_cmpuint(problems->len, ==, 0);
        g_assert_cmpuint(languages->len, ==, 3);
        for (guint i = 0; i < languages->len; i++) {
                const Language *language = languages->pdata[i], *found = NULL;

                for (char **suffix = language->suffixes; *suffix; suffix++) {
                        g_autofree char *file = g_strdup_printf("x.%s", *suffix);

                        g_assert_cmpint(language_by_file(languages, file, &found), ==, 0);
                        g_assert_true(found == language);
                }
        }
        for (size_t i = 0; i < G_N_ELEMENTS(shipped); i++) {
                const Language *language = NULL;
                g_auto(GStrv) compile = NULL, run = NULL;
                g_autofree char *compile_text = NULL, *run_text = NULL;

                g_assert_cmpint(language_by_file(languages, shipped[i].file, &language), ==, 0);
                g_assert_cmpstr(language->id, ==, shipped[i].id);
                compile = language_expand(language->compile, &values);
                run = language_expand(language->run, &values);
                compile_text = g_strjoinv(" ", compile);
                run_text = g_strjoinv(" ", run);
                if (shipped[i].compile)
                        g_assert_cmpstr(compile_text, ==, shipped[i].compile);
                g_assert_cmpstr(run_text, ==, shipped[i].run);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/language/parse", test_parse);
        g_test_add_func("/language/least", test_least);
        g_test_add_func("/language/refused", test_refused);
        g_test_add_func("/language/expand", test_expand);
        g_test_add_func("/language/directories", test_directories);
        g_test_add_func("/language/shipped", test_shipped);
        return g_test_run();
}
