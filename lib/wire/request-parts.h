/* SPDX-License-Identifier: MIT */
#pragma once

/* The structured keys of a request: what a program and its tests are made of. Every offset points into the request's
 * blobs, one sealed memfd that holds all files, inputs and answers. */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

typedef struct RequestFile {
        char *name; /* relative, as it will be below the working directory of the box */
        uint64_t offset, size;
        uint32_t mode; /* permission bits */
} RequestFile;

typedef struct RequestTest {
        char *name;
        uint64_t input_offset, input_size, answer_offset, answer_size;
} RequestTest;

/* How an output is compared with the answer. The native ones ("tokens" "exact" "lines" "numbers") run in the worker;
 * the external ones ("kattis" "testlib") are programs that run in a box of their own. */
typedef struct RequestValidator {
        char *type;
        double absolute, relative; /* tolerance of numbers; 0: none */
        bool case_sensitive, space_sensitive;
        char **argv;    /* external: the program within its box, "./check"; NULL when language says how it is run */
        char **args;    /* external: appended to its command line; NULL: nothing */
        char *language; /* external: a name of languages.d; NULL: argv says what is run */
        GArray *files;  /* external: RequestFile; NULL for the native ones */
} RequestValidator;

/* A function of the program's that is called with each test's input, and whose result is compared as a value. */
typedef struct RequestFunction {
        char *name;
        double float_tolerance, relative_tolerance;
        bool string_case_sensitive, ignore_whitespace, list_order_matters;
} RequestFunction;

/* Empty arrays that free the strings of their elements. */
GArray *request_files_new(void);
GArray *request_tests_new(void);

/* With all defaults: type "tokens"; function "solve". */
RequestValidator *request_validator_new(void);
RequestFunction *request_function_new(void);

RequestValidator *request_validator_free(RequestValidator *validator);
RequestFunction *request_function_free(RequestFunction *function);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RequestValidator, request_validator_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RequestFunction, request_function_free)
