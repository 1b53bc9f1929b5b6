/* SPDX-License-Identifier: MIT */
/* What the played machine has spent, and what of it the counters show. */

#include "fixture.h"

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/tick.h>
#include <linux/topology.h>

#define NOISE_SLOT_NS (10 * NSEC_PER_MSEC)
#define PJ_PER_J 1000000000000ULL

typedef struct Package {
        PackageTruth truth;
        u64 shown_pj[DOMAIN_MAX];
} Package;

typedef struct Cpu {
        unsigned int package;
        u64 idle_at_start_us;
        u64 start_us;
        u64 busy_ns;
        u64 true_pj;
        u64 shown_pj;
} Cpu;

static Package packages[FIXTURE_MAX_PACKAGES];
static u64 psys_true_pj, psys_shown_pj;
static DEFINE_PER_CPU(Cpu, cpus);
static unsigned int n_packages;
static u64 start_ns, last_ns;
static bool running;
/* Taken in perf's interprocessor interrupts too. */
static DEFINE_RAW_SPINLOCK(lock);
static struct dentry *debugfs;

/* Time the CPU spent idle, exact to a microsecond, where kcpustat's user and system time is sampled at the scheduler's
 * tick, as of *ret_now_us or later. Idle time moves from one sum to the other as tasks wait for I/O, so both are read
 * until they agree. They are only read: asked for the time, too, the kernel brings the sums of that CPU up to date,
 * and what its own CPU adds in the same moment is lost for good (before Linux 6.4). */
static u64 cpu_idle_us(unsigned int cpu, u64 *ret_now_us) {
        u64 idle_us, iowait_us;

        for (unsigned int attempt = 0; attempt < 5; attempt++) {
                u64 before_us = get_cpu_idle_time_us(cpu, NULL);

                iowait_us = get_cpu_iowait_time_us(cpu, NULL);
                *ret_now_us = ktime_to_us(ktime_get());
                idle_us = get_cpu_idle_time_us(cpu, NULL);
                if (idle_us - before_us < 100)
                        break;
        }
        return idle_us + iowait_us;
}

/* Busy time since the last call. A racing reader may be told too much idle time for a moment; the sum only grows. */
static u64 cpu_busy_delta_ns(unsigned int cpu) {
        Cpu *c = per_cpu_ptr(&cpus, cpu);
        u64 now_us, idle_us, busy_ns, delta_ns;
        s64 busy_us;

        idle_us = cpu_idle_us(cpu, &now_us);
        busy_us = (s64) (now_us - c->start_us) - (s64) (idle_us - c->idle_at_start_us);
        if (busy_us <= 0)
                return 0;
        busy_ns = (u64) busy_us * NSEC_PER_USEC;
        if (busy_ns <= c->busy_ns)
                return 0;
        delta_ns = busy_ns - c->busy_ns;
        c->busy_ns = busy_ns;
        return delta_ns;
}

/* idle_mw over [from, to), with each slot's own deviation: the same for everybody who asks about that time. */
static u64 idle_pj(unsigned int package, u64 from_ns, u64 to_ns) {
        s64 deviation_pj = 0;

        if (settings.noise_permille > 0)
                for (unsigned int n = 0; n < 1000 && from_ns < to_ns; n++) {
                        u64 slot = div_u64(from_ns, NOISE_SLOT_NS);
                        u64 end_ns = min_t(u64, (slot + 1) * NOISE_SLOT_NS, to_ns);
                        s64 permille = (s64) (hash_64(slot * FIXTURE_MAX_PACKAGES + package, 11)) - 1024;

                        permille = permille * (s64) min(settings.noise_permille, 1000U) / 1024;
                        deviation_pj += div_s64((s64) (settings.idle_mw[package] * (end_ns - from_ns)) * permille,
                                                1000);
                        from_ns = end_ns;
                }
        return (u64) deviation_pj;
}

/* What a counter shows that last moved at the tick before now: between two looks, power is taken as even. */
static void show(u64 *shown_pj, u64 old_pj, u64 new_pj, u64 tick_ns, u64 now_ns) {
        if (settings.frozen || tick_ns <= last_ns)
                return;
        *shown_pj = old_pj + mul_u64_u64_div_u64(new_pj - old_pj, tick_ns - last_ns, now_ns - last_ns);
}

static void update(void) {
        u64 now_ns = ktime_get_ns(), elapsed_ns = now_ns - last_ns, tick_ns, psys_pj = 0, old;
        u64 busy_ns[FIXTURE_MAX_PACKAGES] = {};
        unsigned int cpu;

        if (elapsed_ns == 0)
                return;
        tick_ns = now_ns - now_ns % (shape.tick_us * NSEC_PER_USEC);

        for_each_online_cpu(cpu) {
                Cpu *c = per_cpu_ptr(&cpus, cpu);
                u64 delta_ns = cpu_busy_delta_ns(cpu);

                busy_ns[c->package] += delta_ns;
                old = c->true_pj;
                c->true_pj += delta_ns * settings.core_mw[c->package];
                show(&c->shown_pj, old, c->true_pj, tick_ns, now_ns);
        }
        for (unsigned int i = 0; i < n_packages; i++) {
                Package *p = packages + i;
                u64 added_pj[DOMAIN_MAX] = {};

                added_pj[DOMAIN_CORE] = busy_ns[i] * settings.core_mw[i];
                added_pj[DOMAIN_PACKAGE] =
                                elapsed_ns * settings.idle_mw[i] + idle_pj(i, last_ns, now_ns) + added_pj[DOMAIN_CORE];
                added_pj[DOMAIN_DRAM] = elapsed_ns * settings.dram_idle_mw[i] + busy_ns[i] * settings.dram_core_mw[i];
                psys_pj += added_pj[DOMAIN_PACKAGE] + added_pj[DOMAIN_DRAM];
                p->truth.busy_ns += busy_ns[i];
                for (Domain d = 0; d < DOMAIN_MAX; d++) {
                        old = p->truth.pj[d];
                        p->truth.pj[d] += added_pj[d];
                        show(&p->shown_pj[d], old, p->truth.pj[d], tick_ns, now_ns);
                }
        }
        old = psys_true_pj;
        psys_true_pj += psys_pj + elapsed_ns * settings.psys_mw;
        show(&psys_shown_pj, old, psys_true_pj, tick_ns, now_ns);
        last_ns = now_ns;
}

unsigned int energy_packages(void) {
        return n_packages;
}

unsigned int energy_package_of(unsigned int cpu) {
        return per_cpu_ptr(&cpus, cpu)->package;
}

unsigned int energy_unit_shift(Domain domain) {
        return domain == DOMAIN_DRAM ? shape.dram_unit_shift : shape.unit_shift;
}

static u64 counts(u64 pj, unsigned int shift) {
        return mul_u64_u64_div_u64(pj, 1ULL << shift, PJ_PER_J);
}

u64 energy_counts(Domain domain, unsigned int package) {
        unsigned long flags;
        u64 pj;

        raw_spin_lock_irqsave(&lock, flags);
        update();
        pj = domain == DOMAIN_PSYS ? psys_shown_pj : packages[package].shown_pj[domain];
        raw_spin_unlock_irqrestore(&lock, flags);
        return counts(pj, energy_unit_shift(domain));
}

u64 energy_core_counts(unsigned int cpu) {
        unsigned int sibling;
        unsigned long flags;
        u64 pj = 0;

        raw_spin_lock_irqsave(&lock, flags);
        update();
        for_each_cpu(sibling, topology_sibling_cpumask(cpu)) pj += per_cpu_ptr(&cpus, sibling)->shown_pj;
        raw_spin_unlock_irqrestore(&lock, flags);
        return counts(pj, shape.unit_shift);
}

void energy_change(unsigned int *setting, unsigned int count, const unsigned int *values) {
        unsigned long flags;

        raw_spin_lock_irqsave(&lock, flags);
        if (running)
                update();
        for (unsigned int i = 0; i < count; i++)
                setting[i] = values[i];
        raw_spin_unlock_irqrestore(&lock, flags);
}

void energy_truth(Truth *ret) {
        unsigned long flags;

        raw_spin_lock_irqsave(&lock, flags);
        update();
        ret->time_ns = last_ns - start_ns;
        ret->psys_pj = psys_true_pj;
        for (unsigned int i = 0; i < n_packages; i++)
                ret->packages[i] = packages[i].truth;
        raw_spin_unlock_irqrestore(&lock, flags);
}

void energy_truth_print(struct seq_file *file, const PackageTruth *truth) {
        seq_printf(file, " pkg_nj=%llu dram_nj=%llu core_nj=%llu busy_ns=%llu",
                   div_u64(truth->pj[DOMAIN_PACKAGE], 1000), div_u64(truth->pj[DOMAIN_DRAM], 1000),
                   div_u64(truth->pj[DOMAIN_CORE], 1000), truth->busy_ns);
}

static int truth_show(struct seq_file *file, void *unused) {
        unsigned int cpu;
        Truth truth;

        energy_truth(&truth);
        seq_printf(file, "time_ns %llu\n", truth.time_ns);
        for (unsigned int i = 0; i < n_packages; i++) {
                seq_printf(file, "package %u", i);
                energy_truth_print(file, &truth.packages[i]);
                seq_putc(file, '\n');
        }
        seq_printf(file, "psys_nj %llu\n", div_u64(truth.psys_pj, 1000));
        for_each_online_cpu(cpu) seq_printf(file, "cpu %u package=%u busy_ns=%llu\n", cpu, energy_package_of(cpu),
                                            per_cpu_ptr(&cpus, cpu)->busy_ns);
        return 0;
}
DEFINE_SHOW_ATTRIBUTE(truth);

int energy_init(void) {
        unsigned int cpu, block;

        n_packages = 1;
        block = DIV_ROUND_UP(num_possible_cpus(), max(shape.packages, 1U));
        for_each_possible_cpu(cpu) {
                Cpu *c = per_cpu_ptr(&cpus, cpu);

                c->package = shape.packages > 0 ? cpu / block : topology_physical_package_id(cpu);
                if (c->package >= FIXTURE_MAX_PACKAGES)
                        return -EOPNOTSUPP;
                n_packages = max(n_packages, c->package + 1);
                c->idle_at_start_us = cpu_idle_us(cpu, &c->start_us);
        }
        start_ns = last_ns = ktime_get_ns();
        running = true;

        debugfs = debugfs_create_dir(FIXTURE_NAME, NULL);
        debugfs_create_file("truth", 0400, debugfs, NULL, &truth_fops);
        return 0;
}

struct dentry *energy_debugfs(void) {
        return debugfs;
}

void energy_exit(void) {
        debugfs_remove(debugfs);
}
