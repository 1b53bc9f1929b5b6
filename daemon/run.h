/* SPDX-License-Identifier: MIT */
#pragma once

/* Runs one job: machine lock → cores → host → worker → scope → the worker's Run → the scope's end → the host is as
 * before. Every wait is bounded and each step's failure has a name. */

#include "job.h"

/* Takes the result and the bodies (NULL: none). Nothing of the job lives any more, and the run is freed after it. */
typedef void (*RunDone)(Job *job, Result *result, char *public_body, char *full_body);

void run_start(Job *job, RunDone done);

/* reason: the error name it ends with. Once is enough; done is called in any case. */
void run_cancel(Run *run, const char *reason);

/* When it will be done, by how far it is. */
uint64_t run_remaining_usec(const Run *run, uint64_t expected_usec);

/* The result that belongs to the cause a job ends with. */
JobResult run_result_of_error(const char *error);

/* The result of a job that ends for such a reason without a worker's word. */
Result *run_cancelled_result(const char *reason);
