/* SPDX-License-Identifier: MIT */
#pragma once

/* The structured keys of a request: what a program and its tests are made of. Every offset points into the request's
 * blobs, one sealed memfd that holds all files, inputs and answers. */

#include <stdbool.h>
#include <stddef.h>
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

/* One key of the dictionaries validator and function. */
typedef enum PartType {
        PART_STRING,  /* s */
        PART_DOUBLE,  /* d, finite and not negative */
        PART_BOOLEAN, /* b */
        PART_STRINGS, /* as */
        PART_FILES,   /* a(sttu), as the key files */
} PartType;

typedef struct PartKey {
        const char *name;
        PartType type;
        size_t offset;  /* of the member in RequestValidator or RequestFunction */
        unsigned types; /* of a validator: bits 1 << index in request_validator_types[] that take the key */
        const char *doc;
} PartKey;

/* Each ends with an entry without name. */
extern const PartKey request_validator_keys[];
extern const PartKey request_function_keys[];

/* The names of a validator's types, NULL-terminated; the first is the default, and those from
 * REQUEST_VALIDATOR_EXTERNAL on are the external ones. */
#define REQUEST_VALIDATOR_EXTERNAL 4
extern const char *const request_validator_types[];

/* Of the D-Bus form. */
const char *part_type_signature(PartType type);

/* Empty arrays that free the strings of their elements. */
GArray *request_files_new(void);
GArray *request_tests_new(void);

/* Bytes of all files (RequestFile; NULL: none) together, as often as they name the same ones. */
uint64_t request_files_bytes(const GArray *files);

/* With all defaults: type "tokens"; function "solve". */
RequestValidator *request_validator_new(void);
RequestFunction *request_function_new(void);

RequestValidator *request_validator_free(RequestValidator *validator);
RequestFunction *request_function_free(RequestFunction *function);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RequestValidator, request_validator_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RequestFunction, request_function_free)
