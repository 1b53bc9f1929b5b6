/* SPDX-License-Identifier: MIT */
#pragma once

/* What a kind of meter is. Private to this folder. */

#include "meter.h"

typedef struct MeterOps {
        const char *name;
        bool simulated;

        /* Adds the domains this meter has of the topology, with a counter for each or for several together; one that
         * is refused is added to dropped (of DroppedDomain). Negative errno only when none can be opened for one
         * reason. */
        int (*open)(const Topology *topology, const Sysroot *root, const MeterConfig *config, GArray *domains,
                    GArray *counters, GArray *dropped);

        /* Raw counts of the counter's domains, in their order. */
        int (*read)(const MeterCounter *counter, const MeterConfig *config, uint64_t now_ns, uint64_t *ret_counts);

        /* Up to this power the kernel itself looks after wraps; 0 when nobody does. */
        double safe_watts;
        bool wraps; /* at range_uj; false when counts have 64 bits */
} MeterOps;

extern const MeterOps perf_ops, powercap_ops, model_ops, none_ops;

const MeterOps *meter_ops_find(const char *name);

/* Appends a domain, whose index it returns; takes source. */
size_t counters_add_domain(GArray *domains, const Domain *domain, char *source, double unit_uj, uint64_t range_uj);

/* Appends a counter for one domain. */
void counters_add(GArray *counters, int fd, size_t domain);
