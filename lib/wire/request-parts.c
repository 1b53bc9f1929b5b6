/* SPDX-License-Identifier: MIT */
#include "request-parts.h"

/* Of a function's numbers that are compared with the answer's. */
#define DEFAULT_TOLERANCE 1e-9

static void clear_file(void *p) {
        g_free(((RequestFile *) p)->name);
}

static void clear_test(void *p) {
        g_free(((RequestTest *) p)->name);
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

        *validator = (RequestValidator){ .type = g_strdup("tokens"), .case_sensitive = true };
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
