/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "record.h"
#include "simulator.h"

#define MSEC 1e6
#define PLENTY (10 * NSEC_PER_SEC)
#define HOUR_SEC 3600U

static const SimulatorSpec machine = { .seed = 3,
                                       .idle_watts = 50,
                                       .job_watts = 80,
                                       .busy_watts = 5,
                                       .dram_watts = 4,
                                       .tick_ns = MSEC,
                                       .jitter_ns = 20000,
                                       .unit_uj = 61.03515625,
                                       .read_ns = 1000,
                                       .read_spread = 0.2 };

typedef struct Host {
        Simulator *simulator;
        Ticker ticker;
        Baseline *baseline;
} Host;

static void host_up(Host *host, const SimulatorSpec *spec) {
        size_t n;

        host->simulator = simulator_new(spec);
        host->ticker = (Ticker){ .meter = simulator_meter(host->simulator) };
        g_assert_cmpint(tick_calibrate(host->ticker.meter, 0, 200, PLENTY, &host->ticker.tick), ==, 0);
        (void) meter_domains(host->ticker.meter, &n);
        host->baseline = baseline_new(n);
}

static void host_down(Host *host) {
        baseline_free(host->baseline);
        simulator_free(host->simulator);
}

static void idle_window(Host *host) {
        static Span span;
        PowerLevel level;

        g_assert_cmpint(span_open(&host->ticker, &span), ==, 0);
        simulator_pass(host->simulator, 100 * MSEC);
        g_assert_cmpint(span_close(&host->ticker, &span, meter_now_ns(host->ticker.meter)), ==, 0);
        baseline_add(host->baseline, &host->ticker, &span);
        baseline_level(host->baseline, span.last.at_ns, &level);
        ticker_set_idle(&host->ticker, &level);
}

static TrialRecord *trial(Host *host, double ns) {
        TrialRecord *record = trial_record_new();
        WindowRecord *window = window_record_new(host->baseline->n_domains);
        static Span span;

        g_assert_cmpint(span_open(&host->ticker, &span), ==, 0);
        simulator_job(host->simulator, ns > 0);
        simulator_pass(host->simulator, fabs(ns));
        simulator_job(host->simulator, false);
        g_assert_cmpint(span_close(&host->ticker, &span, span.from_ns + (uint64_t) fabs(ns)), ==, 0);
        window->whole.iterations = 1;
        window->complete = true;
        figures_add_span(&window->whole, &host->ticker, &span);
        g_ptr_array_add(record->windows, window);
        trial_record_close(record, 1000);
        return record;
}

static void free_trial(void *record) {
        trial_record_free(record);
}

static const Figures *figures_of(const TrialRecord *record) {
        return window_figures(g_ptr_array_index(record->windows, 0));
}

/* The machine warms up from trial to trial: what each took above idle stays the same. */
static void test_drift(void) {
        g_autoptr(GPtrArray) trials = g_ptr_array_new_with_free_func(free_trial);
        SimulatorSpec spec = machine;
        Host host = {};

        spec.idle_watts = 40;
        host_up(&host, &spec);
        for (unsigned i = 0; i < 12; i++) {
                simulator_set_idle(host.simulator, 40 + i);
                idle_window(&host);
                simulator_set_idle(host.simulator, 40 + i + 0.5); /* the trial's middle is half-way to the next */
                g_ptr_array_add(trials, trial(&host, 200 * MSEC));
        }
        idle_window(&host);
        for (unsigned i = 0; i < trials->len; i++) {
                TrialRecord *record = g_ptr_array_index(trials, i);
                const Figures *figures = figures_of(record);
                const double package_uj = (80 - (40.5 + i)) * 200000.0, dram_uj = 4 * 200000.0;

                trial_record_settle(record, host.baseline);
                g_assert_true(record->has_net);
                g_assert_cmpint(figures->total_error, ==, 0);
                g_assert_cmpfloat_with_epsilon((double) figures->energy_uj[0], 80 * 200000.0, 8000);
                g_assert_cmpfloat_with_epsilon((double) figures->energy_uj[1], 8 * 200000.0, 2000);
                g_assert_cmpfloat_with_epsilon((double) figures->net_uj[0], package_uj, 20000);
                g_assert_cmpfloat_with_epsilon((double) figures->net_uj[1], dram_uj, 4000);
                g_assert_cmpfloat_with_epsilon((double) record->net_uj, package_uj + dram_uj, 20000);
                g_assert_cmpfloat_with_epsilon((double) record->net_uj, package_uj + dram_uj,
                                               uncertainty_total_uj(&record->uncertainty));
                g_assert_cmpfloat(record->uncertainty.baseline_uj, >, 0);
                g_assert_cmpfloat(figures->uncertainty[1].baseline_uj, <, record->uncertainty.baseline_uj);
        }
        host_down(&host);
}

/* A window that something disturbed decides nothing. */
static void test_disturbed(void) {
        Host host = {};
        IdlePower idle;

        host_up(&host, &machine);
        for (unsigned i = 0; i < 12; i++) {
                simulator_set_idle(host.simulator, i == 6 ? 75 : i % 2 == 0 ? 50.2 : 49.8);
                idle_window(&host);
        }
        g_assert_cmpint(baseline_power(host.baseline, 0, meter_now_ns(host.ticker.meter), 100000000, &idle), ==, 0);
        g_assert_cmpfloat_with_epsilon(idle.power_w, 50, 0.7);
        g_assert_cmpfloat(idle.half_w, >, 5);
        host_down(&host);
}

/* Each window says how far off it is: at edges by their jitter, elsewhere by any part of a period at both ends. */
static void test_idle_uncertainty(void) {
        Host host = {};
        double aligned_w, anywhere_w;

        host_up(&host, &machine);
        g_assert_true(isnan(baseline_error_watts(host.baseline, host.baseline->n_domains)));
        for (unsigned i = 0; i < 4; i++)
                idle_window(&host);
        aligned_w = baseline_error_watts(host.baseline, host.baseline->n_domains);
        g_assert_cmpfloat(aligned_w, >, 0.001);
        g_assert_cmpfloat(aligned_w, <, 0.1); /* 54 W, and 20 µs of 100 ms */
        host.ticker.tick = (Tick){};
        idle_window(&host);
        anywhere_w = baseline_error_watts(host.baseline, host.baseline->n_domains);
        g_assert_cmpfloat(anywhere_w, >, 0.5); /* a millisecond of it */
        g_assert_cmpfloat(anywhere_w, <, 5);
        host_down(&host);
}

/* Nothing ran in the trial: its net is 0 within what is stated, and as often below as above. */
static void test_never_clamped(void) {
        g_autoptr(GPtrArray) trials = g_ptr_array_new_with_free_func(free_trial);
        unsigned below = 0, covered = 0;
        Host host = {};

        host_up(&host, &machine);
        for (unsigned i = 0; i < 40; i++) {
                simulator_set_idle(host.simulator, simulator_uniform(host.simulator, 49.5, 50.5));
                idle_window(&host);
                simulator_set_idle(host.simulator, simulator_uniform(host.simulator, 49.5, 50.5));
                g_ptr_array_add(trials, trial(&host, -100 * MSEC));
        }
        idle_window(&host);
        for (unsigned i = 0; i < trials->len; i++) {
                TrialRecord *record = g_ptr_array_index(trials, i);

                trial_record_settle(record, host.baseline);
                g_assert_true(record->has_net);
                below += record->net_uj < 0;
                covered += fabs((double) record->net_uj) <= uncertainty_total_uj(&record->uncertainty);
        }
        g_assert_cmpuint(below, >, 8);
        g_assert_cmpuint(below, <, 32);
        g_assert_cmpuint(covered, >=, 36);
        host_down(&host);
}

/* Left out, with a reason, when what would be taken off is not known well enough. */
static void test_too_uncertain(void) {
        g_autoptr(TrialRecord) record = NULL;
        Host host = {};

        host_up(&host, &machine);
        idle_window(&host);
        idle_window(&host);
        record = trial(&host, 100 * MSEC);
        trial_record_settle(record, host.baseline);
        g_assert_false(record->has_net);
        g_assert_nonnull(strstr(record->net_absent, "fewer than 3 idle windows"));
        g_assert_cmpint(figures_of(record)->net_error[1], ==, -ENODATA);

        for (unsigned i = 0; i < 6; i++) {
                simulator_set_idle(host.simulator, i % 2 == 0 ? 20 : 80);
                idle_window(&host);
        }
        trial_record_settle(record, host.baseline);
        g_assert_false(record->has_net);
        g_assert_nonnull(strstr(record->net_absent, "too uncertain"));
        g_assert_cmpint(record->net_uj, ==, 0);
        /* The dram did not waver. */
        g_assert_cmpint(figures_of(record)->net_error[1], ==, 0);
        host_down(&host);
}

/* Several windows of a trial: times and energies add up, edges are others each time, the idle machine is not. */
static void test_sum(void) {
        g_autoptr(TrialRecord) one = NULL, two = NULL;
        Host host = {};
        Figures sum;

        host_up(&host, &machine);
        for (unsigned i = 0; i < 6; i++)
                idle_window(&host);
        one = trial(&host, 20.3 * MSEC);
        two = trial(&host, 30.6 * MSEC);
        figures_init(&sum, host.baseline->n_domains);
        figures_add(&sum, figures_of(one));
        figures_add(&sum, figures_of(two));
        g_assert_cmpuint(sum.wall_ns, ==, 20300000 + 30600000);
        g_assert_cmpuint(sum.total_uj, ==, figures_of(one)->total_uj + figures_of(two)->total_uj);
        g_assert_cmpuint(sum.from_ns, ==, figures_of(one)->from_ns);
        g_assert_cmpuint(sum.to_ns, ==, figures_of(two)->to_ns);
        g_assert_cmpuint(sum.unaligned, ==, 0);
        g_assert_cmpfloat_with_epsilon(
                        sum.total_uncertainty.tick_uj,
                        hypot(figures_of(one)->total_uncertainty.tick_uj, figures_of(two)->total_uncertainty.tick_uj),
                        1e-9);
        g_assert_cmpfloat_with_epsilon(
                        sum.total_uncertainty.tail_uj,
                        figures_of(one)->total_uncertainty.tail_uj + figures_of(two)->total_uncertainty.tail_uj, 1e-9);
        figures_clear(&sum);
        host_down(&host);
}

static const SimulatorSpec kilowatt = { .seed = 4,
                                        .idle_watts = 1000,
                                        .dram_watts = 1000,
                                        .tick_ns = MSEC,
                                        .jitter_ns = 20000,
                                        .unit_uj = 15.2587890625,
                                        .range_uj = UINT64_C(262143328850),
                                        .dram_range_uj = UINT64_C(65712999613),
                                        .read_ns = 1000 };

/* An hour at a kilowatt, read by nobody but the product's own watchdog: 13 wraps of one range, 54 of the other, and
 * not a microjoule is lost. */
static void test_hour_of_wraps(void) {
        g_autoptr(Simulator) simulator = simulator_new(&kilowatt);
        Meter *meter = simulator_meter(simulator);
        const uint64_t begin_ns = meter_now_ns(meter);
        uint64_t due_usec = meter_watchdog_usec(meter), total_uj = 0;
        static Reading begin, end;
        double before_uj, used_uj;
        unsigned readings = 0;

        before_uj = simulator_truth_uj(simulator);
        g_assert_cmpint(meter_read(meter, &begin), ==, 0);
        while (meter_now_ns(meter) - begin_ns < HOUR_SEC * NSEC_PER_SEC) {
                simulator_pass(simulator, (double) due_usec * 1e3);
                due_usec = meter_keep_up(meter);
                readings++;
        }
        used_uj = simulator_truth_uj(simulator) - before_uj;
        g_assert_cmpint(meter_read(meter, &end), ==, 0);
        g_assert_cmpint(meter_total_uj(meter, &begin, &end, &total_uj), ==, 0);
        /* But for the tick at either end, and the unit. */
        g_assert_cmpfloat_with_epsilon((double) total_uj, used_uj, 2 * 2 * 1000000.0 + 40);
        g_assert_cmpfloat((double) total_uj, >, 7.2e12);
        g_assert_cmpuint(readings, <, 500);
}

/* Held back past a range, it is not known how often the counter wrapped: a word, and no number. */
static void test_watchdog_held_back(void) {
        static const double held_back_sec[] = { 70, 300, 1500 }; /* more than one range of the dram; of the package */

        for (size_t i = 0; i < G_N_ELEMENTS(held_back_sec); i++) {
                g_autoptr(Simulator) simulator = simulator_new(&kilowatt);
                Ticker ticker = { .meter = simulator_meter(simulator) };
                g_autoptr(TrialRecord) record = trial_record_new();
                WindowRecord *window = window_record_new(2);
                static Span span;

                for (unsigned j = 0; j < 20; j++) {
                        simulator_pass(simulator, (double) meter_watchdog_usec(ticker.meter) * 1e3);
                        (void) meter_keep_up(ticker.meter);
                }
                g_assert_cmpint(span_open(&ticker, &span), ==, 0);
                simulator_pass(simulator, held_back_sec[i] * 1e9);
                (void) meter_keep_up(ticker.meter);
                simulator_pass(simulator, 1e9);
                g_assert_cmpint(span_close(&ticker, &span, meter_now_ns(ticker.meter)), ==, 0);
                window->whole.iterations = 1;
                window->complete = true;
                figures_add_span(&window->whole, &ticker, &span);
                g_ptr_array_add(record->windows, window);
                trial_record_close(record, 1000);

                g_assert_false(record->valid);
                g_assert_cmpstr(g_ptr_array_index(record->quality, 0), ==, "WRAP_AMBIGUOUS");
                g_assert_cmpuint(record->total_uj, ==, 0);
                g_assert_nonnull(strstr(record->energy_absent, "wrapped more than once"));
                g_assert_cmpint(window->whole.total_error, ==, -EOVERFLOW);
                g_assert_cmpuint(window->whole.total_uj, ==, 0);
                g_assert_cmpuint(window->whole.energy_uj[1], ==, 0);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/baseline/drift", test_drift);
        g_test_add_func("/baseline/disturbed", test_disturbed);
        g_test_add_func("/baseline/idle-uncertainty", test_idle_uncertainty);
        g_test_add_func("/baseline/never-clamped", test_never_clamped);
        g_test_add_func("/baseline/too-uncertain", test_too_uncertain);
        g_test_add_func("/baseline/sum", test_sum);
        g_test_add_func("/baseline/hour-of-wraps", test_hour_of_wraps);
        g_test_add_func("/baseline/watchdog-held-back", test_watchdog_held_back);
        return g_test_run();
}
