/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

#include "languages.h"
#include "package-glob.h"
#include "problem-kattis.h"

#define AC VERDICT_BIT_AC
#define WA VERDICT_BIT_WA
#define SLOW VERDICT_BITS_SLOW
#define CRASHED VERDICT_BITS_CRASHED

/* What the directory of a submission says of it. The last four are of other judges' packages. */
static const struct {
        const char *directory;
        unsigned permitted, required;
        unsigned legacy_permitted;
} directories[] = {
        { "accepted", AC, 0, AC },
        { "rejected", 0, WA | SLOW | CRASHED, 0 },
        { "wrong_answer", AC | WA, WA, AC | WA },
        { "time_limit_exceeded", AC | SLOW, SLOW, AC | WA | SLOW },
        { "run_time_error", AC | CRASHED, CRASHED, 0 },
        { "brute_force", AC | SLOW | CRASHED, SLOW | CRASHED, AC | SLOW | CRASHED },
        { "memory_limit_exceeded", AC | VERDICT_BIT_MLE, VERDICT_BIT_MLE, AC | VERDICT_BIT_MLE },
        { "output_limit_exceeded", AC | VERDICT_BIT_OLE, VERDICT_BIT_OLE, AC | VERDICT_BIT_OLE },
        { "security_violation", AC | VERDICT_BIT_SV, VERDICT_BIT_SV, AC | VERDICT_BIT_SV },
        { "compiler_error", VERDICT_BIT_CE, VERDICT_BIT_CE, VERDICT_BIT_CE },
};

static const char *const known_keys[] = { "language", "entrypoint", "authors", "model_solution",     "permitted",
                                          "required", "score",      "message", "use_for_time_limit", NULL };

static int fail(const Kattis *kattis, const Yaml *yaml, const char *what, char **ret_problem) {
        g_autofree char *text = g_strdup_printf(_("line %u: %s"), yaml->line, what);

        return kattis_fail(kattis, "submissions/submissions.yaml", text, ret_problem);
}

/* The four words of the format, and those of the service for whoever wants to tell more apart. */
static unsigned word_bits(const char *word) {
        if (strcmp(word, "TLE") == 0)
                return SLOW;
        if (strcmp(word, "RTE") == 0)
                return CRASHED;
        return verdict_bit(word) & ~(unsigned) (VERDICT_BIT_IE | VERDICT_BIT_SKIPPED);
}

static int read_verdicts(const Kattis *kattis, const Yaml *map, const char *key, unsigned *bits, char **ret_problem) {
        const Yaml *yaml = yaml_get(map, key);
        g_auto(GStrv) words = yaml_strings(yaml);

        if (!yaml)
                return 0;
        if (!words || !words[0])
                return fail(kattis, yaml, _("give a list of verdicts such as [AC, TLE]"), ret_problem);
        *bits = 0;
        for (char **word = words; *word; word++) {
                unsigned bit = word_bits(*word);

                if (bit == 0)
                        return fail(kattis, yaml, _("a verdict is one of AC, WA, TLE, RTE"), ret_problem);
                *bits |= bit;
        }
        return 0;
}

/* The format's rules: who must never be slow bounds the limit from below, who must be slow bounds it from above. */
static int read_time_use(const Kattis *kattis, const Yaml *map, ProblemRule *rule, char **ret_problem) {
        const Yaml *use = yaml_get(map, "use_for_time_limit");
        const char *word = yaml_text(use);
        bool wanted = true;

        if (use && !yaml_bool(use, &wanted) && g_strcmp0(word, "lower") != 0 && g_strcmp0(word, "upper") != 0)
                return fail(kattis, use, _("use_for_time_limit is false, lower or upper"), ret_problem);
        rule->lower = wanted && rule->permitted != 0 && (rule->permitted & SLOW) == 0 &&
                      !(rule->permitted & VERDICT_BIT_CE);
        rule->upper = wanted && rule->required == SLOW;
        if (g_strcmp0(word, "lower") == 0) {
                rule->lower = true;
                rule->permitted = (rule->permitted ?: UINT_MAX) & ~(unsigned) SLOW;
        } else if (g_strcmp0(word, "upper") == 0) {
                rule->upper = true;
                rule->required = SLOW;
        }
        return 0;
}

/* One mapping with permitted, required …; what it does not say is as in rule before. */
static int read_rule(const Kattis *kattis, const Yaml *map, ProblemRule *rule, char **ret_problem) {
        int r;

        r = read_verdicts(kattis, map, "permitted", &rule->permitted, ret_problem);
        if (r >= 0)
                r = read_verdicts(kattis, map, "required", &rule->required, ret_problem);
        if (r >= 0)
                r = read_time_use(kattis, map, rule, ret_problem);
        return r;
}

static bool says_something(const ProblemRule *rule) {
        return rule->permitted != 0 || rule->required != 0;
}

/* Rules for some of the tests only stand under keys that are their globs. */
static int add_test_rules(const Kattis *kattis, Submission *submission, const Yaml *map, char **ret_problem) {
        for (unsigned i = 0; i < map->keys->len; i++) {
                const char *key = g_ptr_array_index(map->keys, i);
                const Yaml *value = g_ptr_array_index(map->values, i);
                ProblemRule rule = {};
                int r;

                if (g_strv_contains(known_keys, key))
                        continue;
                if (value->kind != YAML_MAPPING)
                        return fail(kattis, value, _("neither a known key nor tests with their verdicts"),
                                    ret_problem);
                r = read_rule(kattis, value, &rule, ret_problem);
                if (r < 0)
                        return r;
                rule.tests = g_strdup(key);
                g_array_append_val(submission->rules, rule);
        }
        return 0;
}

static int add_rules(const Kattis *kattis, Submission *submission, const Yaml *map, ProblemRule rule,
                     char **ret_problem) {
        int r;

        if (map && map->kind != YAML_MAPPING)
                return fail(kattis, map, _("give keys such as permitted and required"), ret_problem);
        r = read_rule(kattis, map, &rule, ret_problem);
        if (r >= 0 && says_something(&rule))
                g_array_append_val(submission->rules, rule);
        return r >= 0 && map ? add_test_rules(kattis, submission, map, ret_problem) : r;
}

static ProblemRule default_rule(const Kattis *kattis, const char *directory) {
        for (size_t i = 0; i < G_N_ELEMENTS(directories); i++)
                if (strcmp(directories[i].directory, directory) == 0)
                        return (ProblemRule){
                                .permitted = kattis->legacy ? directories[i].legacy_permitted
                                                            : directories[i].permitted,
                                .required = directories[i].required,
                        };
        return (ProblemRule){};
}

/* The text of a key in the last mapping whose glob is of this submission. */
static const char *setting(const Yaml *yaml, const char *path, const char *key) {
        const char *text = NULL;

        for (unsigned i = 0; yaml && i < yaml->keys->len; i++)
                if (glob_covers(g_ptr_array_index(yaml->keys, i), path))
                        text = yaml_text(yaml_get(g_ptr_array_index(yaml->values, i), key)) ?: text;
        return text;
}

static int add_all_rules(const Kattis *kattis, Submission *submission, const Yaml *yaml, const char *directory,
                         char **ret_problem) {
        int r;

        /* the directory's own name replaces its defaults; every other glob adds to them */
        r = add_rules(kattis, submission, yaml_get(yaml, directory), default_rule(kattis, directory), ret_problem);
        for (unsigned i = 0; r >= 0 && yaml && i < yaml->keys->len; i++) {
                const char *glob = g_ptr_array_index(yaml->keys, i);

                if (strcmp(glob, directory) != 0 && glob_covers(glob, submission->path))
                        r = add_rules(kattis, submission, g_ptr_array_index(yaml->values, i), (ProblemRule){},
                                      ret_problem);
        }
        return r;
}

/* Files that come with every submission of a language, instead of its own of the same name. */
static int add_included(const Kattis *kattis, Submission *submission, const char *language, char **ret_problem) {
        g_autofree char *directory = g_strdup_printf("include/%s", language);
        g_autoptr(GPtrArray) files = problem_files_new();
        g_autofree char *ignored = NULL;
        int r;

        if (!tree_has_directory(kattis->tree, directory))
                return 0;
        r = kattis_program(kattis, directory, NULL, files, &ignored, ret_problem);
        for (unsigned i = 0; r >= 0 && i < files->len; i++) {
                const ProblemFile *file = g_ptr_array_index(files, i);

                for (unsigned j = submission->files->len; j-- > 0;)
                        if (strcmp(((ProblemFile *) g_ptr_array_index(submission->files, j))->name, file->name) == 0)
                                g_ptr_array_remove_index(submission->files, j);
                problem_add_file(submission->files, file->name, file->bytes, file->mode);
        }
        return r;
}

static int add_submission(Kattis *kattis, const Yaml *yaml, const char *directory, const char *path,
                          char **ret_problem) {
        g_autoptr(Submission) submission = submission_new(path + strlen("submissions/"));
        const char *word = setting(yaml, submission->path, "language");
        int r;

        r = kattis_program(kattis, path, setting(yaml, submission->path, "entrypoint"), submission->files,
                           &submission->language, ret_problem);
        if (r < 0)
                return r;
        if (word) {
                g_free(submission->language);
                submission->language = g_strdup(language_of_word(word));
        }
        r = add_included(kattis, submission, "default", ret_problem);
        if (r >= 0 && submission->language)
                r = add_included(kattis, submission, submission->language, ret_problem);
        if (r >= 0)
                r = add_all_rules(kattis, submission, yaml, directory, ret_problem);
        if (r >= 0)
                g_ptr_array_add(kattis->problem->submissions, g_steal_pointer(&submission));
        return r;
}

static int add_directory(Kattis *kattis, const Yaml *yaml, const TreeEntry *directory, char **ret_problem) {
        g_autoptr(GPtrArray) children = NULL;
        int r;

        r = tree_children(kattis->tree, directory->path, &children, ret_problem);
        for (unsigned i = 0; r >= 0 && i < children->len; i++)
                r = add_submission(kattis, yaml, path_name(directory->path),
                                   ((const TreeEntry *) g_ptr_array_index(children, i))->path, ret_problem);
        return r;
}

int kattis_load_submissions(Kattis *kattis, char **ret_problem) {
        g_autoptr(GPtrArray) children = NULL;
        g_autoptr(Yaml) yaml = NULL;
        int r;

        r = kattis->legacy ? 0 : kattis_yaml(kattis, "submissions/submissions.yaml", &yaml, ret_problem);
        if (r >= 0 && yaml && yaml->kind != YAML_MAPPING)
                return kattis_fail(kattis, "submissions/submissions.yaml", _("no mapping"), ret_problem);
        if (r >= 0)
                r = tree_children(kattis->tree, "submissions", &children, ret_problem);
        for (unsigned i = 0; r >= 0 && i < children->len; i++) {
                const TreeEntry *entry = g_ptr_array_index(children, i);

                if (entry->kind == TREE_DIRECTORY)
                        r = add_directory(kattis, yaml, entry, ret_problem);
        }
        return r;
}
