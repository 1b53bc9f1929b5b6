/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "accumulate.h"
#include "ops.h"
#include "simulator.h"

#define NEVER INFINITY
#define CLOCK_NS 25     /* what reading the clock takes */
#define WAKE_NS 50000.0 /* at most, how late a sleep ends */

typedef struct Register {
        double used_uj, shown_uj; /* truth; and what was so at the last edge */
        double noise_uj;
        double modulus_uj;
} Register;

struct Simulator {
        SimulatorSpec spec;
        GRand *rand;
        double now_ns, edge, edge_ns; /* edge: number of the next one, at edge_ns */
        double walked_ns, last_edge_ns;
        double held_up_at_ns;
        double awake_ns; /* this thread, so far */
        bool job;
        Register registers[2]; /* package, dram */
        size_t n_registers;
        MeterClock clock;
        Meter *meter;
};

double simulator_uniform(Simulator *simulator, double low, double high) {
        return g_rand_double_range(simulator->rand, low, high);
}

static double normal(Simulator *simulator) {
        const double u = 1 - g_rand_double(simulator->rand), v = g_rand_double(simulator->rand);

        return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static void plan_edge(Simulator *simulator) {
        const double off_ns = simulator->spec.jitter_ns * normal(simulator);
        double due_ns;

        simulator->edge++;
        simulator->walked_ns += simulator->spec.drifting ? off_ns : 0;
        due_ns = simulator->edge * simulator->spec.tick_ns +
                 (simulator->spec.drifting ? simulator->walked_ns : off_ns);
        simulator->edge_ns = fmax(due_ns, simulator->now_ns);
}

static void on_edge(Simulator *simulator) {
        for (size_t i = 0; i < simulator->n_registers && !simulator->spec.frozen; i++) {
                Register *reg = &simulator->registers[i];
                const double step_uj = reg->used_uj + reg->noise_uj - reg->shown_uj;

                if (simulator->spec.noise > 0)
                        reg->noise_uj += step_uj *
                                         simulator_uniform(simulator, -simulator->spec.noise, simulator->spec.noise);
                reg->shown_uj = reg->used_uj + reg->noise_uj;
        }
        simulator->last_edge_ns = simulator->now_ns;
        plan_edge(simulator);
}

static double package_watts(const Simulator *simulator, bool busy) {
        const SimulatorSpec *spec = &simulator->spec;

        if (simulator->job || (spec->swing_ns > 0 && fmod(simulator->now_ns / spec->swing_ns, 2) >= 1))
                return spec->job_watts;
        return spec->idle_watts + (busy ? spec->busy_watts : 0);
}

/* Power is even from one edge to the next, or until then. */
static void go(Simulator *simulator, double until_ns, bool busy) {
        const SimulatorSpec *spec = &simulator->spec;
        const double dram = simulator->job ? 2 * spec->dram_watts : spec->dram_watts;

        while (simulator->now_ns < until_ns) {
                const double next_ns = fmin(until_ns, simulator->edge_ns);
                const double ns = next_ns - simulator->now_ns;

                simulator->registers[0].used_uj += package_watts(simulator, busy) * ns / 1e3;
                simulator->registers[1].used_uj += dram * ns / 1e3;
                simulator->awake_ns += busy ? ns : 0;
                simulator->now_ns = next_ns;
                if (next_ns >= simulator->edge_ns)
                        on_edge(simulator);
        }
}

/* Awake. */
static void work(Simulator *simulator, double ns) {
        const double until_ns = simulator->now_ns + ns;

        if (until_ns < simulator->held_up_at_ns) {
                go(simulator, until_ns, true);
                return;
        }
        simulator->held_up_at_ns = NEVER;
        go(simulator, until_ns + simulator->spec.held_up_ns, true);
}

static uint64_t clock_now_ns(void *userdata) {
        Simulator *simulator = userdata;

        work(simulator, CLOCK_NS);
        return (uint64_t) simulator->now_ns;
}

static void clock_sleep_until(void *userdata, uint64_t until_ns) {
        Simulator *simulator = userdata;

        if ((double) until_ns > simulator->now_ns)
                go(simulator, (double) until_ns + simulator_uniform(simulator, 1000, WAKE_NS), false);
}

static uint64_t clock_cpu_ns(void *userdata) {
        const Simulator *simulator = userdata;

        return (uint64_t) simulator->awake_ns;
}

static int simulated_read(const MeterCounter *counter, const MeterConfig *config, uint64_t now_ns,
                          uint64_t *ret_counts) {
        Simulator *simulator = config->userdata;
        const SimulatorSpec *spec = &simulator->spec;
        const double ns = spec->read_ns * simulator_uniform(simulator, 1 - spec->read_spread, 1 + spec->read_spread);
        const Register *reg = &simulator->registers[counter->domains[0]];

        work(simulator, ns / 2);
        *ret_counts = (uint64_t) fmod(floor(reg->shown_uj / spec->unit_uj) * spec->unit_uj, reg->modulus_uj);
        work(simulator, ns / 2);
        return 0;
}

static const MeterOps simulated_ops = { .name = "simulator", .read = simulated_read, .wraps = true };

static MeterCounters *make_counters(const SimulatorSpec *spec, size_t n) {
        static const char *const names[] = { "package-0", "dram-0" };
        MeterCounters *counters = g_new0(MeterCounters, 1);

        counters->name = simulated_ops.name;
        counters->ops = &simulated_ops;
        counters->n_domains = counters->n_counters = n;
        counters->domains = g_new0(MeterDomain, n);
        counters->counters = g_new0(MeterCounter, n);
        for (size_t i = 0; i < n; i++) {
                const uint64_t range_uj = i == 0 ? spec->range_uj : spec->dram_range_uj;

                counters->domains[i] = (MeterDomain){ .name = g_strdup(names[i]),
                                                      .kind = i == 0 ? DOMAIN_PACKAGE : DOMAIN_DRAM,
                                                      .in_total = true,
                                                      .source = g_strdup("simulator"),
                                                      .unit_uj = 1,
                                                      .range_uj = range_uj ?: UINT64_C(1) << 50,
                                                      .hw_range_uj = (uint64_t) (spec->unit_uj * UINT32_MAX) };
                counters->counters[i] = (MeterCounter){ .n = 1, .fds = { -1 }, .domains = { i } };
        }
        return counters;
}

Simulator *simulator_new(const SimulatorSpec *spec) {
        Simulator *simulator = g_new0(Simulator, 1);
        MeterCounters *counters;

        simulator->spec = *spec;
        simulator->rand = g_rand_new_with_seed((guint32) spec->seed);
        simulator->held_up_at_ns = NEVER;
        simulator->n_registers = spec->dram_watts > 0 ? 2 : 1;
        simulator->now_ns = 1e9 + simulator_uniform(simulator, 0, spec->tick_ns);
        simulator->edge = floor(simulator->now_ns / spec->tick_ns);
        simulator->clock = (MeterClock){ clock_now_ns, clock_sleep_until, clock_cpu_ns, simulator };
        plan_edge(simulator);
        counters = make_counters(spec, simulator->n_registers);
        for (size_t i = 0; i < simulator->n_registers; i++)
                simulator->registers[i].modulus_uj = (double) powercap_modulus_uj(counters->domains[i].range_uj);
        g_assert_cmpint(meter_adopt(counters, &(MeterConfig){ .userdata = simulator, .clock = &simulator->clock },
                                    &simulator->meter),
                        ==, 0);
        return simulator;
}

Simulator *simulator_free(Simulator *simulator) {
        if (!simulator)
                return NULL;
        meter_free(simulator->meter);
        g_rand_free(simulator->rand);
        g_free(simulator);
        return NULL;
}

Meter *simulator_meter(Simulator *simulator) {
        return simulator->meter;
}

double simulator_truth_uj(const Simulator *simulator) {
        return simulator->registers[0].used_uj + simulator->registers[1].used_uj;
}

void simulator_job(Simulator *simulator, bool on) {
        simulator->job = on;
}

void simulator_work(Simulator *simulator, double ns) {
        work(simulator, ns);
}

void simulator_pass(Simulator *simulator, double ns) {
        go(simulator, simulator->now_ns + ns, false);
}

void simulator_hold_up(Simulator *simulator, double within_ns) {
        simulator->held_up_at_ns = simulator->now_ns + simulator_uniform(simulator, 0, within_ns);
}

void simulator_set_idle(Simulator *simulator, double watts) {
        simulator->spec.idle_watts = watts;
}

void simulator_freeze(Simulator *simulator) {
        simulator->spec.frozen = true;
}

double simulator_edge_ns(const Simulator *simulator) {
        return simulator->last_edge_ns;
}
