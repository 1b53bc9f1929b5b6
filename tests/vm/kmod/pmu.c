/* SPDX-License-Identifier: MIT */
/* perf's view: the PMUs "power" and "power_core", laid out as the kernel's own rapl driver does. */

#include "fixture.h"

#include <linux/cpumask.h>
#include <linux/perf_event.h>
#include <linux/topology.h>

/* The kernel shows all RAPL events in 2^-32 J, whatever the hardware counts in. */
#define PERF_SHIFT 32
#define SCALE "2.3283064365386962890625e-10"

enum {
        CONFIG_CORES = 1,
        CONFIG_PACKAGE = 2,
        CONFIG_RAM = 3,
        CONFIG_PSYS = 5,
};

static struct cpumask package_cpus, core_cpus;
static bool power_registered, power_core_registered;

static bool domain_of(u64 config, Domain *ret) {
        switch (config) {
        case CONFIG_CORES:
                *ret = DOMAIN_CORE;
                return shape.core_zone;
        case CONFIG_PACKAGE:
                *ret = DOMAIN_PACKAGE;
                return true;
        case CONFIG_RAM:
                *ret = DOMAIN_DRAM;
                return !shape.no_dram;
        case CONFIG_PSYS:
                *ret = DOMAIN_PSYS;
                return shape.psys;
        default:
                return false;
        }
}

static u64 power_now(struct perf_event *event) {
        Domain domain;

        if (!domain_of(event->attr.config, &domain))
                return 0;
        return energy_counts(domain, energy_package_of(event->cpu)) << (PERF_SHIFT - energy_unit_shift(domain));
}

static u64 core_now(struct perf_event *event) {
        return energy_core_counts(event->cpu) << (PERF_SHIFT - shape.unit_shift);
}

static u64 now(struct perf_event *event);

static void pmu_read(struct perf_event *event) {
        u64 current_count = now(event);
        u64 previous = local64_xchg(&event->hw.prev_count, current_count);

        local64_add(current_count - previous, &event->count);
}

static void pmu_start(struct perf_event *event, int flags) {
        local64_set(&event->hw.prev_count, now(event));
        event->hw.state = 0;
}

static void pmu_stop(struct perf_event *event, int flags) {
        if (event->hw.state & PERF_HES_STOPPED)
                return;
        pmu_read(event);
        event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
}

static int pmu_add(struct perf_event *event, int flags) {
        event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
        if (flags & PERF_EF_START)
                pmu_start(event, flags);
        return 0;
}

static void pmu_del(struct perf_event *event, int flags) {
        pmu_stop(event, flags);
}

static int check_event(struct perf_event *event) {
        if (event->attr.type != event->pmu->type)
                return -ENOENT;
        /* A counter of a package can neither follow a task nor sample. */
        if (event->cpu < 0 || is_sampling_event(event) || event->attach_state & PERF_ATTACH_TASK)
                return -EINVAL;
        return READ_ONCE(settings.eio) ? -EIO : 0;
}

static int power_event_init(struct perf_event *event) {
        Domain domain;
        int r;

        r = check_event(event);
        if (r < 0)
                return r;
        return domain_of(event->attr.config, &domain) ? 0 : -EINVAL;
}

static int core_event_init(struct perf_event *event) {
        int r;

        r = check_event(event);
        if (r < 0)
                return r;
        return event->attr.config == 1 ? 0 : -EINVAL;
}

static ssize_t cpumask_show(struct device *dev, struct device_attribute *attr, char *buffer);
static DEVICE_ATTR_RO(cpumask);
static struct attribute *cpumask_attrs[] = { &dev_attr_cpumask.attr, NULL };
static const struct attribute_group cpumask_group = { .attrs = cpumask_attrs };

PMU_FORMAT_ATTR(event, "config:0-7");
static struct attribute *format_attrs[] = { &format_attr_event.attr, NULL };
static const struct attribute_group format_group = { .name = "format", .attrs = format_attrs };

/* Not PMU_EVENT_ATTR_STRING: it makes a string of tokens, and formatters put spaces around that minus sign. */
#define EVENT_FILE(variable, file, text)                                                           \
        static struct perf_pmu_events_attr variable = {                                            \
                .attr = { .attr = { .name = file, .mode = 0444 }, .show = perf_event_sysfs_show }, \
                .event_str = text,                                                                 \
        }
#define EVENT(variable, label, code)                          \
        EVENT_FILE(variable, label, "event=" code);           \
        EVENT_FILE(variable##_unit, label ".unit", "Joules"); \
        EVENT_FILE(variable##_scale, label ".scale", SCALE)
#define EVENT_ATTRS(variable) &variable.attr.attr, &variable##_unit.attr.attr, &variable##_scale.attr.attr

EVENT(event_cores, "energy-cores", "0x01");
EVENT(event_pkg, "energy-pkg", "0x02");
EVENT(event_ram, "energy-ram", "0x03");
EVENT(event_psys, "energy-psys", "0x05");
EVENT(event_core, "energy-core", "0x01");

static struct attribute *power_attrs[] = {
        EVENT_ATTRS(event_pkg), EVENT_ATTRS(event_cores), EVENT_ATTRS(event_ram), EVENT_ATTRS(event_psys), NULL,
};
static struct attribute *core_attrs[] = { EVENT_ATTRS(event_core), NULL };

/* Attributes stand in threes: event, unit, scale. */
static umode_t power_attr_visible(struct kobject *object, struct attribute *attr, int index) {
        static const u64 configs[] = { CONFIG_PACKAGE, CONFIG_CORES, CONFIG_RAM, CONFIG_PSYS };
        Domain domain;

        return domain_of(configs[index / 3], &domain) ? attr->mode : 0;
}

static const struct attribute_group power_events = {
        .name = "events",
        .attrs = power_attrs,
        .is_visible = power_attr_visible,
};
static const struct attribute_group core_events = { .name = "events", .attrs = core_attrs };
static const struct attribute_group *power_groups[] = { &cpumask_group, &format_group, &power_events, NULL };
static const struct attribute_group *core_groups[] = { &cpumask_group, &format_group, &core_events, NULL };

#define PMU(init, groups)                                                                                    \
        {                                                                                                    \
                .module = THIS_MODULE, .attr_groups = groups, .task_ctx_nr = perf_invalid_context,           \
                .capabilities = PERF_PMU_CAP_NO_EXCLUDE, .event_init = init, .add = pmu_add, .del = pmu_del, \
                .start = pmu_start, .stop = pmu_stop, .read = pmu_read,                                      \
        }

static struct pmu power_pmu = PMU(power_event_init, power_groups);
static struct pmu core_pmu = PMU(core_event_init, core_groups);

static u64 now(struct perf_event *event) {
        return event->pmu == &core_pmu ? core_now(event) : power_now(event);
}

static ssize_t cpumask_show(struct device *dev, struct device_attribute *attr, char *buffer) {
        struct pmu *pmu = dev_get_drvdata(dev);

        return cpumap_print_to_pagebuf(true, buffer, pmu == &core_pmu ? &core_cpus : &package_cpus);
}

static void choose_cpus(void) {
        unsigned long seen = 0;
        unsigned int cpu;

        cpumask_clear(&package_cpus);
        cpumask_clear(&core_cpus);
        for_each_online_cpu(cpu) {
                unsigned long bit = 1UL << energy_package_of(cpu);

                if (!(seen & bit))
                        cpumask_set_cpu(cpu, &package_cpus);
                seen |= bit;
                if (cpumask_first(topology_sibling_cpumask(cpu)) == cpu)
                        cpumask_set_cpu(cpu, &core_cpus);
        }
}

int pmu_init(void) {
        int r;

        choose_cpus();
        if (shape.perf) {
                r = perf_pmu_register(&power_pmu, "power", -1);
                if (r < 0)
                        return r;
                power_registered = true;
        }
        if (shape.power_core) {
                r = perf_pmu_register(&core_pmu, "power_core", -1);
                if (r < 0) {
                        pmu_exit();
                        return r;
                }
                power_core_registered = true;
        }
        return 0;
}

void pmu_exit(void) {
        if (power_registered)
                perf_pmu_unregister(&power_pmu);
        if (power_core_registered)
                perf_pmu_unregister(&core_pmu);
        power_registered = power_core_registered = false;
}
