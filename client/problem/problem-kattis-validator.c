/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "problem-kattis.h"

static bool has_file(GPtrArray *files, const char *name) {
        for (unsigned i = 0; i < files->len; i++)
                if (strcmp(((ProblemFile *) g_ptr_array_index(files, i))->name, name) == 0)
                        return true;
        return false;
}

/* The program in a directory that holds nothing else: itself, or the one file or directory in it. */
static int program_in(const Kattis *kattis, const char *directory, char **ret, char **ret_problem) {
        g_autoptr(GPtrArray) children = NULL;
        int r;

        r = tree_children(kattis->tree, directory, &children, ret_problem);
        if (r < 0)
                return r;
        if (children->len == 0)
                return kattis_fail(kattis, directory, _("there is no validator in it"), ret_problem);
        if (children->len > 1 && kattis->legacy)
                return kattis_fail(kattis, directory, _("more than one validator: only one is run here"), ret_problem);
        *ret = g_strdup(children->len == 1 ? ((const TreeEntry *) g_ptr_array_index(children, 0))->path : directory);
        return 0;
}

int kattis_find_validator(Kattis *kattis, char **ret_problem) {
        const char *directory = kattis->legacy ? "output_validators" : "output_validator";
        g_autofree char *path = NULL;
        int r;

        if (!kattis->legacy)
                kattis->custom = tree_has_directory(kattis->tree, directory);
        if (!kattis->custom)
                return 0;
        if (!tree_has_directory(kattis->tree, directory))
                return kattis_fail(kattis, "problem.yaml",
                                   _("validation is custom, but there is no output_validators"), ret_problem);
        r = program_in(kattis, directory, &path, ret_problem);
        if (r >= 0)
                r = kattis_program(kattis, path, NULL, kattis->program, &kattis->language, ret_problem);
        if (r < 0)
                return r;
        if (has_file(kattis->program, "build"))
                return kattis_fail(kattis, path, _("build scripts are not run here"), ret_problem);
        if (has_file(kattis->program, "run")) {
                g_clear_pointer(&kattis->language, g_free);
                kattis->program_argv = g_strsplit("./run", " ", -1);
        } else if (!kattis->language)
                return kattis_fail(kattis, path, _("its language is not known here"), ret_problem);
        return 0;
}

static bool read_tolerance(const char *text, double *ret) {
        char *end;
        double value;

        if (!text || !(g_ascii_isdigit(*text) || *text == '.') || strpbrk(text, "xX"))
                return false;
        value = g_ascii_strtod(text, &end);
        if (*end != '\0' || !isfinite(value))
                return false;
        *ret = value;
        return true;
}

/* The default validator's arguments. As in the format, case does not matter unless it is said to. */
static bool read_default_args(RequestValidator *options, char *const *args, const char **ret_bad) {
        options->case_sensitive = false;
        for (; *args; args++) {
                double tolerance;

                *ret_bad = *args;
                if (strcmp(*args, "case_sensitive") == 0)
                        options->case_sensitive = true;
                else if (strcmp(*args, "space_change_sensitive") == 0)
                        options->space_sensitive = true;
                else if (!g_str_has_prefix(*args, "float_") || !read_tolerance(args[1], &tolerance))
                        return false;
                else if (strcmp(*args, "float_tolerance") == 0)
                        options->absolute = options->relative = tolerance;
                else if (strcmp(*args, "float_absolute_tolerance") == 0)
                        options->absolute = tolerance;
                else if (strcmp(*args, "float_relative_tolerance") == 0)
                        options->relative = tolerance;
                else
                        return false;
                args += g_str_has_prefix(*args, "float_");
        }
        return true;
}

int kattis_validator(const Kattis *kattis, const char *path, char *const *args, unsigned *ret, char **ret_problem) {
        g_autoptr(ProblemValidator) validator = problem_validator_new();
        RequestValidator *options = validator->options;
        const char *bad = NULL;

        if (!kattis->custom) {
                if (!read_default_args(options, args, &bad)) {
                        g_autofree char *what =
                                        g_strdup_printf(_("the default validator does not understand “%s”"), bad);

                        return kattis_fail(kattis, path, what, ret_problem);
                }
        } else {
                g_free(options->type);
                options->type = g_strdup("kattis");
                options->language = g_strdup(kattis->language);
                options->argv = g_strdupv(kattis->program_argv);
                options->args = *args ? g_strdupv((char **) args) : NULL;
                for (unsigned i = 0; i < kattis->program->len; i++) {
                        const ProblemFile *file = g_ptr_array_index(kattis->program, i);

                        problem_add_file(validator->files, file->name, file->bytes, file->mode);
                }
        }
        *ret = problem_add_validator(kattis->problem, g_steal_pointer(&validator));
        return 0;
}
