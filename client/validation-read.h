/* SPDX-License-Identifier: MIT */
#pragma once

/* What a report says about the tests. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct TestResult {
        char *name, *verdict; /* NULL: the report does not say */
        char *message;        /* NULL: none */
        uint64_t cpu_usec;    /* UINT64_MAX: unknown */
} TestResult;

typedef struct Validation {
        char *verdict; /* of all; NULL: the report does not say */
        uint64_t passed, total;
        TestResult *tests;
        size_t n_tests;
} Validation;

/* Reads the text of a report; *ret is NULL when it has no validation. Errors as json_parse(). */
int validation_parse(const char *text, size_t size, Validation **ret);

Validation *validation_free(Validation *validation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Validation, validation_free)
