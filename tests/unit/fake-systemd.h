/* SPDX-License-Identifier: MIT */
#pragma once

/* org.freedesktop.systemd1 as far as the daemon uses it, in the test's own process and event loop. */

#include <stdbool.h>

#include "base.h"

/* What becomes of the next scopes that are started; the last one goes for all that follow. */
typedef enum FakeStart {
        FAKE_START_GOOD,
        FAKE_START_DIES,     /* the job is done, the unit inactive */
        FAKE_START_VANISHES, /* the job is done, the unit unloaded */
        FAKE_START_FAILS,    /* the job's result is "failed" */
        FAKE_START_REFUSED,  /* an error instead of a job */
        FAKE_START_LOST,     /* good, but JobRemoved is not sent */
        FAKE_START_HANGS,    /* the job stays */
        FAKE_START_DEAF,     /* no answer at all, to nothing */
} FakeStart;

typedef enum FakeStop {
        FAKE_STOP_REMOVED, /* UnitRemoved */
        FAKE_STOP_CHANGED, /* ActiveState changes, the unit stays, as with a stop job that waits for the service */
        FAKE_STOP_SILENT,  /* inactive at once, no signal */
        FAKE_STOP_LATE,    /* inactive only after the reply to StopUnit was followed by a look, no signal */
        FAKE_STOP_REFUSED, /* StopUnit is an error, but the unit is removed when its processes are dead */
        FAKE_STOP_HANGS,   /* deactivating for ever */
} FakeStop;

typedef struct FakeSystemd {
        sd_bus *bus;
        const FakeStart *starts; /* n_starts of them */
        size_t n_starts;
        size_t n_started;
        FakeStop stop;
        const char *slice_result; /* of the slice's start job, "done" */
        bool slice_deaf;          /* SetUnitProperties is never answered */

        GPtrArray *calls; /* "StartUnit jouletrace.slice replace" */
        char *properties; /* of the last StartTransientUnit: "Slice=jouletrace.slice PIDs=[7] …" */
        char *last_job;
        GHashTable *units;                                    /* name → ActiveState */
        void (*apply_cpus)(const char *list, void *userdata); /* what PID 1 writes to the slice's cgroup */
        void *userdata;
        char *pending_cpus; /* written when the next call comes, not before SetUnitProperties is answered */
} FakeSystemd;

/* Serves on this connection, which is attached to an event loop already. */
void fake_systemd_serve(FakeSystemd *fake, sd_bus *bus);
void fake_systemd_clear(FakeSystemd *fake);

/* A pair of connections to each other, attached to event. */
void fake_peers(sd_event *event, sd_bus **ret_server, sd_bus **ret_client);

/* All calls so far joined by ", ", and forgotten. */
char *fake_calls(FakeSystemd *fake);

/* Runs the loop until *flag, for 5 s at most; false when it did not come true. */
bool run_until(sd_event *event, const bool *flag);
/* Runs the loop for so long. */
void run_for(sd_event *event, uint64_t usec);
