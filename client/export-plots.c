/* SPDX-License-Identifier: MIT */
#include "export-plots.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "render.h"
#include "summary.h"
#include "svg-plot.h"
#include "units.h"

#define MARKS 6
#define BINS_MIN 5
#define BINS_MAX 30
#define JOBS_MARKED 15 /* more would overlap */

/* What is plotted of the trials: one quantity, in the unit it is shown in. */
typedef struct Series {
        double *values;  /* by trial; NaN: unknown */
        Summary summary; /* of the valid ones */
        Scale scale;
        bool energy, whole; /* whole: of the trial and not of one run */
        double low, high;   /* of all */
} Series;

static void series_clear(Series *series) {
        g_free(series->values);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Series, series_clear)

static void widen(double *low, double *high, double value) {
        if (!isfinite(value))
                return;
        *low = isfinite(*low) ? MIN(*low, value) : value;
        *high = isfinite(*high) ? MAX(*high, value) : value;
}

/* False when no valid trial has a value. */
static bool series_make(const Report *report, Series *ret) {
        g_autofree double *valid = g_new(double, report->n_trials + 1);
        Series series = { .energy = report_has_energy(report),
                          .whole = report->n_per_test > 0,
                          .values = g_new(double, report->n_trials + 1),
                          .low = NAN,
                          .high = NAN };
        size_t n = 0;

        for (size_t i = 0; i < report->n_trials; i++) {
                const Trial *trial = &report->trials[i];
                const double value = series.energy ? trial->total_j : trial->wall_s;

                series.values[i] = series.whole ? value : value / (double) MAX(trial->iterations, 1);
                widen(&series.low, &series.high, series.values[i]);
                if (trial->valid && isfinite(series.values[i]))
                        valid[n++] = series.values[i];
        }
        if (summary_compute(valid, n, &series.summary) < 0) {
                series_clear(&series);
                return false;
        }
        series.scale = series.energy ? scale_energy(series.summary.median, 0, false)
                                     : scale_time(series.summary.median, false);
        *ret = series;
        return true;
}

/* "Energy of one run (mJ, modelled)" */
static char *series_name(const Report *report, const Series *series) {
        const char *what = series->whole    ? series->energy ? _("Energy of a trial") : _("Time of a trial")
                              : series->energy ? _("Energy of one run")
                                            : _("Time of one run");

        return g_strdup_printf("%s (%s%s%s)", what, series->scale.unit,
                               series->energy && report->simulated ? ", " : "",
                               series->energy && report->simulated ? _("modelled") : "");
}

static char *trial_tip(const Trial *trial, const Series *series, double value) {
        g_autofree char *number = scale_format(&series->scale, value);
        g_autofree char *words = trial->quality && *trial->quality ? g_strjoinv(" ", trial->quality) : NULL;

        return g_strdup_printf("%" G_GUINT64_FORMAT ": %s%s%s", trial->index, number, words ? ", " : "", words ?: "");
}

void plot_trials(GString *out, const Report *report) {
        g_autofree char *name = NULL;
        g_auto(Series) series = {};
        double factor;
        Plot plot;

        if (!series_make(report, &series))
                return;
        factor = series.scale.factor;
        name = series_name(report, &series);
        plot = (Plot){ out,
                       plot_axis(0.5, (double) report->n_trials + 0.5, MIN(10, (unsigned) report->n_trials), true),
                       plot_axis(series.low / factor, series.high / factor, MARKS, false) };
        /* trials are whole */
        plot.x.step = fmax(plot.x.step, 1);
        plot.x.decimals = 0;
        plot_open(&plot, _("Trials in their order, with median and its interval"), _("Trial"), name);
        if (series.summary.has_ci)
                plot_band(&plot, series.summary.ci_low / factor, series.summary.ci_high / factor, "band");
        plot_level(&plot, series.summary.median / factor, "median");
        for (size_t i = 0; i < report->n_trials; i++) {
                const Trial *trial = &report->trials[i];
                const double value = isfinite(series.values[i]) ? series.values[i] : series.low;
                g_autofree char *tip = trial_tip(trial, &series, series.values[i]);

                plot_dot(&plot, (double) i + 1, value / factor,
                         trial->valid && isfinite(series.values[i]) ? "dot" : "bad", tip);
        }
        plot_close(&plot);
}

/* As many bins as the root of the trials (Scott's rule would ask the noise to be Gaussian). */
static unsigned fill_bins(const Report *report, const Series *series, const PlotAxis *axis, unsigned *bins) {
        const unsigned n = CLAMP((unsigned) ceil(sqrt((double) series->summary.n)), BINS_MIN, BINS_MAX);

        for (size_t i = 0; i < report->n_trials; i++) {
                const double value = series->values[i] / series->scale.factor;

                if (report->trials[i].valid && isfinite(value))
                        bins[MIN((unsigned) ((value - axis->low) / (axis->high - axis->low) * n), n - 1)]++;
        }
        return n;
}

void plot_distribution(GString *out, const Report *report) {
        unsigned bins[BINS_MAX] = {}, n, most = 0;
        g_autofree char *name = NULL;
        g_auto(Series) series = {};
        double width;
        Plot plot;

        if (!series_make(report, &series) || series.summary.n < 2)
                return;
        name = series_name(report, &series);
        plot = (Plot){ .out = out,
                       .x = plot_axis(series.summary.min / series.scale.factor,
                                      series.summary.max / series.scale.factor, MARKS, true) };
        n = fill_bins(report, &series, &plot.x, bins);
        for (unsigned i = 0; i < n; i++)
                most = MAX(most, bins[i]);
        plot.y = plot_axis(0, most, MARKS, true);
        plot.y.step = fmax(plot.y.step, 1);
        plot.y.decimals = 0;
        plot_open(&plot, _("Distribution of the valid trials, with median"), name, _("Trials"));
        width = (plot.x.high - plot.x.low) / n;
        for (unsigned i = 0; i < n; i++) {
                g_autofree char *tip = g_strdup_printf("%u", bins[i]);

                if (bins[i] > 0)
                        plot_bar(&plot, plot.x.low + i * width, plot.x.low + (i + 1) * width, bins[i], "bar", tip);
        }
        plot_upright(&plot, series.summary.median / series.scale.factor, "median");
        plot_close(&plot);
}

void plot_temperature(GString *out, const Report *report) {
        g_autofree double *indices = g_new(double, report->n_trials + 1),
                          *starts = g_new(double, report->n_trials + 1), *ends = g_new(double, report->n_trials + 1);
        double low = NAN, high = NAN;
        Plot plot;

        for (size_t i = 0; i < report->n_trials; i++) {
                indices[i] = (double) i + 1;
                starts[i] = report->trials[i].temp_start_c;
                ends[i] = report->trials[i].temp_end_c;
                widen(&low, &high, starts[i]);
                widen(&low, &high, ends[i]);
        }
        if (!isfinite(low))
                return;
        plot = (Plot){ out,
                       plot_axis(0.5, (double) report->n_trials + 0.5, MIN(10, (unsigned) report->n_trials), true),
                       plot_axis(low, high, MARKS, false) };
        plot.x.step = fmax(plot.x.step, 1);
        plot.x.decimals = 0;
        plot_open(&plot, _("Temperature of the processor: dotted at the start of each trial, solid at its end"),
                  _("Trial"), "°C");
        plot_path(&plot, indices, starts, report->n_trials, "start");
        plot_path(&plot, indices, ends, report->n_trials, "end");
        plot_close(&plot);
}

/* Modelled joules do not compare with counted ones, and time with neither. */
static bool comparable(Report *const *reports, size_t n, bool *ret_energy) {
        size_t energies = 0, modelled = 0, times = 0;

        for (size_t i = 0; i < n; i++) {
                energies += report_has_energy(reports[i]);
                modelled += report_has_energy(reports[i]) && reports[i]->simulated;
                times += isfinite(reports[i]->wall.median);
        }
        *ret_energy = energies == times && (modelled == 0 || modelled == energies);
        return times >= 2;
}

static const Figure *compared(const Report *report, bool energy) {
        return energy ? &report->total : &report->wall;
}

void plot_comparison(GString *out, Report *const *reports, size_t n) {
        double low = NAN, high = NAN, places = 0, place;
        g_autofree char *name = NULL;
        bool energy, modelled = false;
        Scale scale;
        Plot plot;

        if (!comparable(reports, n, &energy))
                return;
        for (size_t i = 0; i < n; i++) {
                const Figure *figure = compared(reports[i], energy);

                widen(&low, &high, figure->median);
                widen(&low, &high, figure->low);
                widen(&low, &high, figure->high);
                places += isfinite(figure->median);
                modelled |= reports[i]->simulated;
        }
        scale = energy ? scale_energy(high, 0, false) : scale_time(high, false);
        name = g_strdup_printf("%s (%s%s%s)", energy ? _("Energy of one run") : _("Time of one run"), scale.unit,
                               energy && modelled ? ", " : "", energy && modelled ? _("modelled") : "");
        plot = (Plot){ out, plot_axis(low / scale.factor, high / scale.factor, MARKS, false),
                       (PlotAxis){ .low = 0.5, .high = places + 0.5 } };
        plot_open(&plot, _("The jobs beside each other: median and its interval"), name, _("Job"));
        place = places;
        for (size_t i = 0; i < n; i++) {
                const Figure *figure = compared(reports[i], energy);
                g_autofree char *number = scale_format(&scale, figure->median);
                g_autofree char *subject = render_subject(reports[i]);
                g_autofree char *job = g_strdup_printf("%u", reports[i]->id);
                g_autofree char *tip = g_strdup_printf("%s: %s, %s", job, number, reports[i]->label ?: subject);

                if (!isfinite(figure->median))
                        continue;
                if (places <= JOBS_MARKED)
                        plot_mark(&plot, place, job);
                if (isfinite(figure->low) && isfinite(figure->high))
                        plot_span(&plot, figure->low / scale.factor, figure->high / scale.factor, place, "span");
                plot_dot(&plot, figure->median / scale.factor, place, "dot", tip);
                place--;
        }
        plot_close(&plot);
}
