/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "tick.h"

#define LOOKS_PER_TICK 4U  /* a counter that moves more often than every so many looks has no tick */
#define HELD_UP 4U         /* so many times the usual distance of two looks: something came between */
#define MISSED 1.5         /* so many periods between two edges: there was one that was not seen */
#define WAKE_UP_NS 100000U /* how late a sleep may end */
#define PERIODS_MAX 5U
#define TRIES 3U
#define USUAL_NS UINT64_C(1000000)
#define TO_SIGMA 1.4826 /* of the median of absolute deviations */

typedef struct Look {
        uint64_t begin_ns, end_ns, energy_uj;
} Look;

/* What came between two edges. */
typedef struct Step {
        uint64_t at_ns, gap_ns; /* the edge at its end: between two looks that are so far apart */
        uint64_t look_ns;
        uint64_t energy_uj; /* since the edge before */
} Step;

static int look_at(Meter *meter, size_t domain, Look *ret) {
        int r;

        r = meter_read_domain(meter, domain, &ret->energy_uj, &ret->begin_ns, &ret->end_ns);
        return r == -EOVERFLOW ? 0 : r; /* counting goes on from there */
}

/* Looks until the counter moves. *last is the latest look, before and after. */
static int look_for_edge(Meter *meter, size_t domain, uint64_t deadline_ns, Look *last, Step *ret) {
        for (;;) {
                Look now;
                int r;

                r = look_at(meter, domain, &now);
                if (r < 0)
                        return r;
                if (now.energy_uj != last->energy_uj) {
                        /* The register was read somewhere within each of the two looks. */
                        *ret = (Step){ .at_ns = last->begin_ns + (now.end_ns - last->begin_ns) / 2,
                                       .gap_ns = now.end_ns - last->begin_ns,
                                       .look_ns = now.end_ns - now.begin_ns,
                                       .energy_uj = now.energy_uj - last->energy_uj };
                        *last = now;
                        return 0;
                }
                *last = now;
                if (now.end_ns >= deadline_ns)
                        return -ETIME;
        }
}

/* ---- calibration ---- */

static int compare_doubles(const void *a, const void *b) {
        const double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

/* Sorts. */
static double median(double *values, size_t n) {
        if (n == 0)
                return 0;
        qsort(values, n, sizeof(double), compare_doubles);
        return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double median_of(const double *values, size_t n) {
        g_autofree double *sorted = g_memdup2(values, n * sizeof(double));

        return median(sorted, n);
}

static double median_distance(double *values, size_t n, double from) {
        for (size_t i = 0; i < n; i++)
                values[i] = fabs(values[i] - from);
        return median(values, n);
}

/* Whether the time from the edge before to this one can be taken for a period's. */
static bool is_clean(const Step *steps, size_t i, double gap_ns, double period_ns) {
        return (double) steps[i].gap_ns <= HELD_UP * gap_ns && (double) steps[i - 1].gap_ns <= HELD_UP * gap_ns &&
               (double) (steps[i].at_ns - steps[i - 1].at_ns) <= MISSED * period_ns;
}

/* From one step to the next, so that power that changes now and then is no spread, while noise on each step is. */
static double spread_of(const double *values, const bool *follows, size_t n, double step_uj, double unit_uj) {
        g_autofree double *changes = g_new(double, n + 1);
        const double usual = median_of(values, n);
        double spread, rounding = step_uj > 0 ? unit_uj / step_uj / 2 : 0;
        size_t n_changes = 0;

        for (size_t i = 1; i < n; i++)
                if (follows[i])
                        changes[n_changes++] = values[i] - values[i - 1];
        if (usual <= 0)
                return 0;
        spread = TO_SIGMA * median_distance(changes, n_changes, 0) / M_SQRT2 / usual;
        return sqrt(fmax(spread * spread - rounding * rounding, 0));
}

static double unit_of(const Meter *meter, size_t domain) {
        size_t n;
        const MeterDomain *entry = &meter_domains(meter, &n)[domain];

        return fmax(entry->unit_uj, (double) entry->hw_range_uj / UINT32_MAX);
}

static void evaluate(const Meter *meter, const Step *steps, size_t n, Tick *tick) {
        g_autofree double *values = g_new(double, n), *energies = g_new(double, n), *rates = g_new(double, n);
        g_autofree bool *follows = g_new0(bool, n);
        size_t n_clean = 0, last = 0;
        double gap_ns, period_ns, unit_uj;

        for (size_t i = 0; i < n; i++)
                values[i] = (double) steps[i].look_ns;
        tick->look_ns = (uint64_t) median(values, n);
        for (size_t i = 0; i < n; i++)
                values[i] = (double) steps[i].gap_ns;
        gap_ns = median(values, n);
        for (size_t i = 1; i < n; i++)
                values[i - 1] = (double) (steps[i].at_ns - steps[i - 1].at_ns);
        period_ns = median(values, n - 1);

        for (size_t i = 1; i < n; i++) {
                if (!is_clean(steps, i, gap_ns, period_ns))
                        continue;
                values[n_clean] = (double) (steps[i].at_ns - steps[i - 1].at_ns);
                energies[n_clean] = (double) steps[i].energy_uj;
                rates[n_clean] = energies[n_clean] / values[n_clean];
                follows[n_clean] = n_clean > 0 && last == i - 1;
                n_clean++;
                last = i;
        }
        tick->edges = (uint32_t) n;
        /* Slow looks blur the rates, and edges that were missed the steps; noise that is added is in both. */
        unit_uj = unit_of(meter, tick->domain);
        tick->spread = fmin(spread_of(rates, follows, n_clean, median_of(energies, n_clean), unit_uj),
                            spread_of(energies, follows, n_clean, median_of(energies, n_clean), unit_uj));
        tick->step_uj = median(energies, n_clean);
        period_ns = median(values, n_clean);
        tick->period_ns = (uint64_t) period_ns;
        tick->jitter_ns = (uint64_t) (TO_SIGMA * median_distance(values, n_clean, period_ns));
}

/* The power of each domain between two edges. Power while nothing but we run does not change by chance: its error is
 * one step more or less. */
static void take_power(const Meter *meter, const Reading *begin, const Reading *end, const Step *first,
                       const Step *last, Tick *tick) {
        const double ns = (double) (last->at_ns - first->at_ns);
        size_t n;

        (void) meter_domains(meter, &n);
        tick->busy.known = true;
        for (size_t i = 0; i < n; i++) {
                uint64_t uj;

                if (reading_energy_uj(begin, end, i, &uj) < 0) {
                        tick->busy.known = false;
                        return;
                }
                tick->busy.watts[i] = (double) uj * 1e3 / ns;
                tick->busy.error_watts[i] = tick->busy.watts[i] / tick->edges;
        }
}

/* The longest time between two of the moves; of fewer, all there was. */
static uint64_t longest_still(const Step *steps, size_t n, uint64_t timeout_ns) {
        uint64_t longest_ns = 0;

        if (n < 2)
                return timeout_ns;
        for (size_t i = 1; i < n; i++)
                longest_ns = MAX(longest_ns, steps[i].at_ns - steps[i - 1].at_ns);
        return longest_ns;
}

int tick_calibrate(Meter *meter, size_t domain, uint32_t edges, uint64_t timeout_ns, Tick *ret) {
        const uint64_t deadline_ns = meter_now_ns(meter) + timeout_ns;
        g_autofree Step *steps = g_new(Step, edges + 1);
        Tick tick = { .domain = domain };
        Reading begin, end;
        uint32_t n = 0;
        Look last;
        int r;

        r = look_at(meter, domain, &last);
        while (r >= 0 && n <= edges) {
                r = look_for_edge(meter, domain, deadline_ns, &last, &steps[n]);
                if (r < 0)
                        break;
                if (n++ == 0)
                        r = meter_read(meter, &begin);
        }
        if (r < 0 && r != -ETIME)
                return r;
        if (n < TICK_EDGES_MIN) {
                *ret = (Tick){ .domain = domain, .still_ns = longest_still(steps, n, timeout_ns) };
                return n == 0 ? -ENODATA : -ETIME;
        }
        r = meter_read(meter, &end);
        if (r < 0)
                return r;

        evaluate(meter, steps, n, &tick);
        if (tick.period_ns < LOOKS_PER_TICK * tick.look_ns) {
                *ret = (Tick){ .domain = domain, .still_ns = tick.period_ns };
                return -ERANGE;
        }
        take_power(meter, &begin, &end, &steps[0], &steps[n - 1], &tick);
        *ret = tick;
        return tick.spread > TICK_SPREAD_MAX ? -EBADMSG : 0;
}

uint64_t tick_period_max_ns(const Tick *tick) {
        return tick->period_ns > 0 ? tick->period_ns : MAX(tick->still_ns, USUAL_NS);
}

int tick_choose_domain(const Meter *meter, int package, size_t *ret) {
        const MeterDomain *domains;
        size_t n, best = SIZE_MAX;
        unsigned best_rank = 0;

        domains = meter_domains(meter, &n);
        for (size_t i = 0; i < n; i++) {
                const bool of_package = package < 0 || domains[i].package == package;
                const unsigned rank = 1 + of_package + 2 * (domains[i].kind == DOMAIN_PACKAGE);

                if (!domains[i].in_total || rank <= best_rank)
                        continue;
                best = i;
                best_rank = rank;
        }
        if (best == SIZE_MAX)
                return -ENODEV;
        *ret = best;
        return 0;
}

/* ---- waiting ---- */

void ticker_set_idle(Ticker *ticker, const PowerLevel *idle) {
        const PowerLevel *busy = &ticker->tick.busy;
        size_t n;

        ticker->idle = *idle;
        if (ticker->extra.known || !idle->known || !busy->known)
                return;
        (void) meter_domains(ticker->meter, &n);
        ticker->extra.known = true;
        for (size_t i = 0; i < n; i++) {
                ticker->extra.watts[i] = busy->watts[i] - idle->watts[i];
                ticker->extra.error_watts[i] = busy->error_watts[i] + idle->error_watts[i];
        }
}

/* Sleeps until shortly before the next edge is due; the longer ago the last one was seen, the less that is known. */
static void sleep_until_due(const Ticker *ticker, uint64_t now_ns) {
        const double period_ns = (double) ticker->tick.period_ns;
        double periods, margin_ns, wake_ns;

        if (ticker->edge_ns == 0 || now_ns < ticker->edge_ns)
                return;
        periods = floor((double) (now_ns - ticker->edge_ns) / period_ns) + 1;
        margin_ns = WAKE_UP_NS + 3 * (double) ticker->tick.jitter_ns * sqrt(periods);
        wake_ns = (double) ticker->edge_ns + periods * period_ns - margin_ns;
        if (wake_ns > (double) now_ns)
                meter_sleep_until(ticker->meter, (uint64_t) wake_ns);
}

/* One edge, and the reading behind it. -ESTALE: the counter has moved once more before it was read. */
static int wait_once(Ticker *ticker, uint64_t deadline_ns, Reading *ret, Edge *edge) {
        const size_t domain = ticker->tick.domain;
        uint64_t busy_from_ns;
        Look last;
        Step step;
        int r;

        sleep_until_due(ticker, meter_now_ns(ticker->meter));
        busy_from_ns = meter_now_ns(ticker->meter);
        r = look_at(ticker->meter, domain, &last);
        if (r < 0)
                return r;
        r = look_for_edge(ticker->meter, domain, deadline_ns, &last, &step);
        edge->busy_ns += (r < 0 ? last.end_ns : step.at_ns) - busy_from_ns;
        if (r < 0)
                return r;
        r = meter_read(ticker->meter, ret);
        if (r < 0)
                return r;
        if (ret->domains[domain].energy_uj != last.energy_uj)
                return -ESTALE;
        ticker->edge_ns = edge->at_ns = step.at_ns;
        edge->uncertainty_ns = step.gap_ns / 2;
        edge->cpu_ns = meter_cpu_ns(ticker->meter);
        edge->seen = true;
        return 0;
}

static int read_anywhere(Ticker *ticker, Reading *ret, Edge *edge) {
        int r;

        r = meter_read(ticker->meter, ret);
        if (r < 0)
                return r;
        edge->at_ns = ret->before_ns + (ret->after_ns - ret->before_ns) / 2;
        edge->uncertainty_ns = (ret->after_ns - ret->before_ns) / 2;
        edge->cpu_ns = meter_cpu_ns(ticker->meter);
        edge->seen = false;
        return 0;
}

int ticker_wait(Ticker *ticker, uint64_t wanted_ns, Reading *ret, Edge *ret_edge) {
        const uint64_t least_ns = ticker->tick.look_ns * HELD_UP;
        uint64_t deadline_ns;
        Edge edge = {};
        int r = 0;

        if (ticker->tick.period_ns > 0) {
                deadline_ns = meter_now_ns(ticker->meter) + PERIODS_MAX * ticker->tick.period_ns;
                for (unsigned i = 0; i < TRIES; i++) {
                        r = wait_once(ticker, deadline_ns, ret, &edge);
                        if (r == 0 && edge.uncertainty_ns <= MAX(wanted_ns, least_ns))
                                break;
                        if (r < 0 && r != -ESTALE)
                                break;
                }
        }
        if (r < 0 && r != -ETIME && r != -ESTALE)
                return r;
        if (r < 0 || !edge.seen) {
                r = read_anywhere(ticker, ret, &edge);
                if (r < 0)
                        return r;
        }
        *ret_edge = edge;
        return 0;
}
