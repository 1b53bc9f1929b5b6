/* SPDX-License-Identifier: MIT */
#include "report-read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json-read.h"
#include "names.h"

/* What the energies of a report for everybody are rounded to. */
#define ROUNDED_J 1e-3
#define UNKNOWN_FIGURE ((Figure){ NAN, NAN, NAN, NAN, NAN })

/* NaN unless they are two numbers. */
static void read_ends(JsonArray *ci95, double *ret_low, double *ret_high) {
        double ends[2] = { NAN, NAN };

        for (unsigned i = 0; i < 2 && ci95 && json_array_get_length(ci95) == 2; i++) {
                JsonNode *node = json_array_get_element(ci95, i);
                GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;

                if (type == G_TYPE_DOUBLE || type == G_TYPE_INT64)
                        ends[i] = json_node_get_double(node);
        }
        *ret_low = ends[0];
        *ret_high = ends[1];
}

static Figure read_figure(JsonObject *summary, const char *name) {
        JsonObject *figure = json_object(summary, name);
        Figure read = UNKNOWN_FIGURE;

        read.median = json_double(figure, "median");
        read.min = json_double(figure, "min");
        read.max = json_double(figure, "max");
        read_ends(json_array(figure, "ci95"), &read.low, &read.high);
        return read;
}

static void figure_scale(Figure *figure, double factor) {
        figure->median *= factor;
        figure->low *= factor;
        figure->high *= factor;
        figure->min *= factor;
        figure->max *= factor;
}

/* A plain number, or the median of a figure. */
static double read_median(JsonObject *summary, const char *name) {
        JsonObject *figure = json_object(summary, name);

        return figure ? json_double(figure, "median") : json_double(summary, name);
}

/* The summary is over whole trials; a short program ran several times in each. People want one run. */
static void read_summary(Report *report, JsonObject *summary) {
        JsonObject *each = json_object(summary, "per_iteration");
        double energy, time;

        report->total = read_figure(summary, "total_j");
        report->net = read_figure(summary, "net_j");
        report->wall = read_figure(summary, "wall_s");
        report->cpu = read_figure(summary, "cpu_s");
        report->package_j = read_median(summary, "package_j");
        report->dram_j = read_median(summary, "dram_j");
        report->power_w = read_median(summary, "power_w");

        energy = read_median(each, "total_j") / report->total.median;
        time = read_median(each, "wall_s") / report->wall.median;
        if (isfinite(energy) && energy > 0) {
                figure_scale(&report->total, energy);
                figure_scale(&report->net, energy);
                report->package_j *= energy;
                report->dram_j *= energy;
        }
        if (isfinite(time) && time > 0) {
                figure_scale(&report->wall, time);
                figure_scale(&report->cpu, time);
        }
}

static double milli(JsonObject *object, const char *name) {
        int64_t value;

        return json_i64(object, name, &value) ? (double) value / 1e3 : NAN;
}

static double micro(JsonObject *object, const char *name) {
        int64_t value;

        return json_i64(object, name, &value) ? (double) value / 1e6 : NAN;
}

static void add(double *sum, double value) {
        if (isfinite(value))
                *sum = isfinite(*sum) ? *sum + value : value;
}

/* Of the domains that make up the total. */
static double sum_total(JsonObject *energies, JsonArray *domains) {
        double sum = NAN;

        for (unsigned j = 0; domains && j < json_array_get_length(domains); j++) {
                JsonObject *domain = json_element(domains, j);
                const char *name = json_string(domain, "name");

                if (name && json_true(domain, "in_total"))
                        add(&sum, micro(energies, name));
        }
        return sum;
}

static double nano(JsonObject *object, const char *name) {
        uint64_t value;

        return json_u64(object, name, &value) ? (double) value / 1e9 : NAN;
}

/* The windows of a test follow one another. */
static TrialTest *test_of_window(Report *report, Trial *trial, const char *name) {
        TrialTest *test = trial->n_tests > 0 ? &trial->tests[trial->n_tests - 1] : NULL;

        if (test && g_strcmp0(test->name, name) == 0)
                return test;
        test = &trial->tests[trial->n_tests++];
        *test = (TrialTest){ .name = g_strdup(name),
                             .total_j = NAN,
                             .wall_s = NAN,
                             .cpu_s = NAN,
                             .domain_j = g_new(double, report->n_domains + 1) };
        for (size_t i = 0; i < report->n_domains; i++)
                test->domain_j[i] = NAN;
        return test;
}

static void read_window(Report *report, Trial *trial, JsonObject *window, JsonArray *domains) {
        TrialTest *test = test_of_window(report, trial, json_string(window, "test"));
        JsonObject *energies = json_object(window, "energy_uj");
        uint64_t iterations = 0;

        (void) json_u64(window, "iterations", &iterations);
        test->iterations += iterations;
        trial->iterations += iterations;
        add(&test->total_j, sum_total(energies, domains));
        add(&test->wall_s, nano(window, "wall_ns"));
        add(&test->cpu_s, micro(window, "cpu_usec"));
        for (size_t i = 0; i < report->n_domains; i++)
                if (report->domains[i].name)
                        add(&test->domain_j[i], micro(energies, report->domains[i].name));
}

/* An energy is told in steps that are no larger than its uncertainty. */
static double told_step(JsonObject *figures) {
        const double uncertainty = micro(json_object(figures, "uncertainty_uj"), "total");

        return isfinite(uncertainty) && uncertainty > 0 ? pow(10, floor(log10(uncertainty) + 1e-9)) : 0;
}

/* The whole runs beside a declared region, each test once: a test may have several windows. */
static void read_whole(Trial *trial, JsonArray *windows, JsonArray *domains) {
        trial->whole_j = trial->whole_s = NAN;
        for (unsigned i = 0; windows && i < json_array_get_length(windows);) {
                const char *test = json_string(json_element(windows, i), "test");
                double energy = NAN, time = NAN, step = 0;
                uint64_t runs = 0;

                for (; i < json_array_get_length(windows); i++) {
                        JsonObject *window = json_element(windows, i), *whole = json_object(window, "whole");
                        uint64_t iterations = 0;

                        if (g_strcmp0(json_string(window, "test"), test) != 0)
                                break;
                        (void) json_u64(whole, "iterations", &iterations);
                        runs += iterations;
                        add(&time, nano(whole, "wall_ns"));
                        add(&energy, sum_total(json_object(whole, "energy_uj"), domains));
                        step = fmax(step, told_step(whole));
                }
                add(&trial->whole_s, time / (double) MAX(runs, 1));
                add(&trial->whole_j, energy / (double) MAX(runs, 1));
                trial->whole_step_j = fmax(trial->whole_step_j, step / (double) MAX(runs, 1));
        }
}

static void read_trial(Report *report, Trial *trial, JsonObject *object, JsonArray *domains) {
        JsonArray *windows = json_array(object, "windows");
        unsigned n = windows ? json_array_get_length(windows) : 0;

        (void) json_u64(object, "index", &trial->index);
        trial->valid = json_true(object, "valid");
        trial->temp_start_c = milli(object, "temp_start_mc");
        trial->temp_end_c = milli(object, "temp_end_mc");
        trial->quality = json_strings(object, "quality");
        trial->total_j = micro(object, "total_uj");
        trial->net_j = micro(object, "net_uj");
        trial->cpu_s = micro(object, "cpu_usec");
        trial->wall_s = nano(object, "wall_ns");
        trial->tests = g_new0(TrialTest, n + 1);
        for (unsigned i = 0; i < n; i++)
                read_window(report, trial, json_element(windows, i), domains);
        read_whole(trial, windows, domains);
}

static void read_domains(Report *report, JsonArray *domains) {
        report->n_domains = domains ? json_array_get_length(domains) : 0;
        report->domains = g_new0(MeterDomain, report->n_domains + 1);
        for (unsigned i = 0; i < report->n_domains; i++) {
                JsonObject *domain = json_element(domains, i);

                report->domains[i] = (MeterDomain){ .name = g_strdup(json_string(domain, "name")),
                                                    .kind = g_strdup(json_string(domain, "kind")) };
        }
}

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return x < y ? -1 : x > y;
}

/* Over the valid trials that have it; NaN when none has. */
static double median_whole(const Report *report, size_t member) {
        g_autofree double *values = g_new(double, report->n_trials + 1);
        size_t n = 0;

        for (size_t i = 0; i < report->n_trials; i++) {
                double value = *(const double *) ((const uint8_t *) &report->trials[i] + member);

                if (report->trials[i].valid && isfinite(value))
                        values[n++] = value;
        }
        if (n == 0)
                return NAN;
        qsort(values, n, sizeof(double), compare_doubles);
        return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

static void read_per_test(Report *report, JsonArray *tests) {
        report->n_per_test = tests ? json_array_get_length(tests) : 0;
        report->per_test = g_new0(TestFigures, report->n_per_test + 1);
        for (unsigned i = 0; i < report->n_per_test; i++) {
                JsonObject *test = json_element(tests, i);

                report->per_test[i] = (TestFigures){
                        .name = g_strdup(json_string(test, "name")),
                        .total_j = json_double(test, "total_j"),
                        .wall_s = json_double(test, "wall_s"),
                };
        }
}

static void read_trials(Report *report, JsonObject *measurement) {
        JsonArray *trials = json_array(measurement, "trials"), *warmups = json_array(measurement, "warmups");
        JsonArray *domains = json_array(json_object(measurement, "meter"), "domains");

        read_domains(report, domains);
        report->n_warmups = warmups ? json_array_get_length(warmups) : 0;
        report->n_trials = trials ? json_array_get_length(trials) : 0;
        report->trials = g_new0(Trial, report->n_trials + 1);
        for (unsigned i = 0; i < report->n_trials; i++) {
                Trial *trial = &report->trials[i];

                read_trial(report, trial, json_element(trials, i), domains);
                report->n_invalid += !trial->valid;
                report->iterations = MAX(report->iterations, trial->iterations);
                if (trial->valid)
                        report->whole_step_j = fmax(report->whole_step_j, trial->whole_step_j);
        }
}

static void read_precision(Report *report, JsonObject *request) {
        if (!isfinite(report->precision_j) || report->precision_j < 0)
                report->precision_j = 0;
        if (g_strcmp0(json_string(request, "resolution"), "fine") != 0)
                report->precision_j = MAX(report->precision_j, ROUNDED_J);
}

static void read_measurement(Report *report, JsonObject *measurement) {
        JsonObject *meter = json_object(measurement, "meter");

        report->status = g_strdup(json_string(measurement, "status"));
        report->grade = g_strdup(json_string(measurement, "grade"));
        report->reasons = json_strings(measurement, "reasons");
        report->meter = g_strdup(json_string(meter, "name"));
        report->simulated = json_true(meter, "simulated");
        report->noise_floor = json_double(json_object(measurement, "noise_floor"), "fraction");
        report->precision_j = json_double(meter, "precision_uj") / 1e6;
        report->upper_bound_j = json_double(measurement, "upper_bound_j");
        report->output_problem = g_strdup(json_string(measurement, "output_problem"));
        report->region = json_true(json_object(measurement, "region"), "declared");
        read_trials(report, measurement);
        report->whole_j = median_whole(report, offsetof(Trial, whole_j));
        report->whole_s = median_whole(report, offsetof(Trial, whole_s));
        read_per_test(report, json_array(json_object(measurement, "summary"), "per_test"));
        read_summary(report, json_object(measurement, "summary"));
}

static const char *first_file(JsonArray *files) {
        return files && json_array_get_length(files) > 0 ? json_string(json_element(files, 0), "name") : NULL;
}

/* What a report has at its top, and a comparison's for each candidate. */
static void read_program(Report *report, JsonObject *object) {
        JsonObject *request = json_object(object, "request");

        report->argv = json_strings(json_object(object, "program"), "argv");
        report->language = g_strdup(json_string(request, "language"));
        report->language_version = g_strdup(json_string(json_object(object, "versions"), "language"));
        report->source = g_strdup(first_file(json_array(request, "files")));
        report->function = g_strdup(json_string(json_object(request, "function"), "name"));
        report->validation = validation_read(object);
        read_measurement(report, json_object(object, "measurement"));
        read_precision(report, request);
}

static void read_change(ReportChange *change, JsonObject *object, JsonObject *absent, unsigned i) {
        g_autofree char *path = g_strdup_printf("comparison.changes[%u].change", i);
        JsonArray *ci95 = json_array(object, "ci95");

        change->change = json_double(object, "change");
        read_ends(ci95, &change->low, &change->high);
        change->p = json_double(object, "p_adjusted");
        change->word = g_strdup(json_string(object, "word"));
        change->absent = g_strdup(json_string(absent, path));
}

/* The reason nearest to the joules: of the total, else of the meter, else of the measurement; prefix: of whose. */
static const char *energy_reason(JsonObject *absent, const char *prefix) {
        static const char *const paths[] = {
                "measurement.summary.total_j",
                "measurement.meter.total",
                "measurement.meter",
                "measurement",
        };
        const char *reason = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(paths) && !reason; i++) {
                g_autofree char *path = g_strconcat(prefix, paths[i], NULL);

                reason = json_string(absent, path);
        }
        return reason;
}

/* 0: it is none of n. */
static size_t read_turn(JsonArray *round, unsigned i, size_t n) {
        JsonNode *node = json_array_get_element(round, i);
        int64_t candidate;

        if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
                return 0;
        candidate = json_node_get_int(node);
        return candidate < 1 || candidate > (int64_t) n ? 0 : (size_t) candidate;
}

/* All rounds, or none: a turn in which nobody known ran has no place among the others. */
static void read_order(Report *report, JsonArray *rounds) {
        const size_t n = report->n_candidates, n_rounds = rounds ? json_array_get_length(rounds) : 0;
        g_autofree uint32_t *order = g_new0(uint32_t, n * n_rounds + 1);

        for (size_t at = 0; at < n * n_rounds; at++) {
                JsonNode *node = json_array_get_element(rounds, (unsigned) (at / n));
                JsonArray *round = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
                size_t candidate = 0;

                if (round && json_array_get_length(round) == n)
                        candidate = read_turn(round, (unsigned) (at % n), n);
                if (candidate == 0)
                        return;
                order[at] = (uint32_t) candidate - 1;
        }
        report->order = g_steal_pointer(&order);
        report->n_rounds = n_rounds;
}

static void read_comparison(Report *report, JsonObject *comparison, JsonObject *absent) {
        JsonArray *candidates = json_array(comparison, "candidates"), *changes = json_array(comparison, "changes");
        const unsigned n = candidates ? json_array_get_length(candidates) : 0;

        report->n_candidates = n;
        report->candidates = g_new0(Report *, n + 1);
        report->changes = g_new0(ReportChange, n + 1);
        report->compares_time = g_strcmp0(json_string(comparison, "of"), "wall_s") == 0;
        report->threshold = json_double(comparison, "threshold");
        read_order(report, json_array(comparison, "order"));
        for (unsigned i = 0; i < n; i++) {
                Report *one = report->candidates[i] = g_new0(Report, 1);
                JsonObject *object = json_element(candidates, i);
                g_autofree char *prefix = g_strdup_printf("comparison.candidates[%u].", i);

                one->label = g_strdup(json_string(json_object(object, "request"), "candidate-id"));
                read_program(one, object);
                one->energy_absent = g_strdup(energy_reason(absent, prefix));
                report->changes[i] = (ReportChange){ .change = NAN, .low = NAN, .high = NAN, .p = NAN };
        }
        for (unsigned i = 0; changes && i < json_array_get_length(changes) && i + 1 < n; i++)
                read_change(&report->changes[i + 1], json_element(changes, i), absent, i);
}

/* Times come as integers of microseconds since 1970. */
static void read_job(Report *report, JsonObject *job) {
        JsonObject *error = json_object(job, "error");
        uint64_t id;

        report->id = json_u64(job, "id", &id) && id < UINT32_MAX ? (uint32_t) id : 0;
        report->label = g_strdup(json_string(job, "label"));
        report->kind = g_strdup(json_string(job, "kind"));
        report->state = g_strdup(json_string(job, "state"));
        report->result = g_strdup(json_string(job, "result"));
        report->error_name = g_strdup(json_string(error, "name"));
        report->error_message = g_strdup(json_string(error, "message"));
        report->error_remedy = g_strdup(json_string(error, "remedy"));
        (void) json_u64(job, "submitted", &report->submitted_usec);
        (void) json_u64(job, "started", &report->started_usec);
        (void) json_u64(job, "finished", &report->finished_usec);
}

/* Trials of which none is valid are not unlike each other: they have a reason. */
static char *read_all_invalid(const Report *report, JsonObject *absent) {
        const char *all = json_string(absent, "measurement.trials[].total_uj"), *first = NULL;

        for (size_t i = 0; i < report->n_trials; i++) {
                g_autofree char *path = g_strdup_printf("measurement.trials[%zu].total_uj", i);
                const char *why = json_string(absent, path) ?: all;

                if (report->trials[i].valid || !why || (first && strcmp(first, why) != 0))
                        return NULL;
                first = why;
        }
        return g_strdup(first);
}

int report_parse(const char *text, size_t size, Report **ret) {
        g_autoptr(JsonNode) node = NULL;
        g_autoptr(Report) report = NULL;
        JsonObject *root, *environment;
        int r;

        r = json_parse(text, size, &node);
        if (r < 0)
                return r;
        root = json_node_get_object(node);
        if (g_strcmp0(json_string(root, "schema"), JT_REPORT_SCHEMA) != 0)
                return -EPROTO;

        report = g_new0(Report, 1);
        environment = json_object(root, "environment");
        read_job(report, json_object(root, "job"));
        read_program(report, root);
        read_comparison(report, json_object(root, "comparison"), json_object(root, "absent"));
        report->containment = g_strdup(json_string(environment, "containment"));
        report->isolation = g_strdup(json_string(environment, "isolation"));
        report->reserved_cpus = g_strdup(json_string(environment, "reserved_cpus"));
        report->cpu_model = g_strdup(json_string(environment, "cpu"));
        report->energy_absent = g_strdup(energy_reason(json_object(root, "absent"), ""));
        report->all_invalid = read_all_invalid(report, json_object(root, "absent"));
        *ret = g_steal_pointer(&report);
        return 0;
}

bool report_has_energy(const Report *report) {
        return isfinite(report->total.median);
}

static void trial_clear(Trial *trial) {
        for (size_t i = 0; i < trial->n_tests; i++) {
                g_free(trial->tests[i].name);
                g_free(trial->tests[i].domain_j);
        }
        g_free(trial->tests);
        g_strfreev(trial->quality);
}

Report *report_free(Report *report) {
        if (!report)
                return NULL;
        for (size_t i = 0; i < report->n_trials; i++)
                trial_clear(&report->trials[i]);
        g_free(report->trials);
        for (size_t i = 0; i < report->n_domains; i++) {
                g_free(report->domains[i].name);
                g_free(report->domains[i].kind);
        }
        g_free(report->domains);
        for (size_t i = 0; i < report->n_per_test; i++)
                g_free(report->per_test[i].name);
        g_free(report->per_test);
        g_free(report->output_problem);
        g_free(report->language);
        g_free(report->language_version);
        g_free(report->source);
        g_free(report->function);
        validation_free(report->validation);
        g_free(report->label);
        g_free(report->kind);
        g_free(report->state);
        g_free(report->result);
        g_free(report->error_name);
        g_free(report->error_message);
        g_free(report->error_remedy);
        g_strfreev(report->argv);
        for (size_t i = 0; i < report->n_candidates; i++) {
                report_free(report->candidates[i]);
                g_free(report->changes[i].word);
                g_free(report->changes[i].absent);
        }
        g_free(report->candidates);
        g_free(report->changes);
        g_free(report->order);
        g_free(report->status);
        g_free(report->grade);
        g_strfreev(report->reasons);
        g_free(report->all_invalid);
        g_free(report->meter);
        g_free(report->containment);
        g_free(report->isolation);
        g_free(report->reserved_cpus);
        g_free(report->cpu_model);
        g_free(report->energy_absent);
        g_free(report);
        return NULL;
}
