/* SPDX-License-Identifier: MIT */
#pragma once

/* What the parts of the reader of ICPC and Kattis packages share. */

#include "problem.h"
#include "yaml-read.h"

typedef struct Kattis {
        Tree *tree;
        Problem *problem;
        bool legacy;
        bool custom;        /* an output validator of the package's own */
        char **flags;       /* legacy: validator_flags of problem.yaml */
        GPtrArray *program; /* ProblemFile of the output validator */
        char *language;     /* of it; NULL: program_argv says what is run */
        char **program_argv;
} Kattis;

/* Sets *ret_problem to "PACKAGE: PATH: what"; returns -EINVAL. */
int kattis_fail(const Kattis *kattis, const char *path, const char *what, char **ret_problem);

/* A YAML file of the package's; *ret is NULL when it is not there. */
int kattis_yaml(const Kattis *kattis, const char *path, Yaml **ret, char **ret_problem);

/* The first key that is not among known (NULL-terminated); NULL when there is none. */
const char *kattis_unknown_key(const Yaml *yaml, const char *const *known);

/* All files below a directory, or the one file, with names relative to it, and the language they are in (NULL:
 * unknown). entry is the name of the file to start with, which then stands first; may be NULL. */
int kattis_program(const Kattis *kattis, const char *path, const char *entry, GPtrArray *files, char **ret_language,
                   char **ret_problem);

/* problem-kattis-validator.c: finds the package's own validator; the index of the one with these arguments. */
int kattis_find_validator(Kattis *kattis, char **ret_problem);
int kattis_validator(const Kattis *kattis, const char *path, char *const *args, unsigned *ret, char **ret_problem);

/* problem-kattis-data.c: the tests of data/sample and data/secret. */
int kattis_load_data(Kattis *kattis, char **ret_problem);

/* problem-kattis-submissions.c: submissions/ with what is expected of each. */
int kattis_load_submissions(Kattis *kattis, char **ret_problem);
