/* SPDX-License-Identifier: MIT */
#pragma once

/* The socket through which a program declares the parts of its run that are to be measured (region/jouletrace.h has
 * the protocol). Counters are read, at an edge, before "go" and before "done" are sent, and what lies between the
 * edges and the region is taken off, so that neither the program's start-up nor our own work lies within. */

#include "figures.h"

#include <systemd/sd-event.h>

#define REGIONS_MAX 4096U /* of one run; one that asks for more says no more */
#define REGION_ITERATIONS_MAX UINT64_C(1000000000000)

typedef struct Region Region;

/* CPU time of the run so far, in µs. */
typedef int (*RegionCpuTime)(void *userdata, uint64_t *ret_usec);

/* What all regions of a run come to together. */
typedef struct RegionRecord {
        uint32_t regions;     /* pairs of begin and end */
        uint64_t shortest_ns; /* of them */
        Figures figures;      /* of all of them; iterations are what the program said it did */
        char *problem;        /* why this is not what the program wanted measured; NULL: it is */
} RegionRecord;

RegionRecord *region_record_free(RegionRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RegionRecord, region_record_free)

/* Makes the socket. *ret_program_fd is the program's end, to be closed here once the program has it. The ticker is
 * borrowed. */
int region_new(sd_event *event, Ticker *ticker, RegionCpuTime cpu_time, void *userdata, Region **ret,
               int *ret_program_fd);

/* From here on the program is answered; called as its gate is opened. */
int region_listen(Region *region);

/* Nothing of the run lives any more: what it said last is still heard, but no longer answered. The record is the
 * caller's. */
RegionRecord *region_close(Region *region);

Region *region_free(Region *region);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Region, region_free)

typedef enum RegionWord {
        REGION_BEGIN,
        REGION_END,
} RegionWord;

/* Pure: what a message says. -EBADMSG when it is neither "begin" nor "end N" with N in decimal, -ERANGE when N is not
 * 1 to REGION_ITERATIONS_MAX. */
int region_parse(const char *message, size_t length, RegionWord *ret, uint64_t *ret_iterations);
