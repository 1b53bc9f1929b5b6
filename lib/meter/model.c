/* SPDX-License-Identifier: MIT */

/* CPU time × configured watts, plus idle power × time. A figure to try things out with, on hosts that have no counter;
 * it says nothing about the program that its CPU time did not say. */

#include <math.h>

#include "ops.h"

static bool is_power(double watts) {
        return isfinite(watts) && watts >= 0 && watts <= 100000;
}

static int model_open(const Topology *topology, const Sysroot *root, const MeterConfig *config, GArray *domains,
                      GArray *counters, GArray *dropped) {
        static const Domain domain = { .name = (char *) "model", .kind = DOMAIN_PACKAGE, .in_total = true };

        if (!config->cpu_time || !is_power(config->model_watts_per_cpu) || !is_power(config->model_idle_watts))
                return -EINVAL;
        counters_add(counters, -1, counters_add_domain(domains, &domain, g_strdup("model"), 1, 0));
        return 0;
}

/* W × µs and W × ns ÷ 1000 are µJ. */
static int model_read(const MeterCounter *counter, const MeterConfig *config, uint64_t now_ns, uint64_t *ret_counts) {
        uint64_t cpu_usec;
        int r;

        r = config->cpu_time(config->userdata, &cpu_usec);
        if (r < 0)
                return r;
        *ret_counts = (uint64_t) (config->model_watts_per_cpu * (double) cpu_usec +
                                  config->model_idle_watts * (double) now_ns / 1000);
        return 0;
}

const MeterOps model_ops = { .name = "model", .simulated = true, .open = model_open, .read = model_read };

static int none_open(const Topology *topology, const Sysroot *root, const MeterConfig *config, GArray *domains,
                     GArray *counters, GArray *dropped) {
        return 0;
}

const MeterOps none_ops = { .name = "none", .open = none_open };
