/* SPDX-License-Identifier: MIT */
#pragma once

/* A calibration: a measurement of two programs of our own, each trial of which is compared with the next one of the
 * same program. What they differ by is the noise of the host. */

#include "record.h"

/* Gives a request of JOB_CALIBRATE its program and tests, read from beside this process's own binary. On failure
 * *ret_why is a sentence. */
int calibration_complete(Request *request, char **ret_why);

/* Of a job that has come to its end, all trials settled: sets the record's calibration. Where trials are valid and yet
 * no noise can be told of them the job is unstable. */
void calibration_conclude(JobRecord *record);
