/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "baseline.h"
#include "line.h"

#define NEAREST 12U
#define ROUGH_ERROR 0.05

static void free_window(void *p) {
        IdleWindow *window = p;

        g_free(window->watts);
        g_free(window->error_watts);
        g_free(window);
}

Baseline *baseline_new(size_t n_domains) {
        Baseline *baseline = g_new(Baseline, 1);

        *baseline = (Baseline){ .n_domains = n_domains, .windows = g_ptr_array_new_with_free_func(free_window) };
        return baseline;
}

Baseline *baseline_free(Baseline *baseline) {
        if (!baseline)
                return NULL;
        g_ptr_array_unref(baseline->windows);
        g_free(baseline);
        return NULL;
}

static const IdleWindow *window_at(const Baseline *baseline, guint i) {
        return g_ptr_array_index(baseline->windows, i);
}

void baseline_add(Baseline *baseline, const Ticker *ticker, const Span *span) {
        IdleWindow *window;
        const MeterDomain *domains;
        Uncertainty sum = {}, of_domain;
        double total = 0, ns = (double) (span->last.at_ns - span->first.at_ns);
        size_t n;

        /* A tick is a large part of a short window. */
        if (ticker->tick.period_ns > 0 && !span_aligned(span))
                return;
        window = g_new0(IdleWindow, 1);
        domains = meter_domains(ticker->meter, &n);
        window->from_ns = span->first.at_ns;
        window->to_ns = span->last.at_ns;
        window->watts = g_new0(double, baseline->n_domains + 1);
        window->error_watts = g_new0(double, baseline->n_domains + 1);
        for (size_t i = 0; i < baseline->n_domains; i++) {
                if (span_idle_watts(ticker, span, i, &window->watts[i], &of_domain) < 0) {
                        window->watts[i] = NAN;
                        of_domain = (Uncertainty){ .tick_uj = NAN };
                }
                window->error_watts[i] = gross_uncertainty_uj(&of_domain) * 1e3 / ns;
                if (domains[i].in_total) {
                        total += window->watts[i];
                        uncertainty_add_domain(&sum, &of_domain);
                }
        }
        window->watts[baseline->n_domains] = total;
        window->error_watts[baseline->n_domains] = gross_uncertainty_uj(&sum) * 1e3 / ns;
        g_ptr_array_add(baseline->windows, window);
}

static double middle(const IdleWindow *window) {
        return (double) window->from_ns / 2 + (double) window->to_ns / 2;
}

/* The first of NEAREST windows around a moment: as many before it as after, where there are so many. */
static guint first_nearest(const Baseline *baseline, uint64_t at_ns) {
        const guint n = baseline->windows->len;
        guint after = 0;

        while (after < n && middle(window_at(baseline, after)) < (double) at_ns)
                after++;
        if (n <= NEAREST || after <= NEAREST / 2)
                return 0;
        return MIN(after - NEAREST / 2, n - NEAREST);
}

/* Seconds from at_ns, and watts, of the nearest windows in which the domain is known. */
static size_t nearest(const Baseline *baseline, size_t domain, uint64_t at_ns, double x[NEAREST], double y[NEAREST]) {
        const guint first = first_nearest(baseline, at_ns);
        size_t n = 0;

        for (guint i = first; i < baseline->windows->len && i < first + NEAREST; i++) {
                const IdleWindow *window = window_at(baseline, i);

                if (!isfinite(window->watts[domain]))
                        continue;
                x[n] = (middle(window) - (double) at_ns) / 1e9;
                y[n++] = window->watts[domain];
        }
        return n;
}

/* What a longer window averages out. */
static double noise_share(const Baseline *baseline, uint64_t ns) {
        const IdleWindow *window = window_at(baseline, 0);
        const double idle_ns = (double) (window->to_ns - window->from_ns);

        return (double) ns > idle_ns ? sqrt(idle_ns / (double) ns) : 1;
}

int baseline_power(const Baseline *baseline, size_t domain, uint64_t at_ns, uint64_t ns, IdlePower *ret) {
        double x[NEAREST], y[NEAREST];
        Line line;
        int r;

        r = line_fit(x, y, nearest(baseline, domain, at_ns, x, y), &line);
        if (r < 0)
                return r;
        *ret = (IdlePower){ .power_w = line_at(&line, 0),
                            .half_w = line_half_width(&line, 0, noise_share(baseline, ns)) };
        return 0;
}

/* The mean of one or two windows. */
static bool rough_power(const Baseline *baseline, size_t domain, uint64_t at_ns, IdlePower *ret) {
        double x[NEAREST], y[NEAREST], sum = 0;
        const size_t n = nearest(baseline, domain, at_ns, x, y);

        for (size_t i = 0; i < n; i++)
                sum += y[i];
        ret->power_w = n > 0 ? sum / (double) n : 0;
        ret->half_w = fabs(ret->power_w) * ROUGH_ERROR;
        return n > 0;
}

void baseline_level(const Baseline *baseline, uint64_t at_ns, PowerLevel *ret) {
        PowerLevel level = { .known = baseline->windows->len > 0 };

        for (size_t i = 0; i < baseline->n_domains; i++) {
                IdlePower idle;

                if (baseline_power(baseline, i, at_ns, 0, &idle) < 0 && !rough_power(baseline, i, at_ns, &idle))
                        level.known = false;
                level.watts[i] = idle.power_w;
                level.error_watts[i] = idle.half_w;
        }
        *ret = level;
}

static int settle(const Baseline *baseline, size_t domain, const Figures *figures, int error, uint64_t gross_uj,
                  int64_t *ret_net_uj, Uncertainty *uncertainty) {
        const uint64_t middle_ns = figures->from_ns + (figures->to_ns - figures->from_ns) / 2;
        IdlePower idle;
        double net_j, half_j;
        int r;

        if (error < 0)
                return error;
        r = baseline_power(baseline, domain, middle_ns, figures->wall_ns, &idle);
        if (r < 0)
                return r;
        r = net_compute((double) gross_uj / 1e6, (double) figures->wall_ns / 1e9, &idle, &net_j, &half_j);
        if (r < 0)
                return r;
        *ret_net_uj = llround(net_j * 1e6);
        uncertainty->baseline_uj = half_j * 1e6;
        return 0;
}

void baseline_settle(const Baseline *baseline, Figures *figures) {
        for (size_t i = 0; i < figures->n_domains; i++)
                figures->net_error[i] = settle(baseline, i, figures, figures->energy_error[i], figures->energy_uj[i],
                                               &figures->net_uj[i], &figures->uncertainty[i]);
        figures->total_net_error = settle(baseline, figures->n_domains, figures, figures->total_error,
                                          figures->total_uj, &figures->total_net_uj, &figures->total_uncertainty);
}

double baseline_error_watts(const Baseline *baseline, size_t domain) {
        double most = NAN;

        for (guint i = 0; i < baseline->windows->len; i++)
                most = fmax(most, window_at(baseline, i)->error_watts[domain]);
        return most;
}

int baseline_summary(const Baseline *baseline, size_t domain, Summary *ret) {
        g_autofree double *watts = g_new(double, baseline->windows->len + 1);
        size_t n = 0;

        for (guint i = 0; i < baseline->windows->len; i++)
                if (isfinite(window_at(baseline, i)->watts[domain]))
                        watts[n++] = window_at(baseline, i)->watts[domain];
        return summary_compute(watts, n, ret);
}

char *net_error_to_string(int error) {
        switch (error) {
        case -ENODATA:
                return g_strdup_printf("there are fewer than %u idle windows to take the baseline from",
                                       BASELINE_WINDOWS_MIN);
        case -ERANGE:
                return g_strdup_printf("the idle machine's power is too uncertain: its interval is wider than %g %% "
                                       "of the gross energy",
                                       NET_BASELINE_MAX * 100);
        default:
                return g_strdup("there is no gross energy to take the baseline from");
        }
}
