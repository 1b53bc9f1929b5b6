/* SPDX-License-Identifier: MIT */
#pragma once

/* A machine of four CPUs as a tree of files, two of them reserved. A trial is a second of its life: the program keeps
 * CPU 2 busy, and CPU 3 and the others idle. */

#include "collector.h"
#include "evaluate.h"
#include "quality.h"
#include "tree.h"

#define N_CPUS 4U

/* What the files are made of; all of it counts up. */
typedef struct Machine {
        uint64_t now_ns, suspended_ns, reader_ns;
        uint64_t idle_ticks[N_CPUS], irq_ticks[N_CPUS], softirq_ticks[N_CPUS], steal_ticks[N_CPUS];
        uint64_t interrupts[N_CPUS], timer[N_CPUS], core_throttles[N_CPUS], package_throttles;
        uint64_t ours_usec, others_usec, cpu_stall_usec, memory_stall_usec, major_faults, swapped_in, swap_bytes;
        uint64_t slow_ticks, fast_ticks; /* of CPUs 2 and 3, at slow_khz and at 3 GHz */
        uint64_t slow_khz, momentary_khz;
        uint64_t instructions, cycles, ref_cycles;
        uint64_t cpu_usec, energy_uj; /* of the next trial */
        int no_hardware;              /* 0, or why there are no such counters */
        const char *effective, *partition;
        bool no_base, no_states, no_swap_counts, no_throttle_counts, no_pressure;
} Machine;

typedef struct Fixture {
        Tree *tree;
        Sysroot *root;
        Topology *topology;
        Meter *meter;
        Collector *collector;
        Machine machine;
        QualityLimits limits;
        Request *request;
        JobContext context;
        JobRecord *record;
} Fixture;

typedef void (*Provoke)(Machine *m);

/* set_up(): with a counter for memory. For g_test_add(). */
void set_up_machine(Fixture *f, bool dram);
void set_up(Fixture *f, gconstpointer data);
void tear_down(Fixture *f, gconstpointer data);

/* What the collector sees of a second in which all is quiet but for what provoke does; NULL: nothing. */
TrialEvidence take(Fixture *f, Provoke provoke);

/* A trial of that second, judged with all others of the job. */
TrialRecord *make_trial(Fixture *f, Provoke provoke);

/* The trial has this word and no other one; NULL: none. */
void check_words(const TrialRecord *trial, const char *word);
