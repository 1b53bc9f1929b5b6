/* SPDX-License-Identifier: MIT */
#include "problem.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "file-tree-internal.h"
#include "text.h"

#define TESTS_MAX 10000
#define NAME_MAX_BYTES 255
#define DEFAULT_AC_TO_LIMIT 2.0
#define DEFAULT_LIMIT_TO_TLE 1.5

static const char *const verdict_words[] = { "AC",  "WA", "TLE", "WTL", "MLE", "OLE",
                                             "RTE", "SV", "XF",  "CE",  "IE",  "SKIPPED" };

unsigned verdict_bit(const char *word) {
        for (size_t i = 0; i < G_N_ELEMENTS(verdict_words); i++)
                if (g_strcmp0(word, verdict_words[i]) == 0)
                        return 1U << i;
        return 0;
}

static void file_free(void *p) {
        ProblemFile *file = p;

        g_free(file->name);
        g_bytes_unref(file->bytes);
        g_free(file);
}

static void test_free(void *p) {
        ProblemTest *test = p;

        g_free(test->name);
        g_free(test->group);
        g_clear_pointer(&test->input, g_bytes_unref);
        g_clear_pointer(&test->answer, g_bytes_unref);
        g_free(test->metadata);
        g_free(test);
}

static void clear_rule(void *p) {
        g_free(((ProblemRule *) p)->tests);
}

GPtrArray *problem_files_new(void) {
        return g_ptr_array_new_with_free_func(file_free);
}

ProblemValidator *problem_validator_new(void) {
        ProblemValidator *validator = g_new0(ProblemValidator, 1);

        validator->options = request_validator_new();
        validator->files = problem_files_new();
        return validator;
}

void problem_validator_free(ProblemValidator *validator) {
        request_validator_free(validator->options);
        g_ptr_array_unref(validator->files);
        g_free(validator);
}

Submission *submission_new(const char *path) {
        Submission *submission = g_new0(Submission, 1);

        submission->path = g_strdup(path);
        submission->files = problem_files_new();
        submission->rules = g_array_new(FALSE, FALSE, sizeof(ProblemRule));
        g_array_set_clear_func(submission->rules, clear_rule);
        return submission;
}

void submission_free(Submission *submission) {
        g_free(submission->path);
        g_free(submission->language);
        g_ptr_array_unref(submission->files);
        g_array_unref(submission->rules);
        g_free(submission);
}

static void free_validator(void *p) {
        problem_validator_free(p);
}

static void free_submission(void *p) {
        submission_free(p);
}

Problem *problem_new(const char *name, const char *format) {
        Problem *problem = g_new0(Problem, 1);

        problem->name = g_strdup(name);
        problem->format = g_strdup(format);
        problem->ac_to_limit = DEFAULT_AC_TO_LIMIT;
        problem->limit_to_tle = DEFAULT_LIMIT_TO_TLE;
        problem->time_resolution_usec = USEC_PER_SEC;
        problem->tests = g_ptr_array_new_with_free_func(test_free);
        problem->validators = g_ptr_array_new_with_free_func(free_validator);
        problem->submissions = g_ptr_array_new_with_free_func(free_submission);
        problem->notes = g_ptr_array_new_with_free_func(g_free);
        return problem;
}

ProblemTest *problem_add_test(Problem *problem, const char *name, const char *group, GBytes *input, GBytes *answer) {
        ProblemTest *test = g_new0(ProblemTest, 1);

        test->name = g_strdup(name);
        test->group = g_strdup(group);
        test->input = g_bytes_ref(input);
        test->answer = g_bytes_ref(answer);
        g_ptr_array_add(problem->tests, test);
        return test;
}

void problem_add_file(GPtrArray *files, const char *name, GBytes *bytes, uint32_t mode) {
        ProblemFile *file = g_new(ProblemFile, 1);

        *file = (ProblemFile){ g_strdup(name), g_bytes_ref(bytes), mode };
        g_ptr_array_add(files, file);
}

static bool same_strings(char **a, char **b) {
        static char *none[] = { NULL };

        return g_strv_equal((const char *const *) (a ?: none), (const char *const *) (b ?: none));
}

/* Within one problem validators differ in their arguments only, never in their files. */
static bool same_validator(const RequestValidator *a, const RequestValidator *b) {
        return strcmp(a->type, b->type) == 0 && a->absolute == b->absolute && a->relative == b->relative &&
               a->case_sensitive == b->case_sensitive && a->space_sensitive == b->space_sensitive &&
               same_strings(a->args, b->args);
}

unsigned problem_add_validator(Problem *problem, ProblemValidator *validator) {
        for (unsigned i = 0; i < problem->validators->len; i++) {
                const ProblemValidator *other = g_ptr_array_index(problem->validators, i);

                if (same_validator(other->options, validator->options)) {
                        problem_validator_free(validator);
                        return i;
                }
        }
        g_ptr_array_add(problem->validators, validator);
        return problem->validators->len - 1;
}

static bool name_ok(const char *name) {
        if (*name == '\0' || strlen(name) > NAME_MAX_BYTES || !g_utf8_validate(name, -1, NULL))
                return false;
        for (; *name; name = g_utf8_next_char(name))
                if (g_unichar_iscntrl(g_utf8_get_char(name)))
                        return false;
        return true;
}

int problem_check(const Problem *problem, char **ret_problem) {
        g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

        if (problem->tests->len == 0) {
                *ret_problem = g_strdup_printf(_("%s: there are no tests"), problem->name);
                return -EINVAL;
        }
        if (problem->tests->len > TESTS_MAX) {
                *ret_problem = g_strdup_printf(_("%s: %u tests; at most %d are taken"), problem->name,
                                               problem->tests->len, TESTS_MAX);
                return -E2BIG;
        }
        for (unsigned i = 0; i < problem->tests->len; i++) {
                const ProblemTest *test = g_ptr_array_index(problem->tests, i);
                g_autofree char *shown = text_printable(test->name, false);

                if (!name_ok(test->name)) {
                        *ret_problem = g_strdup_printf(_("%s: test “%s”: its name is not plain text of at most %d "
                                                         "bytes"),
                                                       problem->name, shown, NAME_MAX_BYTES);
                        return -EINVAL;
                }
                if (!g_hash_table_add(names, test->name)) {
                        *ret_problem = g_strdup_printf(_("%s: two tests are called “%s”"), problem->name, shown);
                        return -EINVAL;
                }
        }
        return 0;
}

/* A single file is JSON lines by its name; everything else is a tree. */
static int load_file(const char *path, Problem **ret, char **ret_problem) {
        g_autofree char *text = NULL, *shown = text_printable(path, false);
        g_autoptr(GError) error = NULL;
        struct stat st;
        size_t size;

        if (stat(path, &st) >= 0 && (uint64_t) st.st_size > TREE_BYTES_MAX) {
                *ret_problem = g_strdup_printf(_("%s: larger than 256 MiB"), shown);
                return -EFBIG;
        }
        if (!g_file_get_contents(path, &text, &size, &error)) {
                *ret_problem = g_strdup(error->message);
                return -EINVAL;
        }
        return problem_load_jsonl(shown, text, size, ret, ret_problem);
}

int problem_load(const char *path, Problem **ret, char **ret_problem) {
        g_autoptr(Problem) problem = NULL;
        g_autoptr(Tree) tree = NULL;
        int r;

        if (g_str_has_suffix(path, ".jsonl"))
                r = load_file(path, &problem, ret_problem);
        else {
                r = tree_open(path, &tree, ret_problem);
                if (r >= 0 && tree_has_file(tree, "problem.yaml"))
                        r = problem_load_kattis(tree, &problem, ret_problem);
                else if (r >= 0)
                        r = problem_load_plain(tree, &problem, ret_problem);
        }
        if (r >= 0)
                r = problem_check(problem, ret_problem);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&problem);
        return 0;
}

Problem *problem_free(Problem *problem) {
        if (!problem)
                return NULL;
        g_free(problem->name);
        g_free(problem->format);
        g_ptr_array_unref(problem->tests);
        g_ptr_array_unref(problem->validators);
        g_ptr_array_unref(problem->submissions);
        g_ptr_array_unref(problem->notes);
        request_function_free(problem->function);
        g_free(problem);
        return NULL;
}
