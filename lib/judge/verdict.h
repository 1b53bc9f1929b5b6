/* SPDX-License-Identifier: MIT */
#pragma once

/* What a run's evidence says about it. Pure: no clock, no file, no process. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why we killed a run; NONE: it ended by itself, or the kernel killed it. */
typedef enum KilledFor {
        KILLED_FOR_NOTHING,
        KILLED_FOR_CPU,
        KILLED_FOR_WALL,
        KILLED_FOR_OUTPUT,
        KILLED_FOR_ENERGY,
        KILLED_FOR_CANCEL,
} KilledFor;

/* What was seen of one run. Limits of 0 bytes of output are limits; memory_max is for the words only. */
typedef struct Evidence {
        const char *our_fault;    /* why it could not be set up, killed or read; NULL: nothing of the kind */
        int exec_error;           /* negative errno: the program was not started */
        int end_code, end_status; /* of waitid() */
        KilledFor killed_for;
        uint64_t cpu_usec, cpu_limit_usec;
        uint64_t wall_ns, wall_limit_usec;
        uint64_t output_bytes, output_max;
        uint64_t memory_peak, memory_max;
        uint64_t oom_kills;
        uint64_t tasks_denied;
        uint32_t tasks_max;
        uint64_t energy_uj; /* when killed for energy */
        double max_joules;
} Evidence;

/* Bits of a set: everything that holds stays in the report. */
typedef enum Fact {
        FACT_OUR_FAULT = 1 << 0,
        FACT_CANCELLED = 1 << 1,
        FACT_EXEC_FAILED = 1 << 2,
        FACT_OUTPUT_LIMIT = 1 << 3,
        FACT_OOM_KILL = 1 << 4,
        FACT_ENERGY_LIMIT = 1 << 5,
        FACT_CPU_LIMIT = 1 << 6,
        FACT_WALL_LIMIT = 1 << 7,
        FACT_SIGNAL = 1 << 8,
        FACT_NONZERO_EXIT = 1 << 9,
        FACT_TASKS_DENIED = 1 << 10, /* a fork was refused; decides nothing by itself */
} Fact;

#define N_FACTS 11

/* "our-fault", "cpu-limit"…; one fact, not a set. */
const char *fact_to_string(Fact fact);

typedef enum Verdict {
        VERDICT_OK, /* it did what it was asked; what its output is worth is another question */
        VERDICT_IE, /* internal error: ours */
        VERDICT_OLE,
        VERDICT_MLE,
        VERDICT_ELE, /* energy limit */
        VERDICT_TLE,
        VERDICT_WTL,
        VERDICT_RTE,
        VERDICT_CANCELLED,
} Verdict;

/* "OK", "TLE", …; NULL for cancelled, which is no verdict. */
const char *verdict_to_string(Verdict verdict);

unsigned evidence_facts(const Evidence *evidence);

/* The first fact that holds, in the order of the table, decides. */
Verdict facts_verdict(unsigned facts, Fact *ret_decisive);

/* One sentence with the figure that proves it: "was killed after 1.003 s of CPU time; the limit is 1 s". Newly
 * allocated; starts with a verb, so that it can follow "run 3 of trial 2". */
char *evidence_describe(const Evidence *evidence);
