/* SPDX-License-Identifier: MIT */
#pragma once

/* A report ("org.jouletrace.report/1") as what joulectl shows of it. Unknown strings are NULL, unknown numbers NaN. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"

/* A summary over the trials, in J or s, of one run of the program. */
typedef struct Figure {
        double median, low, high, min, max; /* low, high: 95 % interval of the median */
} Figure;

typedef struct Trial {
        uint64_t index;
        bool valid;
        char **quality; /* words of evidence; NULL: none */
        uint64_t iterations;
        /* of the whole trial, all its iterations */
        double total_j, net_j, package_j, dram_j, wall_s, cpu_s;
} Trial;

typedef struct Report {
        uint32_t id;
        char *label, *kind, *state, *result;
        char *error_name, *error_message, *error_remedy;
        uint64_t submitted_usec, started_usec, finished_usec; /* 0: unknown */
        char **argv;

        char *status, *grade;
        char **reasons;
        char *meter;
        bool simulated;
        double precision_j; /* energies are not finer than this; 0: unknown */
        Figure total, net, wall, cpu;
        double package_j, dram_j, power_w;
        uint64_t iterations; /* most runs of the program in one window; 0: unknown */
        size_t n_warmups;
        Trial *trials;
        size_t n_trials, n_invalid;

        char *containment, *isolation, *reserved_cpus, *cpu_model;
        char *energy_absent; /* why there are no joules */
} Report;

/* Errors as json_parse(), and -EPROTO when the schema is another one. */
int report_parse(const char *text, size_t size, Report **ret);
Report *report_free(Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

/* Whether the report has joules. */
bool report_has_energy(const Report *report);
