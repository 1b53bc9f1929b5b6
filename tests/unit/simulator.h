/* SPDX-License-Identifier: MIT */
#pragma once

/* A machine whose time and energy exist only here: a clock that moves when it is read or slept by, one package (and a
 * dram beside it where there is to be one) whose counters move once a millisecond, in steps of their unit, and wrap.
 * It is looked at through a Meter of its own; what it really used only it knows. */

#include "tick.h"

typedef struct SimulatorSpec {
        uint64_t seed;
        double idle_watts, job_watts; /* job_watts: all of it while the job runs, not on top */
        double busy_watts;            /* on top while this thread does not sleep and the job does not run */
        double dram_watts;            /* > 0: there is a dram; it takes twice as much while the job runs */
        double tick_ns, jitter_ns;    /* edges lie on a grid; each is off by a normal deviate of that deviation */
        bool drifting;                /* the deviates add up from edge to edge instead */
        double unit_uj;
        uint64_t range_uj, dram_range_uj; /* as max_energy_range_uj; 0: large */
        double read_ns, read_spread;      /* 0.2: ± 20 % */
        double held_up_ns;                /* with simulator_hold_up() */
        double noise;                     /* of each step, as an energy filter adds it: ± that share, evenly */
        double swing_ns;                  /* > 0: the idle machine takes job_watts in every other such time */
        bool frozen;
} SimulatorSpec;

typedef struct Simulator Simulator;

Simulator *simulator_new(const SimulatorSpec *spec);
Simulator *simulator_free(Simulator *simulator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Simulator, simulator_free)

/* The meter is the simulator's. */
Meter *simulator_meter(Simulator *simulator);

/* What the machine used so far, dram included, in µJ: not quantised, not ticked. */
double simulator_truth_uj(const Simulator *simulator);

/* Starts and ends the job; time stands still meanwhile. */
void simulator_job(Simulator *simulator, bool on);

/* Lets time go by, this thread asleep. */
void simulator_pass(Simulator *simulator, double ns);

/* This thread does something else for so long. */
void simulator_work(Simulator *simulator, double ns);

/* This thread will be held up once, within the next so many nanoseconds. */
void simulator_hold_up(Simulator *simulator, double within_ns);

/* From now on. */
void simulator_set_idle(Simulator *simulator, double watts);
void simulator_freeze(Simulator *simulator);

/* When the counters moved last. */
double simulator_edge_ns(const Simulator *simulator);

double simulator_uniform(Simulator *simulator, double low, double high);
