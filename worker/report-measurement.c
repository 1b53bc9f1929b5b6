/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "report-internal.h"
#include "standing.h"

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
        body_words(body, "reasons", record->reasons);
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
        body_trials(body, "warmups", record->warmups);
        body_trials(body, "trials", record->trials);
        write_summary(body);
        body_upper_bound(body);
        if (record->output_problem)
                body_string(body, "output_problem", record->output_problem);
        body_close(body);
}
