/* SPDX-License-Identifier: MIT */
#pragma once

/* Reads energy. Four meters behind one small table of functions:
 *
 *   perf      the `power` and `power_core` PMUs, one event per domain on a CPU of the PMU's cpumask
 *   powercap  energy_uj of the RAPL zones, by descriptors that stay open
 *   model     CPU time × configured watts: no measurement, said so by meter_simulated(), used only when asked for by
 * name none      time stamps and no domain
 *
 * `auto` is perf, or powercap where that one can add up more domains; never model.
 *
 * Not thread safe. */

#include <stdbool.h>
#include <stdint.h>

#include "topology.h"

#define METER_DOMAINS_MAX 128
#define METER_GROUP_MAX 8

typedef struct Meter Meter;

/* Where a meter has its time from, and what waits for it; a simulator brings its own. */
typedef struct MeterClock {
        uint64_t (*now_ns)(void *userdata);                     /* monotonic */
        void (*sleep_until)(void *userdata, uint64_t until_ns); /* may wake late */
        uint64_t (*cpu_ns)(void *userdata);                     /* CPU time of the calling thread */
        void *userdata;
} MeterClock;

/* CPU time used so far by what is measured, in µs; never smaller than in an earlier call. */
typedef int (*MeterCpuTime)(void *userdata, uint64_t *ret_usec);

typedef struct MeterConfig {
        const char *name;       /* auto (or NULL), perf, powercap, model, none */
        const cpu_set_t *cores; /* per-core domains (`power_core`) are read for these CPUs; NULL for none */

        double model_watts_per_cpu; /* of one busy CPU, on top of idle */
        double model_idle_watts;
        MeterCpuTime cpu_time;
        void *userdata;

        const MeterClock *clock; /* NULL: CLOCK_MONOTONIC; outlives the meter */
} MeterConfig;

typedef struct MeterDomain {
        char *name;
        DomainKind kind;
        int package;
        bool in_total;
        char *source;          /* "power/energy-pkg/ on CPU 0", "intel-rapl:0", "model" */
        double unit_uj;        /* microjoules per count of the source */
        uint64_t range_uj;     /* highest value before the source wraps; 0 when it has 64 bits */
        uint64_t hw_range_uj;  /* the same of the 32-bit register below it; 0 when unknown */
        uint64_t max_power_uw; /* what this domain is allowed to draw; 0 when unknown */
} MeterDomain;

/* The descriptors that one read yields n values of: a perf group, or one powercap file. fds[0] is what is read. */
typedef struct MeterCounter {
        size_t n;
        int fds[METER_GROUP_MAX];        /* -1 for the model */
        size_t domains[METER_GROUP_MAX]; /* indices into MeterCounters.domains */
} MeterCounter;

/* What the privileged side of a meter amounts to: open descriptors and what they are. It can be made by a process that
 * may open counters and used by one that may not (the descriptors pass through fork() or SCM_RIGHTS; reading them
 * needs no privilege). */
typedef struct MeterCounters {
        const char *name;           /* which meter: perf, powercap, model, none */
        const struct MeterOps *ops; /* how they are read */
        MeterDomain *domains;
        size_t n_domains;
        MeterCounter *counters;
        size_t n_counters;
        DroppedDomain *dropped; /* the topology's, and those that could not be opened */
        size_t n_dropped;
} MeterCounters;

/* Opens the counters that config->name asks for.
 * -EINVAL: no meter of that name, or a model without cpu_time or with watts that are no power.
 * -ENODEV: no domain that can be added up; *ret_reason (optional) says why in words.
 * Others: the errno with which every domain of the meter asked for was refused, e.g. -EACCES. */
int meter_open_counters(const Topology *topology, const Sysroot *root, const MeterConfig *config, MeterCounters **ret,
                        char **ret_reason);
MeterCounters *meter_counters_free(MeterCounters *counters);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MeterCounters, meter_counters_free)

/* Makes a meter of counters, which it owns from now on, and takes the first reading. Domains that cannot be read at
 * all are dropped. config is needed for the model's callback only. */
int meter_adopt(MeterCounters *counters, const MeterConfig *config, Meter **ret);

/* Both steps. */
int meter_open(const Topology *topology, const Sysroot *root, const MeterConfig *config, Meter **ret,
               char **ret_reason);
Meter *meter_free(Meter *meter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Meter, meter_free)

typedef struct DomainReading {
        uint64_t energy_uj; /* since meter_open(), monotone across wraps; too small by whole ranges after -EOVERFLOW */
        int error;          /* 0, -ENODATA, -EOVERFLOW or the errno of the read */
        unsigned breaks;    /* how often this domain could not be read, or may have wrapped unseen, so far */
        int break_error;    /* why, the last time */
} DomainReading;

typedef struct Reading {
        uint64_t before_ns, after_ns; /* CLOCK_MONOTONIC around the reads */
        size_t n_domains;             /* in the order of meter_domains() */
        DomainReading domains[METER_DOMAINS_MAX];
} Reading;

/* Energy per domain, in microjoules since meter_open(); monotone across wraps.
 * A domain's error is -ENODATA when it gave no reading (the caller reports it absent, never 0), -EOVERFLOW when it may
 * have wrapped more than once since the last reading, else the errno of the read. Returns 0 even then; negative only
 * when no domain could be read. */
int meter_read(Meter *meter, Reading *ret);

/* One domain alone, as cheaply as can be: what a wait for its counter to move looks at. *ret_begin_ns and *ret_end_ns
 * stand around it. Negative when it could not be read, as above; domain is one of meter_domains(). */
int meter_read_domain(Meter *meter, size_t domain, uint64_t *ret_energy_uj, uint64_t *ret_begin_ns,
                      uint64_t *ret_end_ns);

/* By the meter's clock. */
uint64_t meter_now_ns(const Meter *meter);
void meter_sleep_until(const Meter *meter, uint64_t until_ns);
uint64_t meter_cpu_ns(const Meter *meter);

#define METER_REST_USEC (20 * USEC_PER_MSEC)

/* Some ticks pass, asleep, until the kernel is done with what was left to it: a process that was started and files
 * that were read and closed make RCU callbacks, for which its tick goes on. Ahead of a window; in it that would be a
 * part of what is measured, a large one of a short idle window and a small one of a long trial. */
void meter_rest(const Meter *meter);

/* What one domain took between two readings of one meter. Not 0 but the error when either reading failed, or any
 * reading between them did: a window with a hole in it is no measurement. Only a window that begins with the reading
 * that said -EOVERFLOW is sound: counting went on from there. */
int reading_energy_uj(const Reading *begin, const Reading *end, size_t domain, uint64_t *ret_uj);

/* Σ over the domains in the total. -ENODATA when there is none; the first error of any of them otherwise. */
int meter_total_uj(const Meter *meter, const Reading *begin, const Reading *end, uint64_t *ret_uj);

const char *meter_name(const Meter *meter);
bool meter_simulated(const Meter *meter);
const MeterDomain *meter_domains(const Meter *meter, size_t *ret_n);
const DroppedDomain *meter_dropped(const Meter *meter, size_t *ret_n);

/* "package-0 + dram-0" */
const char *meter_total(const Meter *meter);

/* The smallest step the total can make: the coarsest of its domains' units, where the register's own unit is known
 * (range ÷ 2³²) that one. 0 when there is no domain. */
double meter_precision_uj(const Meter *meter);

/* How long the caller may at most wait between two readings: a quarter of the time in which the fastest domain would
 * wrap at the highest power seen so far, or allowed. USEC_INFINITY when nothing can wrap. Shrinks when power rises. */
uint64_t meter_watchdog_usec(const Meter *meter);

/* The watchdog's work: a reading that nobody wants but the 64-bit totals. Returns what meter_watchdog_usec() says
 * then: how long it may be until the next. */
uint64_t meter_keep_up(Meter *meter);

/* Keeps the CPU busy for at most timeout_ns (50 ms are plenty: the counters move every millisecond) and drops the
 * domains that did not move, as those of a virtual machine. uncore is spared: an idle GPU's counter rightly stands
 * still. Returns -ENODEV when no domain of the total is left. */
int meter_probe(Meter *meter, uint64_t timeout_ns);
