/* SPDX-License-Identifier: MIT */
#pragma once

/* What a report says about the tests. Unknown strings are NULL, unknown numbers UINT64_MAX. */

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct TestResult {
        char *name, *verdict; /* NULL: the report does not say */
        char *message;        /* NULL: none */
        uint64_t cpu_usec, wall_ns, memory_peak;
        char *ended_by;  /* with the figure that proves it */
        char *validator; /* what the validator had to say */
        char *path;      /* of a value: where it differs */
        uint64_t line;   /* of an output: where it differs */
        uint64_t column; /* the same */
        char *inputs;    /* the four are of the first failures only */
        char *expected, *got;
        char *error_output; /* its end */
        char *metadata;     /* JSON text of whoever made the test; in no report of the service's */
} TestResult;

typedef struct Validation {
        char *verdict; /* of all; NULL: the report does not say */
        uint64_t passed, total;
        char *compiler_end, *compiler_output; /* NULL: it was not compiled; said nothing */
        TestResult *tests;
        size_t n_tests;
} Validation;

/* The member of that name in a report's object; NULL when it has none. */
Validation *validation_read(JsonObject *report);

/* Reads the text of a report; *ret is NULL when it has no validation. Errors as json_parse(). */
int validation_parse(const char *text, size_t size, Validation **ret);

Validation *validation_free(Validation *validation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Validation, validation_free)
