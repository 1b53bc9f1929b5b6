/* SPDX-License-Identifier: MIT */
#pragma once

/* The zones of sys/class/powercap that RAPL made, one entry for each, before anything is said about which of them
 * count the same joules. Private to this folder. */

#include "topology.h"

/* In the order of trust: the MSR's driver, the one for Granite Rapids and later, the one of the thermal controller. */
typedef enum ControlType {
        CONTROL_RAPL,
        CONTROL_TPMI,
        CONTROL_MMIO,
} ControlType;

#define ZONE_DEPTH_MAX 4

typedef struct ZoneId {
        ControlType control;
        unsigned index[ZONE_DEPTH_MAX];
        size_t depth;
} ZoneId;

typedef struct Zone {
        ZoneId id;
        char *name; /* the zone's own, "package-0-die-1" or "dram"; NULL when unreadable */
        DomainKind kind;
        int package; /* -1 for psys */
        int die;     /* -1 when the name has none */
        bool have_value;
        uint64_t value_uj; /* energy_uj, when the topology is probed */
        PowercapSource source;
} Zone;

/* "intel-rapl:0:a": hexadecimal indices. -EINVAL for anything else, control types themselves ("intel-rapl") included.
 */
int zone_id_parse(const char *text, ZoneId *ret);

/* "package-0", "package-0-die-1", "psys", "dram", "core", "uncore"; *ret_package and *ret_die are -1 where the name
 * says nothing. -EINVAL for another name. */
int zone_name_parse(const char *name, DomainKind *ret_kind, int *ret_package, int *ret_die);

/* All zones, sorted by id, each with its package (a child's is its parent's). A zone with a name we do not know, or
 * whose package is unknown, goes to dropped (of DroppedDomain). No powercap at all is no error. */
void zones_read(const Sysroot *root, TopologyFlags flags, GArray **ret_zones, GArray *dropped);

/* energy_uj, once. */
int zone_read_energy(const Sysroot *root, const Zone *zone, uint64_t *ret_uj);
