/* SPDX-License-Identifier: MIT */
#pragma once

/* Which energy counters this host has, which of them count different joules, and which of its CPUs a job may have.
 *
 * A domain is one physical counter. The same counter often shows in several places (perf, powercap over MSR, MMIO and
 * TPMI, once per die); it is listed once, and each other place is in `dropped` with the reason.
 *
 *   total = Σ package + Σ dram
 *
 * core and uncore are parts of their package, and psys holds the packages: they are shown and never added. */

#include <stdbool.h>
#include <stdint.h>

#include "cpu.h"

typedef enum DomainKind {
        DOMAIN_PACKAGE,
        DOMAIN_DRAM,
        DOMAIN_CORE,
        DOMAIN_UNCORE,
        DOMAIN_PSYS,
} DomainKind;

/* "package", "dram", "core", "uncore", "psys" */
const char *domain_kind_to_string(DomainKind kind);

/* package and dram */
bool domain_kind_in_total(DomainKind kind);

typedef struct PowercapSource {
        char *id;              /* "intel-rapl:0:1"; NULL when powercap does not have this domain */
        char *path;            /* "sys/class/powercap/intel-rapl:0:1" */
        uint64_t range_uj;     /* max_energy_range_uj: the highest value the counter shows */
        uint64_t max_power_uw; /* the long-term limit's maximum, or its value; 0 when unknown */
        int error;             /* 0, or the negative errno for which it cannot be used */
        char *problem;         /* that error in words; NULL when usable */
} PowercapSource;

typedef struct PerfSource {
        char *pmu;       /* "power" or "power_core"; NULL when perf does not have this domain */
        char *event;     /* "energy-pkg" */
        uint32_t type;   /* perf_event_attr.type */
        uint64_t config; /* perf_event_attr.config */
        double unit_uj;  /* microjoules per count: the event's .scale, whose .unit is Joules */
        unsigned cpu;    /* the CPU of the PMU's cpumask that stands for this domain */
        int error;
        char *problem;
} PerfSource;

typedef struct Domain {
        char *name; /* "package-0", "dram-1", "core-0", "package-0-die-1", "core-0-cpu-4" (one core), "psys" */
        DomainKind kind;
        int package; /* physical package, -1 for a psys of the whole machine */
        int die;     /* -1 when the counter is that of the whole package */
        int cpu;     /* the CPU whose core a per-core domain counts, else -1 */
        bool in_total;
        double unit_uj;    /* of the better usable source: perf's scale, or 1 for powercap */
        uint64_t range_uj; /* 0 when only perf has the domain: its counts have 64 bits */
        PowercapSource powercap;
        PerfSource perf;
} Domain;

typedef struct DroppedDomain {
        char *name;   /* as above */
        char *source; /* "intel-rapl-mmio:0", "power/energy-psys/" */
        char *reason; /* "MMIO twin of intel-rapl:0" */
} DroppedDomain;

typedef struct Topology {
        CpuInfo *cpu;
        Domain *domains; /* by package, die and kind; psys last */
        size_t n_domains;
        DroppedDomain *dropped;
        size_t n_dropped;
        char *total; /* "package-0 + dram-0 + package-1 + dram-1"; "" when nothing can be added up */
        bool probed;
} Topology;

typedef enum TopologyFlags {
        /* Also open every counter, and read the powercap ones: what this process may not open or read is dropped with
         * its errno, and mirrors are told by what they show. Without it only attributes are read, and mirrors are told
         * by the CPU's vendor: enough to show, but a meter wants a probed topology. */
        TOPOLOGY_PROBE = 1 << 0,
} TopologyFlags;

/* A host without any counter is not an error: it has no domains. Negative errno only when the CPUs cannot be listed,
 * see cpu_info_read(). */
int topology_discover(const Sysroot *root, TopologyFlags flags, Topology **ret);
Topology *topology_free(Topology *topology);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Topology, topology_free)

/* NULL when there is none of that name. */
const Domain *topology_find(const Topology *topology, const char *name);

/* Whether a counter that showed `between` may be the one that showed `before` and `after`, just before and after that:
 * two counters of their own differ by millions of microjoules, one counter read three times only grows. */
bool topology_is_mirror(uint64_t before, uint64_t between, uint64_t after);

/* The whole topology as text, the same for the same host; what `joulectl topology --sysroot` and the golden files
 * show. */
char *topology_describe(const Topology *topology);

typedef enum Reservation {
        RESERVATION_CORE,     /* one whole physical core that is not the lead CPU's */
        RESERVATION_CONFINED, /* no core can be spared, as with fewer than two physical ones */
        RESERVATION_NONE,     /* there is one CPU */
} Reservation;

/* The CPUs that jobs get under ReservedCPUs=auto: the last physical core with all its threads of the first package
 * that has two, a performance core where there are such; never the package's lead CPU, since powercap reads every
 * counter there. Only RESERVATION_CORE may be taken from the rest of the system; with the other two the set is where
 * jobs are confined to. */
Reservation topology_reserve_auto(const Topology *topology, cpu_set_t *ret_cpus);

/* The CPUs of the packages `reserved` lies in that are not reserved, from which counters can be read without an
 * interrupt in the reserved ones; all online CPUs when nothing would be left. */
void topology_housekeeping(const Topology *topology, const cpu_set_t *reserved, cpu_set_t *ret_cpus);

/* The lowest online CPU of each package. */
void topology_lead_cpus(const Topology *topology, cpu_set_t *ret_cpus);

/* Whether a thread of one of these cores is not in the set. */
bool topology_smt_shared(const Topology *topology, const cpu_set_t *cpus);
