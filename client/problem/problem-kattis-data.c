/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

#include "problem-kattis.h"

/* What holds in a directory of tests, from its own file or the nearest above. */
typedef struct Group {
        char **args;   /* of the validator */
        char *args_at; /* the file that said so, for messages */
} Group;

static const char *const known_2025_09[] = {
        "max_score",
        "score_aggregation",
        "static_validation_score",
        "require_pass",
        "args",
        "input_validator_args",
        "static_validator_args",
        "output_validator_args",
        "input_visualizer_args",
        "output_visualizer_args",
        "full_feedback",
        "hint",
        "description",
        NULL,
};

static void group_clear(Group *group) {
        g_clear_pointer(&group->args, g_strfreev);
        g_clear_pointer(&group->args_at, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Group, group_clear)

static Group group_copy(const Group *group) {
        return (Group){ g_strdupv(group->args), g_strdup(group->args_at) };
}

/* Words parted by white space, without empty ones; takes them from words. */
static char **nonempty(char **words) {
        g_autoptr(GPtrArray) kept = g_ptr_array_new();

        for (; words && *words; words++)
                if (**words)
                        g_ptr_array_add(kept, g_strdup(*words));
        g_ptr_array_add(kept, NULL);
        return (char **) g_ptr_array_free(g_steal_pointer(&kept), FALSE);
}

static int read_legacy(const Kattis *kattis, const Yaml *yaml, const char *path, Group *group) {
        const Yaml *flags = yaml_get(yaml, "output_validator_flags");
        g_auto(GStrv) own = NULL;
        g_autofree char *all = NULL, *given = NULL;

        /* {name: …, flags: …} names the validator, of which there is one */
        if (flags && flags->kind == YAML_MAPPING)
                flags = yaml_get(flags, "flags");
        if (!yaml_text(flags))
                return 0;
        given = g_strjoinv(" ", kattis->flags);
        all = g_strdup_printf("%s %s", given, yaml_text(flags));
        own = g_strsplit_set(all, " \t\n", -1);
        group_clear(group);
        *group = (Group){ nonempty(own), g_strdup(path) };
        return 0;
}

static int read_2025_09(const Kattis *kattis, const Yaml *yaml, const char *path, Group *group, char **ret_problem) {
        const char *unknown = kattis_unknown_key(yaml, known_2025_09);
        const Yaml *args = yaml_get(yaml, "args"), *own = yaml_get(yaml, "output_validator_args");
        char **strings;

        if (unknown) {
                g_autofree char *what = g_strdup_printf(_("there is no key “%s”"), unknown);

                return kattis_fail(kattis, path, what, ret_problem);
        }
        if (args && !(args->kind == YAML_SEQUENCE && args->values->len == 0))
                return kattis_fail(kattis, path, _("args: arguments for single tests are not passed here"),
                                   ret_problem);
        if (yaml_get(yaml, "static_validation_score"))
                return kattis_fail(kattis, path, _("static validators are not run here"), ret_problem);
        if (!own)
                return 0;
        strings = yaml_strings(own);
        if (!strings)
                return kattis_fail(kattis, path, _("output_validator_args: give a list of texts"), ret_problem);
        group_clear(group);
        *group = (Group){ strings, g_strdup(path) };
        return 0;
}

/* Takes over what a file of configuration says, when there is one. */
static int read_config(const Kattis *kattis, const char *path, Group *group, char **ret_problem) {
        g_autoptr(Yaml) yaml = NULL;
        int r;

        r = kattis_yaml(kattis, path, &yaml, ret_problem);
        if (r < 0 || !yaml)
                return r;
        return kattis->legacy ? read_legacy(kattis, yaml, path, group)
                              : read_2025_09(kattis, yaml, path, group, ret_problem);
}

static int read_group(const Kattis *kattis, const char *directory, Group *group, char **ret_problem) {
        g_autofree char *path =
                        g_strdup_printf("%s/%s", directory, kattis->legacy ? "testdata.yaml" : "test_group.yaml");

        return read_config(kattis, path, group, ret_problem);
}

/* base is "data/secret/group/name", without suffix. */
static int add_test(Kattis *kattis, const char *directory, const char *base, const Group *inherited,
                    char **ret_problem) {
        g_autofree char *in = g_strconcat(base, ".in", NULL), *ans = g_strconcat(base, ".ans", NULL);
        g_autofree char *files = g_strconcat(base, ".files", NULL), *config = g_strconcat(base, ".yaml", NULL);
        g_autoptr(GBytes) input = NULL, answer = NULL;
        g_auto(Group) group = group_copy(inherited);
        unsigned validator;
        int r;

        if (!tree_has_file(kattis->tree, ans))
                return kattis_fail(kattis, in, _("there is no .ans beside it"), ret_problem);
        if (tree_find(kattis->tree, files))
                return kattis_fail(kattis, files, _("files for single tests are not passed here"), ret_problem);
        r = kattis->legacy ? 0 : read_config(kattis, config, &group, ret_problem);
        if (r >= 0)
                r = tree_read(kattis->tree, in, &input, ret_problem);
        if (r >= 0)
                r = tree_read(kattis->tree, ans, &answer, ret_problem);
        if (r >= 0)
                r = kattis_validator(kattis, group.args_at ?: "problem.yaml", group.args, &validator, ret_problem);
        if (r < 0)
                return r;
        problem_add_test(kattis->problem, base + strlen("data/"), directory + strlen("data/"), input, answer)
                        ->validator = validator;
        return 0;
}

/* Tests and groups in the order of their base names. */
static int add_directory(Kattis *kattis, const char *directory, const Group *inherited, char **ret_problem) {
        g_autoptr(GPtrArray) children = NULL;
        g_auto(Group) group = group_copy(inherited);
        int r;

        r = read_group(kattis, directory, &group, ret_problem);
        if (r >= 0)
                r = tree_children(kattis->tree, directory, &children, ret_problem);
        for (unsigned i = 0; r >= 0 && i < children->len; i++) {
                const TreeEntry *entry = g_ptr_array_index(children, i);
                const char *suffix = strrchr(path_name(entry->path), '.');
                g_autofree char *base = g_strndup(entry->path, strlen(entry->path) - strlen(suffix ?: ""));

                if (entry->kind == TREE_DIRECTORY && g_strcmp0(suffix, ".files") != 0) {
                        r = add_directory(kattis, entry->path, &group, ret_problem);
                } else if (g_strcmp0(suffix, ".in") == 0) {
                        r = add_test(kattis, directory, base, &group, ret_problem);
                } else if (g_strcmp0(suffix, ".ans") == 0) {
                        g_autofree char *in = g_strconcat(base, ".in", NULL);

                        if (!tree_has_file(kattis->tree, in))
                                r = kattis_fail(kattis, entry->path, _("there is no .in beside it"), ret_problem);
                }
        }
        return r;
}

int kattis_load_data(Kattis *kattis, char **ret_problem) {
        g_auto(Group) group = { nonempty(kattis->flags), NULL };
        int r;

        if (!tree_has_directory(kattis->tree, "data/secret"))
                return kattis_fail(kattis, "data/secret", _("there is no such directory"), ret_problem);
        r = kattis->legacy ? read_group(kattis, "data", &group, ret_problem) : 0;
        if (r >= 0 && tree_has_directory(kattis->tree, "data/sample"))
                r = add_directory(kattis, "data/sample", &group, ret_problem);
        if (r >= 0)
                r = add_directory(kattis, "data/secret", &group, ret_problem);
        return r;
}
