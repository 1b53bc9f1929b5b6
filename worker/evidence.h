/* SPDX-License-Identifier: MIT */
#pragma once

/* What tells whether a trial can be trusted, apart from its energy: what else the machine did meanwhile. Plain data,
 * read by the collector (collector.h), judged by the table of words (quality.h). */

#include <stdbool.h>

#include "base.h"

/* Counters that only rise, in the unit that is named. */
typedef enum EvidenceItem {
        EVIDENCE_RESERVED_IDLE_USEC, /* of the CPUs others are kept off, together */
        EVIDENCE_RESERVED_IRQ_USEC,  /* in interrupts, and in what they leave to be done: nobody's, or the program's */
        EVIDENCE_RESERVED_STOLEN_USEC, /* that a hypervisor ran something else */
        EVIDENCE_OTHER_IDLE_USEC,      /* of all other CPUs, together; their items in the same order */
        EVIDENCE_OTHER_IRQ_USEC,
        EVIDENCE_OTHER_STOLEN_USEC,
        EVIDENCE_OURS_USEC,   /* CPU time of the job's cgroup: the program and its box */
        EVIDENCE_READER_USEC, /* CPU time of this process, its launcher and the service, which run on the other CPUs */
        EVIDENCE_CGROUPS_USEC,   /* CPU time of all cgroups, these among them; the kernel's own threads are in none */
        EVIDENCE_THROTTLES,      /* times one of the program's cores, or a package, was slowed down for its heat */
        EVIDENCE_INTERRUPTS,     /* on the reserved CPUs, without their own timers' */
        EVIDENCE_CPU_STALL_USEC, /* that a task of the job's waited for a CPU */
        EVIDENCE_MEMORY_STALL_USEC,
        EVIDENCE_MAJOR_FAULTS,   /* of the job's cgroup */
        EVIDENCE_SWAPS,          /* pages, or bytes where the kernel counts no pages */
        EVIDENCE_SUSPENDED_NSEC, /* of the whole machine */
        EVIDENCE_INSTRUCTIONS,   /* on the reserved CPUs, without the kernel's */
        EVIDENCE_CYCLES,         /* of the program's CPUs: by the frequency's source, cycles or kHz × ticks */
        EVIDENCE_CYCLE_TICKS,    /* the same time in cycles of the base frequency, or in ticks */
        EVIDENCE_ITEMS,
} EvidenceItem;

typedef struct Count {
        uint64_t value;
        int error; /* 0, or the negative errno for which there is none; -ENODEV: there are no such CPUs, or the job
                    * it has no cgroup */
} Count;

/* What tells of the CPUs' frequency. */
typedef enum FrequencySource {
        FREQUENCY_CYCLES,    /* the processor's own counters: exact */
        FREQUENCY_STATES,    /* the kernel's table of what it asked for, in ticks */
        FREQUENCY_MOMENTARY, /* not over the spans, but what the kernel measured at their ends */
        FREQUENCY_SOURCES,
} FrequencySource;

/* The counters at one moment. */
typedef struct EvidenceSample {
        uint64_t at_ns; /* CLOCK_MONOTONIC */
        Count items[EVIDENCE_ITEMS];
        Count momentary_khz;              /* of the program's CPUs, on average: what they ran at last */
        FrequencySource frequency_source; /* of EVIDENCE_CYCLES */
        uint64_t base_khz;                /* with FREQUENCY_CYCLES; 0: this machine does not show it */
        double state_error_khz; /* with FREQUENCY_STATES: highest less lowest state × √CPUs, which is what ticks that
                                 * are counted to the wrong state at a span's end make of its sum */
        Count partition;        /* 1 while the CPUs are the partition they are to be */
        Count confined;         /* 1 while the program may run on its own CPUs only */
        unsigned n_reserved, n_others;
} EvidenceSample;

/* Between two samples, or in several such spans together. */
typedef struct TrialEvidence {
        unsigned spans; /* 0: nothing was collected */
        uint64_t wall_ns;
        Count items[EVIDENCE_ITEMS];
        double momentary_khz_ns; /* Σ frequency × wall_ns */
        int momentary_error;
        FrequencySource frequency_source;
        uint64_t base_khz;
        double state_error_khz;
        bool partition_lost, strayed;  /* at one of the samples */
        unsigned n_reserved, n_others; /* CPUs */
} TrialEvidence;

/* Adds what happened between two samples. An item that could not be read once has no value at all. */
void evidence_add_span(TrialEvidence *evidence, const EvidenceSample *begin, const EvidenceSample *end);

void evidence_add(TrialEvidence *evidence, const TrialEvidence *more);

typedef enum EvidenceCpus {
        CPUS_RESERVED,
        CPUS_OTHERS,
} EvidenceCpus;

unsigned evidence_n_cpus(const TrialEvidence *evidence, EvidenceCpus which);

/* CPU time of others in µs: what was not idle, less what was ours, the interrupts' and the hypervisor's. Where the
 * kernel counts interrupts among a task's time, too (without CONFIG_IRQ_TIME_ACCOUNTING), it is that much too low:
 * then a trial stays valid that others disturbed a little, and none is refused for what its own program did.
 *
 * /proc/stat counts in ticks, cut off, so that a difference of two readings of one of its columns is off by 0.41 ticks
 * (standard deviation) a CPU: idle and iowait always, and the interrupts' two and the hypervisor's where they move. It
 * is taken to be off by three and a half of all those together. Within that the cgroups' own account decides, which is
 * in nanoseconds: it tells no CPUs apart, but only the kernel's threads run on reserved ones besides the program.
 * Of what runs as a sample is taken, that has what was before its last tick, which is FOREIGN_ACCOUNT_USEC ago at most
 * with the usual 250 Hz.
 * -ENODATA when nothing was collected; else the error of what could not be read. */
#define FOREIGN_ACCOUNT_USEC (4 * USEC_PER_MSEC)

typedef struct ForeignTime {
        double usec, least_usec; /* what is likeliest, and the least that may be */
} ForeignTime;

int evidence_foreign(const TrialEvidence *evidence, EvidenceCpus which, ForeignTime *ret);

/* CPU time in µs in interrupts, or that a hypervisor took: of the program's CPUs if it has some of its own, else of
 * all. */
int evidence_interrupted(const TrialEvidence *evidence, double *ret_usec);
int evidence_stolen(const TrialEvidence *evidence, double *ret_usec);

/* The average frequency of the program's CPUs, to be held against others of the same source: in kHz, but in multiples
 * of the base frequency with FREQUENCY_CYCLES. */
int evidence_frequency(const TrialEvidence *evidence, double *ret, FrequencySource *ret_source);

/* How far off that may be. */
double evidence_frequency_error(const TrialEvidence *evidence, FrequencySource source);

/* The same in kHz, from the first source that can tell it. */
int evidence_frequency_khz(const TrialEvidence *evidence, double *ret_khz, bool *ret_momentary);

int evidence_interrupts_per_sec(const TrialEvidence *evidence, double *ret);

/* Why an item has no value, in a sentence's end. */
const char *evidence_error_to_string(int error);
