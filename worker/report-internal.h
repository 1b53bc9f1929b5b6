/* SPDX-License-Identifier: MIT */
#pragma once

/* Shared by the files that write the report. */

#include <json-glib/json-glib.h>

#include "comparing.h"
#include "evaluate.h"
#include "report.h"

#define REPORT_MODELLED "modelled, not measured: how far off that is cannot be known"
#define REPORT_TOO_LARGE "the report would be larger than 8 MiB"

typedef struct Body {
        const JobRecord *record;
        const char *prefix; /* of the paths in absent; NULL: none */
        JsonBuilder *builder;
        JsonObject *absent;
        uint64_t step_uj; /* the least one of energies (rounding.h) */
        enum {
                BODY_WHOLE,
                BODY_WITHOUT_WINDOWS,
                BODY_FAILURES_ONLY, /* of the tests, too */
        } brevity;
} Body;

/* A member that is null, and why. path names it from the report's top: "measurement.trials[2].total_uj". */
void body_absent(Body *body, const char *member, const char *path, const char *reason);

/* Only says why. */
void body_note(Body *body, const char *path, const char *reason);

void body_string(Body *body, const char *member, const char *value); /* not UTF-8: made so; NULL: null */
void body_int(Body *body, const char *member, uint64_t value);
void body_double(Body *body, const char *member, double value); /* not finite: null */
void body_bool(Body *body, const char *member, bool value);
void body_strings(Body *body, const char *member, char *const *values); /* NULL: an empty array */
void body_words(Body *body, const char *member, GPtrArray *words);
void body_null(Body *body, const char *member);
void body_open(Body *body, const char *member); /* an object; NULL: in an array */
void body_open_array(Body *body, const char *member);
void body_close(Body *body);
void body_close_array(Body *body);

void body_request(Body *body);
void body_validation(Body *body);
void body_measurement(Body *body);
void body_environment(Body *body);

/* Members of the measurement: of its meter; "warmups" or "trials"; "floor"; "baseline". */
void body_tick(Body *body);
void body_grade(Body *body);
void body_trials(Body *body, const char *member, GPtrArray *trials);
void body_evidence(Body *body, const TrialRecord *trial, const char *list); /* members of a trial of that list */
void body_instructions(Body *body, const TrialEvidence *evidence, const char *trial_path); /* of a window */
void body_floor(Body *body);
void body_noise_floor(Body *body, const char *path); /* "noise_floor"; path is where it stands */
void body_baseline(Body *body);

/* "upper_bound_j": what one run of the work (of each test) took at most, of a job that is UNMEASURABLE. */
void body_upper_bound(Body *body);

/* How far off an energy may be, with its parts: of a trial, a window or a domain of it, in µJ. member: NULL in an
 * array. */
void body_uncertainty(Body *body, const char *member, const Uncertainty *uncertainty);

/* Of a median, in J: with the trials' spread, and null where they are too few to know it. path: of the member. */
void body_median_uncertainty(Body *body, const char *member, const char *path, const Uncertainty *uncertainty);

/* "calibration", of a JOB_CALIBRATE. */
void body_calibration(Body *body);

/* "comparison", with each of its candidates' program, request, validation and measurement. */
void body_comparison(Body *body, const CompareRecord *compare);
void body_program(Body *body);
void body_filter(Body *body);
void body_languages(Body *body); /* "versions", of what one program is written in */

/* A member that is a signed number. */
void body_signed(Body *body, const char *member, int64_t value);
