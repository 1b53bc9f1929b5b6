/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "figures.h"

void figures_init(Figures *figures, size_t n_domains) {
        *figures = (Figures){ .n_domains = n_domains, .total_net_error = -ENODATA };
        figures->energy_uj = g_new0(uint64_t, n_domains + 1);
        figures->energy_error = g_new0(int, n_domains + 1);
        figures->net_uj = g_new0(int64_t, n_domains + 1);
        figures->net_error = g_new0(int, n_domains + 1);
        figures->uncertainty = g_new0(Uncertainty, n_domains + 1);
        for (size_t i = 0; i < n_domains; i++)
                figures->net_error[i] = -ENODATA;
}

void figures_clear(Figures *figures) {
        g_clear_pointer(&figures->energy_uj, g_free);
        g_clear_pointer(&figures->energy_error, g_free);
        g_clear_pointer(&figures->net_uj, g_free);
        g_clear_pointer(&figures->net_error, g_free);
        g_clear_pointer(&figures->uncertainty, g_free);
}

static void add_energy(uint64_t *sum_uj, int *error, Uncertainty *uncertainty, int r, uint64_t uj,
                       const Uncertainty *more) {
        if (r < 0) {
                *error = r;
                return;
        }
        *sum_uj += uj;
        uncertainty_add(uncertainty, more);
}

static void add_time(Figures *figures, uint64_t wall_ns, uint64_t from_ns, uint64_t to_ns) {
        if (figures->to_ns == 0)
                figures->from_ns = from_ns;
        figures->to_ns = to_ns;
        figures->wall_ns += wall_ns;
}

void figures_add_span(Figures *figures, const Ticker *ticker, const Span *span) {
        Uncertainty uncertainty;
        double uj = 0;
        int r;

        add_time(figures, span->to_ns - span->from_ns, span->from_ns, span->to_ns);
        figures->unaligned += !span_aligned(span);
        for (size_t i = 0; i < figures->n_domains; i++) {
                r = span_energy(ticker, span, i, &uj, &uncertainty);
                add_energy(&figures->energy_uj[i], &figures->energy_error[i], &figures->uncertainty[i], r,
                           r < 0 ? 0 : (uint64_t) llround(uj), &uncertainty);
        }
        r = span_total(ticker, span, &uj, &uncertainty);
        add_energy(&figures->total_uj, &figures->total_error, &figures->total_uncertainty, r,
                   r < 0 ? 0 : (uint64_t) llround(uj), &uncertainty);
}

void figures_add(Figures *figures, const Figures *more) {
        figures->iterations += more->iterations;
        figures->cpu_usec += more->cpu_usec;
        figures->unaligned += more->unaligned;
        add_time(figures, more->wall_ns, more->from_ns, more->to_ns);
        for (size_t i = 0; i < figures->n_domains; i++)
                add_energy(&figures->energy_uj[i], &figures->energy_error[i], &figures->uncertainty[i],
                           more->energy_error[i], more->energy_uj[i], &more->uncertainty[i]);
        add_energy(&figures->total_uj, &figures->total_error, &figures->total_uncertainty, more->total_error,
                   more->total_uj, &more->total_uncertainty);
}

void figures_fail(Figures *figures, int error) {
        for (size_t i = 0; i < figures->n_domains; i++)
                figures->energy_error[i] = error;
        figures->total_error = error;
}
