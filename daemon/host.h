/* SPDX-License-Identifier: MIT */
#pragma once

/* The host while a job is measured: it does not go to sleep, and is set as jouletraced.conf says. */

#include "knobs.h"
#include "topology.h"
#include "tune.h"
#include "tuning.h"

typedef struct Host Host;

/* Puts back what a crash left. -ENOENT: there is no such directory, and so nothing to put back; -EBUSY: a living
 * service is in charge of it. */
int host_open_tuning(const Sysroot *root, const char *runtime_dir, Tuning **ret);

/* bus NULL: embedded, and nothing is done. Puts back what a crash left. Without a safe directory for old values, which
 * is logged, none of the machine's settings is ever changed. root must outlive the object. */
Host *host_new(sd_bus *bus, const Sysroot *root, const char *runtime_dir);
Host *host_free(Host *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Host, host_free)

/* The host may be prepared or restored in it, and not be freed. */
typedef void (*HostReady)(Host *host, void *userdata);

/* Whether it changes settings at all: not embedded, and not without a safe directory for old values. */
bool host_can_tune(const Host *host);

/* Before a measurement on these CPUs; empty: any. What `tune` says (NULL: nothing) goes before the configuration.
 * ready is called once, maybe before this returns; it cannot fail, for what could not be had is in the report or the
 * log. What config and tune say now counts; they may be freed afterwards. */
void host_prepare(Host *host, const Config *config, const CpuInfo *cpu, const Tune *tune, const cpu_set_t *cpus,
                  HostReady ready, void *userdata);

/* Puts everything back, and forgets a host_prepare() under way, whose ready is not called any more. restored is called
 * once, before this returns when there is nothing to put back. */
void host_restore(Host *host, HostReady restored, void *userdata);

/* Why nothing holds off the machine's sleep now; "" when something does. */
const char *host_may_sleep(const Host *host);
