/* SPDX-License-Identifier: MIT */
#pragma once

/* A report ("org.jouletrace.report/1") as what joulectl shows of it. Unknown strings are NULL, unknown numbers NaN. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "validation-read.h"

/* A summary over the trials, in J or s, of one run of the program. */
typedef struct Figure {
        double median, low, high, min, max; /* low, high: 95 % interval of the median */
} Figure;

/* A counter the meter reads. */
typedef struct MeterDomain {
        char *name, *kind;
} MeterDomain;

/* What one test takes, by its name. */
typedef struct TestFigures {
        char *name;
        double total_j, wall_s;
} TestFigures;

typedef struct Trial {
        uint64_t index;
        bool valid;
        double temp_start_c, temp_end_c; /* of the processor package, in °C; NaN: unknown */
        char **quality;                  /* words of evidence; NULL: none */
        uint64_t iterations;
        /* of the whole trial, all its iterations */
        double total_j, net_j, wall_s, cpu_s;
        double whole_j, whole_s; /* each test's whole run once, where the program declared a region; else NaN */
        double whole_step_j;     /* whole_j is told in steps of about this; 0: unknown */
        struct TrialTest *tests; /* in their order; one for a plain command */
        size_t n_tests;
} Trial;

/* One test of a trial, all its windows and iterations. */
typedef struct TrialTest {
        char *name; /* NULL: a plain command */
        uint64_t iterations;
        double total_j, wall_s, cpu_s;
        double *domain_j; /* of each of the meter's domains */
} TrialTest;

/* What a comparison says of a candidate against the first one. */
typedef struct ReportChange {
        double change, low, high; /* fractions; low, high: 95 % interval */
        double p;                 /* adjusted to how many there are */
        char *word;               /* NULL: it could not be compared */
        char *absent;             /* why */
} ReportChange;

typedef struct Report {
        uint32_t id;
        char *label, *kind, *state, *result;
        char *error_name, *error_message, *error_remedy;
        uint64_t submitted_usec, started_usec, finished_usec; /* 0: unknown */
        char **argv;
        char *language, *source, *function; /* NULL: none; the source is the first file */
        char *language_version;             /* what its compiler or interpreter says; NULL: unknown */
        Validation *validation;             /* NULL: no tests were given */

        char *status, *grade;
        char **reasons;
        char *all_invalid; /* why no trial is valid, where it is the same for all of them; NULL: not so */
        char *meter;
        bool simulated;
        double noise_floor; /* of the host when it was measured, a fraction */
        MeterDomain *domains;
        size_t n_domains;
        double precision_j; /* energies are not finer than this; 0: unknown */
        Figure total, net, wall, cpu;
        double package_j, dram_j, power_w;
        double upper_bound_j; /* of an energy that cannot be measured; NaN: unknown */
        uint64_t iterations;  /* most runs of the program in one window; 0: unknown */
        size_t n_warmups;
        Trial *trials;
        size_t n_trials, n_invalid;
        bool region;             /* the program declared what is measured */
        double whole_j, whole_s; /* then of the whole runs, medians */
        double whole_step_j;     /* whole_j is told in steps of about this, the coarsest of the trials'; 0: unknown */
        TestFigures *per_test;
        size_t n_per_test;
        char *output_problem; /* why --output or --show-output has not got it all; NULL: it has */

        struct Report **candidates; /* of a comparison: what each took, as a report of its own */
        ReportChange *changes;      /* candidate by candidate; nothing is known of the first one's */
        size_t n_candidates;        /* 0: this is none */
        uint32_t *order;            /* n_rounds × n_candidates: which, from 0, ran in each turn; NULL: unknown */
        size_t n_rounds;
        bool compares_time; /* else energy */
        double threshold;   /* what a change must be larger than to be improved or regressed */

        char *containment, *isolation, *reserved_cpus, *cpu_model;
        char *energy_absent; /* why there are no joules */
} Report;

/* Errors as json_parse(), and -EPROTO when the schema is another one. */
int report_parse(const char *text, size_t size, Report **ret);
Report *report_free(Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

/* Whether the report has joules. */
bool report_has_energy(const Report *report);
