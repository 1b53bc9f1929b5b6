/* SPDX-License-Identifier: MIT */
#include "request-parts.h"

/* Of a function's numbers that are compared with the answer's. */
#define DEFAULT_TOLERANCE 1e-9

const char *const request_validator_types[] = { "tokens", "exact", "lines", "numbers", "kattis", "testlib", NULL };

#define TOKENS (1U << 0)
#define LINES (1U << 2)
#define NUMBERS (1U << 3)
#define EXTERNAL (1U << REQUEST_VALIDATOR_EXTERNAL | 1U << (REQUEST_VALIDATOR_EXTERNAL + 1))
#define ANY_TYPE (TOKENS | 1U << 1 | LINES | NUMBERS | EXTERNAL)

#define VALIDATOR(member) offsetof(RequestValidator, member)
#define FUNCTION(member) offsetof(RequestFunction, member)

const PartKey request_validator_keys[] = {
        { "type", PART_STRING, VALIDATOR(type), ANY_TYPE,
          "tokens, exact, lines or numbers, compared by the service; kattis or testlib, a program sent along" },
        { "absolute", PART_DOUBLE, VALIDATOR(absolute), TOKENS | NUMBERS,
          "how far a number may be from the answer's; with tokens, numbers are compared as such only then" },
        { "relative", PART_DOUBLE, VALIDATOR(relative), TOKENS | NUMBERS, "the same, as a fraction of the answer's" },
        { "case-sensitive", PART_BOOLEAN, VALIDATOR(case_sensitive), TOKENS | LINES,
          "whether a and A differ; default true" },
        { "space-sensitive", PART_BOOLEAN, VALIDATOR(space_sensitive), TOKENS | LINES,
          "whether the kind and amount of white space matters; default false" },
        { "files", PART_FILES, VALIDATOR(files), EXTERNAL, "what lies in the validator's own box, as the key files" },
        { "language", PART_STRING, VALIDATOR(language), EXTERNAL, "what those files are written in" },
        { "argv", PART_STRINGS, VALIDATOR(argv), EXTERNAL,
          "instead of language: the program within that box, such as ./check, and its first arguments" },
        { "args", PART_STRINGS, VALIDATOR(args), EXTERNAL,
          "further arguments, after those its kind passes by itself" },
        {},
};

const PartKey request_function_keys[] = {
        { "name", PART_STRING, FUNCTION(name), 0, "the function; default solve" },
        { "float-tolerance", PART_DOUBLE, FUNCTION(float_tolerance), 0,
          "how far a number may be from the answer's; default 1e-9" },
        { "relative-tolerance", PART_DOUBLE, FUNCTION(relative_tolerance), 0,
          "the same, as a fraction of the answer's; default 1e-9" },
        { "string-case-sensitive", PART_BOOLEAN, FUNCTION(string_case_sensitive), 0,
          "whether a and A differ; default true" },
        { "ignore-whitespace", PART_BOOLEAN, FUNCTION(ignore_whitespace), 0,
          "whether white space in strings is left out of account; default false" },
        { "list-order-matters", PART_BOOLEAN, FUNCTION(list_order_matters), 0,
          "whether the order of a list's elements matters; default true" },
        {},
};

const char *part_type_signature(PartType type) {
        static const char *const signatures[] = {
                [PART_STRING] = "s",   [PART_DOUBLE] = "d",      [PART_BOOLEAN] = "b",
                [PART_STRINGS] = "as", [PART_FILES] = "a(sttu)",
        };

        return signatures[type];
}

static void clear_file(void *p) {
        g_free(((RequestFile *) p)->name);
}

static void clear_test(void *p) {
        g_free(((RequestTest *) p)->name);
}

uint64_t request_files_bytes(const GArray *files) {
        uint64_t bytes = 0;

        for (guint i = 0; files && i < files->len; i++)
                bytes += g_array_index(files, RequestFile, i).size;
        return bytes;
}

GArray *request_files_new(void) {
        GArray *files = g_array_new(FALSE, FALSE, sizeof(RequestFile));

        g_array_set_clear_func(files, clear_file);
        return files;
}

GArray *request_tests_new(void) {
        GArray *tests = g_array_new(FALSE, FALSE, sizeof(RequestTest));

        g_array_set_clear_func(tests, clear_test);
        return tests;
}

RequestValidator *request_validator_new(void) {
        RequestValidator *validator = g_new(RequestValidator, 1);

        *validator = (RequestValidator){ .type = g_strdup(request_validator_types[0]), .case_sensitive = true };
        return validator;
}

RequestFunction *request_function_new(void) {
        RequestFunction *function = g_new(RequestFunction, 1);

        *function = (RequestFunction){
                .name = g_strdup("solve"),
                .float_tolerance = DEFAULT_TOLERANCE,
                .relative_tolerance = DEFAULT_TOLERANCE,
                .string_case_sensitive = true,
                .list_order_matters = true,
        };
        return function;
}

RequestValidator *request_validator_free(RequestValidator *validator) {
        if (!validator)
                return NULL;
        g_free(validator->type);
        g_strfreev(validator->argv);
        g_strfreev(validator->args);
        g_free(validator->language);
        g_clear_pointer(&validator->files, g_array_unref);
        g_free(validator);
        return NULL;
}

RequestFunction *request_function_free(RequestFunction *function) {
        if (!function)
                return NULL;
        g_free(function->name);
        g_free(function);
        return NULL;
}
