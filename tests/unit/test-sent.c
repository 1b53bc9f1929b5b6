/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "sent.h"

static void test_validator(void) {
        g_autoptr(RequestValidator) validator = NULL;
        g_autofree char *problem = NULL;

        g_assert_cmpint(sent_parse_validator("tokens,absolute=1e-6,relative=0.5,case-sensitive=no,space-sensitive=yes",
                                             &validator, &problem),
                        ==, 0);
        g_assert_cmpstr(validator->type, ==, "tokens");
        g_assert_cmpfloat(validator->absolute, ==, 1e-6);
        g_assert_cmpfloat(validator->relative, ==, 0.5);
        g_assert_false(validator->case_sensitive);
        g_assert_true(validator->space_sensitive);
        g_clear_pointer(&validator, request_validator_free);

        g_assert_cmpint(sent_parse_validator("kattis,args=a 'b c',language=python3", &validator, &problem), ==, 0);
        g_assert_cmpstr(validator->language, ==, "python3");
        g_assert_cmpuint(g_strv_length(validator->args), ==, 2);
        g_assert_cmpstr(validator->args[1], ==, "b c");
}

static void test_function(void) {
        g_autoptr(RequestFunction) function = NULL;
        g_autofree char *problem = NULL;

        g_assert_cmpint(sent_parse_function("fib,float-tolerance=0,list-order-matters=false,ignore-whitespace",
                                            &function, &problem),
                        ==, 0);
        g_assert_cmpstr(function->name, ==, "fib");
        g_assert_cmpfloat(function->float_tolerance, ==, 0);
        g_assert_false(function->list_order_matters);
        g_assert_true(function->ignore_whitespace);
        g_assert_true(function->string_case_sensitive);
}

static void test_refused(void) {
        static const struct {
                bool function;
                const char *value, *says;
        } cases[] = {
                { false, "", "choose one of: tokens, exact, lines, numbers, kattis, testlib" },
                { false, "token", "token: choose one of: tokens" },
                { false, "exact,absolute=1", "takes nothing more" },
                { false, "numbers,case-sensitive=no", "there is no such key; there are: absolute, relative" },
                { false, "numbers,absolute", "absolute: give a number of at least 0" },
                { false, "numbers,absolute=-1", "give a number of at least 0" },
                { false, "numbers,absolute=nan", "give a number of at least 0" },
                { false, "numbers,absolute=0x1", "give a number of at least 0" },
                { false, "numbers,absolute=1e-6x", "give a number of at least 0" },
                { false, "tokens,case-sensitive=maybe", "give yes or no" },
                { false, "tokens,", "there is no such key; there are" },
                { false, "kattis,files=x", "there is no such key; there are: language, argv, args" },
                { false, "kattis,type=exact", "there is no such key; there are" },
                { false, "kattis,args='x", "give words as a shell takes them" },
                { false, "kattis,language=", "give a text" },
                { true, "", "give the name of the function" },
                { true, "solve,absolute=1", "there is no such key; there are: float-tolerance" },
                { true, "solve,name=x", "there is no such key; there are: float-tolerance" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(RequestValidator) validator = NULL;
                g_autoptr(RequestFunction) function = NULL;
                g_autofree char *problem = NULL;

                g_assert_cmpint(cases[i].function ? sent_parse_function(cases[i].value, &function, &problem)
                                                  : sent_parse_validator(cases[i].value, &validator, &problem),
                                ==, -EINVAL);
                if (!strstr(problem, cases[i].says))
                        g_error("%s: \"%s\" does not say \"%s\"", cases[i].value, problem, cases[i].says);
        }
}

/* A file without a suffix is a source by what its language calls it; one that has a suffix is what that says. */
static void test_source_name(void) {
        static const struct {
                const char *language, *names[2], *called;
        } cases[] = {
                { "c", { "sum" }, "main.c" },        { "c", { "src/sum", "data.txt" }, "main.c" },
                { "python3", { "sum" }, "main.py" }, { "c", { "data", "sum.c" }, "data" },
                { "c", { "sum.txt" }, "sum.txt" },   { "c", { "sum.c" }, "sum.c" },
                { "cobol", { "sum" }, "sum" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(Submission) submission = submission_new("");
                g_autoptr(GBytes) bytes = g_bytes_new_static("", 0);

                for (size_t n = 0; n < 2 && cases[i].names[n]; n++)
                        problem_add_file(submission->files, cases[i].names[n], bytes, 0644);
                sent_name_source(submission->files, cases[i].language);
                g_assert_cmpstr(((ProblemFile *) g_ptr_array_index(submission->files, 0))->name, ==, cases[i].called);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/sent/validator", test_validator);
        g_test_add_func("/sent/function", test_function);
        g_test_add_func("/sent/refused", test_refused);
        g_test_add_func("/sent/source-name", test_source_name);
        return g_test_run();
}
