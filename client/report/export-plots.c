/* SPDX-License-Identifier: MIT */
#include "export-plots.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "render.h"
#include "render-comparison.h"
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
static bool series_make(const Report *report, bool energy, Series *ret) {
        g_autofree double *valid = g_new(double, report->n_trials + 1);
        Series series = { .energy = energy,
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

/* An axis of n whole things from 1 on. */
static PlotAxis counting_axis(size_t n) {
        PlotAxis axis = plot_axis(0.5, (double) n + 0.5, (unsigned) MIN(10, n), true);

        axis.step = fmax(axis.step, 1);
        axis.decimals = 0;
        return axis;
}

void plot_trials(GString *out, const Report *report) {
        g_autofree char *name = NULL;
        g_auto(Series) series = {};
        double factor;
        Plot plot;

        if (!series_make(report, report_has_energy(report), &series))
                return;
        factor = series.scale.factor;
        name = series_name(report, &series);
        plot = (Plot){ out, counting_axis(report->n_trials),
                       plot_axis(series.low / factor, series.high / factor, MARKS, false) };
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

        if (!series_make(report, report_has_energy(report), &series) || series.summary.n < 2)
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

void plot_temperature(GString *out, const Trial **trials, size_t n, const char *x_name) {
        g_autofree double *indices = g_new(double, n + 1), *starts = g_new(double, n + 1),
                          *ends = g_new(double, n + 1);
        double low = NAN, high = NAN;
        Plot plot;

        for (size_t i = 0; i < n; i++) {
                indices[i] = (double) i + 1;
                starts[i] = trials[i] ? trials[i]->temp_start_c : NAN;
                ends[i] = trials[i] ? trials[i]->temp_end_c : NAN;
                widen(&low, &high, starts[i]);
                widen(&low, &high, ends[i]);
        }
        if (!isfinite(low))
                return;
        plot = (Plot){ out, counting_axis(n), plot_axis(low, high, MARKS, false) };
        plot_open(&plot, _("Temperature of the processor: dotted at the start of each trial, solid at its end"),
                  x_name, "°C");
        plot_path(&plot, indices, starts, n, "start");
        plot_path(&plot, indices, ends, n, "end");
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

/* ---- of a comparison ---- */

/* Candidate i's class: its colour is the same wherever it is drawn. */
static char *candidate_class(const char *class, size_t i) {
        return g_strdup_printf("%s c%zu", class, i + 1);
}

/* A change, its ends and the threshold are told in per cent. */
void plot_changes(GString *out, const Report *report) {
        const size_t n = report->n_candidates;
        g_autofree ComparedRow *rows = render_candidate_rows(report);
        const double threshold = report->threshold * 100;
        double low = 0, high = 0;
        bool any = false;
        Plot plot;

        for (size_t i = 1; i < n; i++) {
                any |= isfinite(rows[i].change);
                widen(&low, &high, rows[i].change * 100);
                widen(&low, &high, rows[i].low * 100);
                widen(&low, &high, rows[i].high * 100);
        }
        if (!any)
                return;
        widen(&low, &high, -threshold);
        widen(&low, &high, threshold);
        plot = (Plot){ out, plot_axis(low, high, MARKS, false), (PlotAxis){ .low = 0.5, .high = (double) n - 0.5 } };
        plot_open(&plot, _("Changes against the first, with their intervals; of note beyond the dashed lines"),
                  _("Change (%)"), _("Candidate"));
        plot_upright(&plot, 0, "tick");
        for (int sign = -1; isfinite(threshold) && sign <= 1; sign += 2)
                plot_upright(&plot, sign * threshold, "limit");
        for (size_t i = 1; i < n; i++) {
                const double place = (double) (n - i);
                g_autofree char *number = g_strdup_printf("%u", rows[i].number), *change = render_row_change(&rows[i]),
                                *interval = render_row_interval(&rows[i]),
                                *tip = g_strdup_printf("%s: %s%s%s%s, %s", number, change, *interval ? " (" : "",
                                                       interval, *interval ? ")" : "", render_row_phrase(&rows[i])),
                                *span = candidate_class("span", i), *dot = candidate_class("dot", i);

                plot_mark(&plot, place, number);
                if (*interval)
                        plot_span(&plot, rows[i].low * 100, rows[i].high * 100, place, span);
                if (*change)
                        plot_dot(&plot, rows[i].change * 100, place, dot, tip);
        }
        plot_close(&plot);
}

/* The same of all candidates; those without a valid trial have no values. */
typedef struct Candidates {
        Series *series;
        size_t n, first; /* first: with values; n: none has */
        double low, high;
} Candidates;

static void candidates_clear(Candidates *candidates) {
        for (size_t i = 0; i < candidates->n; i++)
                series_clear(&candidates->series[i]);
        g_free(candidates->series);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Candidates, candidates_clear)

static void candidates_make(const Report *report, Candidates *ret) {
        const size_t n = report->n_candidates;

        *ret = (Candidates){ .series = g_new0(Series, n + 1), .n = n, .first = n, .low = NAN, .high = NAN };
        for (size_t i = 0; i < n; i++) {
                if (!series_make(report->candidates[i], !report->compares_time, &ret->series[i])) {
                        ret->series[i] = (Series){};
                        continue;
                }
                ret->first = MIN(ret->first, i);
                ret->series[i].scale = ret->series[ret->first].scale;
                widen(&ret->low, &ret->high, ret->series[i].low);
                widen(&ret->low, &ret->high, ret->series[i].high);
        }
}

/* Which of them ran in turn `at`, in its round at / n; an order that is not known is taken to be theirs. */
static size_t candidate_of_turn(const Report *report, size_t at) {
        return at < report->n_candidates * report->n_rounds ? report->order[at] : at % report->n_candidates;
}

const Trial **comparison_turns(const Report *report, size_t *ret_n) {
        const size_t n = report->n_candidates;
        const Trial **turns;
        size_t rounds = 0;

        for (size_t i = 0; i < n; i++)
                rounds = MAX(rounds, report->candidates[i]->n_trials);
        turns = g_new0(const Trial *, n *rounds + 1);
        for (size_t at = 0; at < n * rounds; at++) {
                const Report *one = report->candidates[candidate_of_turn(report, at)];

                if (at / n < one->n_trials)
                        turns[at] = &one->trials[at / n];
        }
        *ret_n = n * rounds;
        return turns;
}

/* One candidate's trials among the turns of all, those that count joined by a line. */
static void draw_turns(const Plot *plot, const Report *report, const Candidates *all, size_t which,
                       const Trial **turns, size_t n_turns) {
        const Series *series = &all->series[which];
        g_autofree double *x = g_new(double, n_turns + 1), *y = g_new(double, n_turns + 1);
        g_autofree char *dot = candidate_class("dot", which), *thread = candidate_class("thread", which);
        size_t n = 0;

        for (size_t at = 0; at < n_turns; at++) {
                const bool counts = turns[at] && turns[at]->valid && candidate_of_turn(report, at) == which;
                const double value = counts ? series->values[at / all->n] : NAN;

                if (!isfinite(value))
                        continue;
                x[n] = (double) at + 1;
                y[n++] = value / series->scale.factor;
        }
        plot_path(plot, x, y, n, thread);
        for (size_t at = 0; at < n_turns; at++) {
                const Trial *trial = turns[at];
                const bool mine = trial && candidate_of_turn(report, at) == which;
                const double value = mine ? series->values[at / all->n] : NAN;
                g_autofree char *text = mine ? trial_tip(trial, series, value) : NULL,
                                *tip = mine ? g_strdup_printf(_("%zu, trial %s"), which + 1, text) : NULL;

                if (mine)
                        plot_dot(plot, (double) at + 1, (isfinite(value) ? value : all->low) / series->scale.factor,
                                 trial->valid && isfinite(value) ? dot : "bad", tip);
        }
}

void plot_turns(GString *out, const Report *report) {
        g_auto(Candidates) all = {};
        g_autofree const Trial **turns = NULL;
        g_autofree char *name = NULL;
        const Series *first;
        size_t n_turns;
        Plot plot;

        candidates_make(report, &all);
        if (all.first == all.n)
                return;
        first = &all.series[all.first];
        turns = comparison_turns(report, &n_turns);
        name = series_name(report->candidates[all.first], first);
        plot = (Plot){ out, counting_axis(n_turns),
                       plot_axis(all.low / first->scale.factor, all.high / first->scale.factor, MARKS, false) };
        plot_open(&plot, _("Trials of all candidates, in the turns they ran in"), _("Turn"), name);
        for (size_t i = 0; i < all.n; i++)
                if (all.series[i].values)
                        draw_turns(&plot, report, &all, i, turns, n_turns);
        plot_close(&plot);
}

/* Candidate i's valid trials, and below them what was made of them. */
static void draw_spread(const Plot *plot, const Report *one, const Series *series, size_t i, double place) {
        const double factor = series->scale.factor;
        g_autofree char *faint = candidate_class("dot faint", i), *dot = candidate_class("dot", i),
                        *span = candidate_class("span", i),
                        *median = scale_format(&series->scale, series->summary.median);

        for (size_t k = 0; k < one->n_trials; k++) {
                g_autofree char *tip = trial_tip(&one->trials[k], series, series->values[k]);

                if (one->trials[k].valid && isfinite(series->values[k]))
                        plot_dot(plot, series->values[k] / factor, place + 0.12, faint, tip);
        }
        if (series->summary.has_ci)
                plot_span(plot, series->summary.ci_low / factor, series->summary.ci_high / factor, place - 0.18, span);
        plot_dot(plot, series->summary.median / factor, place - 0.18, dot, median);
}

void plot_spreads(GString *out, const Report *report) {
        g_auto(Candidates) all = {};
        g_autofree char *name = NULL;
        const Series *first;
        Plot plot;

        candidates_make(report, &all);
        if (all.first == all.n)
                return;
        first = &all.series[all.first];
        name = series_name(report->candidates[all.first], first);
        plot = (Plot){ out, plot_axis(all.low / first->scale.factor, all.high / first->scale.factor, MARKS, false),
                       (PlotAxis){ .low = 0.5, .high = (double) all.n + 0.5 } };
        plot_open(&plot, _("Valid trials of each candidate; below them the median and its interval"), name,
                  _("Candidate"));
        for (size_t i = 0; i < all.n; i++) {
                const double place = (double) (all.n - i);
                g_autofree char *number = g_strdup_printf("%zu", i + 1);

                plot_mark(&plot, place, number);
                if (all.series[i].values)
                        draw_spread(&plot, report->candidates[i], &all.series[i], i, place);
        }
        plot_close(&plot);
}
