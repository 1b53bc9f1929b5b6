/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "report-internal.h"
#include "standing.h"

static void write_words(Body *body, const char *member, GPtrArray *words) {
        body_open_array(body, member);
        for (guint i = 0; i < words->len; i++)
                body_string(body, NULL, g_ptr_array_index(words, i));
        body_close_array(body);
}

static void write_domains(Body *body) {
        const MeterDomain *domains;
        size_t n;

        domains = meter_domains(body->record->meter, &n);
        body_open_array(body, "domains");
        for (size_t i = 0; i < n; i++) {
                body_open(body, NULL);
                body_string(body, "name", domains[i].name);
                body_string(body, "kind", domain_kind_to_string(domains[i].kind));
                if (domains[i].package >= 0)
                        body_int(body, "package", (uint64_t) domains[i].package);
                else
                        body_null(body, "package");
                body_string(body, "source", domains[i].source);
                body_double(body, "unit_uj", domains[i].unit_uj);
                body_int(body, "range_uj", domains[i].range_uj);
                body_bool(body, "in_total", domains[i].in_total);
                body_close(body);
        }
        body_close_array(body);
}

static void write_dropped(Body *body) {
        const DroppedDomain *dropped;
        size_t n;

        dropped = meter_dropped(body->record->meter, &n);
        if (n == 0 && body->record->topology) {
                dropped = body->record->topology->dropped;
                n = body->record->topology->n_dropped;
        }
        body_open_array(body, "dropped");
        for (size_t i = 0; i < n; i++) {
                body_open(body, NULL);
                body_string(body, "name", dropped[i].name);
                body_string(body, "source", dropped[i].source);
                body_string(body, "reason", dropped[i].reason);
                body_close(body);
        }
        body_close_array(body);
}

static void write_meter(Body *body) {
        const Meter *meter = body->record->meter;

        body_open(body, "meter");
        body_string(body, "name", meter_name(meter));
        body_bool(body, "simulated", meter_simulated(meter));
        write_domains(body);
        write_dropped(body);
        if (body->record->meter_absent)
                body_absent(body, "total", "measurement.meter.total", body->record->meter_absent);
        else
                body_string(body, "total", meter_total(meter));
        body_tick(body);
        if (body->record->meter_absent)
                body_absent(body, "precision_uj", "measurement.meter.precision_uj", body->record->meter_absent);
        else
                body_double(body, "precision_uj", meter_precision_uj(meter));
        body_close(body);
}

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

static bool window_is_short(const Body *body, const WindowRecord *window) {
        return window_figures(window)->wall_ns < body->record->min_window_usec * NSEC_PER_USEC;
}

/* The energy of a short window is also the trial's less that of all the others. */
static const char *windows_withheld(const Body *body, const TrialRecord *trial) {
        for (guint i = 0; i < trial->windows->len; i++)
                if (window_is_short(body, g_ptr_array_index(trial->windows, i)))
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

static void write_whole(Body *body, const WindowRecord *window, const char *withheld, const char *path) {
        const double blur = rest_blur(body, window);
        Figures told = window->whole;
        g_autofree Uncertainty *uncertainty = g_new0(Uncertainty, told.n_domains);

        for (size_t i = 0; i < told.n_domains; i++) {
                uncertainty[i] = told.uncertainty[i];
                uncertainty[i].quantisation_uj += blur * (double) told.energy_uj[i];
        }
        told.uncertainty = uncertainty;
        told.total_uncertainty.quantisation_uj += blur * (double) told.total_uj;
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

/* Of what the trial says is absent, the reason is its own; of what no trial has, write_trials() gives it. */
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
        write_words(body, "quality", trial->quality);
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

static void write_trials(Body *body, const char *member, GPtrArray *trials) {
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

/* uncertainty: NULL for what is no energy. */
static void write_summary_of(Body *body, const char *member, const Summary *summary, const Uncertainty *uncertainty) {
        g_autofree char *path = g_strdup_printf("measurement.summary.%s.ci95", member);

        body_open(body, member);
        body_double(body, "median", summary->median);
        body_double(body, "mad", summary->mad);
        if (summary->has_ci) {
                body_open_array(body, "ci95");
                json_builder_add_double_value(body->builder, summary->ci_low);
                json_builder_add_double_value(body->builder, summary->ci_high);
                body_close_array(body);
        } else
                body_absent(body, "ci95", path, "fewer than 6 trials have no 95 % interval");
        body_double(body, "min", summary->min);
        body_double(body, "max", summary->max);
        body_double(body, "mean", summary->mean);
        if (uncertainty) {
                g_autofree char *of_it = g_strdup_printf("measurement.summary.%s.uncertainty_j", member);

                body_median_uncertainty(body, "uncertainty_j", of_it, uncertainty);
        }
        body_close(body);
}

static void write_once(Body *body, const char *which, bool known, double j, const Uncertainty *uncertainty,
                       const char *reason) {
        g_autofree char *value = g_strconcat(which, "_j", NULL);
        g_autofree char *error = g_strconcat(which, "_uncertainty_j", NULL);
        g_autofree char *value_path = g_strconcat("measurement.summary.per_iteration.", value, NULL);
        g_autofree char *error_path = g_strconcat("measurement.summary.per_iteration.", error, NULL);

        if (known) {
                body_double(body, value, j);
                body_median_uncertainty(body, error, error_path, uncertainty);
        } else {
                body_absent(body, value, value_path, reason);
                body_absent(body, error, error_path, reason);
        }
}

/* Whether, and by how much, the energy rises or falls from the first trial to the last. */
static void write_trend(Body *body, const JobSummary *summary) {
        Uncertainty of_trial = summary->once_uncertainty;
        Trend trend;

        if (!summary->has_energy || standing_trend(body->record, &trend) < 0) {
                body_absent(body, "trend", "measurement.summary.trend",
                            summary->has_energy ? "one trial shows no trend" : "there is no energy to look at");
                return;
        }
        body_open(body, "trend");
        body_double(body, "z", round(trend.z * 100) / 100);
        of_trial.spread_uj = 0;
        body_double(body, "drift_j", told_j(trend.drift, gross_uncertainty_uj(&of_trial), body->step_uj));
        body_bool(body, "found", trend.found);
        body_close(body);
}

static void write_energy_summary(Body *body, const JobSummary *summary) {
        const char *reason = body->record->meter_absent ?: "not every valid trial has a reading";
        const char *no_net = body->record->meter_absent ?: "not every valid trial has net energy";

        if (summary->has_energy)
                write_summary_of(body, "total_j", &summary->total_j, &summary->total_uncertainty);
        else
                body_absent(body, "total_j", "measurement.summary.total_j", reason);
        if (summary->has_net)
                write_summary_of(body, "net_j", &summary->net_j, &summary->net_uncertainty);
        else
                body_absent(body, "net_j", "measurement.summary.net_j", no_net);
        if (summary->has_package)
                write_summary_of(body, "package_j", &summary->package_j, &summary->package_uncertainty);
        else
                body_absent(body, "package_j", "measurement.summary.package_j",
                            body->record->meter_absent ?: "no package domain is counted");
        if (summary->has_dram)
                write_summary_of(body, "dram_j", &summary->dram_j, &summary->dram_uncertainty);
        else
                body_absent(body, "dram_j", "measurement.summary.dram_j",
                            body->record->meter_absent ?: "no dram domain is counted");
        write_summary_of(body, "wall_s", &summary->wall_s, NULL);
        write_summary_of(body, "cpu_s", &summary->cpu_s, NULL);
        if (summary->has_energy)
                body_double(body, "power_w", summary->power_w);
        else
                body_absent(body, "power_w", "measurement.summary.power_w", reason);

        body_open(body, "per_iteration");
        body_int(body, "iterations", summary->iterations);
        write_once(body, "total", summary->has_energy, summary->per_iteration.total_j, &summary->once_uncertainty,
                   reason);
        write_once(body, "net", summary->has_net, summary->per_iteration.net_j, &summary->once_net_uncertainty,
                   no_net);
        body_double(body, "wall_s", summary->per_iteration.wall_s);
        body_double(body, "cpu_s", summary->per_iteration.cpu_s);
        body_close(body);
}

static void write_per_test(Body *body) {
        static const char *const energies[] = { "measurement.summary.per_test[].total_j",
                                                "measurement.summary.per_test[].uncertainty_j" };
        g_autoptr(GArray) tests = NULL;
        bool has_energy;

        if (body->record->tests->len == 0) {
                body_absent(body, "per_test", "measurement.summary.per_test", "a plain command has no tests");
                return;
        }
        if (body->brevity >= BODY_FAILURES_ONLY) {
                body_absent(body, "per_test", "measurement.summary.per_test", REPORT_TOO_LARGE);
                return;
        }
        tests = job_summarise_tests(body->record, body->step_uj, &has_energy);
        has_energy = has_energy && !body->record->meter_absent;
        body_open_array(body, "per_test");
        for (guint i = 0; i < tests->len; i++) {
                const TestSummary *test = &g_array_index(tests, TestSummary, i);

                body_open(body, NULL);
                body_string(body, "name", test->name);
                if (has_energy) {
                        body_double(body, "total_j", test->total_j);
                        body_median_uncertainty(body, "uncertainty_j", "measurement.summary.per_test[].uncertainty_j",
                                                &test->uncertainty);
                } else {
                        body_null(body, "total_j");
                        body_null(body, "uncertainty_j");
                }
                body_double(body, "wall_s", test->wall_s);
                body_close(body);
        }
        body_close_array(body);
        if (has_energy)
                return;
        for (size_t i = 0; i < G_N_ELEMENTS(energies); i++)
                body_note(body, energies[i],
                          body->record->meter_absent ?: "one of the tests was shorter than energy is given for");
}

static void write_summary(Body *body) {
        JobSummary summary;

        if (job_summarise(body->record, body->step_uj, &summary) < 0) {
                body_absent(body, "summary", "measurement.summary", "no trial is valid");
                return;
        }
        body_open(body, "summary");
        body_int(body, "n", summary.n);
        write_energy_summary(body, &summary);
        write_trend(body, &summary);
        write_per_test(body);
        body_close(body);
}

/* In every trial the same. */
static void write_order(Body *body) {
        body_open_array(body, "order");
        for (guint i = 0; i < body->record->tests->len; i++)
                body_string(body, NULL, ((const TestRecord *) g_ptr_array_index(body->record->tests, i))->name);
        body_close_array(body);
}

void body_measurement(Body *body) {
        const JobRecord *record = body->record;
        const char *status = job_status_to_string(record->status);

        body_open(body, "measurement");
        if (status)
                body_string(body, "status", status);
        else
                body_absent(body, "status", "measurement.status",
                            record->request->kind == JOB_VALIDATE ? "a job that only validates measures nothing"
                                                                  : "the job did not come to its end");
        body_grade(body);
        write_words(body, "reasons", record->reasons);
        body_int(body, "seed", record->request->seed);
        if (record->tests->len == 0)
                body_absent(body, "order", "measurement.order", "a plain command has no tests to put in order");
        else if (body->brevity >= BODY_FAILURES_ONLY)
                body_absent(body, "order", "measurement.order", REPORT_TOO_LARGE);
        else
                write_order(body);
        write_meter(body);
        body_open(body, "window");
        body_int(body, "min_ns", record->min_window_usec * NSEC_PER_USEC);
        body_close(body);
        body_open(body, "region");
        body_bool(body, "declared", record->request->region || record->request->function);
        body_close(body);
        body_floor(body);
        body_noise_floor(body, "measurement.noise_floor");
        body_baseline(body);
        write_trials(body, "warmups", record->warmups);
        write_trials(body, "trials", record->trials);
        write_summary(body);
        if (record->output_problem)
                body_string(body, "output_problem", record->output_problem);
        body_close(body);
}
