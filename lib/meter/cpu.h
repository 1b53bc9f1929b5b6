/* SPDX-License-Identifier: MIT */
#pragma once

/* The host's processors: which CPUs are online, which of them share a core, a die, a package, and what the processor
 * says about itself. Everything is read below a Sysroot; what is not there stays unknown and is never guessed. */

#include <stdbool.h>

#include "cpuset.h"
#include "fs.h"

typedef enum CoreType {
        CORE_TYPE_UNIFORM,     /* every core is of the same kind, or the kernel does not say */
        CORE_TYPE_PERFORMANCE, /* listed in sys/devices/cpu_core/cpus */
        CORE_TYPE_EFFICIENCY,  /* listed in sys/devices/cpu_atom/cpus */
} CoreType;

const char *core_type_to_string(CoreType type);

typedef enum EnergyFilter {
        ENERGY_FILTER_UNKNOWN, /* proc/cpuinfo could not be read */
        ENERGY_FILTER_NONE,
        ENERGY_FILTER_SGX, /* SGX is on, and with it the noise Intel adds to the counters (CVE-2020-8694) */
} EnergyFilter;

const char *energy_filter_to_string(EnergyFilter filter);

typedef struct Cpu {
        unsigned number;
        int package; /* physical_package_id */
        int die;     /* die_id, 0 when the kernel has none */
        CoreType type;
        cpu_set_t threads; /* the online CPUs of the same physical core, this one included */
} Cpu;

typedef struct CpuInfo {
        Cpu *cpus; /* online CPUs, ascending */
        size_t n_cpus;
        size_t n_packages;

        char *vendor;    /* "GenuineIntel", "AuthenticAMD"…; NULL when unknown, as the next two */
        char *model;     /* "model name" */
        char *microcode; /* "0xf4" */
        int smt;         /* 1 active, 0 not, negative unknown */
        int virtualised; /* 1 when the CPU has the hypervisor flag, 0 not, negative unknown */
        bool hybrid;
        EnergyFilter energy_filter;
} CpuInfo;

/* -ENOENT and the like when the list of online CPUs cannot be read, -EINVAL when it is not a list; anything else that
 * is missing leaves its member unknown. A CPU without topology files counts as a core of its own on package 0. */
int cpu_info_read(const Sysroot *root, CpuInfo **ret);
CpuInfo *cpu_info_free(CpuInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CpuInfo, cpu_info_free)

/* NULL when that CPU is not online. */
const Cpu *cpu_info_find(const CpuInfo *info, unsigned number);

/* The online CPUs of one package; every online CPU when package is negative. */
void cpu_info_package_cpus(const CpuInfo *info, int package, cpu_set_t *ret);

/* Takes vendor, model, microcode, the hypervisor flag and the energy filter from the text of proc/cpuinfo. */
void cpu_info_parse_cpuinfo(CpuInfo *info, const char *text);

/* Whether the RAPL counters of this vendor belong to the package even where a package has several dies. The kernel's
 * own rule: AMD and Hygon per package, Intel per die (arch/x86/events/rapl.c, rapl_pkg_is_die_scope and its like). */
bool cpu_info_counts_per_package(const CpuInfo *info);
