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
        KILLED_FOR_SYSCALL,
        KILLED_FOR_CANCEL,
} KilledFor;

/* What became of a run's output. */
typedef enum Answer {
        ANSWER_NOT_COMPARED, /* nothing to compare it with, or the run gave no reason to */
        ANSWER_RIGHT,
        ANSWER_WRONG,
} Answer;

/* What was seen of one run. Limits of 0 bytes of output are limits; memory_max is for the words only. The strings are
 * borrowed. */
typedef struct Evidence {
        const char *our_fault;   /* why it could not be set up, killed or read; NULL: nothing of the kind */
        const char *judge_fault; /* why nothing can be said about its answer: the validator failed on the jury's too */
        bool skipped;            /* not run, because an earlier test had failed */
        const char *compile_end; /* what became of its compiler ("exited with status 1"); NULL: compiled, or no need */
        int exec_error;          /* negative errno: the program was not started */
        int end_code, end_status; /* of waitid() */
        KilledFor killed_for;
        uint64_t cpu_usec, cpu_limit_usec;
        uint64_t wall_ns, wall_limit_usec;
        uint64_t output_bytes, output_max;
        uint64_t file_max; /* size of a file of its box: death by SIGXFSZ is then for that; 0: none was set */
        uint64_t memory_peak, memory_max;
        uint64_t oom_kills;
        uint64_t cache_capped; /* times memory was reclaimed at memory_max: `max` of memory.events */
        uint64_t tasks_denied;
        uint32_t tasks_max;
        uint64_t energy_uj; /* when killed for energy */
        double max_joules;
        bool filtered;               /* a seccomp filter was in force: death by SIGSYS is then its doing */
        const char *seccomp_syscall; /* name of the call that ended the run; NULL: none, or the filter gave no name */
        Answer answer;
        const char *difference;    /* ANSWER_WRONG: where and what ("line 3, column 5: expected …"); may be NULL */
        const char *validator_end; /* how the validator failed on this answer; NULL: it decided */
} Evidence;

/* Bits of a set: everything that holds stays in the report. */
typedef enum Fact {
        FACT_OUR_FAULT = 1 << 0,
        FACT_JUDGE_FAULT = 1 << 1,
        FACT_CANCELLED = 1 << 2,
        FACT_SKIPPED = 1 << 3,
        FACT_COMPILE = 1 << 4,
        FACT_EXEC_FAILED = 1 << 5,
        FACT_SECCOMP = 1 << 6,
        FACT_OUTPUT_LIMIT = 1 << 7,
        FACT_OOM_KILL = 1 << 8,
        FACT_ENERGY_LIMIT = 1 << 9,
        FACT_CPU_LIMIT = 1 << 10,
        FACT_WALL_LIMIT = 1 << 11,
        FACT_SIGNAL = 1 << 12,
        FACT_NONZERO_EXIT = 1 << 13,
        FACT_WRONG_ANSWER = 1 << 14,
        FACT_RIGHT_ANSWER = 1 << 15,
        FACT_VALIDATOR_FAILED = 1 << 16, /* on this answer only, which is then wrong; decides nothing by itself */
        FACT_TASKS_DENIED = 1 << 17,     /* a fork was refused; decides nothing by itself */
        FACT_CACHE_CAPPED = 1 << 18, /* page cache was taken back at the memory limit, which costs energy; likewise */
} Fact;

#define N_FACTS 19

/* Those that are no failure of the run. */
#define FACTS_HARMLESS (FACT_RIGHT_ANSWER | FACT_VALIDATOR_FAILED | FACT_TASKS_DENIED | FACT_CACHE_CAPPED)

/* "our-fault", "cpu-limit"…; one fact, not a set. */
const char *fact_to_string(Fact fact);

typedef enum Verdict {
        VERDICT_OK, /* it did what it was asked; its output was compared with nothing */
        VERDICT_AC, /* and its answer is right */
        VERDICT_WA,
        VERDICT_RTE,
        VERDICT_WTL,
        VERDICT_TLE,
        VERDICT_ELE, /* energy limit */
        VERDICT_MLE,
        VERDICT_OLE,
        VERDICT_SV, /* a system call that the box does not allow */
        VERDICT_XF, /* not executable */
        VERDICT_CE,
        VERDICT_IE, /* internal error: ours, or the validator's */
        VERDICT_SKIPPED,
        VERDICT_CANCELLED,
        N_VERDICTS,
} Verdict;

/* "OK", "TLE", …; NULL for cancelled, which is no verdict. */
const char *verdict_to_string(Verdict verdict);

/* Whether the run did what it should: OK or AC. */
bool verdict_is_good(Verdict verdict);

unsigned evidence_facts(const Evidence *evidence);

/* The first fact that holds, in the order of the table, decides. */
Verdict facts_verdict(unsigned facts, Fact *ret_decisive);

/* One sentence with the figure that proves it: "was killed after 1.003 s of CPU time; the limit is 1 s". Newly
 * allocated; starts with a verb, so that it can follow "run 3 of trial 2". */
char *evidence_describe(const Evidence *evidence);
