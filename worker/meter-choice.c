/* SPDX-License-Identifier: MIT */
#include "meter-choice.h"

#define PROBE_NS (50U * UINT64_C(1000000))
#define EDGES 200U /* a fifth of a second, of each job's time */
#define EDGES_NS (500U * UINT64_C(1000000))
#define CALIBRATION_EDGES_NS (5U * UINT64_C(1000000000))

static const char *asked_for(const Request *request, const JobContext *context) {
        if (request->meter && !g_str_equal(request->meter, "auto"))
                return request->meter;
        return context->meter && *context->meter ? context->meter : "auto";
}

static int package_of(const Topology *topology, const cpu_set_t *cpus) {
        const Cpu *cpu = CPU_COUNT(cpus) > 0 ? cpu_info_find(topology->cpu, (unsigned) cpulist_first(cpus)) : NULL;

        return cpu ? cpu->package : -1;
}

/* A counter without a tick is read as it comes, and the uncertainty says so. Only noise is a reason not to. */
static int find_tick(const Request *request, const Topology *topology, const cpu_set_t *cpus, Meter *meter, Tick *ret,
                     char **ret_absent, char **ret_reason) {
        const bool kept = request->kind == JOB_CALIBRATE;
        const uint64_t timeout_ns = kept ? CALIBRATION_EDGES_NS : EDGES_NS;
        size_t domain;
        int r;

        r = tick_choose_domain(meter, package_of(topology, cpus), &domain);
        if (r < 0)
                return r;
        r = tick_calibrate(meter, domain, kept ? TICK_EDGES : EDGES, timeout_ns, ret);
        switch (r) {
        case 0:
                return 0;
        case -EBADMSG:
                if (request->allow_filtered)
                        return 0;
                *ret_reason = g_strdup_printf("the counter's steps differ by %.0f %% from one to the next, as where "
                                              "noise is added to them; allow-filtered takes them",
                                              ret->spread * 100);
                return -ENODEV;
        case -ERANGE:
                *ret_absent = g_strdup("the counter moves as often as it can be read");
                break;
        case -ENODATA:
        case -ETIME:
                *ret_absent = g_strdup_printf("the counter moved fewer than %u times in %u ms", TICK_EDGES_MIN,
                                              (unsigned) (timeout_ns / 1000000));
                break;
        default:
                *ret_absent = g_strdup_printf("the counter could not be read: %s", g_strerror(-r));
        }
        return 0;
}

/* A meter that gives joules (or none, by that name), or negative errno with the reason why not. */
static int open_counters(const Request *request, const Topology *topology, const Sysroot *root, const cpu_set_t *cpus,
                         const MeterConfig *config, Meter **ret, Tick *ret_tick, char **ret_tick_absent,
                         char **ret_reason) {
        g_autoptr(Meter) meter = NULL;
        Tick tick = {};
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
                if (request->kind != JOB_VALIDATE) {
                        r = find_tick(request, topology, cpus, meter, &tick, ret_tick_absent, ret_reason);
                        if (r < 0)
                                return r;
                } else
                        *ret_tick_absent = g_strdup("a job that only validates measures nothing");
        } else
                *ret_tick_absent = g_strdup(n > 0 ? "a model has no counter" : "there is no meter");
        *ret_tick = tick;
        *ret = g_steal_pointer(&meter);
        return 0;
}

static int check_energy_needed(const Request *request, const char *absent, char **ret_why) {
        if (absent && request->kind == JOB_CALIBRATE) {
                *ret_why = g_strdup_printf("A calibration is of energy counters, and there are none: %s", absent);
                return -ENODEV;
        }
        if (request->max_joules <= 0 || !absent)
                return 0;
        *ret_why = g_strdup_printf("max-joules needs a meter, and there is none: %s", absent);
        return -ENODEV;
}

int meter_choose(const Request *request, const JobContext *context, const Topology *topology, const Sysroot *root,
                 const cpu_set_t *cpus, const MeterConfig *config, Meter **ret, char **ret_absent, Tick *ret_tick,
                 char **ret_tick_absent, char **ret_why) {
        MeterConfig chosen = *config;
        g_autoptr(Meter) meter = NULL;
        g_autofree char *reason = NULL, *absent = NULL, *tick_absent = NULL;
        Tick tick = {};
        int r;

        chosen.name = asked_for(request, context);
        r = open_counters(request, topology, root, cpus, &chosen, &meter, &tick, &tick_absent, &reason);
        if (r < 0 && !reason)
                reason = g_strdup(g_strerror(-r));
        if (r < 0 && !g_str_equal(chosen.name, "auto")) {
                *ret_why = g_strdup_printf("The meter \"%s\" cannot be used: %s", chosen.name, reason);
                return r;
        }
        if (r < 0) {
                absent = g_steal_pointer(&reason);
                tick_absent = g_strdup("there is no meter");
                chosen.name = "none";
                r = meter_open(topology, root, &chosen, &meter, NULL);
                if (r < 0) {
                        *ret_why = g_strdup_printf("No meter can be opened: %s", g_strerror(-r));
                        return r;
                }
        } else if (g_str_equal(meter_name(meter), "none"))
                absent = g_strdup("the meter \"none\" was asked for");

        r = check_energy_needed(request, absent, ret_why);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&meter);
        *ret_absent = g_steal_pointer(&absent);
        *ret_tick = tick;
        *ret_tick_absent = g_steal_pointer(&tick_absent);
        return 0;
}
