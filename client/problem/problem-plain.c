/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

#include "problem.h"
#include "text.h"

/* The ways directories name inputs and answers. In each, what * stands for is the test's name. */
static const struct {
        const char *input, *answers[3];
} shapes[] = {
        { "*.in", { "*.ans", "*.out" } },
        { "input.*.txt", { "output.*.txt" } },
        { "input/input*.txt", { "output/output*.txt" } },
};

/* What * stands for when path is of the pattern's shape; NULL when it is not. */
static char *match(const char *pattern, const char *path) {
        const char *star = strchr(pattern, '*');
        size_t before = (size_t) (star - pattern), after = strlen(star + 1), length = strlen(path);

        if (length <= before + after || strncmp(path, pattern, before) != 0 ||
            strcmp(path + length - after, star + 1) != 0)
                return NULL;
        return g_strndup(path + before, length - before - after);
}

static char *fill(const char *pattern, const char *name) {
        const char *star = strchr(pattern, '*');

        return g_strdup_printf("%.*s%s%s", (int) (star - pattern), pattern, name, star + 1);
}

static int compare_names(const void *a, const void *b) {
        return natural_compare(*(const char *const *) a, *(const char *const *) b);
}

/* The names of the tests of a shape, in the order of their numbers. */
static int find_tests(Tree *tree, const char *pattern, GPtrArray *names, char **ret_problem) {
        const char *slash = strchr(pattern, '/');
        g_autofree char *directory = g_strndup(pattern, slash ? (size_t) (slash - pattern) : 0);
        g_autoptr(GPtrArray) children = NULL;
        int r;

        r = tree_children(tree, directory, &children, ret_problem);
        for (unsigned i = 0; r >= 0 && i < children->len; i++) {
                const TreeEntry *entry = g_ptr_array_index(children, i);
                char *name = entry->kind == TREE_FILE ? match(pattern, entry->path) : NULL;

                if (name)
                        g_ptr_array_add(names, name);
        }
        g_ptr_array_sort(names, compare_names);
        return r;
}

static int find_answer(Tree *tree, size_t shape, const char *name, char **ret, char **ret_problem) {
        g_autofree char *found = NULL, *wanted = NULL, *shown = NULL;

        for (const char *const *answer = shapes[shape].answers; *answer; answer++) {
                g_autofree char *path = fill(*answer, name);

                if (tree_has_file(tree, path)) {
                        if (found) {
                                *ret_problem = g_strdup_printf(_("%s: both %s and %s: which is the answer?"),
                                                               tree_name(tree), found, path);
                                return -EINVAL;
                        }
                        found = g_steal_pointer(&path);
                }
        }
        if (found) {
                *ret = g_steal_pointer(&found);
                return 0;
        }
        wanted = fill(shapes[shape].answers[0], name);
        shown = fill(shapes[shape].input, name);
        *ret_problem = g_strdup_printf(_("%s: %s: there is no answer %s"), tree_name(tree), shown, wanted);
        return -ENOENT;
}

static int add_tests(Tree *tree, size_t shape, GPtrArray *names, Problem *problem, char **ret_problem) {
        for (unsigned i = 0; i < names->len; i++) {
                const char *name = g_ptr_array_index(names, i);
                g_autofree char *input_path = fill(shapes[shape].input, name), *answer_path = NULL;
                g_autoptr(GBytes) input = NULL, answer = NULL;
                int r;

                r = find_answer(tree, shape, name, &answer_path, ret_problem);
                if (r >= 0)
                        r = tree_read(tree, input_path, &input, ret_problem);
                if (r >= 0)
                        r = tree_read(tree, answer_path, &answer, ret_problem);
                if (r < 0)
                        return r;
                problem_add_test(problem, name, "", input, answer);
        }
        return 0;
}

int problem_load_plain(Tree *tree, Problem **ret, char **ret_problem) {
        g_autoptr(Problem) problem = problem_new(path_name(tree_name(tree)), "plain");
        int r;

        (void) problem_add_validator(problem, problem_validator_new());
        for (size_t shape = 0; shape < G_N_ELEMENTS(shapes) && problem->tests->len == 0; shape++) {
                g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

                r = find_tests(tree, shapes[shape].input, names, ret_problem);
                if (r >= 0)
                        r = add_tests(tree, shape, names, problem, ret_problem);
                if (r < 0)
                        return r;
        }
        if (problem->tests->len == 0) {
                *ret_problem = g_strdup_printf(_("%s: neither problem.yaml nor tests such as 1.in with 1.ans"),
                                               tree_name(tree));
                return -ENOENT;
        }
        *ret = g_steal_pointer(&problem);
        return 0;
}
