/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "span.h"

#define TAIL_EDGE 32U /* an edge's uncertainty worth waiting for the next: one in so many of a period */

int span_open(Ticker *ticker, Span *span) {
        int r;

        *span = (Span){};
        r = ticker_wait(ticker, 0, &span->begin, &span->first);
        span->from_ns = meter_now_ns(ticker->meter);
        return r;
}

int span_close(Ticker *ticker, Span *span, uint64_t to_ns) {
        span->to_ns = MAX(to_ns, span->from_ns);
        span->heard_ns = meter_now_ns(ticker->meter);
        return ticker_wait(ticker, ticker->tick.period_ns / TAIL_EDGE, &span->end, &span->last);
}

bool span_aligned(const Span *span) {
        return span->first.seen && span->last.seen;
}

static double micros(double watts, double ns) {
        return watts * ns / 1e3; /* 1 W is 1/1000 µJ a ns */
}

static double nanos(uint64_t from_ns, uint64_t to_ns) {
        return to_ns > from_ns ? (double) (to_ns - from_ns) : 0;
}

/* This thread woke to hear of the end, or waited for a CPU. */
static double hearing_ns(const Span *span) {
        return nanos(span->to_ns, span->heard_ns);
}

/* Time between the edges and what is measured: asleep, and kept busy by us. */
static void outside(const Span *span, double *ret_idle_ns, double *ret_busy_ns) {
        const double lead_ns = nanos(span->first.at_ns, span->from_ns), tail_ns = nanos(span->to_ns, span->last.at_ns);
        const double awake_ns = fmin((double) span->last.busy_ns + hearing_ns(span), tail_ns);

        *ret_idle_ns = tail_ns - awake_ns;
        *ret_busy_ns = lead_ns + awake_ns;
}

/* Power outside what is measured; false when it is not known. */
static bool levels(const Ticker *ticker, size_t domain, double *idle, double *busy, double *idle_error,
                   double *busy_error) {
        const PowerLevel *of_idle = ticker->idle.known ? &ticker->idle : &ticker->tick.busy;

        if (!of_idle->known)
                return false;
        *idle = *busy = of_idle->watts[domain];
        *idle_error = *busy_error = of_idle->error_watts[domain];
        if (!ticker->idle.known)
                *idle_error = *idle / 2; /* what an idle machine takes of a busy one differs much */
        else if (ticker->extra.known) {
                *busy += ticker->extra.watts[domain];
                *busy_error += ticker->extra.error_watts[domain];
        }
        return true;
}

static double unit_of(const MeterDomain *domain) {
        return fmax(domain->unit_uj, (double) domain->hw_range_uj / UINT32_MAX);
}

/* Each of two readings is off by any part of a count. */
static double quantisation_error(const Ticker *ticker, const MeterDomain *domain) {
        return meter_simulated(ticker->meter) ? 0 : 2 * unit_of(domain) / sqrt(6);
}

/* An edge that is e off moves the window by e at the power outside it. A counter that was not looked at for its edges
 * may lag by up to a period, at the end of the window by as much as at its beginning but for the jitter; one that was
 * read at no edge by any part of a period at both ends. */
static double tick_error(const Ticker *ticker, const Span *span, size_t domain, double outside_watts, double watts) {
        const uint64_t period_ns = ticker->tick.period_ns;
        const double off_ns = hypot((double) span->first.uncertainty_ns, (double) span->last.uncertainty_ns);

        if (meter_simulated(ticker->meter))
                return micros(outside_watts, off_ns);
        if (!span_aligned(span))
                return micros(fmax(outside_watts, watts), (double) tick_period_max_ns(&ticker->tick));
        if (domain == ticker->tick.domain)
                return micros(outside_watts, off_ns);
        return micros(fabs(watts - outside_watts), (double) period_ns) +
               micros(outside_watts, (double) ticker->tick.jitter_ns + off_ns);
}

int span_energy(const Ticker *ticker, const Span *span, size_t domain, double *ret_uj, Uncertainty *ret_uncertainty) {
        const double ns = nanos(span->first.at_ns, span->last.at_ns);
        double idle = 0, busy = 0, idle_error = 0, busy_error = 0, idle_ns, busy_ns, watts;
        const MeterDomain *domains;
        uint64_t counted_uj;
        bool known;
        size_t n;
        int r;

        r = reading_energy_uj(&span->begin, &span->end, domain, &counted_uj);
        if (r < 0)
                return r;
        domains = meter_domains(ticker->meter, &n);
        watts = ns > 0 ? (double) counted_uj * 1e3 / ns : 0;
        known = levels(ticker, domain, &idle, &busy, &idle_error, &busy_error);
        outside(span, &idle_ns, &busy_ns);

        *ret_uj = (double) counted_uj - micros(idle, idle_ns) - micros(busy, busy_ns);
        if (*ret_uj < 0)
                return -ERANGE;
        *ret_uncertainty = (Uncertainty){
                .tick_uj = tick_error(ticker, span, domain, fmax(idle, busy), watts),
                .quantisation_uj = quantisation_error(ticker, &domains[domain]),
                .tail_uj = known ? micros(idle_error, idle_ns) + micros(busy_error, busy_ns) +
                                                           micros(busy - idle, hearing_ns(span)) / 2
                                 : micros(watts, idle_ns + busy_ns),
        };
        return 0;
}

int span_total(const Ticker *ticker, const Span *span, double *ret_uj, Uncertainty *ret_uncertainty) {
        const MeterDomain *domains;
        Uncertainty sum = {}, of_domain;
        double total_uj = 0, uj;
        bool any = false;
        size_t n;
        int r;

        domains = meter_domains(ticker->meter, &n);
        for (size_t i = 0; i < n; i++) {
                if (!domains[i].in_total)
                        continue;
                r = span_energy(ticker, span, i, &uj, &of_domain);
                if (r < 0)
                        return r;
                total_uj += uj;
                uncertainty_add_domain(&sum, &of_domain);
                any = true;
        }
        if (!any)
                return -ENODATA;
        *ret_uj = total_uj;
        *ret_uncertainty = sum;
        return 0;
}

int span_idle_watts(const Ticker *ticker, const Span *span, size_t domain, double *ret_watts,
                    Uncertainty *ret_uncertainty) {
        const double ns = nanos(span->first.at_ns, span->last.at_ns);
        double busy_ns, watts, tail_uj;
        const MeterDomain *domains;
        uint64_t counted_uj;
        size_t n;
        int r;

        r = reading_energy_uj(&span->begin, &span->end, domain, &counted_uj);
        if (r < 0)
                return r;
        busy_ns = nanos(span->first.cpu_ns, span->last.cpu_ns);
        if (ns <= busy_ns)
                return -ERANGE;
        if (ticker->extra.known) {
                watts = ((double) counted_uj - micros(ticker->extra.watts[domain], busy_ns)) * 1e3 / ns;
                tail_uj = micros(ticker->extra.error_watts[domain], busy_ns);
        } else if (ticker->tick.busy.known) {
                watts = ((double) counted_uj - micros(ticker->tick.busy.watts[domain], busy_ns)) * 1e3 /
                        (ns - busy_ns);
                tail_uj = micros(ticker->tick.busy.error_watts[domain], busy_ns);
        } else {
                watts = (double) counted_uj * 1e3 / ns;
                tail_uj = micros(watts, busy_ns);
        }
        *ret_watts = watts;
        if (!ret_uncertainty)
                return 0;
        domains = meter_domains(ticker->meter, &n);
        *ret_uncertainty = (Uncertainty){
                .tick_uj = tick_error(ticker, span, domain, watts, watts),
                .quantisation_uj = quantisation_error(ticker, &domains[domain]),
                .tail_uj = tail_uj,
        };
        return 0;
}
