/* SPDX-License-Identifier: MIT */
#include "problem-kattis.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "base.h"
#include "languages.h"
#include "text.h"

#define MIB UINT64_C(1048576)
/* Of the legacy format; 2025-09 has 2 and 1.5, see problem.c. */
#define LEGACY_MULTIPLIER 5.0
#define LEGACY_MARGIN 2.0
/* A day and a petabyte: far beyond what the service takes, far below an overflow. */
#define SECONDS_MAX 86400.0
#define MIB_MAX (UINT64_C(1) << 30)

static const char *const keys_2025_09[] = {
        "problem_format_version",
        "type",
        "name",
        "uuid",
        "version",
        "credits",
        "source",
        "license",
        "rights_owner",
        "embargo_until",
        "limits",
        "keywords",
        "languages",
        "allow_file_writing",
        "constants",
        NULL,
};

static const char *const limits_2025_09[] = {
        "time_multipliers",
        "time_limit",
        "time_resolution",
        "memory",
        "output",
        "code",
        "compilation_time",
        "compilation_memory",
        "validation_time",
        "validation_memory",
        "validation_output",
        "validation_passes",
        NULL,
};

int kattis_fail(const Kattis *kattis, const char *path, const char *what, char **ret_problem) {
        g_autofree char *shown = text_printable(path, false), *said = text_printable(what, false);

        *ret_problem = g_strdup_printf("%s: %s: %s", tree_name(kattis->tree), shown, said);
        return -EINVAL;
}

int kattis_yaml(const Kattis *kattis, const char *path, Yaml **ret, char **ret_problem) {
        g_autofree char *problem = NULL;
        g_autoptr(GBytes) bytes = NULL;
        const char *text;
        size_t size;
        int r;

        *ret = NULL;
        if (!tree_has_file(kattis->tree, path))
                return 0;
        r = tree_read(kattis->tree, path, &bytes, ret_problem);
        if (r < 0)
                return r;
        text = g_bytes_get_data(bytes, &size);
        r = yaml_parse(text ?: "", size, ret, &problem);
        return r < 0 ? kattis_fail(kattis, path, problem ?: g_strerror(-r), ret_problem) : 0;
}

const char *kattis_unknown_key(const Yaml *yaml, const char *const *known) {
        for (unsigned i = 0; yaml && yaml->kind == YAML_MAPPING && i < yaml->keys->len; i++) {
                const char *key = g_ptr_array_index(yaml->keys, i);

                if (!g_strv_contains(known, key))
                        return key;
        }
        return NULL;
}

static int add_program(const Kattis *kattis, const char *top, const char *directory, GPtrArray *files,
                       char **ret_problem) {
        g_autoptr(GPtrArray) children = NULL;
        int r;

        r = tree_children(kattis->tree, directory, &children, ret_problem);
        for (unsigned i = 0; r >= 0 && i < children->len; i++) {
                const TreeEntry *entry = g_ptr_array_index(children, i);
                g_autoptr(GBytes) bytes = NULL;

                if (entry->kind == TREE_DIRECTORY) {
                        r = add_program(kattis, top, entry->path, files, ret_problem);
                        continue;
                }
                r = tree_read(kattis->tree, entry->path, &bytes, ret_problem);
                if (r >= 0)
                        problem_add_file(files, entry->path + strlen(top) + 1, bytes, entry->mode);
        }
        return r;
}

/* The file that is run or compiled first, for languages in which that matters. */
static void entry_first(GPtrArray *files, const char *entry) {
        const char *const usual[] = { entry ?: "", "__main__.py", "main.py", NULL };

        for (size_t u = 0; usual[u]; u++)
                for (unsigned i = 1; i < files->len; i++) {
                        ProblemFile *file = g_ptr_array_index(files, i);

                        if (strcmp(file->name, usual[u]) != 0)
                                continue;
                        g_ptr_array_index(files, i) = g_ptr_array_index(files, 0);
                        g_ptr_array_index(files, 0) = file;
                        return;
                }
}

int kattis_program(const Kattis *kattis, const char *path, const char *entry, GPtrArray *files, char **ret_language,
                   char **ret_problem) {
        int r;

        if (tree_has_directory(kattis->tree, path)) {
                r = add_program(kattis, path, path, files, ret_problem);
        } else {
                g_autoptr(GBytes) bytes = NULL;

                r = tree_read(kattis->tree, path, &bytes, ret_problem);
                if (r >= 0)
                        problem_add_file(files, path_name(path), bytes, tree_find(kattis->tree, path)->mode);
        }
        if (r < 0)
                return r;
        if (files->len == 0)
                return kattis_fail(kattis, path, _("there is no file in it"), ret_problem);
        entry_first(files, entry);
        *ret_language = NULL;
        for (unsigned i = 0; i < files->len && !*ret_language; i++)
                *ret_language = g_strdup(language_of_suffix(((ProblemFile *) g_ptr_array_index(files, i))->name));
        return 0;
}

static int bad_value(const Kattis *kattis, const Yaml *yaml, const char *key, const char *right, char **ret_problem) {
        g_autofree char *what = g_strdup_printf(_("line %u: %s is “%s”; give %s"), yaml->line, key,
                                                yaml_text(yaml) ?: "…", right);

        return kattis_fail(kattis, "problem.yaml", what, ret_problem);
}

static int read_factor(const Kattis *kattis, const Yaml *map, const char *key, double *value, char **ret_problem) {
        const Yaml *yaml = yaml_get(map, key);

        if (yaml && (!yaml_double(yaml, value) || *value < 1))
                return bad_value(kattis, yaml, key, _("a number of at least 1"), ret_problem);
        return 0;
}

static int read_seconds(const Kattis *kattis, const Yaml *map, const char *key, uint64_t *ret, char **ret_problem) {
        const Yaml *yaml = yaml_get(map, key);
        double seconds;

        if (!yaml)
                return 0;
        if (!yaml_double(yaml, &seconds) || seconds < 1e-6 || seconds > SECONDS_MAX)
                return bad_value(kattis, yaml, key, _("a number of seconds"), ret_problem);
        *ret = (uint64_t) llround(seconds * (double) USEC_PER_SEC);
        return 0;
}

static int read_mib(const Kattis *kattis, const Yaml *map, const char *key, uint64_t *ret, char **ret_problem) {
        const Yaml *yaml = yaml_get(map, key);
        uint64_t mib;

        if (!yaml)
                return 0;
        if (!yaml_u64(yaml, &mib) || mib == 0 || mib > MIB_MAX)
                return bad_value(kattis, yaml, key, _("a whole number of MiB"), ret_problem);
        *ret = mib * MIB;
        return 0;
}

static int read_limits(Kattis *kattis, const Yaml *limits, char **ret_problem) {
        const Yaml *multipliers = kattis->legacy ? limits : yaml_get(limits, "time_multipliers");
        Problem *problem = kattis->problem;
        const char *unknown = kattis->legacy ? NULL : kattis_unknown_key(limits, limits_2025_09);
        int r;

        if (unknown) {
                g_autofree char *what = g_strdup_printf(_("limits: there is no key “%s”"), unknown);

                return kattis_fail(kattis, "problem.yaml", what, ret_problem);
        }
        if (kattis->legacy) {
                problem->ac_to_limit = LEGACY_MULTIPLIER;
                problem->limit_to_tle = LEGACY_MARGIN;
        }
        r = read_factor(kattis, multipliers, kattis->legacy ? "time_multiplier" : "ac_to_time_limit",
                        &problem->ac_to_limit, ret_problem);
        if (r >= 0)
                r = read_factor(kattis, multipliers, kattis->legacy ? "time_safety_margin" : "time_limit_to_tle",
                                &problem->limit_to_tle, ret_problem);
        /* not in the legacy format's text, but in many of its packages */
        if (r >= 0)
                r = read_seconds(kattis, limits, "time_limit", &problem->cpu_limit_usec, ret_problem);
        if (r >= 0 && !kattis->legacy)
                r = read_seconds(kattis, limits, "time_resolution", &problem->time_resolution_usec, ret_problem);
        if (r >= 0)
                r = read_mib(kattis, limits, "memory", &problem->memory_max, ret_problem);
        if (r >= 0)
                r = read_mib(kattis, limits, "output", &problem->output_max, ret_problem);
        return r;
}

static void note(Kattis *kattis, const char *text) {
        g_ptr_array_add(kattis->problem->notes, g_strdup(text));
}

/* What a package of another kind needs cannot be left out: its verdicts would be wrong. */
/* What a package says of it and the service decides for itself. The figures are the worker's. */
static const struct {
        const char *prefix, *instead;
} unused_limits[] = {
        { "validation_", N_("not used; a validator has 30 s of CPU time, 60 s, 2 GiB of memory and 1 MiB of output") },
        { "compilation_",
          N_("not used; a compiler has 60 s of CPU time, 120 s, 2 GiB of memory and 256 MiB of output") },
        { "code", N_("not used; a request's files and tests may have 256 MiB together") },
};

static void note_unused_limits(Kattis *kattis, const Yaml *limits) {
        for (size_t i = 0; i < G_N_ELEMENTS(unused_limits); i++) {
                g_autoptr(GString) keys = g_string_new(NULL);

                for (unsigned k = 0; limits && limits->kind == YAML_MAPPING && k < limits->keys->len; k++) {
                        const char *key = g_ptr_array_index(limits->keys, k);

                        if (g_str_has_prefix(key, unused_limits[i].prefix))
                                g_string_append_printf(keys, "%s%s", keys->len ? ", " : "", key);
                }
                if (keys->len > 0) {
                        g_autofree char *shown = text_printable(keys->str, false);

                        g_ptr_array_add(kattis->problem->notes,
                                        g_strdup_printf("%s: %s", shown, _(unused_limits[i].instead)));
                }
        }
}

static int check_type(Kattis *kattis, const Yaml *yaml, char **ret_problem) {
        static const char *const unsupported[] = { "interactive", "multi-pass", "submit-answer", NULL };
        const Yaml *type = yaml_get(yaml, "type");
        g_auto(GStrv) types = type && type->kind == YAML_SCALAR ? g_strsplit(type->text, " ", -1) : yaml_strings(type);
        const char *validation = yaml_text(yaml_get(yaml, "validation")) ?: "default";
        g_auto(GStrv) words = g_strsplit(validation, " ", -1);

        for (size_t i = 0; types && types[i]; i++) {
                if (g_strv_contains(unsupported, types[i])) {
                        g_autofree char *what =
                                        g_strdup_printf(_("problems of the type %s cannot be judged here"), types[i]);

                        return kattis_fail(kattis, "problem.yaml", what, ret_problem);
                }
                if (strcmp(types[i], "scoring") == 0)
                        note(kattis, _("scores are left out: a test is passed or it is not"));
        }
        if (!kattis->legacy)
                return 0;
        kattis->custom = g_strv_contains((const char *const *) words, "custom");
        if (g_strv_contains((const char *const *) words, "interactive"))
                return kattis_fail(kattis, "problem.yaml", _("problems of the type interactive cannot be judged here"),
                                   ret_problem);
        return 0;
}

static char *read_name(const Kattis *kattis, const Yaml *yaml) {
        const Yaml *name = yaml_get(yaml, "name");

        if (name && name->kind == YAML_MAPPING && name->values->len > 0)
                name = yaml_get(name, "en") ?: g_ptr_array_index(name->values, 0);
        return g_strdup(yaml_text(name) ?: path_name(tree_name(kattis->tree)));
}

static int check_version(Kattis *kattis, const Yaml *yaml, char **ret_problem) {
        const char *version = yaml_text(yaml_get(yaml, "problem_format_version")) ?: "legacy", *unknown;

        kattis->legacy = g_str_has_prefix(version, "legacy");
        if (!kattis->legacy && strcmp(version, "2025-09") != 0) {
                g_autofree char *what = g_strdup_printf(_("problem_format_version is “%s”; legacy and 2025-09 are "
                                                          "read"),
                                                        version);

                return kattis_fail(kattis, "problem.yaml", what, ret_problem);
        }
        if (yaml->kind != YAML_MAPPING)
                return kattis_fail(kattis, "problem.yaml", _("no mapping"), ret_problem);
        unknown = kattis->legacy ? NULL : kattis_unknown_key(yaml, keys_2025_09);
        if (unknown) {
                g_autofree char *what = g_strdup_printf(_("there is no key “%s”"), unknown);

                return kattis_fail(kattis, "problem.yaml", what, ret_problem);
        }
        if (yaml_get(yaml, "constants"))
                return kattis_fail(kattis, "problem.yaml", _("constants are not replaced here"), ret_problem);
        return 0;
}

static int read_problem_yaml(Kattis *kattis, char **ret_problem) {
        g_autofree char *name = NULL;
        g_autoptr(Yaml) yaml = NULL;
        int r;

        r = kattis_yaml(kattis, "problem.yaml", &yaml, ret_problem);
        if (r >= 0)
                r = check_version(kattis, yaml, ret_problem);
        if (r < 0)
                return r;
        name = read_name(kattis, yaml);
        kattis->problem = problem_new(name, kattis->legacy ? "legacy" : "2025-09");
        r = check_type(kattis, yaml, ret_problem);
        if (r >= 0)
                r = read_limits(kattis, yaml_get(yaml, "limits"), ret_problem);
        if (r >= 0)
                note_unused_limits(kattis, yaml_get(yaml, "limits"));
        if (r >= 0 && kattis->legacy)
                kattis->flags = g_strsplit_set(yaml_text(yaml_get(yaml, "validator_flags")) ?: "", " \t\n", -1);
        return r;
}

int problem_load_kattis(Tree *tree, Problem **ret, char **ret_problem) {
        Kattis kattis = { .tree = tree, .program = problem_files_new() };
        int r;

        r = read_problem_yaml(&kattis, ret_problem);
        if (r >= 0)
                r = kattis_find_validator(&kattis, ret_problem);
        if (r >= 0)
                r = kattis_load_data(&kattis, ret_problem);
        if (r >= 0)
                r = kattis_load_submissions(&kattis, ret_problem);
        if (r >= 0)
                *ret = g_steal_pointer(&kattis.problem);
        problem_free(kattis.problem);
        g_ptr_array_unref(kattis.program);
        g_strfreev(kattis.flags);
        g_strfreev(kattis.program_argv);
        g_free(kattis.language);
        return r;
}
