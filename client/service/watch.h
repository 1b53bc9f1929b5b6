/* SPDX-License-Identifier: MIT */
#pragma once

/* Waiting for one job: its progress, its end, Ctrl-C, and a service that goes away meanwhile. */

#include "progress.h"
#include "service.h"

typedef struct Watch Watch;

/* Subscribes before any call is made: nothing the job says can be missed. interrupt_cancels: Ctrl-C ends the job too,
 * not only the watching. Returns 0, or an exit code after having said what is wrong. */
int watch_new(Service *service, Progress *progress, bool interrupt_cancels, Watch **ret);

/* Calls method, Measure, Compare or Validate, with the arguments fill appends, then waits until the job has ended. One
 * watch is for one job; another may follow once it is freed. */
int watch_submit(Watch *watch, const char *method, int (*fill)(sd_bus_message *m, void *userdata), void *userdata);

/* Attaches to a job that exists, then waits until it has ended; at once when it already has. */
int watch_follow(Watch *watch, uint32_t id);

/* Of the job: 0 before it has one; NULL before it ended. */
uint32_t watch_id(const Watch *watch);
const char *watch_result(const Watch *watch);

Watch *watch_free(Watch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Watch, watch_free)
