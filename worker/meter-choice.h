/* SPDX-License-Identifier: MIT */
#pragma once

/* Which meter a job gets. */

#include "context.h"
#include "tick.h"
#include "request.h"

/* Opens the meter the request names, else the one the configuration names; config says the rest. A meter asked for by
 * name is there, or the job is not: negative errno, and *ret_why says it in a sentence. `auto` on a host without
 * usable counters is the meter "none", and *ret_absent says why there will be no energy; so it does when "none" was
 * asked for. A job with max-joules and a calibration need a meter that
 * counts.
 * *ret_tick is the tick of the counters of the first of the CPUs' package; all zeros, with the reason in
 * *ret_tick_absent, when there is none, or the job measures nothing. Counters whose steps show noise are as good as
 * none, unless the request allows them. */
int meter_choose(const Request *request, const JobContext *context, const Topology *topology, const Sysroot *root,
                 const cpu_set_t *cpus, const MeterConfig *config, Meter **ret, char **ret_absent, Tick *ret_tick,
                 char **ret_tick_absent, char **ret_why);
