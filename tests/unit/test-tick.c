/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include "simulator.h"
#include "span.h"

#define MSEC 1e6
#define PLENTY (10 * NSEC_PER_SEC)

static const SimulatorSpec machine = { .seed = 1,
                                       .idle_watts = 50,
                                       .job_watts = 80,
                                       .busy_watts = 5,
                                       .tick_ns = MSEC,
                                       .jitter_ns = 20000,
                                       .unit_uj = 61.03515625,
                                       .read_ns = 1000,
                                       .read_spread = 0.2,
                                       .held_up_ns = 50000 };

static int calibrate(const SimulatorSpec *spec, uint32_t edges, uint64_t timeout_ns, Tick *ret) {
        g_autoptr(Simulator) simulator = simulator_new(spec);

        return tick_calibrate(simulator_meter(simulator), 0, edges, timeout_ns, ret);
}

/* A machine whose tick is known. */
static Simulator *start(const SimulatorSpec *spec, Ticker *ticker) {
        Simulator *simulator = simulator_new(spec);

        *ticker = (Ticker){ .meter = simulator_meter(simulator) };
        g_assert_cmpint(tick_calibrate(ticker->meter, 0, 200, PLENTY, &ticker->tick), ==, 0);
        return simulator;
}

static void know_idle(Ticker *ticker, double watts, double error_watts) {
        ticker_set_idle(ticker, &(PowerLevel){ .known = true, .watts = { watts }, .error_watts = { error_watts } });
}

static void test_calibrate(void) {
        Tick tick;

        g_assert_cmpint(calibrate(&machine, TICK_EDGES, PLENTY, &tick), ==, 0);
        g_assert_cmpuint(tick.edges, >=, TICK_EDGES);
        g_assert_cmpfloat_with_epsilon((double) tick.period_ns, MSEC, 3000);
        /* Two edges that are off by 20 µs each. */
        g_assert_cmpfloat_with_epsilon((double) tick.jitter_ns, 20000 * M_SQRT2, 3000);
        g_assert_cmpfloat_with_epsilon(tick.step_uj, 55000, 500);
        g_assert_cmpfloat(tick.spread, <, 0.01);
        g_assert_cmpfloat_with_epsilon((double) tick.look_ns, 1050, 150);
        g_assert_true(tick.busy.known);
        g_assert_cmpfloat_with_epsilon(tick.busy.watts[0], 55, 0.05);
}

/* A tick is what the machine has, not what we know of others. */
static void test_other_periods(void) {
        static const double periods[] = { 250000, 976562, 1208000, 8e6 };

        for (size_t i = 0; i < G_N_ELEMENTS(periods); i++) {
                SimulatorSpec spec = machine;
                Tick tick;

                spec.tick_ns = periods[i];
                spec.jitter_ns = periods[i] / 100;
                spec.drifting = i % 2 == 1;
                g_assert_cmpint(calibrate(&spec, 200, PLENTY, &tick), ==, 0);
                g_assert_cmpfloat_with_epsilon((double) tick.period_ns, periods[i], periods[i] / 200);
        }
}

static void test_never_moves(void) {
        SimulatorSpec spec = machine;
        g_autoptr(Simulator) simulator = NULL;
        uint64_t begin_ns;
        Tick tick;

        spec.frozen = true;
        simulator = simulator_new(&spec);
        begin_ns = meter_now_ns(simulator_meter(simulator));
        g_assert_cmpint(tick_calibrate(simulator_meter(simulator), 0, 200, 50000000, &tick), ==, -ENODATA);
        g_assert_cmpuint(meter_now_ns(simulator_meter(simulator)) - begin_ns, <, 51000000);
        g_assert_cmpuint(tick.period_ns, ==, 0);
        g_assert_cmpuint(tick_period_max_ns(&tick), ==, 50000000); /* or longer: nobody knows */
}

static void test_too_little_time(void) {
        Tick tick;

        g_assert_cmpint(calibrate(&machine, 200, 5000000, &tick), ==, -ETIME);
        /* Fewer than asked for, but enough, are taken. */
        g_assert_cmpint(calibrate(&machine, 200, 50000000, &tick), ==, 0);
        g_assert_cmpuint(tick.edges, >=, 45);
        g_assert_cmpuint(tick.edges, <=, 51);
}

/* Moves that are too few for a tick still say how long the counter stands still. */
static void test_slow(void) {
        SimulatorSpec spec = machine;
        Tick tick;

        spec.tick_ns = 50 * MSEC;
        g_assert_cmpint(calibrate(&spec, 200, 500000000, &tick), ==, -ETIME);
        g_assert_cmpuint(tick.period_ns, ==, 0); /* nothing is waited for */
        g_assert_false(tick.busy.known);
        g_assert_cmpfloat_with_epsilon((double) tick_period_max_ns(&tick), 50 * MSEC, 0.5 * MSEC);

        /* One move has none before it to be measured from. */
        spec.tick_ns = 300 * MSEC;
        g_assert_cmpint(calibrate(&spec, 200, 500000000, &tick), ==, -ETIME);
        g_assert_cmpuint(tick_period_max_ns(&tick), ==, 500000000);

        /* A tick that is known is no guess, and where nothing was looked at, it is the usual one. */
        g_assert_cmpint(calibrate(&machine, 200, PLENTY, &tick), ==, 0);
        g_assert_cmpuint(tick_period_max_ns(&tick), ==, tick.period_ns);
        g_assert_cmpuint(tick_period_max_ns(&(Tick){}), ==, 1000000);
}

static void test_no_tick(void) {
        SimulatorSpec spec = machine;
        Tick tick;

        spec.tick_ns = 4000;
        spec.jitter_ns = 0;
        spec.unit_uj = 1;
        g_assert_cmpint(calibrate(&spec, 200, PLENTY, &tick), ==, -ERANGE);
        g_assert_cmpuint(tick.period_ns, ==, 0);
        g_assert_cmpuint(tick_period_max_ns(&tick), ==, 1000000);
}

static void test_energy_filter(void) {
        SimulatorSpec spec = machine;
        Tick tick = {};

        spec.noise = 0.6;
        g_assert_cmpint(calibrate(&spec, 200, PLENTY, &tick), ==, -EBADMSG);
        g_assert_cmpfloat(tick.spread, >, TICK_SPREAD_MAX);
        g_assert_cmpfloat_with_epsilon((double) tick.period_ns, MSEC, 10000); /* for those who take it all the same */

        /* A load that comes and goes is no noise, nor are a coarse unit and slow looks. */
        spec.noise = 0;
        spec.swing_ns = 7 * MSEC;
        spec.job_watts = 200;
        g_assert_cmpint(calibrate(&spec, 200, PLENTY, &tick), ==, 0);
        spec = machine;
        spec.idle_watts = 0.5;
        spec.busy_watts = 0.5;
        spec.unit_uj = 244.140625;
        g_assert_cmpint(calibrate(&spec, 200, PLENTY, &tick), ==, 0);
        spec = machine;
        spec.read_ns = 150000;
        g_assert_cmpint(calibrate(&spec, 200, PLENTY, &tick), ==, 0);
}

static void test_held_up_while_calibrating(void) {
        SimulatorSpec spec = machine;
        g_autoptr(Simulator) simulator = NULL;
        Tick tick;

        spec.held_up_ns = 3.3 * MSEC;
        simulator = simulator_new(&spec);
        simulator_hold_up(simulator, 20 * MSEC);
        g_assert_cmpint(tick_calibrate(simulator_meter(simulator), 0, 30, PLENTY, &tick), ==, 0);
        g_assert_cmpfloat_with_epsilon((double) tick.period_ns, MSEC, 20000);
        g_assert_cmpfloat_with_epsilon(tick.step_uj, 55000, 1500);
}

static void test_domain(void) {
        SimulatorSpec spec = machine;
        g_autoptr(Simulator) simulator = NULL;
        size_t domain = SIZE_MAX;

        spec.dram_watts = 2;
        simulator = simulator_new(&spec);
        g_assert_cmpint(tick_choose_domain(simulator_meter(simulator), -1, &domain), ==, 0);
        g_assert_cmpuint(domain, ==, 0);
        g_assert_cmpint(tick_choose_domain(simulator_meter(simulator), 5, &domain), ==, 0);
        g_assert_cmpuint(domain, ==, 0);
}

/* The edge is where it is said to be, and most of the wait is slept. */
static void test_wait(void) {
        Ticker ticker;
        g_autoptr(Simulator) simulator = start(&machine, &ticker);
        static Reading reading;
        uint64_t busy_ns = 0;

        for (unsigned i = 0; i < 200; i++) {
                Edge edge;

                simulator_pass(simulator, simulator_uniform(simulator, 0, 5 * MSEC));
                g_assert_cmpint(ticker_wait(&ticker, 0, &reading, &edge), ==, 0);
                g_assert_true(edge.seen);
                g_assert_cmpfloat(fabs((double) edge.at_ns - simulator_edge_ns(simulator)), <=,
                                  (double) edge.uncertainty_ns + 1);
                g_assert_cmpuint(edge.uncertainty_ns, <, 2000);
                busy_ns += edge.busy_ns;
        }
        g_assert_cmpuint(busy_ns / 200, <, 350000);
}

/* Held up as the edge comes: passed over where a better one is wanted, else stated. */
static void test_wait_held_up(void) {
        Ticker ticker;
        g_autoptr(Simulator) simulator = start(&machine, &ticker);
        static Reading reading;
        unsigned uncertain = 0;

        for (unsigned i = 0; i < 1000; i++) {
                const uint64_t wanted_ns = i % 2 == 0 ? 0 : 100000;
                Edge edge;

                simulator_pass(simulator, simulator_uniform(simulator, 0, 5 * MSEC));
                simulator_hold_up(simulator, MSEC);
                g_assert_cmpint(ticker_wait(&ticker, wanted_ns, &reading, &edge), ==, 0);
                g_assert_true(edge.seen);
                g_assert_cmpfloat(fabs((double) edge.at_ns - simulator_edge_ns(simulator)), <=,
                                  (double) edge.uncertainty_ns + 1);
                if (wanted_ns == 0)
                        g_assert_cmpuint(edge.uncertainty_ns, <, 5000);
                uncertain += edge.uncertainty_ns > 20000;
        }
        g_assert_cmpuint(uncertain, >, 5);
}

/* A counter that stops moving is waited for no longer than five of its periods. */
static void test_wait_is_bounded(void) {
        Ticker ticker;
        g_autoptr(Simulator) simulator = start(&machine, &ticker);
        static Reading reading;
        uint64_t begin_ns = meter_now_ns(ticker.meter);
        Edge edge;

        simulator_freeze(simulator);
        g_assert_cmpint(ticker_wait(&ticker, 0, &reading, &edge), ==, 0);
        g_assert_false(edge.seen);
        g_assert_cmpuint(meter_now_ns(ticker.meter) - begin_ns, <, 6000000);
        g_assert_cmpuint(edge.at_ns, >=, begin_ns + 4900000);

        /* Without a tick nothing is waited for at all. */
        ticker.tick = (Tick){};
        begin_ns = meter_now_ns(ticker.meter);
        g_assert_cmpint(ticker_wait(&ticker, 0, &reading, &edge), ==, 0);
        g_assert_false(edge.seen);
        g_assert_cmpuint(meter_now_ns(ticker.meter) - begin_ns, <, 5000);
}

static double run_job(Simulator *simulator, double ns) {
        const double before_uj = simulator_truth_uj(simulator);

        simulator_job(simulator, true);
        simulator_pass(simulator, ns);
        simulator_job(simulator, false);
        return simulator_truth_uj(simulator) - before_uj;
}

/* Energy of the job alone, wherever between two edges it ends, and however long this thread takes to hear of it. */
static void test_span(void) {
        Ticker ticker;
        g_autoptr(Simulator) simulator = start(&machine, &ticker);
        static Span span;

        know_idle(&ticker, 50, 0.5);
        for (unsigned i = 0; i < 100; i++) {
                const double ns = 2 * MSEC + i * 37000;
                Uncertainty uncertainty;
                double true_uj, uj;

                g_assert_cmpint(span_open(&ticker, &span), ==, 0);
                true_uj = run_job(simulator, ns);
                if (i % 2)
                        simulator_work(simulator, MSEC / 2);
                g_assert_cmpint(span_close(&ticker, &span, span.from_ns + (uint64_t) ns), ==, 0);
                g_assert_true(span_aligned(&span));
                g_assert_cmpuint(span.to_ns - span.from_ns, ==, (uint64_t) ns);
                g_assert_cmpint(span_total(&ticker, &span, &uj, &uncertainty), ==, 0);
                g_assert_cmpfloat(fabs(uj - true_uj), <, 600); /* of 160,000 and more; a tail has up to 50,000 */
                g_assert_cmpfloat(fabs(uj - true_uj), <, uncertainty_total_uj(&uncertainty));
                g_assert_cmpfloat(uncertainty.tick_uj, >, 0);
                g_assert_cmpfloat_with_epsilon(uncertainty.quantisation_uj, 61.03515625 * 2 / sqrt(6), 0.01);
                g_assert_cmpfloat(uncertainty.tail_uj, <=, i % 2 ? 2000 + 1250 : 2000);
                g_assert_cmpfloat(uncertainty.baseline_uj, ==, 0);
        }
}

/* How far off an edge may be is in the energy's uncertainty. */
static void test_span_held_up(void) {
        Ticker ticker;
        SimulatorSpec spec = machine;
        g_autoptr(Simulator) simulator = NULL;
        static Span span;
        unsigned wide = 0;

        spec.held_up_ns = 25000;
        simulator = start(&spec, &ticker);
        know_idle(&ticker, 50, 0.1);
        for (unsigned i = 0; i < 200; i++) {
                Uncertainty uncertainty;
                double true_uj, uj;

                g_assert_cmpint(span_open(&ticker, &span), ==, 0);
                true_uj = run_job(simulator, 5 * MSEC);
                simulator_hold_up(simulator, MSEC);
                g_assert_cmpint(span_close(&ticker, &span, span.from_ns + (uint64_t) (5 * MSEC)), ==, 0);
                g_assert_cmpint(span_total(&ticker, &span, &uj, &uncertainty), ==, 0);
                g_assert_cmpfloat(fabs(uj - true_uj), <, uncertainty_total_uj(&uncertainty) + 62);
                wide += uncertainty.tick_uj > 500;
        }
        g_assert_cmpuint(wide, >, 2);
}

/* Two domains: each by itself, the total their sum. */
static void test_span_dram(void) {
        Ticker ticker;
        SimulatorSpec spec = machine;
        g_autoptr(Simulator) simulator = NULL;
        Uncertainty of_total, of_dram;
        static Span span;
        double total_uj, package_uj, dram_uj, true_uj;

        spec.dram_watts = 3;
        simulator = start(&spec, &ticker);
        ticker_set_idle(&ticker, &(PowerLevel){ .known = true, .watts = { 50, 3 }, .error_watts = { 0.5, 0.1 } });
        g_assert_cmpint(span_open(&ticker, &span), ==, 0);
        true_uj = run_job(simulator, 20.4 * MSEC);
        g_assert_cmpint(span_close(&ticker, &span, span.from_ns + (uint64_t) (20.4 * MSEC)), ==, 0);
        g_assert_cmpint(span_energy(&ticker, &span, 0, &package_uj, &of_total), ==, 0);
        g_assert_cmpint(span_energy(&ticker, &span, 1, &dram_uj, &of_dram), ==, 0);
        g_assert_cmpint(span_total(&ticker, &span, &total_uj, &of_total), ==, 0);
        g_assert_cmpfloat_with_epsilon(total_uj, package_uj + dram_uj, 1e-6);
        g_assert_cmpfloat_with_epsilon(total_uj, true_uj, uncertainty_total_uj(&of_total));
        g_assert_cmpfloat_with_epsilon(dram_uj, 6 * 20400, 200);
        /* Nobody looked for the dram's own edge. */
        g_assert_cmpfloat(of_dram.tick_uj, >, 2900);
}

/* Without a tick nothing is waited for, and a whole period is in doubt at the job's power. */
static void test_span_unaligned(void) {
        Ticker ticker;
        g_autoptr(Simulator) simulator = start(&machine, &ticker);
        Uncertainty uncertainty;
        static Span span;
        double true_uj, uj;

        ticker.tick = (Tick){};
        know_idle(&ticker, 50, 0.5);
        for (unsigned i = 0; i < 100; i++) {
                simulator_pass(simulator, simulator_uniform(simulator, 0, MSEC));
                g_assert_cmpint(span_open(&ticker, &span), ==, 0);
                true_uj = run_job(simulator, 10 * MSEC);
                g_assert_cmpint(span_close(&ticker, &span, span.from_ns + (uint64_t) (10 * MSEC)), ==, 0);
                g_assert_false(span_aligned(&span));
                g_assert_cmpint(span_total(&ticker, &span, &uj, &uncertainty), ==, 0);
                g_assert_cmpfloat(uncertainty.tick_uj, >, 60000);
                g_assert_cmpfloat(uncertainty.tick_uj, <, 100000);
                g_assert_cmpfloat(fabs(uj - true_uj), <, uncertainty_total_uj(&uncertainty) * 1.1);
        }
}

/* The same of a counter that is slower than is usual: found to be so, it makes no figure look certain that is not. */
static void test_span_slow(void) {
        SimulatorSpec spec = machine;
        g_autoptr(Simulator) simulator = NULL;
        Uncertainty uncertainty;
        static Span span;
        double true_uj, uj, worst_uj = 0;
        Ticker ticker;

        spec.tick_ns = 50 * MSEC;
        simulator = simulator_new(&spec);
        ticker = (Ticker){ .meter = simulator_meter(simulator) };
        g_assert_cmpint(tick_calibrate(ticker.meter, 0, 200, 500000000, &ticker.tick), ==, -ETIME);
        know_idle(&ticker, 50, 0.5);
        for (unsigned i = 0; i < 100; i++) {
                simulator_pass(simulator, simulator_uniform(simulator, 0, 50 * MSEC));
                g_assert_cmpint(span_open(&ticker, &span), ==, 0);
                true_uj = run_job(simulator, 110 * MSEC);
                g_assert_cmpint(span_close(&ticker, &span, span.from_ns + (uint64_t) (110 * MSEC)), ==, 0);
                g_assert_false(span_aligned(&span));
                g_assert_cmpint(span_total(&ticker, &span, &uj, &uncertainty), ==, 0);
                g_assert_cmpfloat(fabs(uj - true_uj), <, uncertainty_total_uj(&uncertainty));
                worst_uj = fmax(worst_uj, fabs(uj - true_uj));
        }
        g_assert_cmpfloat(worst_uj, >, 1e6); /* of 8.8 J: the counter is what it was to be */
}

/* Not known what an idle machine takes: a busy one stands for it, with half of that as the doubt. */
static void test_span_without_idle(void) {
        Ticker ticker;
        g_autoptr(Simulator) simulator = start(&machine, &ticker);
        Uncertainty uncertainty;
        static Span span;
        double true_uj, uj;

        g_assert_cmpint(span_open(&ticker, &span), ==, 0);
        true_uj = run_job(simulator, 10.3 * MSEC);
        g_assert_cmpint(span_close(&ticker, &span, span.from_ns + (uint64_t) (10.3 * MSEC)), ==, 0);
        g_assert_cmpint(span_total(&ticker, &span, &uj, &uncertainty), ==, 0);
        g_assert_cmpfloat(uncertainty.tail_uj, >, 5000);
        g_assert_cmpfloat(fabs(uj - true_uj), <, uncertainty_total_uj(&uncertainty));
}

/* More than was counted cannot be taken off, and what is left is not 0. */
static void test_span_too_short(void) {
        Ticker ticker;
        g_autoptr(Simulator) simulator = start(&machine, &ticker);
        Uncertainty uncertainty;
        static Span span;
        double uj = 4711;

        know_idle(&ticker, 5000, 1);
        g_assert_cmpint(span_open(&ticker, &span), ==, 0);
        (void) run_job(simulator, 1000);
        g_assert_cmpint(span_close(&ticker, &span, span.from_ns + 1000), ==, 0);
        g_assert_cmpint(span_total(&ticker, &span, &uj, &uncertainty), ==, -ERANGE);
        g_assert_cmpfloat(uj, ==, 4711);
}

/* What looking for the edges takes is no part of the idle machine's power. */
static void test_idle(void) {
        SimulatorSpec spec = machine;
        Ticker ticker;
        g_autoptr(Simulator) simulator = NULL;
        static Span span;

        spec.busy_watts = 40;
        simulator = start(&spec, &ticker);
        for (unsigned i = 0; i < 20; i++) {
                double watts;

                g_assert_cmpint(span_open(&ticker, &span), ==, 0);
                simulator_pass(simulator, 20 * MSEC);
                g_assert_cmpint(span_close(&ticker, &span, meter_now_ns(ticker.meter)), ==, 0);
                g_assert_cmpint(span_idle_watts(&ticker, &span, 0, &watts, NULL), ==, 0);
                g_assert_cmpfloat_with_epsilon(watts, 50, 0.1);
        }
        /* Nor when the machine has warmed up since. */
        know_idle(&ticker, 50, 0.1);
        simulator_set_idle(simulator, 60);
        for (unsigned i = 0; i < 20; i++) {
                double watts;

                g_assert_cmpint(span_open(&ticker, &span), ==, 0);
                simulator_pass(simulator, 20 * MSEC);
                g_assert_cmpint(span_close(&ticker, &span, meter_now_ns(ticker.meter)), ==, 0);
                g_assert_cmpint(span_idle_watts(&ticker, &span, 0, &watts, NULL), ==, 0);
                g_assert_cmpfloat_with_epsilon(watts, 60, 0.1);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/tick/calibrate", test_calibrate);
        g_test_add_func("/tick/other-periods", test_other_periods);
        g_test_add_func("/tick/never-moves", test_never_moves);
        g_test_add_func("/tick/too-little-time", test_too_little_time);
        g_test_add_func("/tick/slow", test_slow);
        g_test_add_func("/tick/no-tick", test_no_tick);
        g_test_add_func("/tick/energy-filter", test_energy_filter);
        g_test_add_func("/tick/held-up-while-calibrating", test_held_up_while_calibrating);
        g_test_add_func("/tick/domain", test_domain);
        g_test_add_func("/tick/wait", test_wait);
        g_test_add_func("/tick/wait-held-up", test_wait_held_up);
        g_test_add_func("/tick/wait-is-bounded", test_wait_is_bounded);
        g_test_add_func("/span/job", test_span);
        g_test_add_func("/span/held-up", test_span_held_up);
        g_test_add_func("/span/dram", test_span_dram);
        g_test_add_func("/span/unaligned", test_span_unaligned);
        g_test_add_func("/span/slow", test_span_slow);
        g_test_add_func("/span/without-idle", test_span_without_idle);
        g_test_add_func("/span/too-short", test_span_too_short);
        g_test_add_func("/span/idle", test_idle);
        return g_test_run();
}
