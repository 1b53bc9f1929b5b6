/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "language.h"
#include "config.h"

#define GROUP "Language"
#define SUFFIX ".conf"

/* What a key may hold of placeholders; the version has none of them. */
typedef enum Placeholder {
        PLACEHOLDER_FILES,
        PLACEHOLDER_MAIN,
        PLACEHOLDER_MAINCLASS,
        PLACEHOLDER_BINARY,
        PLACEHOLDER_MEMORY,
        N_PLACEHOLDERS,
} Placeholder;

static const char *const placeholders[N_PLACEHOLDERS] = { "{files}", "{main}", "{mainclass}", "{binary}", "{memory}" };

static const char *const keys[] = { "Name", "Suffixes", "Source", "Compile", "Run", "Version", NULL };

#define KNOWN_KEYS "Name, Suffixes, Source, Compile, Run, Version"
#define KNOWN_PLACEHOLDERS "{files}, {main}, {mainclass}, {binary}, {memory}"

Language *language_free(Language *language) {
        if (!language)
                return NULL;
        g_free(language->id);
        g_free(language->name);
        g_strfreev(language->suffixes);
        g_free(language->source);
        g_strfreev(language->compile);
        g_strfreev(language->run);
        g_strfreev(language->version);
        g_free(language);
        return NULL;
}

typedef struct Reader {
        const char *file, *text;
        GKeyFile *key_file;
        char **ret_error;
} Reader;

/* Number of the nth line of the text that sets key; 0 when there is none. */
static unsigned line_of(const Reader *reader, const char *key, unsigned nth) {
        g_auto(GStrv) lines = g_strsplit(reader->text, "\n", -1);

        for (unsigned i = 0; lines[i]; i++) {
                g_auto(GStrv) sides = g_strsplit(lines[i], "=", 2);

                if (sides[0] && sides[1] && strcmp(g_strstrip(sides[0]), key) == 0 && nth-- == 1)
                        return i + 1;
        }
        return 0;
}

/* Takes what. key NULL: the file as a whole. */
static int complain(const Reader *reader, const char *key, unsigned nth, char *what) {
        g_autofree char *taken = what;
        const unsigned line = key ? line_of(reader, key, nth) : 0;

        *reader->ret_error = line > 0 ? g_strdup_printf("%s:%u: %s", reader->file, line, taken)
                                      : g_strdup_printf("%s: %s", reader->file, taken);
        return -EINVAL;
}

static int check_keys(const Reader *reader) {
        g_auto(GStrv) groups = g_key_file_get_groups(reader->key_file, NULL), given = NULL;

        for (char **group = groups; *group; group++)
                if (strcmp(*group, GROUP) != 0)
                        return complain(reader, NULL, 0,
                                        g_strdup_printf("unknown group [%s]; there is [" GROUP "]", *group));
        if (!groups[0])
                return complain(reader, NULL, 0, g_strdup("the group [" GROUP "] is missing"));
        given = g_key_file_get_keys(reader->key_file, GROUP, NULL, NULL);
        for (char **key = given; *key; key++) {
                if (!g_strv_contains(keys, *key))
                        return complain(reader, *key, 1,
                                        g_strdup_printf("unknown key %s; there are " KNOWN_KEYS, *key));
                if (line_of(reader, *key, 2) > 0) /* GKeyFile would take the last */
                        return complain(reader, *key, 2, g_strdup_printf("%s is set twice", *key));
        }
        return 0;
}

/* *ret is NULL when the key is not there and need not be. */
static int read_text(const Reader *reader, const char *key, bool required, char **ret) {
        g_autofree char *text = g_key_file_get_string(reader->key_file, GROUP, key, NULL);

        if (!text && g_key_file_has_key(reader->key_file, GROUP, key, NULL))
                return complain(reader, key, 1, g_strdup_printf("%s is not valid text", key));
        if (text && *text == '\0')
                return complain(reader, key, 1, g_strdup_printf("%s is empty", key));
        if (!text && required)
                return complain(reader, NULL, 0, g_strdup_printf("%s is missing", key));
        *ret = g_steal_pointer(&text);
        return 0;
}

/* The placeholder text starts with. */
static bool find_placeholder(const char *text, Placeholder *ret) {
        for (Placeholder i = 0; i < N_PLACEHOLDERS; i++)
                if (g_str_has_prefix(text, placeholders[i])) {
                        *ret = i;
                        return true;
                }
        return false;
}

static int check_word(const Reader *reader, const char *key, const char *word) {
        Placeholder placeholder;

        for (const char *p = word; *p != '\0'; p++) {
                if (*p != '{' && *p != '}')
                        continue;
                if (*p == '}' || !find_placeholder(p, &placeholder))
                        return complain(reader, key, 1,
                                        g_strdup_printf("\"%s\" in %s has an unknown placeholder; there "
                                                        "are " KNOWN_PLACEHOLDERS,
                                                        word, key));
                if (placeholder == PLACEHOLDER_FILES && strcmp(word, placeholders[placeholder]) != 0)
                        return complain(reader, key, 1,
                                        g_strdup_printf("{files} in %s must be a word by itself, not \"%s\"", key,
                                                        word));
                if (strcmp(key, "Version") == 0)
                        return complain(reader, key, 1, g_strdup("Version takes no placeholder"));
                p += strlen(placeholders[placeholder]) - 1;
        }
        return 0;
}

static int read_command(const Reader *reader, const char *key, bool required, char ***ret) {
        g_autofree char *text = NULL;
        g_auto(GStrv) words = NULL;
        g_autoptr(GError) error = NULL;
        int r;

        r = read_text(reader, key, required, &text);
        if (r < 0 || !text)
                return r;
        if (!g_shell_parse_argv(text, NULL, &words, &error))
                return complain(reader, key, 1, g_strdup_printf("%s: %s", key, error->message));
        for (char **word = words; *word; word++) {
                r = check_word(reader, key, *word);
                if (r < 0)
                        return r;
        }
        if (words[0][0] != '/' && strcmp(words[0], placeholders[PLACEHOLDER_BINARY]) != 0)
                return complain(reader, key, 1,
                                g_strdup_printf("\"%s\" in %s is neither an absolute path nor {binary}", words[0],
                                                key));
        *ret = g_steal_pointer(&words);
        return 0;
}

static int read_suffixes(const Reader *reader, char ***ret) {
        g_autofree char *text = NULL;
        g_autoptr(GPtrArray) suffixes = g_ptr_array_new_with_free_func(g_free);
        g_auto(GStrv) words = NULL;
        int r;

        r = read_text(reader, "Suffixes", true, &text);
        if (r < 0)
                return r;
        words = g_strsplit(text, ";", -1);
        for (char **word = words; *word; word++) {
                const char *suffix = g_strstrip(*word);

                if (*suffix == '\0' && !word[1])
                        break; /* a list may end in its separator */
                if (*suffix == '\0' || strpbrk(suffix, "./"))
                        return complain(reader, "Suffixes", 1,
                                        g_strdup_printf("\"%s\" is no suffix; write them without dots: c;h", suffix));
                g_ptr_array_add(suffixes, g_strdup(suffix));
        }
        g_ptr_array_add(suffixes, NULL);
        *ret = (char **) g_ptr_array_free(g_steal_pointer(&suffixes), FALSE);
        return 0;
}

static bool command_has(char *const *command, Placeholder placeholder) {
        for (; command && *command; command++)
                if (strstr(*command, placeholders[placeholder]))
                        return true;
        return false;
}

bool language_makes_binary(const Language *language) {
        return command_has(language->compile, PLACEHOLDER_BINARY);
}

static int read_all(const Reader *reader, Language *language) {
        int r;

        r = check_keys(reader);
        if (r < 0)
                return r;
        r = read_text(reader, "Name", true, &language->name);
        if (r < 0)
                return r;
        r = read_suffixes(reader, &language->suffixes);
        if (r < 0)
                return r;
        r = read_text(reader, "Source", false, &language->source);
        if (r < 0)
                return r;
        if (language->source && (strchr(language->source, '/') || !language_owns(language, language->source)))
                return complain(reader, "Source", 1,
                                g_strdup_printf("\"%s\" is no name of a file with one of the suffixes",
                                                language->source));
        r = read_command(reader, "Compile", false, &language->compile);
        if (r < 0)
                return r;
        r = read_command(reader, "Run", true, &language->run);
        if (r < 0)
                return r;
        if (command_has(language->run, PLACEHOLDER_BINARY) && !language_makes_binary(language))
                return complain(reader, "Run", 1, g_strdup("Run names {binary}, which no Compile makes"));
        return read_command(reader, "Version", true, &language->version);
}

static char *id_of(const char *file) {
        char *id = g_path_get_basename(file);

        if (g_str_has_suffix(id, SUFFIX))
                id[strlen(id) - strlen(SUFFIX)] = '\0';
        return id;
}

int language_parse(const char *file, const char *text, Language **ret, char **ret_error) {
        g_autoptr(GKeyFile) key_file = g_key_file_new();
        g_autoptr(Language) language = g_new0(Language, 1);
        g_autoptr(GError) error = NULL;
        const Reader reader = { file, text, key_file, ret_error };
        int r;

        if (!g_key_file_load_from_data(key_file, text, (gsize) -1, G_KEY_FILE_NONE, &error))
                return complain(&reader, NULL, 0, g_strdup(error->message));
        language->id = id_of(file);
        r = read_all(&reader, language);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&language);
        return 0;
}

static void load_file(const char *path, GPtrArray *languages, GPtrArray *problems) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        Language *language;
        char *problem;
        gsize length;

        if (!g_file_get_contents(path, &text, &length, &error))
                g_ptr_array_add(problems, g_strdup(error->message));
        else if (length == 0)
                return;
        else if (strlen(text) != length)
                g_ptr_array_add(problems, g_strdup_printf("%s: is no text", path));
        else if (language_parse(path, text, &language, &problem) < 0)
                g_ptr_array_add(problems, problem);
        else
                g_ptr_array_add(languages, language);
}

static void free_language(gpointer language) {
        (void) language_free(language);
}

static int compare_ids(gconstpointer a, gconstpointer b) {
        const Language *const *x = a, *const *y = b;

        return strcmp((*x)->id, (*y)->id);
}

GPtrArray *languages_load(const char *const *directories, GPtrArray *problems) {
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        GPtrArray *languages = g_ptr_array_new_with_free_func(free_language);

        for (; *directories; directories++) {
                g_autoptr(GError) error = NULL;
                g_autoptr(GDir) dir = g_dir_open(*directories, 0, &error);
                const char *name;

                if (!dir && !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
                        g_ptr_array_add(problems, g_strdup(error->message));
                while (dir && (name = g_dir_read_name(dir))) {
                        g_autofree char *path = g_build_filename(*directories, name, NULL);

                        if (!g_str_has_suffix(name, SUFFIX) || name[0] == '.')
                                continue;
                        if (g_hash_table_add(seen, g_strdup(name)))
                                load_file(path, languages, problems);
                }
        }
        g_ptr_array_sort(languages, compare_ids);
        return languages;
}

GPtrArray *languages_load_installed(GPtrArray *problems) {
        g_autofree char *shipped = g_build_filename(g_getenv("JOULETRACE_DATADIR") ?: JT_DATADIR, "languages.d", NULL);
        const char *const directories[] = { JT_SYSCONFDIR "/jouletrace/languages.d", shipped, NULL };

        return languages_load(directories, problems);
}

const char **languages_ids(const GPtrArray *languages) {
        const char **ids = g_new0(const char *, languages->len + 1);

        for (guint i = 0; i < languages->len; i++)
                ids[i] = ((const Language *) languages->pdata[i])->id;
        return ids;
}

const Language *language_by_id(const GPtrArray *languages, const char *id) {
        for (guint i = 0; i < languages->len; i++) {
                const Language *language = languages->pdata[i];

                if (strcmp(language->id, id) == 0)
                        return language;
        }
        return NULL;
}

bool language_owns(const Language *language, const char *file) {
        const char *dot = strrchr(file, '.');

        return dot && !strchr(dot, '/') && g_strv_contains((const char *const *) language->suffixes, dot + 1);
}

int language_by_file(const GPtrArray *languages, const char *file, const Language **ret) {
        const Language *found = NULL;

        for (guint i = 0; i < languages->len; i++)
                if (language_owns(languages->pdata[i], file)) {
                        if (found)
                                return -ENOTUNIQ;
                        found = languages->pdata[i];
                }
        if (!found)
                return -ENOENT;
        *ret = found;
        return 0;
}

static char *main_class(const char *file) {
        char *name = g_path_get_basename(file);
        char *dot = strrchr(name, '.');

        if (dot)
                *dot = '\0';
        return name;
}

static void append_value(GString *word, Placeholder placeholder, const LanguageValues *values) {
        g_autofree char *class = NULL;

        switch (placeholder) {
        case PLACEHOLDER_MAIN:
                g_string_append_printf(word, "%s%s", word->len == 0 && values->main[0] == '-' ? "./" : "",
                                       values->main);
                return;
        case PLACEHOLDER_MAINCLASS:
                class = main_class(values->main);
                g_string_append(word, class);
                return;
        case PLACEHOLDER_BINARY:
                g_string_append(word, values->binary);
                return;
        case PLACEHOLDER_MEMORY:
                g_string_append_printf(word, "%" G_GUINT64_FORMAT, values->memory_bytes >> 20);
                return;
        case PLACEHOLDER_FILES: /* a word by itself, which was checked */
        case N_PLACEHOLDERS:
                break;
        }
        g_assert_not_reached();
}

static char *expand_word(const char *text, const LanguageValues *values) {
        GString *word = g_string_new(NULL);
        Placeholder placeholder;

        while (*text != '\0')
                if (find_placeholder(text, &placeholder)) {
                        append_value(word, placeholder, values);
                        text += strlen(placeholders[placeholder]);
                } else
                        g_string_append_c(word, *text++);
        return g_string_free(word, FALSE);
}

char **language_expand(char *const *command, const LanguageValues *values) {
        GPtrArray *words = g_ptr_array_new();

        for (; *command; command++) {
                if (strcmp(*command, placeholders[PLACEHOLDER_FILES]) != 0) {
                        g_ptr_array_add(words, expand_word(*command, values));
                        continue;
                }
                for (const char *const *file = values->files; *file; file++)
                        g_ptr_array_add(words, g_strdup_printf("%s%s", **file == '-' ? "./" : "", *file));
        }
        g_ptr_array_add(words, NULL);
        return (char **) g_ptr_array_free(words, FALSE);
}
