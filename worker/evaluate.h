/* SPDX-License-Identifier: MIT */
#pragma once

/* What a job's trials come to. Pure functions of the record. Where they take a least step, each energy of a trial is
 * told with that (rounding.h) before anything is made of it. */

#include "record.h"
#include "rounding.h"
#include "summary.h"

/* What one trial took for the work done once; with tests, for the whole set of them, each of which its windows may
 * hold differently often. */
typedef struct Once {
        double total_j, net_j; /* as far as the trial has them; rounded before they are divided */
        double wall_s, cpu_s;
        double step_j, net_step_j; /* what they are rounded to; 0: to nothing */
        Uncertainty uncertainty;   /* of both; baseline_uj of net_j only */
} Once;

void trial_once(const TrialRecord *trial, uint64_t least_uj, Once *ret);

/* How finely the caller may know energies: so does everything that is decided on them, since that tells of them. */
uint64_t job_step_uj(const Request *request);

typedef struct JobSummary {
        size_t n;            /* valid trials */
        uint64_t iterations; /* of the work, in the last of them */
        bool has_energy, has_net;
        Summary total_j, package_j, dram_j; /* of a trial, all its iterations together */
        bool has_package, has_dram;
        Summary net_j; /* with has_net only, as once_net_j and per_iteration.net_j */
        Summary wall_s, cpu_s;
        double power_w; /* median of energy ÷ time */
        Summary once_j; /* of the work done once; with has_energy only */
        Summary once_net_j;
        /* Of the medians: each part's median over the trials, since a counter's lag and the idle power are much the
         * same in all of them and do not average out; spread_uj, NAN without an interval, is half of its width. */
        Uncertainty total_uncertainty, package_uncertainty, dram_uncertainty, net_uncertainty;
        Uncertainty once_uncertainty, once_net_uncertainty;
        struct {
                double total_j, net_j, wall_s, cpu_s; /* medians of the work done once; total_j with has_energy only */
        } per_iteration;                              /* with tests, of the whole set of them */
} JobSummary;

/* Takes the baseline off every trial's energy; for once, when the last idle window has been taken. */
void job_settle(JobRecord *record);

/* -ENODATA when no trial is valid. Medians and means are told as finely as their trials are: not by the spread of
 * these, which are told themselves. An interval of such medians reaches half a step to each side at least. */
int job_summarise(const JobRecord *record, uint64_t least_uj, JobSummary *ret);

typedef struct TestSummary {
        const char *name;
        double total_j, wall_s;  /* medians of the test run once */
        Uncertainty uncertainty; /* of total_j, as those of JobSummary */
} TestSummary;

/* One TestSummary for each test, over the valid trials. *ret_energy: total_j may be told, since each test alone is as
 * long as energy is given for; what one test took is the set's less that of the others. */
GArray *job_summarise_tests(const JobRecord *record, uint64_t least_uj, bool *ret_energy);

/* Of all tests: that of the first that is not right, but IE before all others; the job's when none was run. */
Verdict job_validation_verdict(const JobRecord *record);

/* The test it comes from; NULL: all are right, or none was run. */
const TestRecord *job_decisive_test(const JobRecord *record);

size_t job_valid_trials(const JobRecord *record);

/* Whether the precision of the median (of energy; of time where there is no energy) is what rel_ci asks for. */
bool job_precise_enough(const JobRecord *record);

/* Where the record says why nothing came out of its invalid trials: UNMEASURABLE when each was too short; INVALIDATED
 * when from under each the machine was taken away that it was to be measured on (it slept, the reserved CPUs were
 * lost, with ThermalPolicy=strict it had not the temperature); else UNSTABLE. */
JobStatus job_status_without_result(const JobRecord *record);

/* The floor, where its energy is known; else NULL. */
const TrialRecord *job_floor(const JobRecord *record);

/* NEAR_FLOOR: the program takes less than FLOOR_TIMES what starting any program takes in its box; with tests, as
 * many starts as there are tests. */
bool job_near_floor(const JobRecord *record);

/* How far off the energy of all starts of the floor may be because one differs from the next: half the width of the
 * 95 % interval, in µJ, as their times scatter, since they take nearly the same power. 0 with fewer than two. */
double floor_spread_uj(const TrialRecord *floor);

/* Of the energy of all starts of the floor, with the spread among them. */
Uncertainty floor_uncertainty(const TrialRecord *floor);

/* OUTPUT_DIFFERS: the output of two runs is not the same. */
bool job_output_differs(const JobRecord *record);
