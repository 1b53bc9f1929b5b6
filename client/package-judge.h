/* SPDX-License-Identifier: MIT */
#pragma once

/* Whether a submission did what its package says, as pure functions of what was seen. */

#include "problem.h"
#include "validation-read.h"

/* What one submission did on all tests, whatever number of jobs that took. */
typedef struct Outcome {
        unsigned seen;       /* bits of the verdicts of its tests at the time limit */
        const char *verdict; /* of the first test that is not AC, else "AC"; NULL: it was not run */
        unsigned passed, total;
        const char *slowest; /* name of the test that took longest; NULL: unknown */
        uint64_t slowest_usec;
        bool as_expected;
        char *why;  /* not as expected: which statement does not hold */
        char *note; /* as expected, but outside the package's margins */
} Outcome;

/* runs are the validations of the submission, Validation pointers. limit_usec is the time limit (0: none): a run that
 * was given more time and used more than the limit is too slow, whatever it answered. */
void outcome_judge(Outcome *outcome, const Problem *problem, const Submission *submission, const GPtrArray *runs,
                   uint64_t limit_usec);

/* The longest time of a submission's runs that bounds the time limit from below; 0 when it does not bound it. */
uint64_t outcome_lower_bound(const Problem *problem, const Submission *submission, const GPtrArray *runs);

/* The smallest multiple of the resolution that leaves the slowest its margin. */
uint64_t time_limit_for(const Problem *problem, uint64_t slowest_usec);

bool submission_bounds_below(const Submission *submission);
bool submission_bounds_above(const Submission *submission);

/* "AC", "WA", "TLE|RTE": what is asked of a submission; "any" when nothing is. */
char *expectation_text(const Submission *submission);

void outcome_clear(Outcome *outcome);
