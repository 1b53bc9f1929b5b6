/* SPDX-License-Identifier: MIT */
#pragma once

/* The energy events of the `power` and `power_core` PMUs, one entry for each event and CPU of the cpumask. Private to
 * this folder. */

#include "topology.h"

typedef struct PmuEvent {
        DomainKind kind;
        int package;
        int die;       /* die_id of the CPU; whether it matters is for the topology to say */
        bool per_core; /* counts the core of source.cpu only */
        PerfSource source;
} PmuEvent;

/* Turns "event=0x02" into a config, by the PMU's formats ("config:0-7"). format_of gives the text of one format or
 * NULL. -EINVAL for what does not parse or fit, -EOPNOTSUPP for formats that lie in config1 and the like. */
int pmu_event_parse(const char *text, const char *(*format_of)(const char *term, void *userdata), void *userdata,
                    uint64_t *ret_config);

/* The PMU's .scale and .unit as microjoules per count. -EINVAL when the scale is no positive number or the unit is not
 * Joules. */
int pmu_unit_parse(const char *scale, const char *unit, double *ret_uj);

/* Appends to events (of PmuEvent); a PMU that is not there is no error. What cannot be used goes to dropped. */
void pmu_read(const Sysroot *root, TopologyFlags flags, const CpuInfo *cpu, const char *pmu, GArray *events,
              GArray *dropped);

GArray *pmu_events_new(void);
