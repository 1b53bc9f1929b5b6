/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "states.h"

static const char *const kinds[N_JOB_KINDS] = {
        [JOB_MEASURE] = "measure",
        [JOB_VALIDATE] = "validate",
        [JOB_COMPARE] = "compare",
        [JOB_CALIBRATE] = "calibrate",
};

static const char *const states[N_JOB_STATES] = {
        [JOB_QUEUED] = "queued",       [JOB_VALIDATING] = "validating", [JOB_SETTLING] = "settling",
        [JOB_BASELINE] = "baseline",   [JOB_WARMING] = "warming",       [JOB_MEASURING] = "measuring",
        [JOB_FINISHING] = "finishing", [JOB_COMPLETED] = "completed",   [JOB_FAILED] = "failed",
        [JOB_CANCELLED] = "cancelled",
};

static const struct {
        const char *name;
        JobState state;
        int exit_code;
} results[N_JOB_RESULTS] = {
        [RESULT_DONE] = { "done", JOB_COMPLETED, 0 },
        [RESULT_FAILED] = { "failed", JOB_COMPLETED, 1 },
        [RESULT_UNSTABLE] = { "unstable", JOB_COMPLETED, 5 },
        [RESULT_TIMEOUT] = { "timeout", JOB_FAILED, 124 },
        [RESULT_INFRASTRUCTURE] = { "infrastructure", JOB_FAILED, 4 },
        [RESULT_CANCELLED] = { "cancelled", JOB_CANCELLED, 130 },
};

const char *job_kind_to_string(JobKind kind) {
        return kinds[kind];
}

const char *job_state_to_string(JobState state) {
        return states[state];
}

const char *job_result_to_string(JobResult result) {
        return results[result].name;
}

int job_kind_from_string(const char *text, JobKind *ret) {
        for (size_t i = 0; i < N_JOB_KINDS; i++)
                if (strcmp(text, kinds[i]) == 0) {
                        *ret = (JobKind) i;
                        return 0;
                }
        return -EINVAL;
}

int job_state_from_string(const char *text, JobState *ret) {
        for (size_t i = 0; i < N_JOB_STATES; i++)
                if (strcmp(text, states[i]) == 0) {
                        *ret = (JobState) i;
                        return 0;
                }
        return -EINVAL;
}

int job_result_from_string(const char *text, JobResult *ret) {
        for (size_t i = 0; i < N_JOB_RESULTS; i++)
                if (strcmp(text, results[i].name) == 0) {
                        *ret = (JobResult) i;
                        return 0;
                }
        return -EINVAL;
}

JobState job_result_state(JobResult result) {
        return results[result].state;
}

int job_result_exit_code(JobResult result) {
        return results[result].exit_code;
}
