/* SPDX-License-Identifier: MIT */

/* How far off a window's energy is, on a machine that exists only here (../unit/simulator.h): plain readings before
 * and after a job, and the product's own windows, with its own calibration and idle windows.
 *
 *   bench-window [-n JOBS]
 *
 * One JSON object a line for each duration of a job: bias and standard deviation of the relative error, in per cent,
 * and in how many jobs of a hundred the stated uncertainty has the truth. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "simulator.h"
#include "span.h"

#define MSEC 1e6
#define IDLE_NS (100 * MSEC)
#define HELD_UP_SHARE 0.01 /* of the waits */
#define WINDOWS 12U        /* idle ones that the power is taken from */

static const SimulatorSpec machine = { .idle_watts = 50,
                                       .job_watts = 80,
                                       .busy_watts = 5,
                                       .tick_ns = 1 * MSEC,
                                       .jitter_ns = 20000,
                                       .unit_uj = 61.03515625,
                                       .read_ns = 1000,
                                       .read_spread = 0.2,
                                       .held_up_ns = 50000 };

typedef struct Errors {
        double sum, sum_squared;
        size_t n, covered;
} Errors;

static void note(Errors *errors, double measured_uj, double true_uj, double uncertainty_uj) {
        const double error = (measured_uj - true_uj) / true_uj * 100;

        errors->sum += error;
        errors->sum_squared += error * error;
        errors->covered += fabs(measured_uj - true_uj) <= uncertainty_uj;
        errors->n++;
}

static double bias(const Errors *errors) {
        return errors->sum / (double) errors->n;
}

static double deviation(const Errors *errors) {
        const double mean = bias(errors);

        return sqrt(MAX(errors->sum_squared / (double) errors->n - mean * mean, 0));
}

static void maybe_hold_up(Simulator *simulator) {
        if (simulator_uniform(simulator, 0, 1) < HELD_UP_SHARE)
                simulator_hold_up(simulator, machine.tick_ns);
}

static double run_job(Simulator *simulator, double ns) {
        const double before_uj = simulator_truth_uj(simulator);

        simulator_job(simulator, true);
        simulator_pass(simulator, ns);
        simulator_job(simulator, false);
        return simulator_truth_uj(simulator) - before_uj;
}

static void plain(Simulator *simulator, double ns, Errors *errors) {
        Reading begin, end;
        uint64_t uj = 0;
        double true_uj;

        simulator_pass(simulator, simulator_uniform(simulator, 0, 2 * machine.tick_ns));
        (void) meter_read(simulator_meter(simulator), &begin);
        true_uj = run_job(simulator, ns);
        (void) meter_read(simulator_meter(simulator), &end);
        if (meter_total_uj(simulator_meter(simulator), &begin, &end, &uj) >= 0)
                note(errors, (double) uj, true_uj, 0);
}

/* The power of the idle machine by the latest windows, as a job has them between its trials. */
static void look_at_idle(Simulator *simulator, Ticker *ticker) {
        static double watts[WINDOWS], numbers[WINDOWS];
        static size_t n;
        static Span span;
        PowerLevel level = {};
        Line line;

        maybe_hold_up(simulator);
        (void) span_open(ticker, &span);
        simulator_pass(simulator, IDLE_NS);
        (void) span_close(ticker, &span, meter_now_ns(ticker->meter));
        numbers[n % WINDOWS] = (double) n;
        if (span_idle_watts(ticker, &span, 0, &watts[n % WINDOWS], NULL) < 0)
                return;
        n++;
        if (line_fit(numbers, watts, MIN(n, WINDOWS), &line) < 0)
                return;
        level.known = true;
        level.watts[0] = line_at(&line, (double) n);
        level.error_watts[0] = line_half_width(&line, (double) n, 1);
        ticker_set_idle(ticker, &level);
}

static void ours(Simulator *simulator, Ticker *ticker, double ns, Errors *errors) {
        static Span span;
        Uncertainty uncertainty;
        double true_uj, uj;

        simulator_pass(simulator, simulator_uniform(simulator, 0, 2 * machine.tick_ns));
        maybe_hold_up(simulator);
        (void) span_open(ticker, &span);
        true_uj = run_job(simulator, ns);
        maybe_hold_up(simulator);
        (void) span_close(ticker, &span, span.from_ns + (uint64_t) ns);
        if (span_total(ticker, &span, &uj, &uncertainty) >= 0)
                note(errors, uj, true_uj, uncertainty_total_uj(&uncertainty));
}

static int bench(double ns, size_t jobs) {
        g_autoptr(Simulator) simulator = NULL;
        Ticker ticker = {};
        Errors by_plain = {}, by_ours = {};
        SimulatorSpec spec = machine;
        int r;

        spec.seed = (uint64_t) ns;
        simulator = simulator_new(&spec);
        ticker.meter = simulator_meter(simulator);
        r = tick_calibrate(ticker.meter, 0, TICK_EDGES, 10 * NSEC_PER_SEC, &ticker.tick);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < WINDOWS; i++)
                look_at_idle(simulator, &ticker);
        for (size_t i = 0; i < jobs; i++) {
                plain(simulator, ns, &by_plain);
                look_at_idle(simulator, &ticker);
                ours(simulator, &ticker, ns, &by_ours);
        }
        printf("{\"bench\":\"window\",\"job_ms\":%g,\"n\":%zu,\"plain_bias\":%.4f,\"plain_sd\":%.4f,\"bias\":%.5f,"
               "\"sd\":%.5f,\"covered\":%.2f,\"tick_ns\":%" PRIu64 ",\"jitter_ns\":%" PRIu64 "}\n",
               ns / MSEC, by_ours.n, bias(&by_plain), deviation(&by_plain), bias(&by_ours), deviation(&by_ours),
               100 * (double) by_ours.covered / (double) by_ours.n, ticker.tick.period_ns, ticker.tick.jitter_ns);
        return by_ours.n == jobs && by_plain.n == jobs ? 0 : -ENODATA;
}

int main(int argc, char **argv) {
        static const double durations[] = { 1 * MSEC, 10 * MSEC, 100 * MSEC };
        size_t jobs = 4000;

        if (argc == 3 && strcmp(argv[1], "-n") == 0)
                jobs = strtoul(argv[2], NULL, 10);
        for (size_t i = 0; i < G_N_ELEMENTS(durations); i++)
                if (jobs == 0 || bench(durations[i], jobs) < 0)
                        return EXIT_FAILURE;
        return EXIT_SUCCESS;
}
