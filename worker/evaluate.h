/* SPDX-License-Identifier: MIT */
#pragma once

/* What a job's trials come to. Pure functions of the record. */

#include "record.h"
#include "summary.h"

/* Rounding of public figures: energies to 1 mJ until uncertainties exist. */
#define PUBLIC_STEP_UJ UINT64_C(1000)

/* uj to the nearest step; step 1 leaves it as it is. */
uint64_t round_uj(uint64_t uj, uint64_t step_uj);
int64_t round_signed_uj(int64_t uj, uint64_t step_uj);

/* What one trial took for the work done once; with tests, for the whole set of them, each of which its windows may
 * hold differently often. */
typedef struct Once {
        double total_j, net_j; /* as far as the trial has them; rounded to step_uj before they are divided */
        double wall_s, cpu_s;
} Once;

void trial_once(const TrialRecord *trial, uint64_t step_uj, Once *ret);

typedef struct JobSummary {
        size_t n;            /* valid trials */
        uint64_t iterations; /* of the work, in the last of them */
        bool has_energy, has_net;
        Summary total_j, package_j, dram_j; /* of a trial, all its iterations together */
        bool has_package, has_dram;
        Summary net_j; /* with has_net only, as once_net_j and per_iteration.net_j */
        Summary wall_s, cpu_s;
        double window_error_j, net_window_error_j; /* medians of the trials' uncertainty; net with has_net only */
        double power_w;                            /* median of energy ÷ time */
        Summary once_j;                            /* of the work done once; with has_energy only */
        Summary once_net_j;
        struct {
                double total_j, net_j, wall_s, cpu_s; /* medians of the work done once; total_j with has_energy only */
        } per_iteration;                              /* with tests, of the whole set of them */
} JobSummary;

/* Takes the baseline off every trial's energy; for once, when the last idle window has been taken. */
void job_settle(JobRecord *record);

/* -ENODATA when no trial is valid. Energies are rounded to step_uj, trial by trial, before they are summed up. */
int job_summarise(const JobRecord *record, uint64_t step_uj, JobSummary *ret);

typedef struct TestSummary {
        const char *name;
        double total_j, wall_s; /* medians of the test run once */
} TestSummary;

/* One TestSummary for each test, over the valid trials. *ret_energy: total_j may be told, since each test alone is as
 * long as energy is given for; what one test took is the set's less that of the others. */
GArray *job_summarise_tests(const JobRecord *record, uint64_t step_uj, bool *ret_energy);

/* Of all tests: that of the first that is not right, but IE before all others; CE when nothing was compiled. */
Verdict job_validation_verdict(const JobRecord *record);

/* The test it comes from; NULL: all are right, or none was run. */
const TestRecord *job_decisive_test(const JobRecord *record);

size_t job_valid_trials(const JobRecord *record);

/* Whether the precision of the median (of energy; of time where there is no energy) is what rel_ci asks for. */
bool job_precise_enough(const JobRecord *record);

/* Where the record says why nothing came out of its invalid trials: UNMEASURABLE when each was too short, else
 * UNSTABLE. */
JobStatus job_status_without_result(const JobRecord *record);

/* NEAR_FLOOR: the program takes less than FLOOR_TIMES what starting any program takes in its box; with tests, as
 * many starts as there are tests. */
bool job_near_floor(const JobRecord *record);

/* OUTPUT_DIFFERS: the output of two runs is not the same. */
bool job_output_differs(const JobRecord *record);
