/* SPDX-License-Identifier: MIT */
#pragma once

/* The two things joulectl does with packages. */

#include "client.h"
#include "problem.h"
#include "request.h"

/* What is in the package. */
int package_list(const Arguments *arguments, const Problem *problem);

/* Runs each submission through the service. settings is a request of which only the limits are set that go before the
 * package's. Returns EXIT_DONE when all verdicts are as expected, EXIT_JOB_FAILED when one is not, or another exit
 * code after having said what is wrong. */
int package_verify(const Arguments *arguments, Problem *problem, const Request *settings);

/* The submission's path, language and expected verdicts: the beginning of a JSON object, which is the caller's to end.
 */
void package_append_submission(GString *out, const Submission *submission);

/* Seconds of a time in microseconds, "1.5 s"; "–" for 0. */
char *package_seconds(uint64_t usec, bool ascii);
