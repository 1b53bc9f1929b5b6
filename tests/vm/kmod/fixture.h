/* SPDX-License-Identifier: MIT */
#pragma once

#include <linux/types.h>

struct dentry;
struct seq_file;

#define FIXTURE_NAME "jouletrace_rapl_fixture"
#define FIXTURE_MAX_PACKAGES 4

typedef enum Domain {
        DOMAIN_PACKAGE,
        DOMAIN_CORE, /* the busy part of the package alone */
        DOMAIN_DRAM,
        DOMAIN_PSYS, /* of the whole machine: all packages, all memory, and psys_mw */
        DOMAIN_MAX,
} Domain;

/* What may change while the module is loaded; one value per package where that makes sense. */
typedef struct Settings {
        unsigned int idle_mw[FIXTURE_MAX_PACKAGES];
        unsigned int core_mw[FIXTURE_MAX_PACKAGES];
        unsigned int dram_idle_mw[FIXTURE_MAX_PACKAGES];
        unsigned int dram_core_mw[FIXTURE_MAX_PACKAGES];
        unsigned int psys_mw;
        unsigned int noise_permille;
        unsigned int frozen;
        unsigned int eio;
        unsigned int temp_mc;
} Settings;

/* What is decided when the module is loaded. */
typedef struct Shape {
        unsigned int packages;
        unsigned int mirrors;
        unsigned int tick_us;
        unsigned int unit_shift;
        unsigned int dram_unit_shift;
        unsigned long long range_uj;
        unsigned long long start_uj;
        bool powercap;
        bool perf;
        bool mmio;
        bool psys;
        bool no_dram;
        bool core_zone;
        bool power_core;
        bool no_range;
        bool sensors;
        bool cpufreq;
} Shape;

/* What was really spent since the module was loaded. mW x ns = pJ, so nothing is rounded; 64 bits last for two days at
 * 100 W. */
typedef struct PackageTruth {
        u64 pj[DOMAIN_MAX];
        u64 busy_ns;
} PackageTruth;

typedef struct Truth {
        u64 time_ns;
        u64 psys_pj;
        PackageTruth packages[FIXTURE_MAX_PACKAGES];
} Truth;

extern Settings settings;
extern Shape shape;

/* energy.c: counts since the module was loaded, in 2^-shift J, as the hardware would show them: in steps of a tick. */
int energy_init(void);
void energy_exit(void);
struct dentry *energy_debugfs(void);
unsigned int energy_packages(void);
unsigned int energy_package_of(unsigned int cpu);
unsigned int energy_unit_shift(Domain domain);
u64 energy_counts(Domain domain, unsigned int package);
u64 energy_core_counts(unsigned int cpu);
/* Of this moment, between ticks, too. */
void energy_truth(Truth *ret);
void energy_truth_print(struct seq_file *file, const PackageTruth *truth);
/* Changes a setting in such a way that energy up to now was spent at the old one. */
void energy_change(unsigned int *setting, unsigned int count, const unsigned int *values);

/* marks.c: what was spent when a program said so. */
void marks_init(void);

/* zones.c: the powercap class's face of it. */
int zones_init(void);
void zones_exit(void);
int zones_wrap_in(u64 uj);

/* pmu.c: perf's. */
int pmu_init(void);
void pmu_exit(void);

/* sensors.c: thermal zone and hwmon. */
int sensors_init(void);
void sensors_exit(void);

/* cpufreq.c: a driver with a policy for each CPU. */
int cpufreq_init(void);
void cpufreq_exit(void);
