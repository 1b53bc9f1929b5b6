/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "evaluate.h"
#include "report.h"
#include "standing.h"

/* Records made by hand, around a meter of the model kind with one domain. */

static int no_cpu_time(void *userdata, uint64_t *ret_usec) {
        *ret_usec = 0;
        return 0;
}

typedef struct Fixture {
        Sysroot *root;
        Topology *topology;
        Meter *meter;
        Request *request;
        JobContext context;
        JobRecord *record;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        const MeterConfig config = { .name = "model", .model_watts_per_cpu = 1, .cpu_time = no_cpu_time };

        g_assert_cmpint(sysroot_open("/", &f->root), >=, 0);
        g_assert_cmpint(topology_discover(f->root, 0, &f->topology), >=, 0);
        g_assert_cmpint(meter_open(f->topology, f->root, &config, &f->meter, NULL), >=, 0);
        f->request = request_new(JOB_MEASURE, NULL);
        f->request->argv = g_strsplit("prog arg", " ", -1);
        f->context = (JobContext){ .containment = (char *) "process",
                                   .isolation = (char *) "none",
                                   .partition = (char *) "",
                                   .cpus = (char *) "",
                                   .reserved_cpus = (char *) "",
                                   .sysroot = (char *) "/",
                                   .meter = (char *) "auto",
                                   .may_sleep = (char *) "nothing holds it off",
                                   .noise_floor_absent = (char *) "this host was never calibrated" };
        f->record = job_record_new(f->request, &f->context);
        f->record->root = f->root;
        f->record->topology = f->topology;
        f->record->meter = f->meter;
        f->record->min_window_usec = 1000;
}

static void tear_down(Fixture *f, gconstpointer data) {
        job_record_free(f->record);
        request_free(f->request);
        meter_free(f->meter);
        topology_free(f->topology);
        sysroot_free(f->root);
}

static WindowRecord *add_window(TrialRecord *trial, uint64_t uj, int error, uint64_t wall_ns, uint32_t iterations) {
        WindowRecord *window = window_record_new(1);

        window->whole.iterations = iterations;
        window->whole.wall_ns = wall_ns;
        window->whole.cpu_usec = wall_ns / 1000;
        window->whole.energy_uj[0] = window->whole.total_uj = uj;
        window->whole.energy_error[0] = window->whole.total_error = error;
        window->complete = true;
        g_ptr_array_add(trial->windows, window);
        return window;
}

static TrialRecord *add_trial(Fixture *f, uint64_t uj, int error, uint64_t wall_ns) {
        TrialRecord *trial = trial_record_new();

        add_window(trial, uj, error, wall_ns, 4);
        trial_record_close(trial, f->record->min_window_usec * 1000);
        g_ptr_array_add(f->record->trials, trial);
        return trial;
}

static void add_run(TrialRecord *trial, const char *digest) {
        WindowRecord *window = g_ptr_array_index(trial->windows, 0);
        RunRecord *run = g_new0(RunRecord, 1);

        run->output_sha256 = g_strdup(digest);
        g_ptr_array_add(window->runs, run);
}

static void test_summary(Fixture *f, gconstpointer data) {
        JobSummary summary;

        g_assert_cmpint(job_summarise(f->record, 1, &summary), ==, -ENODATA);
        add_trial(f, 2000400, 0, 1000000000);
        add_trial(f, 99, -EIO, 1000000000);
        add_trial(f, 4000000, 0, 2000000000);
        add_trial(f, 3000000, 0, 1000000000);
        g_assert_cmpuint(job_valid_trials(f->record), ==, 3);

        g_assert_cmpint(job_summarise(f->record, 1, &summary), ==, 0);
        g_assert_cmpuint(summary.n, ==, 3);
        g_assert_true(summary.has_energy);
        g_assert_cmpfloat_with_epsilon(summary.total_j.median, 3, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.total_j.min, 2.0004, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.per_iteration.total_j, 0.75, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.per_iteration.wall_s, 0.25, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.power_w, 2.0004, 1e-12);
        g_assert_true(summary.has_package);
        g_assert_false(summary.has_dram);

        g_assert_cmpint(job_summarise(f->record, PUBLIC_STEP_UJ, &summary), ==, 0);
        g_assert_cmpfloat_with_epsilon(summary.total_j.min, 2.0, 1e-12);
}

/* Net energy may be below 0; it is summed up when every valid trial has it. */
static void test_net(Fixture *f, gconstpointer data) {
        static const int64_t net_uj[] = { -2000400, 1000000, -1000000, 3000000, 2000000, 4000000 };
        g_autoptr(Result) result = NULL;
        JobSummary summary;

        for (size_t i = 0; i < G_N_ELEMENTS(net_uj); i++) {
                TrialRecord *trial = add_trial(f, 8000000, 0, 1000000000);
                WindowRecord *window = g_ptr_array_index(trial->windows, 0);

                window->whole.total_net_uj = trial->net_uj = net_uj[i];
                trial->uncertainty = (Uncertainty){ .tick_uj = 30000, .tail_uj = 40000, .baseline_uj = 120000 };
                g_assert_cmpint(job_summarise(f->record, 1, &summary), ==, 0);
                g_assert_false(summary.has_net);
                trial->has_net = true;
        }
        g_assert_cmpint(job_summarise(f->record, 1, &summary), ==, 0);
        g_assert_true(summary.has_net);
        g_assert_cmpfloat_with_epsilon(summary.total_uncertainty.spread_uj, 0, 1e-6);
        g_assert_cmpfloat_with_epsilon(gross_uncertainty_uj(&summary.total_uncertainty), 50000, 1e-6);
        g_assert_cmpfloat(summary.total_uncertainty.baseline_uj, ==, 0);
        /* n = 6: the interval is from the least trial to the largest. */
        g_assert_cmpfloat_with_epsilon(summary.net_uncertainty.spread_uj, 3000200, 1e-6);
        g_assert_cmpfloat_with_epsilon(uncertainty_total_uj(&summary.net_uncertainty), hypot(3000200, 130000), 1e-3);
        g_assert_cmpfloat_with_epsilon(summary.net_j.median, 1.5, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.net_j.min, -2.0004, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.per_iteration.net_j, 1.5 / 4, 1e-12);
        result = report_result(f->record);
        g_assert_cmpfloat_with_epsilon(result->net_energy, 1.5 / 4, 1e-12);
        g_assert_cmpfloat_with_epsilon(result->net_energy_low, -2.0 / 4, 1e-12);
        g_assert_cmpfloat_with_epsilon(result->net_energy_high, 1, 1e-12);
}

/* Six trials that all round to the same are as certain as their rounding, not more; for whom nothing is rounded, the
 * interval stays that of the trials. */
static void test_interval_of_rounded(Fixture *f, gconstpointer data) {
        g_autoptr(Result) result = NULL;
        JobSummary summary;

        for (int i = 0; i < 6; i++) {
                TrialRecord *trial = add_trial(f, 8000000, 0, 1000000000);
                WindowRecord *window = g_ptr_array_index(trial->windows, 0);

                window->whole.total_net_uj = trial->net_uj = i * 5000 - 15000;
                window->whole.total_uncertainty = trial->uncertainty = (Uncertainty){ .baseline_uj = 150000 };
                trial->has_net = true;
        }
        g_assert_cmpint(job_summarise(f->record, PUBLIC_STEP_UJ, &summary), ==, 0);
        g_assert_cmpfloat(summary.net_j.median, ==, 0);
        g_assert_cmpfloat_with_epsilon(summary.net_j.ci_low, -0.05, 1e-12); /* steps of 0.1 J */
        g_assert_cmpfloat_with_epsilon(summary.net_j.ci_high, 0.05, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.net_uncertainty.spread_uj, 50000, 1e-6);
        g_assert_cmpfloat_with_epsilon(summary.once_net_j.ci_low, -0.05 / 4, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.once_net_j.ci_high, 0.05 / 4, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.once_net_uncertainty.spread_uj, 50000. / 4, 1e-6);
        result = report_result(f->record);
        g_assert_cmpfloat_with_epsilon(result->net_energy_low, -0.05 / 4, 1e-12);

        g_assert_cmpint(job_summarise(f->record, 1, &summary), ==, 0);
        g_assert_cmpfloat_with_epsilon(summary.net_j.ci_low, -0.015, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.net_j.ci_high, 0.01, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.net_uncertainty.spread_uj, 12500, 1e-6);
        g_assert_cmpfloat(summary.total_j.ci_low, ==, summary.total_j.ci_high);
}

/* An error is no zero: the trial has no energy, and the reason is the kernel's. */
static void test_read_error(Fixture *f, gconstpointer data) {
        const TrialRecord *io = add_trial(f, 0, -EIO, 1000000000);
        const TrialRecord *wrap = add_trial(f, 0, -EOVERFLOW, 1000000000);

        g_assert_false(io->valid);
        g_assert_cmpstr(g_ptr_array_index(io->quality, 0), ==, "READ_ERROR");
        g_assert_nonnull(strstr(io->energy_absent, "Input/output error"));
        g_assert_cmpstr(g_ptr_array_index(wrap->quality, 0), ==, "WRAP_AMBIGUOUS");
        g_assert_cmpint(job_status_without_result(f->record), ==, STATUS_UNSTABLE);
}

static void test_too_short(Fixture *f, gconstpointer data) {
        const TrialRecord *trial = add_trial(f, 5000, 0, 999999);

        g_assert_false(trial->valid);
        g_assert_cmpstr(g_ptr_array_index(trial->quality, 0), ==, "TOO_SHORT");
        g_assert_cmpuint(trial->total_uj, ==, 0);
        g_assert_cmpint(job_status_without_result(f->record), ==, STATUS_UNMEASURABLE);
        g_assert_cmpstr(g_ptr_array_index(add_trial(f, 0, -ERANGE, 1000000)->quality, 0), ==, "TOO_SHORT");
        g_assert_cmpint(job_status_without_result(f->record), ==, STATUS_UNMEASURABLE);
        add_trial(f, 5000, -EIO, 1000000);
        g_assert_cmpint(job_status_without_result(f->record), ==, STATUS_UNSTABLE);
}

/* Long enough, but what the counters tell is too coarse: the bound is told, and no number. */
static void test_too_uncertain(Fixture *f, gconstpointer data) {
        TrialRecord *trial = trial_record_new();
        WindowRecord *window = add_window(trial, 500000, 0, 1000000000, 4);

        window->whole.total_uncertainty = (Uncertainty){ .tick_uj = 30000, .tail_uj = 39000 };
        trial_record_close(trial, 1000000);
        g_assert_true(trial->valid);
        g_assert_cmpuint(trial->total_uj, ==, 500000);
        trial_record_free(trial);

        trial = trial_record_new();
        window = add_window(trial, 500000, 0, 1000000000, 4);
        window->whole.total_uncertainty = (Uncertainty){ .tick_uj = 30000, .tail_uj = 41000 };
        trial_record_close(trial, 1000000);
        g_ptr_array_add(f->record->trials, trial);
        g_assert_false(trial->valid);
        g_assert_cmpstr(g_ptr_array_index(trial->quality, 0), ==, "TOO_SHORT");
        g_assert_nonnull(strstr(trial->energy_absent, "500 mJ, is uncertain by 51 mJ"));
        g_assert_cmpuint(trial->total_uj, ==, 0);
        g_assert_cmpint(job_status_without_result(f->record), ==, STATUS_UNMEASURABLE);
}

/* Windows that are each too short, together long enough. */
static void test_sum_of_windows(Fixture *f, gconstpointer data) {
        TrialRecord *trial = trial_record_new();

        add_window(trial, 600, 0, 600000, 64);
        add_window(trial, 700, 0, 600000, 64);
        trial_record_close(trial, 1000000);
        g_assert_true(trial->valid);
        g_assert_null(trial->energy_absent);
        g_assert_cmpuint(trial->total_uj, ==, 1300);
        g_assert_cmpuint(trial->iterations, ==, 128);
        trial_record_free(trial);
}

/* Of windows that tell no energy of their own, the regions are in the trial's sum: no more of them than in a window's.
 */
static void test_short_regions_of_windows(Fixture *f, gconstpointer data) {
        static const struct {
                uint64_t wall_ns; /* of each window's regions */
                uint32_t regions;
                bool told;
        } cases[] = { { 600000, 32, true }, { 600000, 33, false }, { 1000000, 64, true } };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(TrialRecord) trial = trial_record_new();

                for (unsigned w = 0; w < 2; w++)
                        add_window(trial, 700, 0, cases[i].wall_ns, 64)->short_regions = cases[i].regions;
                trial_record_close(trial, 1000000);
                g_assert_true(trial->valid == cases[i].told);
                g_assert_cmpuint(trial->total_uj, ==, cases[i].told ? 1400 : 0);
                if (!cases[i].told)
                        g_assert_cmpstr(g_ptr_array_index(trial->quality, 0), ==, "TOO_SHORT");
        }
}

/* Energies that the caller is told as one decide nothing by the digits he is not told. */
static void test_decided_as_told(Fixture *f, gconstpointer data) {
        Trend trend;

        for (unsigned i = 0; i < 6; i++)
                (void) add_trial(f, 5000000 + 50 * i, 0, 1000000000);
        g_assert_cmpint(standing_trend(f->record, &trend), ==, 0);
        g_assert_cmpfloat(trend.z, ==, 0);
        g_assert_false(trend.found);
        f->request->rel_ci = 1e-9;
        g_assert_true(job_precise_enough(f->record));
        g_free(f->request->resolution);
        f->request->resolution = g_strdup("fine");
        g_assert_cmpint(standing_trend(f->record, &trend), ==, 0);
        g_assert_true(trend.found);
        g_assert_false(job_precise_enough(f->record));
}

static void test_incomplete(Fixture *f, gconstpointer data) {
        TrialRecord *trial = trial_record_new();

        add_window(trial, 600, 0, 600000000, 64)->complete = false;
        trial_record_close(trial, 1000000);
        g_assert_false(trial->valid);
        g_assert_nonnull(trial->energy_absent);
        trial_record_free(trial);
}

static void test_output(Fixture *f, gconstpointer data) {
        TrialRecord *one = add_trial(f, 1, 0, 1000000), *two = add_trial(f, 1, 0, 1000000);

        add_run(one, "aa");
        add_run(one, NULL); /* not all of it was kept: says nothing */
        add_run(two, "aa");
        g_assert_false(job_output_differs(f->record));
        add_run(two, "bb");
        g_assert_true(job_output_differs(f->record));
}

/* The whole run beside a region tells what is outside of it, too, by subtraction: no better than a window of that. */
static void test_rest_of_region(Fixture *f, gconstpointer data) {
        static const struct {
                uint64_t region_ns;
                uint32_t regions;
                uint64_t step_uj;
                const char *told;
        } cases[] = {
                { 1000000000, 1, 1000, "1777777000" },  /* nothing is left */
                { 999000000, 1, 1000, "1800000000" },   /* 1 ms is: in steps of two windows, 100 J */
                { 900000001, 1, 1000, "1800000000" },   /* two parts, a little shorter than windows */
                { 900000001, 1, 1, "1777777000" },      /* for those who may see it */
                { 900000000, 1, 1000, "1777777000" },   /* two parts of a window each */
                { 900000000, 100, 1000, "2000000000" }, /* 101 of a millisecond: in steps of the whole, 1000 J */
        };

        f->record->min_window_usec = 50000;
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                TrialRecord *trial = trial_record_new();
                WindowRecord *window = add_window(trial, 1777777000, 0, 1000000000, 1);
                RunRecord *run = g_new0(RunRecord, 1);
                g_autofree char *text = NULL;

                run->region = g_new0(RegionRecord, 1);
                run->region->regions = cases[i].regions;
                g_ptr_array_add(window->runs, run);
                window->region = g_new0(Figures, 1);
                figures_init(window->region, 1);
                window->region->iterations = 1;
                window->region->wall_ns = cases[i].region_ns;
                window->region->energy_uj[0] = window->region->total_uj = 555555000;
                trial_record_close(trial, f->record->min_window_usec * 1000);
                g_ptr_array_set_size(f->record->trials, 0);
                g_ptr_array_add(f->record->trials, trial);
                text = report_body(f->record, cases[i].step_uj > 1 ? REPORT_PUBLIC : REPORT_FULL);
                g_assert_nonnull(strstr(text, "555555000"));
                g_assert_nonnull(strstr(text, cases[i].told));
        }
}

/* Five starts of 1 to 5 ms, 15 J together: t(4)·s/√n of their mean is 2.776·√(2.5 ÷ 5) ms, of 3 ms. */
static void test_spread_of_floor(Fixture *f, gconstpointer data) {
        g_autoptr(TrialRecord) floor = trial_record_new();
        WindowRecord *window = add_window(floor, 15000000, 0, 15000000, 5);

        for (uint64_t i = 1; i <= 5; i++) {
                RunRecord *run = g_new0(RunRecord, 1);

                run->evidence.wall_ns = i * 1000000;
                g_ptr_array_add(window->runs, run);
        }
        trial_record_close(floor, 1000);
        g_assert_cmpfloat_with_epsilon(floor_spread_uj(floor), 2.776 * sqrt(0.5) / 3 * 15000000, 1);
        f->record->floor = g_steal_pointer(&floor);
        g_ptr_array_set_size(((WindowRecord *) g_ptr_array_index(f->record->floor->windows, 0))->runs, 1);
        g_assert_cmpfloat(floor_spread_uj(f->record->floor), ==, 0);
}

static void test_precision(Fixture *f, gconstpointer data) {
        f->request->rel_ci = 0.5;
        for (unsigned i = 0; i < 5; i++)
                add_trial(f, 1000000, 0, 1000000000);
        g_assert_false(job_precise_enough(f->record)); /* five trials have no interval */
        add_trial(f, 1000000, 0, 1000000000);
        g_assert_true(job_precise_enough(f->record));
}

/* Of the work done once: a region that is repeated for as long as it takes comes to three times in one trial and to
 * six in another. */
static void test_precision_of_once(Fixture *f, gconstpointer data) {
        f->request->rel_ci = 0.01;
        for (unsigned i = 0; i < 6; i++) {
                const uint32_t times = i % 2 ? 3 : 6;
                TrialRecord *trial = trial_record_new();

                add_window(trial, times * 1000000, 0, times * 100000000, times);
                trial_record_close(trial, 1000);
                g_ptr_array_add(f->record->trials, trial);
        }
        g_assert_true(job_precise_enough(f->record));
        ((TrialRecord *) g_ptr_array_index(f->record->trials, 0))->energy_absent = g_strdup("not read");
        g_assert_true(job_precise_enough(f->record)); /* its time is as precise */
        ((WindowRecord *) g_ptr_array_index(((TrialRecord *) g_ptr_array_index(f->record->trials, 1))->windows, 0))
                        ->whole.wall_ns *= 2;
        g_assert_false(job_precise_enough(f->record));
}

static void test_result(Fixture *f, gconstpointer data) {
        g_autoptr(Result) result = NULL;

        for (unsigned i = 0; i < 6; i++)
                add_trial(f, 8000400 + i, 0, 1000000000);
        job_record_set_end(f->record, RESULT_DONE, STATUS_OK, NULL, NULL);
        result = report_result(f->record);
        g_assert_cmpfloat_with_epsilon(result->total_energy, 2, 1e-12);
        g_assert_cmpfloat_with_epsilon(result->total_energy_low, 2 - 0.0005 / 4, 1e-12); /* half a step */
        g_assert_cmpfloat_with_epsilon(result->total_energy_high, 2 + 0.0005 / 4, 1e-12);
        g_assert_cmpfloat_with_epsilon(result->wall, 0.25, 1e-12);
        g_assert_cmpfloat_with_epsilon(result->power, 8, 1e-12);
        g_assert_true(isnan(result->net_energy));
        g_assert_true(result->simulated);
}

static JsonNode *parse(const char *text) {
        g_autoptr(JsonParser) parser = json_parser_new();

        g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
        return json_parser_steal_root(parser);
}

/* A window shorter than the shortest gives its time, not its energy, in both bodies. */
static void test_window_energy(Fixture *f, gconstpointer data) {
        for (int view = REPORT_PUBLIC; view <= REPORT_FULL; view++) {
                g_autofree char *text = NULL;
                g_autoptr(JsonNode) node = NULL;

                g_ptr_array_set_size(f->record->trials, 0);
                add_trial(f, 777777, 0, 900000);
                text = report_body(f->record, (ReportView) view);
                g_assert_null(strstr(text, "777777"));
                g_assert_null(strstr(text, "778000"));
                g_assert_nonnull(strstr(text, "\"wall_ns\":900000"));
                node = parse(text);
                g_assert_nonnull(json_node_get_object(node));
        }
}

static void test_views(Fixture *f, gconstpointer data) {
        g_autofree char *rounded = NULL, *full = NULL, *fine = NULL;

        add_trial(f, 1234567, 0, 1000000000);
        rounded = report_body(f->record, REPORT_PUBLIC);
        full = report_body(f->record, REPORT_FULL);
        g_assert_null(strstr(rounded, "1234567"));
        g_assert_null(strstr(rounded, "1.234567"));
        g_assert_nonnull(strstr(rounded, "\"total_uj\":1235000"));
        g_assert_nonnull(strstr(full, "\"total_uj\":1234567"));
        g_free(f->request->resolution);
        f->request->resolution = g_strdup("fine");
        fine = report_body(f->record, REPORT_PUBLIC);
        g_assert_nonnull(strstr(fine, "\"total_uj\":1234567"));
}

/* Bytes that are no UTF-8 do not make a report that is no JSON. */
static void test_odd_bytes(Fixture *f, gconstpointer data) {
        g_autofree char *text = NULL;
        g_autoptr(JsonNode) node = NULL;

        g_strfreev(f->request->argv);
        f->request->argv = g_strsplit("\xff\xfe|a\"\\\n\x01", "|", -1);
        f->record->env = g_strsplit("A\xff=b", "|", -1);
        text = report_body(f->record, REPORT_FULL);
        g_assert_true(g_utf8_validate(text, -1, NULL));
        node = parse(text);
        g_assert_nonnull(json_object_get_member(json_node_get_object(node), "program"));
}

static void test_large(Fixture *f, gconstpointer data) {
        g_autofree char *text = NULL;
        g_autoptr(JsonNode) node = NULL;

        for (unsigned t = 0; t < 200; t++) {
                TrialRecord *trial = trial_record_new();

                for (unsigned w = 0; w < 512; w++)
                        add_window(trial, 1000, 0, 2000000, 64);
                trial_record_close(trial, 1);
                g_ptr_array_add(f->record->trials, trial);
        }
        text = report_body(f->record, REPORT_FULL);
        g_assert_cmpuint(strlen(text), <=, REPORT_MAX_BYTES);
        node = parse(text);
        g_assert_nonnull(strstr(text, "larger than 8 MiB"));
}

static void add(const char *path, void (*test)(Fixture *, gconstpointer)) {
        g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        add("/evaluate/summary", test_summary);
        add("/evaluate/net", test_net);
        add("/evaluate/interval-of-rounded", test_interval_of_rounded);
        add("/evaluate/read-error", test_read_error);
        add("/evaluate/too-short", test_too_short);
        add("/evaluate/too-uncertain", test_too_uncertain);
        add("/evaluate/sum-of-windows", test_sum_of_windows);
        add("/evaluate/short-regions-of-windows", test_short_regions_of_windows);
        add("/evaluate/decided-as-told", test_decided_as_told);
        add("/evaluate/incomplete", test_incomplete);
        add("/evaluate/output", test_output);
        add("/evaluate/rest-of-region", test_rest_of_region);
        add("/evaluate/spread-of-floor", test_spread_of_floor);
        add("/evaluate/precision", test_precision);
        add("/evaluate/precision-of-once", test_precision_of_once);
        add("/report/result", test_result);
        add("/report/window-energy", test_window_energy);
        add("/report/views", test_views);
        add("/report/odd-bytes", test_odd_bytes);
        add("/report/large", test_large);
        return g_test_run();
}
