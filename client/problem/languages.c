/* SPDX-License-Identifier: MIT */
#include "languages.h"

#include <string.h>

#include "config.h"
#include "file-tree.h"
#include "language.h"

/* Words of the package format's appendix for what has another name here. */
static const struct {
        const char *word, *name;
} aliases[] = {
        { "c++", "cpp" },
        { "python", "python3" },
};

/* Read once: they do not change while one command runs. */
static const GPtrArray *languages(void) {
        static GPtrArray *loaded;

        if (!loaded) {
                g_autofree char *shipped =
                                g_build_filename(g_getenv("JOULETRACE_DATADIR") ?: JT_DATADIR, "languages.d", NULL);
                const char *const directories[] = { JT_SYSCONFDIR "/jouletrace/languages.d", shipped, NULL };
                g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

                /* a file with a mistake is the service's to complain about: it would run the language */
                loaded = languages_load(directories, problems);
        }
        return loaded;
}

const char *language_of_suffix(const char *name) {
        const Language *language;

        return language_by_file(languages(), path_name(name), &language) < 0 ? NULL : language->id;
}

const char *language_of_word(const char *word) {
        const Language *language = language_by_id(languages(), word);

        for (size_t i = 0; !language && i < G_N_ELEMENTS(aliases); i++)
                if (strcmp(aliases[i].word, word) == 0)
                        language = language_by_id(languages(), aliases[i].name);
        return language ? language->id : NULL;
}

bool language_is_source(const char *language, const char *name) {
        const Language *known = language_by_id(languages(), language);

        return known && language_owns(known, name);
}

const char *language_source_name(const char *language) {
        const Language *known = language_by_id(languages(), language);

        return known ? known->source : NULL;
}

char *language_list(void) {
        GString *out = g_string_new(NULL);

        for (unsigned i = 0; i < languages()->len; i++)
                g_string_append_printf(out, "%s%s", i ? ", " : "",
                                       ((const Language *) g_ptr_array_index(languages(), i))->id);
        return g_string_free(out, FALSE);
}
