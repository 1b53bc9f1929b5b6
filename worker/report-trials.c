/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "report-internal.h"

/* Distinct digests in order of appearance: one, when all runs wrote the same. */
static void write_digests(Body *body, const WindowRecord *window) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        body_open_array(body, "output_sha256");
        for (guint i = 0; i < window->runs->len; i++) {
                const RunRecord *run = g_ptr_array_index(window->runs, i);

                if (run->output_sha256 && g_hash_table_add(seen, run->output_sha256))
                        body_string(body, NULL, run->output_sha256);
        }
        body_close_array(body);
}

static bool is_short(const Body *body, const Figures *figures) {
        return figures->wall_ns < body->record->min_window_usec * NSEC_PER_USEC;
}

/* The energy of a short window is also the trial's less that of all the others. */
static const char *windows_withheld(const Body *body, const TrialRecord *trial) {
        for (guint i = 0; i < trial->windows->len; i++)
                if (is_short(body, window_figures(g_ptr_array_index(trial->windows, i))))
                        return "a window of the trial is shorter than the shortest energy is given for";
        return NULL;
}

static void write_energy(Body *body, const Figures *figures, const char *withheld, const char *path) {
        const MeterDomain *domains;
        size_t n;

        domains = meter_domains(body->record->meter, &n);
        body_open(body, "energy_uj");
        for (size_t i = 0; i < MIN(n, figures->n_domains); i++) {
                g_autofree char *where = g_strdup_printf("%s.energy_uj.%s", path, domains[i].name);
                g_autofree char *reason = NULL;

                if (withheld)
                        reason = g_strdup(withheld);
                else if (figures->energy_error[i] < 0)
                        reason = reading_error_to_string(figures->energy_error[i]);
                if (reason)
                        body_absent(body, domains[i].name, where, reason);
                else
                        body_int(body, domains[i].name,
                                 told_uj(figures->energy_uj[i], gross_uncertainty_uj(&figures->uncertainty[i]),
                                         body->step_uj));
        }
        body_close(body);
}

static void write_net(Body *body, const Figures *figures, const char *withheld, const char *path) {
        const MeterDomain *domains;
        size_t n;

        domains = meter_domains(body->record->meter, &n);
        body_open(body, "net_uj");
        for (size_t i = 0; i < MIN(n, figures->n_domains); i++) {
                g_autofree char *where = g_strdup_printf("%s.net_uj.%s", path, domains[i].name);
                g_autofree char *reason = NULL;

                if (withheld)
                        reason = g_strdup(withheld);
                else if (figures->net_error[i] < 0)
                        reason = net_error_to_string(figures->net_error[i]);
                if (reason)
                        body_absent(body, domains[i].name, where, reason);
                else
                        body_signed(body, domains[i].name,
                                    told_signed_uj(figures->net_uj[i], uncertainty_total_uj(&figures->uncertainty[i]),
                                                   body->step_uj));
        }
        body_close(body);
}

/* Of the total, and of each domain whose energy is told. */
static void write_uncertainties(Body *body, const Figures *figures, const char *withheld, const char *path) {
        const MeterDomain *domains;
        size_t n;

        if (meter_simulated(body->record->meter)) {
                body_null(body, "uncertainty_uj");
                body_null(body, "domain_uncertainty_uj");
                return;
        }
        if (withheld || figures->total_error < 0 || figures->n_domains == 0) {
                g_autofree char *where = g_strconcat(path, ".uncertainty_uj", NULL);

                body_absent(body, "uncertainty_uj", where, withheld ?: "there is no energy to be uncertain of");
        } else
                body_uncertainty(body, "uncertainty_uj", &figures->total_uncertainty);
        domains = meter_domains(body->record->meter, &n);
        body_open(body, "domain_uncertainty_uj");
        for (size_t i = 0; !withheld && i < MIN(n, figures->n_domains); i++)
                if (figures->energy_error[i] >= 0)
                        body_uncertainty(body, domains[i].name, &figures->uncertainty[i]);
        body_close(body);
}

static void write_figures(Body *body, const Figures *figures, const char *withheld, const char *path) {
        body_int(body, "iterations", figures->iterations);
        body_int(body, "wall_ns", figures->wall_ns);
        body_int(body, "cpu_usec", figures->cpu_usec);
        body_bool(body, "aligned", figures->unaligned == 0 && figures->n_domains > 0);
        write_energy(body, figures, withheld, path);
        write_net(body, figures, withheld, path);
        write_uncertainties(body, figures, withheld, path);
}

/* Energy of the whole less that of the regions is what the parts before, between and behind them took, which are as
 * long as their author likes. Where they are shorter than windows, the whole is told in steps of what it took in as
 * many windows, so that no more is known of them than of those. */
static double rest_blur(const Body *body, const WindowRecord *window) {
        const uint64_t rest_ns = window->whole.wall_ns - MIN(window->whole.wall_ns, window->region->wall_ns);
        uint64_t parts_ns, parts = window->runs->len;

        for (guint i = 0; i < window->runs->len; i++) {
                const RunRecord *run = g_ptr_array_index(window->runs, i);

                parts += run->region ? run->region->regions : 0;
        }
        parts_ns = parts * body->record->min_window_usec * NSEC_PER_USEC;
        if (body->step_uj <= 1 || rest_ns == 0 || rest_ns >= parts_ns)
                return 0;
        return fmin((double) parts_ns / (double) window->whole.wall_ns, 1);
}

static Uncertainty blurred(const Uncertainty *uncertainty, uint64_t uj, double blur) {
        Uncertainty told = *uncertainty;

        told.quantisation_uj += blur * (double) uj;
        return told;
}

static void write_whole(Body *body, const WindowRecord *window, const char *withheld, const char *path) {
        const double blur = rest_blur(body, window);
        Figures told = window->whole;
        g_autofree Uncertainty *uncertainty = g_new0(Uncertainty, told.n_domains);

        for (size_t i = 0; i < told.n_domains; i++)
                uncertainty[i] = blurred(&told.uncertainty[i], told.energy_uj[i], blur);
        told.uncertainty = uncertainty;
        told.total_uncertainty = blurred(&told.total_uncertainty, told.total_uj, blur);
        write_figures(body, &told, withheld, path);
}

/* What is measured, and, where the program declared that, the whole run beside it. */
static void write_window(Body *body, const WindowRecord *window, const char *withheld, const char *trial_path,
                         guint index) {
        g_autofree char *path = g_strdup_printf("%s.windows[%u]", trial_path, index);

        body_open(body, NULL);
        body_string(body, "test", window->test);
        write_figures(body, window_figures(window), withheld, path);
        if (window->region) {
                g_autofree char *whole = g_strconcat(path, ".whole", NULL);

                body_open(body, "whole");
                write_whole(body, window, withheld, whole);
                body_close(body);
        }
        body_int(body, "memory_peak", window->memory_peak);
        body_instructions(body, &window->evidence, trial_path);
        write_digests(body, window);
        body_close(body);
}

static void write_windows(Body *body, const TrialRecord *trial, const char *path) {
        const char *withheld = windows_withheld(body, trial);

        if (body->brevity >= BODY_WITHOUT_WINDOWS) {
                body_absent(body, "windows", "measurement.trials[].windows", REPORT_TOO_LARGE);
                return;
        }
        body_open_array(body, "windows");
        for (guint i = 0; i < trial->windows->len; i++)
                write_window(body, g_ptr_array_index(trial->windows, i), withheld, path, i);
        body_close_array(body);
}

static void write_temperature(Body *body, const char *member, int64_t mc) {
        if (mc == TEMPERATURE_UNKNOWN) {
                body_null(body, member);
                return;
        }
        json_builder_set_member_name(body->builder, member);
        json_builder_add_int_value(body->builder, mc);
}

/* Of what the trial says is absent, the reason is its own; of what no trial has, body_trials() gives it. */
static void write_net_of_trial(Body *body, const TrialRecord *trial, const char *path) {
        g_autofree char *net_path = g_strconcat(path, ".net_uj", NULL);

        if (trial->has_net)
                body_signed(body, "net_uj",
                            told_signed_uj(trial->net_uj, uncertainty_total_uj(&trial->uncertainty), body->step_uj));
        else if (trial->net_absent)
                body_absent(body, "net_uj", net_path, trial->net_absent);
        else
                body_null(body, "net_uj");
}

static void write_uncertainty_of_trial(Body *body, const TrialRecord *trial, const char *path) {
        g_autofree char *uncertainty_path = g_strconcat(path, ".uncertainty_uj", NULL);

        if (body->record->meter_absent || meter_simulated(body->record->meter))
                body_null(body, "uncertainty_uj");
        else if (trial->energy_absent)
                body_absent(body, "uncertainty_uj", uncertainty_path, trial->energy_absent);
        else
                body_uncertainty(body, "uncertainty_uj", &trial->uncertainty);
}

static void write_trial(Body *body, const TrialRecord *trial, const char *list, guint index) {
        g_autofree char *path = g_strdup_printf("measurement.%s[%u]", list, index);
        g_autofree char *total_path = g_strconcat(path, ".total_uj", NULL);

        body_open(body, NULL);
        body_int(body, "index", index);
        body_bool(body, "valid", trial->valid);
        body_words(body, "quality", trial->quality);
        body_int(body, "iterations", trial->iterations);
        if (body->record->meter_absent)
                body_null(body, "total_uj");
        else if (trial->energy_absent)
                body_absent(body, "total_uj", total_path, trial->energy_absent);
        else
                body_int(body, "total_uj",
                         told_uj(trial->total_uj, gross_uncertainty_uj(&trial->uncertainty), body->step_uj));
        write_net_of_trial(body, trial, path);
        body_int(body, "wall_ns", trial->wall_ns);
        body_int(body, "cpu_usec", trial->cpu_usec);
        write_uncertainty_of_trial(body, trial, path);
        write_windows(body, trial, path);
        write_temperature(body, "temp_start_mc", trial->temp_start_mc);
        write_temperature(body, "temp_end_mc", trial->temp_end_mc);
        body_evidence(body, trial, list);
        body_close(body);
}

void body_trials(Body *body, const char *member, GPtrArray *trials) {
        static const char *const metered[] = { "total_uj", "net_uj", "uncertainty_uj", "windows[].uncertainty_uj" };
        static const char *const modelled[] = { "uncertainty_uj", "windows[].uncertainty_uj",
                                                "windows[].domain_uncertainty_uj" };

        body_open_array(body, member);
        for (guint i = 0; i < trials->len; i++)
                write_trial(body, g_ptr_array_index(trials, i), member, i);
        body_close_array(body);
        if (trials->len == 0)
                return;

        for (size_t i = 0; body->record->meter_absent && i < G_N_ELEMENTS(metered); i++) {
                g_autofree char *path = g_strdup_printf("measurement.%s[].%s", member, metered[i]);

                body_note(body, path, body->record->meter_absent);
        }
        for (size_t i = 0; meter_simulated(body->record->meter) && i < G_N_ELEMENTS(modelled); i++) {
                g_autofree char *path = g_strdup_printf("measurement.%s[].%s", member, modelled[i]);

                body_note(body, path, REPORT_MODELLED);
        }
        if (!body->record->baseline && !body->record->meter_absent) {
                g_autofree char *path = g_strdup_printf("measurement.%s[].net_uj", member);

                body_note(body, path, "the job ended before an idle window was taken");
        }
        if (body->record->thermal_absent) {
                g_autofree char *start = g_strdup_printf("measurement.%s[].temp_start_mc", member);
                g_autofree char *end = g_strdup_printf("measurement.%s[].temp_end_mc", member);

                body_note(body, start, body->record->thermal_absent);
                body_note(body, end, body->record->thermal_absent);
        }
        if (body->record->tests->len == 0) {
                g_autofree char *path = g_strdup_printf("measurement.%s[].windows[].test", member);

                body_note(body, path, "a plain command has no tests");
        }
}

/* ---- what an energy that cannot be told is no more than ---- */

/* Of all runs of a window: its own energy, where that is told, or else that of the whole runs around its regions. They
 * lasted a window at least, and are told as coarsely as beside regions that are told. */
static double window_most_uj(const Body *body, const WindowRecord *window, bool withheld) {
        const Figures *figures = window_figures(window);
        Uncertainty uncertainty = figures->total_uncertainty;
        double error_uj, step_uj;

        if (withheld || figures->total_error < 0) {
                if (!window->region || is_short(body, &window->whole))
                        return NAN;
                figures = &window->whole;
                uncertainty = blurred(&figures->total_uncertainty, figures->total_uj, rest_blur(body, window));
        }
        if (figures->total_error < 0 || figures->n_domains == 0 || !window->complete || window->region_problem)
                return NAN;
        error_uj = gross_uncertainty_uj(&uncertainty);
        step_uj = (double) told_step_uj(body->step_uj, error_uj);
        return (double) told_uj(figures->total_uj, error_uj, body->step_uj) + step_uj / 2 +
               told_uncertainty_uj(error_uj, body->step_uj);
}

/* Of one run of each test. NAN: not known of every window. */
static double trial_most_j(const Body *body, const TrialRecord *trial) {
        const bool withheld = windows_withheld(body, trial);
        double once_j = 0;

        for (guint i = 0; i < trial->windows->len;) {
                const guint end = trial_test_end(trial, i);
                double most_uj = 0, iterations = 0;

                for (; i < end; i++) {
                        const WindowRecord *window = g_ptr_array_index(trial->windows, i);

                        most_uj += window_most_uj(body, window, withheld);
                        iterations += (double) window_figures(window)->iterations;
                }
                once_j += most_uj / 1e6 / iterations; /* no iterations: not finite */
        }
        return trial->windows->len > 0 ? once_j : NAN;
}

void body_upper_bound(Body *body) {
        const JobRecord *record = body->record;
        double most_j = NAN;

        if (record->status != STATUS_UNMEASURABLE) {
                body_absent(body, "upper_bound_j", "measurement.upper_bound_j",
                            "only an energy that is too small to be measured needs a bound");
                return;
        }
        for (guint i = 0; i < record->trials->len && !meter_simulated(record->meter); i++)
                most_j = fmax(most_j, trial_most_j(body, g_ptr_array_index(record->trials, i)));
        if (isfinite(most_j))
                body_double(body, "upper_bound_j", most_j);
        else
                body_absent(body, "upper_bound_j", "measurement.upper_bound_j",
                            meter_simulated(record->meter) ? REPORT_MODELLED
                                                           : "nothing that lasted long enough has it as a part");
}
