/* SPDX-License-Identifier: MIT */
#pragma once

/* The programs a job runs: the candidate, its compiler, the validator and its compiler, what tells the versions of
 * their languages, and what shows what running any program costs. What each is started with stands fixed here before
 * the launcher is forked; only the compilers' products and what a validator looks at come later, as descriptors. */

#include "box.h"
#include "context.h"
#include "language.h"
#include "workload.h"

typedef enum ProgramId {
        PROGRAM_CANDIDATE,
        PROGRAM_COMPILER,
        PROGRAM_VALIDATOR,
        PROGRAM_VALIDATOR_COMPILER,
        PROGRAM_FLOOR, /* /bin/true, in the candidate's own box */
        PROGRAM_VERSION,
        PROGRAM_VALIDATOR_VERSION, /* not where it is the candidate's */
        N_PROGRAMS,
} ProgramId;

/* What is handed over to a boxed candidate or validator, in this order; the product only where there is a compiler
 * that makes one. */
enum {
        VALIDATOR_INPUT,
        VALIDATOR_ANSWER,
        VALIDATOR_OUTPUT,
        VALIDATOR_FILES,
};

typedef struct Programs Programs;

typedef struct ProgramsBase {
        const Request *request;
        const JobContext *context;
        const Workload *workload;
        const Identity *caller;
        char *const *env; /* of profile host */
        const cpu_set_t *cpus;
        Containment *containment;
        uint64_t region_usec; /* how long the regions of a run should last together */
} ProgramsBase;

/* -EINVAL with a sentence when the request names what is not there: a language, a source; -ENOTSUP when no box can be
 * made here. What base points to stays the caller's. */
int programs_new(const ProgramsBase *base, Programs **ret, char **ret_why);
Programs *programs_free(Programs *programs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Programs, programs_free)

/* By ProgramId; one that the job does not have has no argv. */
BoxSpec *programs_specs(Programs *programs);
bool programs_has(const Programs *programs, ProgramId id);

/* Whether the compiler makes a program, which is handed over as the first file from then on. */
bool programs_makes_product(const Programs *programs, ProgramId compiler);

/* Whether the validator's language is the candidate's, whose version is asked for once. */
bool programs_share_language(const Programs *programs);

/* SHA-256 of the system call filter; NULL for profile host. */
const char *programs_filter_sha256(const Programs *programs);
