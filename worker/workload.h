/* SPDX-License-Identifier: MIT */
#pragma once

/* What a job works on: the caller's blobs, checked and mapped, and what of them each test feeds and expects. */

#include "request.h"

typedef struct WorkTest {
        const char *name; /* the request's */
        const char *input, *answer;
        size_t input_size, answer_size;
        GHashTable *right; /* digests of outputs that were found right; they need no second look */
} WorkTest;

typedef struct Workload {
        const Request *request;
        int blobs_fd; /* sealed memfd; -1: the request has none */
        char *map;    /* its contents */
        size_t size;
        WorkTest *tests;
        size_t n_tests; /* max-tests is in force */
} Workload;

/* A memfd cannot be changed any more once it is sealed, and reading one waits for nobody: it is the one descriptor of
 * the caller's that is read without an errand.
 * -EINVAL and *ret_why when the blobs are no sealed memfd, larger than max_bytes, or shorter than a file, input or
 * answer says. Looks at no byte of them. */
int workload_open(const Request *request, uint64_t max_bytes, Workload **ret, char **ret_why);
Workload *workload_free(Workload *workload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Workload, workload_free)

/* Whether the input and the answer of a function's test are JSON: else -EINVAL and *ret_why. */
int work_test_check(const WorkTest *test, char **ret_why);

/* What was written to a memfd that may be sealed stays as it is, and is read from its beginning. */
int memfd_seal(int fd);

/* A sealed memfd with these bytes, at its beginning; negative errno. */
int memfd_with(const char *name, const void *data, size_t size);
