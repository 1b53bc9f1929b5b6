/* SPDX-License-Identifier: MIT */
#include "meter-choice.h"

#define PROBE_NS (50U * UINT64_C(1000000))

static const char *asked_for(const Request *request, const JobContext *context) {
        if (request->meter && !g_str_equal(request->meter, "auto"))
                return request->meter;
        return context->meter && *context->meter ? context->meter : "auto";
}

/* A meter that gives joules (or none, by that name), or negative errno with the reason why not. */
static int open_counters(const Request *request, const Topology *topology, const Sysroot *root,
                         const MeterConfig *config, Meter **ret, char **ret_reason) {
        g_autoptr(Meter) meter = NULL;
        size_t n;
        int r;

        r = meter_open(topology, root, config, &meter, ret_reason);
        if (r < 0)
                return r;
        (void) meter_domains(meter, &n);
        if (!meter_simulated(meter) && n > 0) {
                if (topology->cpu->energy_filter == ENERGY_FILTER_SGX && !request->allow_filtered) {
                        *ret_reason = g_strdup("the processor blurs its counters on purpose (SGX is on); "
                                               "allow-filtered takes them");
                        return -ENODEV;
                }
                r = meter_probe(meter, PROBE_NS);
                if (r < 0) {
                        *ret_reason = g_strdup("no counter moves on this machine");
                        return r;
                }
        }
        *ret = g_steal_pointer(&meter);
        return 0;
}

static int check_energy_limit(const Request *request, const char *absent, char **ret_why) {
        if (request->max_joules <= 0 || !absent)
                return 0;
        *ret_why = g_strdup_printf("max-joules needs a meter, and there is none: %s", absent);
        return -ENODEV;
}

int meter_choose(const Request *request, const JobContext *context, const Topology *topology, const Sysroot *root,
                 const MeterConfig *config, Meter **ret, char **ret_absent, char **ret_why) {
        MeterConfig chosen = *config;
        g_autoptr(Meter) meter = NULL;
        g_autofree char *reason = NULL, *absent = NULL;
        int r;

        chosen.name = asked_for(request, context);
        r = open_counters(request, topology, root, &chosen, &meter, &reason);
        if (r < 0 && !reason)
                reason = g_strdup(g_strerror(-r));
        if (r < 0 && !g_str_equal(chosen.name, "auto")) {
                *ret_why = g_strdup_printf("The meter \"%s\" cannot be used: %s", chosen.name, reason);
                return r;
        }
        if (r < 0) {
                absent = g_steal_pointer(&reason);
                chosen.name = "none";
                r = meter_open(topology, root, &chosen, &meter, NULL);
                if (r < 0) {
                        *ret_why = g_strdup_printf("No meter can be opened: %s", g_strerror(-r));
                        return r;
                }
        } else if (g_str_equal(meter_name(meter), "none"))
                absent = g_strdup("the meter \"none\" was asked for");

        r = check_energy_limit(request, absent, ret_why);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&meter);
        *ret_absent = g_steal_pointer(&absent);
        return 0;
}
