/* SPDX-License-Identifier: MIT */
#pragma once

/* What a caller asks for: the typed form of the a{sv} of Measure and Validate. */

#include <glib.h>
#include <systemd/sd-bus.h>

#include "base.h"
#include "keys.h"
#include "request-parts.h"
#include "states.h"

typedef struct Request {
        JobKind kind;
        uint64_t given; /* bit 1 << KeyId: the caller named the key; the others hold their defaults */

        char **argv; /* NULL only with a language or function; its strings are the program's extra arguments then */
        char *profile;
        int cwd_fd;          /* -1: none */
        char **env;          /* NULL: the safe minimum */
        int stdin_fd;        /* -1: none */
        GBytes *stdin_bytes; /* NULL: none */
        int output_fd;       /* where the first run's standard output is copied to after that run; -1: nowhere */
        int error_output_fd; /* the same for standard error */
        uint32_t trials, warmups, max_trials;
        double rel_ci; /* 0: not asked for */
        uint64_t cpu_limit_usec, wall_limit_usec, job_limit_usec;
        uint64_t memory_max, output_max; /* bytes */
        uint32_t tasks_max;
        uint64_t min_window_usec, cooldown_usec, thermal_wait_usec;
        char *tune; /* as tune_parse() reads it; NULL: as it is configured */
        uint32_t cpus;
        char *isolation, *meter;
        double max_joules; /* 0: no limit */
        char *resolution;
        bool ignore_exit;
        int blobs_fd;                /* sealed memfd; -1: none */
        GBytes *blobs_bytes;         /* instead of it; NULL: none */
        GArray *files;               /* RequestFile; NULL: none */
        GArray *tests;               /* RequestTest; NULL: none */
        RequestValidator *validator; /* NULL: the default one */
        char *language;              /* NULL: argv names a program */
        RequestFunction *function;   /* NULL: the program is run, no function of it called */
        bool region;
        uint32_t max_tests;                        /* 0: all */
        char *on_failure;                          /* "stop" "continue" */
        char *label, *candidate_id, *problem_name; /* NULL: none */
        uint64_t seed;
        bool allow_filtered;
        double fail_above, fail_below; /* 0: whatever comes out is no failure */
        bool detach;
        GPtrArray *candidates; /* of JOB_COMPARE: what request_compare_from_message() made; else NULL */
} Request;

/* Wherever limits may be NULL, only those bounds hold that no configuration moves: the lower ones of the table, and
 * the upper ones of keys without a knob. That is for those who pass a request on: clients before, the worker after the
 * daemon.
 *
 * Reads a{sv} at the message's read pointer. Checks every key, type and bound and has no side effect but duplicated
 * descriptors, on which nothing but F_GETFL and, for blobs, F_GET_SEALS is called: whether files and tests lie within
 * a descriptor's blobs is for the worker to see. Keys the kind of job does not take are refused by name. The
 * profile is by default box when a key is given that only a box serves. wall-limit's
 * default is 2 × cpu-limit + 1 s. min-window's lower bound is the limits', with resolution "fine" the table's. On a
 * bad request sets error (InvalidRequest naming the key, the value and what would be right) and returns -EBADMSG;
 * other negative errno come from the message or from duplicating a descriptor, without error set. limits may be NULL.
 */
int request_from_message(sd_bus_message *m, JobKind kind, const RequestLimits *limits, Request **ret,
                         sd_bus_error *error);

/* Appends the request as a{sv}, every key of its kind with its effective value but those without one (no descriptor,
 * no label, …). */
int request_append(sd_bus_message *m, const Request *request);

/* ---- comparisons ---- */

/* Eight with a working directory and an input each need the sixteen descriptors that dbus-daemon passes in a message.
 */
#define REQUEST_CANDIDATES_MIN 2U
#define REQUEST_CANDIDATES_MAX 8U

/* Reads aa{sv} and a{sv}: what is run, with the keys of REQUEST_CANDIDATE, then how all of it is measured, with those
 * of JOB_COMPARE. Each of ret's candidates is a Request of kind JOB_MEASURE with the options' values in it, so that it
 * stands for the measurement of that program alone. Checks and errors as request_from_message(); the message says
 * which candidate it is about, counted from 1. */
int request_compare_from_message(sd_bus_message *m, const RequestLimits *limits, Request **ret, sd_bus_error *error);

/* The two dictionaries again, in that order; with only the keys given, what a client sends. */
int request_compare_append(sd_bus_message *m, const Request *request);
int request_compare_append_given(sd_bus_message *m, const Request *request);

/* What the daemon sends a worker, of any kind of job: request_compare_append() with no candidates where there are
 * none, and what reads it, with the bounds that no configuration moves. */
int request_any_append(sd_bus_message *m, const Request *request);
int request_any_from_message(sd_bus_message *m, JobKind kind, Request **ret, sd_bus_error *error);

/* What a job runs: each candidate of a comparison, else the one program the request is about. */
size_t request_n_programs(const Request *request);
const Request *request_program(const Request *request, size_t i);

/* For clients and tests: a candidate with all defaults, owned by the request, a JOB_COMPARE one. */
Request *request_add_candidate(Request *request, const RequestLimits *limits);

/* ---- calibrations ---- */

/* A JOB_CALIBRATE names no program: the worker runs its own. Each two trials make a pair, and those of each program
 * are to tell what 95 % of them keep within. */
#define CALIBRATION_PROGRAMS 2U
#define CALIBRATION_TRIALS 40U
#define CALIBRATION_TRIALS_MIN 20U

/* ---- for those who make requests ---- */

/* A request with all defaults and a random seed, for clients to fill in and for tests; descriptors are -1. limits may
 * be NULL. */
Request *request_new(JobKind kind, const RequestLimits *limits);

/* Appends only the keys whose bit is set in given: what a client sends. */
int request_append_given(sd_bus_message *m, const Request *request);

/* Sets one number, string, choice or boolean key from its text on a command line, and its bit in given: "9", "500ms",
 * "64M", "0.01" or "1%", "yes". A boolean's text may be NULL: true. limits may be NULL. On failure *ret_message names
 * the key, the value and what would be right. -EINVAL, -ERANGE. */
int request_set_text(Request *request, KeyId key, const RequestLimits *limits, const char *text, char **ret_message);

Request *request_free(Request *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, request_free)
