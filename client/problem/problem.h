/* SPDX-License-Identifier: MIT */
#pragma once

/* A problem: its tests, how outputs are judged, its limits, and programs of which it is known how they do. Several
 * formats of files are read into this one form, and requests are made of it. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "file-tree.h"
#include "request-parts.h"

/* The verdicts a run can get, as bits, in the order of verdict_words[]. */
typedef enum VerdictBit {
        VERDICT_BIT_AC = 1 << 0,
        VERDICT_BIT_WA = 1 << 1,
        VERDICT_BIT_TLE = 1 << 2,
        VERDICT_BIT_WTL = 1 << 3,
        VERDICT_BIT_MLE = 1 << 4,
        VERDICT_BIT_OLE = 1 << 5,
        VERDICT_BIT_RTE = 1 << 6,
        VERDICT_BIT_SV = 1 << 7,
        VERDICT_BIT_XF = 1 << 8,
        VERDICT_BIT_CE = 1 << 9,
        VERDICT_BIT_IE = 1 << 10,
        VERDICT_BIT_SKIPPED = 1 << 11,
} VerdictBit;

/* What the four words of a package mean here: they tell slow from crashed, and no more. */
#define VERDICT_BITS_SLOW (VERDICT_BIT_TLE | VERDICT_BIT_WTL)
#define VERDICT_BITS_CRASHED (VERDICT_BIT_RTE | VERDICT_BIT_MLE | VERDICT_BIT_OLE | VERDICT_BIT_SV | VERDICT_BIT_XF)

/* The bit of a word of the service's; 0 for an unknown one. */
unsigned verdict_bit(const char *word);

typedef struct ProblemFile {
        char *name;
        GBytes *bytes;
        uint32_t mode;
} ProblemFile;

typedef struct ProblemTest {
        char *name, *group;
        GBytes *input, *answer;
        char *metadata;     /* JSON text of whoever made the test; NULL: none */
        unsigned validator; /* index into validators */
} ProblemTest;

typedef struct ProblemValidator {
        RequestValidator *options; /* its files are below, without offsets yet */
        GPtrArray *files;          /* ProblemFile; empty for the native ones */
} ProblemValidator;

/* What one statement about a submission's verdicts says. */
typedef struct ProblemRule {
        char *tests;        /* glob of test or group names; NULL: all tests */
        unsigned permitted; /* every verdict is one of these; 0: not said */
        unsigned required;  /* at least one verdict is one of these; 0: not said */
        bool lower, upper;  /* its times bound the time limit from below, from above */
} ProblemRule;

typedef struct Submission {
        char *path;       /* "accepted/sum.c" */
        char *language;   /* a name of languages.d; NULL: not known here */
        GPtrArray *files; /* ProblemFile; the one to be run first stands first */
        GArray *rules;    /* ProblemRule; none: nothing is expected of it */
} Submission;

typedef struct Problem {
        char *name, *format;                      /* format for people: "2025-09", "legacy", … */
        uint64_t cpu_limit_usec, wall_limit_usec; /* 0: not given */
        uint64_t memory_max, output_max;          /* bytes; 0: not given */
        double ac_to_limit, limit_to_tle;         /* safety factors of the time limit */
        uint64_t time_resolution_usec;            /* a limit that is worked out is a multiple of it */
        GPtrArray *tests;                         /* ProblemTest */
        GPtrArray *validators;                    /* ProblemValidator, at least one */
        GPtrArray *submissions;                   /* Submission */
        RequestFunction *function;                /* tests are calls of it; NULL: they are runs of a program */
        GPtrArray *notes; /* char pointers: what of the problem is left out here, sentences for people */
} Problem;

Problem *problem_new(const char *name, const char *format);

/* Loads a directory or archive of any known format, a file of JSON lines, or a request of the original's.
 * On failure *ret_problem is a sentence that names the path. */
int problem_load(const char *path, Problem **ret, char **ret_problem);

/* The loaders, which problem_load() chooses from. */
int problem_load_kattis(Tree *tree, Problem **ret, char **ret_problem);
int problem_load_plain(Tree *tree, Problem **ret, char **ret_problem);
int problem_load_jsonl(const char *name, const char *text, size_t size, Problem **ret, char **ret_problem);

/* For loaders. */
ProblemTest *problem_add_test(Problem *problem, const char *name, const char *group, GBytes *input, GBytes *answer);
void problem_add_file(GPtrArray *files, const char *name, GBytes *bytes, uint32_t mode);
GPtrArray *problem_files_new(void);

/* The index of the native or external validator with these arguments; added when it is new. Takes it over. */
unsigned problem_add_validator(Problem *problem, ProblemValidator *validator);
ProblemValidator *problem_validator_new(void);
Submission *submission_new(const char *path);

/* Whether every test's name may travel: UTF-8, at most 255 bytes, no control characters, unique; within the number of
 * tests a request may have. */
int problem_check(const Problem *problem, char **ret_problem);

Problem *problem_free(Problem *problem);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Problem, problem_free)

void problem_validator_free(ProblemValidator *validator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProblemValidator, problem_validator_free)
void submission_free(Submission *submission);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Submission, submission_free)
