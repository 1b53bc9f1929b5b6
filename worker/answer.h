/* SPDX-License-Identifier: MIT */
#pragma once

/* Whether what a run wrote is what its test expects, as far as that needs no other program. */

#include "difference.h"
#include "verdict.h"
#include "workload.h"

/* The request's validator is a program, which the worker has to run (judging.h). */
bool answer_needs_checker(const Request *request);

/* ANSWER_RIGHT, or ANSWER_WRONG with the first difference, which the caller clears. The validator is a native one, or
 * the output is that of region/function_runner.py, and the answer went through work_test_check(). */
Answer answer_compare(const Request *request, const WorkTest *test, const char *output, size_t size, Difference *ret);
