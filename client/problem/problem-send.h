/* SPDX-License-Identifier: MIT */
#pragma once

/* A problem and a program as a request to the service. */

#include "problem.h"
#include "request.h"

/* Sets what there is of blobs, files, tests, validator or function, language and the limits the problem gives (unless
 * the request has been given them), and their bits in given. Only the tests of one of the problem's validators go into
 * one request. inline_blobs: as bytes, for a connection that passes no descriptors. On failure *ret_problem says why.
 */
int problem_fill_request(const Problem *problem, const Submission *submission, unsigned validator, bool inline_blobs,
                         Request *request, char **ret_problem);
