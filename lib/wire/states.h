/* SPDX-License-Identifier: MIT */
#pragma once

/* The words of the contract for a job's kind, state, phase and result, as enums and as the strings of the bus and the
 * report. */

typedef enum JobKind {
        JOB_MEASURE,
        JOB_VALIDATE,
        JOB_COMPARE,
        JOB_CALIBRATE,
        N_JOB_KINDS,
} JobKind;

/* In the order a job passes through them; the states from QUEUED to FINISHING are also its phases. */
typedef enum JobState {
        JOB_QUEUED,
        JOB_VALIDATING,
        JOB_SETTLING,
        JOB_BASELINE,
        JOB_WARMING,
        JOB_MEASURING,
        JOB_FINISHING,
        JOB_COMPLETED,
        JOB_FAILED,
        JOB_CANCELLED,
        N_JOB_STATES,
} JobState;

typedef enum JobResult {
        RESULT_DONE,
        RESULT_FAILED,
        RESULT_UNSTABLE,
        RESULT_TIMEOUT,
        RESULT_INFRASTRUCTURE,
        RESULT_CANCELLED,
        N_JOB_RESULTS,
} JobResult;

const char *job_kind_to_string(JobKind kind);
const char *job_state_to_string(JobState state);
const char *job_result_to_string(JobResult result);

/* -EINVAL for an unknown word. */
int job_kind_from_string(const char *text, JobKind *ret);
int job_state_from_string(const char *text, JobState *ret);
int job_result_from_string(const char *text, JobResult *ret);

/* The final state that belongs to a result (design: the table of results). */
JobState job_result_state(JobResult result);

/* The exit code of joulectl for a result: 0 1 5 124 4 130. */
int job_result_exit_code(JobResult result);
