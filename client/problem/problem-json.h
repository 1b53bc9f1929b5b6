/* SPDX-License-Identifier: MIT */
#pragma once

/* Problems that come as JSON, for the function runner above all: inputs and answers keep the text they were written
 * in, so that an integer of any size arrives as it is. */

#include "problem.h"
#include "request.h"

/* Reads the body of the original's POST /measure (JOB_MEASURE) or POST /validate (JOB_VALIDATE), field for field and
 * with its bounds, into a problem with one submission and into the request, whose bits in given are set. Unknown keys
 * are refused by name. On failure *ret_problem is a sentence that names the key. */
int problem_load_request(const char *name, const char *text, size_t size, JobKind kind, Problem **ret,
                         Request *request, char **ret_problem);

/* Whether the text is an object with the key candidate_code: a request of the original's, well formed or not. */
bool problem_is_request(const char *text, size_t size);
