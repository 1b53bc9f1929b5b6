/* SPDX-License-Identifier: MIT */
#include "figures.h"

void figures_init(Figures *figures, size_t n_domains) {
        *figures = (Figures){ .n_domains = n_domains };
        figures->energy_uj = g_new0(uint64_t, n_domains + 1);
        figures->energy_error = g_new0(int, n_domains + 1);
}

void figures_clear(Figures *figures) {
        g_clear_pointer(&figures->energy_uj, g_free);
        g_clear_pointer(&figures->energy_error, g_free);
}

static uint64_t reading_ns(const Reading *reading) {
        return reading->before_ns + (reading->after_ns - reading->before_ns) / 2;
}

static void add_energy(uint64_t *sum_uj, int *error, int r, uint64_t uj) {
        if (r < 0)
                *error = r;
        else
                *sum_uj += uj;
}

void figures_add_span(Figures *figures, const Meter *meter, const Reading *begin, const Reading *end) {
        uint64_t uj = 0;
        int r;

        figures->wall_ns += reading_ns(end) - reading_ns(begin);
        for (size_t i = 0; i < figures->n_domains; i++) {
                r = reading_energy_uj(begin, end, i, &uj);
                add_energy(&figures->energy_uj[i], &figures->energy_error[i], r, uj);
        }
        r = meter_total_uj(meter, begin, end, &uj);
        add_energy(&figures->total_uj, &figures->total_error, r, uj);
}

void figures_add(Figures *figures, const Figures *more) {
        figures->iterations += more->iterations;
        figures->wall_ns += more->wall_ns;
        figures->cpu_usec += more->cpu_usec;
        for (size_t i = 0; i < figures->n_domains; i++)
                add_energy(&figures->energy_uj[i], &figures->energy_error[i], more->energy_error[i],
                           more->energy_uj[i]);
        add_energy(&figures->total_uj, &figures->total_error, more->total_error, more->total_uj);
}

void figures_fail(Figures *figures, int error) {
        for (size_t i = 0; i < figures->n_domains; i++)
                figures->energy_error[i] = error;
        figures->total_error = error;
}
