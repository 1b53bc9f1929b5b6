/* SPDX-License-Identifier: MIT */
#pragma once

/* The processor's own counters, of some CPUs: whatever runs on them counts, so they are for CPUs others are kept off.
 * Opening takes the rights that the launcher keeps, reading none. */

#include "cpuset.h"

typedef enum HardwareCounter {
        HARDWARE_INSTRUCTIONS, /* of programs, not of the kernel, whose interrupts come when they like */
        HARDWARE_CYCLES,       /* while not halted */
        HARDWARE_REF_CYCLES,   /* the same time, in cycles of the base frequency */
        HARDWARE_COUNTERS,
} HardwareCounter;

typedef struct Hardware Hardware;

/* Never fails: what cannot be opened says why when it is read. */
Hardware *hardware_open(const cpu_set_t *cpus);

/* Σ over the CPUs since they were opened. -ENODEV without CPUs, -ENOENT and the like when the processor has no such
 * counter, -EBUSY when others had it meanwhile. Interrupts the CPUs. */
int hardware_read(const Hardware *hardware, HardwareCounter counter, uint64_t *ret);

Hardware *hardware_free(Hardware *hardware);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hardware, hardware_free)
