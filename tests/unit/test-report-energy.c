/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "evaluate.h"
#include "report-node.h"
#include "report.h"

/* How energies and their uncertainties stand in the two bodies of a report, of records made by hand around the
 * counters of a server: package-0, dram-0, package-1, dram-1. */

#define PACKAGE_UJ UINT64_C(10123456)
#define DRAM_UJ UINT64_C(2222222)
#define TOTAL_UJ (2 * (PACKAGE_UJ + DRAM_UJ))
#define NET_UJ INT64_C(-1234567)

static const Uncertainty of_package = { .tick_uj = 30061.5, .quantisation_uj = 100, .baseline_uj = 80000 };
static const Uncertainty of_dram = { .tick_uj = 500, .quantisation_uj = 100, .baseline_uj = 1000 };
static const Uncertainty of_total = {
        .tick_uj = 60123.4, .quantisation_uj = 200, .tail_uj = 1000, .baseline_uj = 160000
};

typedef struct Fixture {
        Sysroot *root;
        Topology *topology;
        Meter *meter;
        Request *request;
        JobContext context;
        JobRecord *record;
        JsonNode *nodes[2];
        JsonObject *public, *full;
        char *text; /* of the public one */
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        const MeterConfig config = { .name = "powercap" };

        g_assert_cmpint(sysroot_open(FIXTURES "/intel-server", &f->root), >=, 0);
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
        for (size_t i = 0; i < G_N_ELEMENTS(f->nodes); i++)
                if (f->nodes[i])
                        json_node_unref(f->nodes[i]);
        g_free(f->text);
        job_record_free(f->record);
        request_free(f->request);
        meter_free(f->meter);
        topology_free(f->topology);
        sysroot_free(f->root);
}

static void add_trial(Fixture *f, const char *test) {
        TrialRecord *trial = trial_record_new();
        WindowRecord *window = window_record_new(4);
        Figures *figures = &window->whole;

        window->test = test;
        window->complete = true;
        figures->iterations = 4;
        figures->wall_ns = NSEC_PER_SEC;
        for (size_t i = 0; i < 4; i++) {
                figures->energy_uj[i] = i % 2 == 0 ? PACKAGE_UJ : DRAM_UJ;
                figures->net_uj[i] = NET_UJ / 4;
                figures->net_error[i] = 0;
                figures->uncertainty[i] = i % 2 == 0 ? of_package : of_dram;
        }
        figures->total_uj = TOTAL_UJ;
        figures->total_net_uj = NET_UJ;
        figures->total_net_error = 0;
        figures->total_uncertainty = of_total;
        g_ptr_array_add(trial->windows, window);
        trial_record_close(trial, f->record->min_window_usec * NSEC_PER_USEC);
        trial->has_net = true;
        trial->net_uj = NET_UJ;
        g_ptr_array_add(f->record->trials, trial);
}

static JsonObject *parse(const char *text, JsonNode **ret) {
        g_autoptr(JsonParser) parser = json_parser_new();

        g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
        *ret = json_parser_steal_root(parser);
        return json_node_get_object(*ret);
}

static void write_bodies(Fixture *f) {
        g_autofree char *full = report_body(f->record, REPORT_FULL);

        f->text = report_body(f->record, REPORT_PUBLIC);
        f->public = parse(f->text, &f->nodes[0]);
        f->full = parse(full, &f->nodes[1]);
}

static void assert_uncertain(JsonObject *report, const char *path, int64_t tick_uj, int64_t total_uj, int64_t net_uj) {
        g_autofree char *tick = g_strconcat(path, ".tick", NULL), *total = g_strconcat(path, ".total", NULL);
        g_autofree char *net = g_strconcat(path, ".net", NULL);

        g_assert_cmpint(report_int(report, tick), ==, tick_uj);
        g_assert_cmpint(report_int(report, total), ==, total_uj);
        g_assert_cmpint(report_int(report, net), ==, net_uj);
}

/* Each energy by its own uncertainty, and that to two digits. */
static void test_public(Fixture *f, gconstpointer data) {
        static const char *const secrets[] = {
                "1012345", "1012346", "222222", "2469135", "123456", "123457", "601234"
        };

        for (unsigned i = 0; i < 6; i++)
                add_trial(f, NULL);
        write_bodies(f);
        g_assert_cmpint(report_int(f->public, "measurement.trials.5.total_uj"), ==, 24700000);
        g_assert_cmpint(report_int(f->public, "measurement.trials.5.net_uj"), ==, -1200000);
        assert_uncertain(f->public, "measurement.trials.5.uncertainty_uj", 61000, 61000, 180000);
        g_assert_cmpint(report_int(f->public, "measurement.trials.0.windows.0.energy_uj.package-0"), ==, 10120000);
        g_assert_cmpint(report_int(f->public, "measurement.trials.0.windows.0.energy_uj.dram-1"), ==, 2222000);
        g_assert_cmpint(report_int(f->public, "measurement.trials.0.windows.0.net_uj.package-0"), ==, -300000);
        g_assert_cmpint(report_int(f->public, "measurement.trials.0.windows.0.net_uj.dram-0"), ==, -309000);
        assert_uncertain(f->public, "measurement.trials.0.windows.0.uncertainty_uj", 61000, 61000, 180000);
        assert_uncertain(f->public, "measurement.trials.0.windows.0.domain_uncertainty_uj.package-0", 31000, 31000,
                         86000);
        g_assert_cmpfloat_with_epsilon(report_double(f->public, "measurement.summary.total_j.median"), 24.7, 1e-9);
        g_assert_cmpfloat_with_epsilon(report_double(f->public, "measurement.summary.net_j.mean"), -1.2, 1e-9);
        g_assert_cmpfloat_with_epsilon(report_double(f->public, "measurement.summary.package_j.median"), 20.25, 1e-9);
        g_assert_cmpfloat_with_epsilon(report_double(f->public, "measurement.summary.dram_j.median"), 4.444, 1e-9);
        g_assert_cmpfloat_with_epsilon(report_double(f->public, "measurement.summary.per_iteration.total_j"), 24.7 / 4,
                                       1e-9);
        for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++)
                g_assert_null(strstr(f->text, secrets[i]));
}

static void test_full(Fixture *f, gconstpointer data) {
        add_trial(f, NULL);
        write_bodies(f);
        g_assert_cmpint(report_int(f->full, "measurement.trials.0.total_uj"), ==, TOTAL_UJ);
        g_assert_cmpint(report_int(f->full, "measurement.trials.0.net_uj"), ==, NET_UJ);
        assert_uncertain(f->full, "measurement.trials.0.uncertainty_uj", 60124, 60133, 170927);
        g_assert_cmpint(report_int(f->full, "measurement.trials.0.windows.0.energy_uj.package-1"), ==, PACKAGE_UJ);
}

/* Six equal trials: the parts are those of a trial, the spread is none; of one run, a fourth. */
static void test_medians(Fixture *f, gconstpointer data) {
        const double gross_j = sqrt(60123.4 * 60123.4 + 200 * 200 + 1000 * 1000) / 1e6;

        for (unsigned i = 0; i < 6; i++)
                add_trial(f, NULL);
        write_bodies(f);
        g_assert_cmpfloat_with_epsilon(report_double(f->full, "measurement.summary.total_j.uncertainty_j.tick"),
                                       0.060124, 1e-9);
        g_assert_cmpfloat(report_double(f->full, "measurement.summary.total_j.uncertainty_j.baseline"), ==, 0);
        g_assert_cmpfloat(report_double(f->full, "measurement.summary.total_j.uncertainty_j.spread"), ==, 0);
        g_assert_cmpfloat_with_epsilon(report_double(f->full, "measurement.summary.total_j.uncertainty_j.total"),
                                       gross_j, 1e-6);
        g_assert_cmpfloat_with_epsilon(report_double(f->full, "measurement.summary.net_j.uncertainty_j.total"),
                                       hypot(gross_j, 0.16), 1e-6);
        /* Two packages between the same edges err together. */
        g_assert_cmpfloat_with_epsilon(report_double(f->full, "measurement.summary.package_j.uncertainty_j.tick"),
                                       0.060123, 1e-9);
        g_assert_cmpfloat_with_epsilon(
                        report_double(f->full, "measurement.summary.per_iteration.total_uncertainty_j.total"),
                        gross_j / 4, 1e-6);
        g_assert_cmpfloat_with_epsilon(
                        report_double(f->full, "measurement.summary.per_iteration.net_uncertainty_j.total"),
                        hypot(gross_j, 0.16) / 4, 1e-6);
}

/* The spread of few trials is not known, so neither is the whole; it is never told to be 0. */
static void test_few(Fixture *f, gconstpointer data) {
        static const char path[] = "measurement.summary.total_j.uncertainty_j.total";

        for (unsigned i = 0; i < 5; i++)
                add_trial(f, NULL);
        write_bodies(f);
        g_assert_true(JSON_NODE_HOLDS_NULL(report_node(f->full, path)));
        g_assert_true(JSON_NODE_HOLDS_NULL(report_node(f->full, "measurement.summary.total_j.uncertainty_j.spread")));
        g_assert_nonnull(json_object_get_string_member(json_object_get_object_member(f->full, "absent"), path));
}

static void test_per_test(Fixture *f, gconstpointer data) {
        static const char name[] = "the-test";
        TestRecord *test = g_new0(TestRecord, 1);

        test->name = name;
        g_ptr_array_add(f->record->tests, test);
        for (unsigned i = 0; i < 6; i++)
                add_trial(f, name);
        write_bodies(f);
        g_assert_cmpfloat_with_epsilon(report_double(f->public, "measurement.summary.per_test.0.total_j"), 24.7 / 4,
                                       1e-9);
        g_assert_cmpfloat_with_epsilon(report_double(f->full, "measurement.summary.per_test.0.total_j"),
                                       (double) TOTAL_UJ / 4e6, 1e-9);
        g_assert_cmpfloat_with_epsilon(report_double(f->full, "measurement.summary.per_test.0.uncertainty_j.tick"),
                                       0.015031, 1e-9);
        g_assert_cmpfloat(report_double(f->full, "measurement.summary.per_test.0.uncertainty_j.baseline"), ==, 0);
}

/* Energy and uncertainty of the floor are of one start, of which its window has four. */
static void test_floor(Fixture *f, gconstpointer data) {
        add_trial(f, NULL);
        f->record->floor = g_ptr_array_steal_index(f->record->trials, 0);
        write_bodies(f);
        g_assert_cmpint(report_int(f->full, "measurement.floor.iterations"), ==, 4);
        g_assert_cmpfloat_with_epsilon(report_double(f->full, "measurement.floor.total_j"), (double) TOTAL_UJ / 4e6,
                                       1e-9);
        g_assert_cmpfloat_with_epsilon(report_double(f->full, "measurement.floor.net_j"), (double) NET_UJ / 4e6, 1e-9);
        /* A quarter of 60123.4, and of √(60123.4² + 200² + 1000²), without and with the baseline's 160000. */
        assert_uncertain(f->full, "measurement.floor.uncertainty_uj", 15031, 15034, 42732);
        g_assert_cmpfloat_with_epsilon(report_double(f->public, "measurement.floor.total_j"), 24.7 / 4, 1e-9);
        assert_uncertain(f->public, "measurement.floor.uncertainty_uj", 16000, 16000, 43000);
}

/* ---- what cannot be measured is no more than … ---- */

static WindowRecord *window_of(Fixture *f, guint trial) {
        return g_ptr_array_index(((TrialRecord *) g_ptr_array_index(f->record->trials, trial))->windows, 0);
}

/* Of 400 calls, in as much time as given. */
static void add_region(WindowRecord *window, uint64_t wall_ns, int error) {
        window->region = g_new0(Figures, 1);
        figures_init(window->region, 4);
        window->region->iterations = 400;
        window->region->wall_ns = wall_ns;
        window->region->total_uj = 5000;
        window->region->total_error = error;
}

static void assert_bound(Fixture *f, double full_j, double public_j) {
        f->record->status = STATUS_UNMEASURABLE;
        write_bodies(f);
        g_assert_cmpfloat_with_epsilon(report_double(f->full, "measurement.upper_bound_j"), full_j, 1e-9);
        g_assert_cmpfloat_with_epsilon(report_double(f->public, "measurement.upper_bound_j"), public_j, 1e-9);
}

static void assert_no_bound(Fixture *f, const char *reason) {
        write_bodies(f);
        g_assert_true(JSON_NODE_HOLDS_NULL(report_node(f->full, "measurement.upper_bound_j")));
        g_assert_cmpstr(json_object_get_string_member(json_object_get_object_member(f->full, "absent"),
                                                      "measurement.upper_bound_j"),
                        ==, reason);
}

/* 24,691,356 µJ as it is told, half its step and √(60123.4² + 200² + 1000²) = 60132.05 µJ, rounded up; of four runs.
 */
#define FULL_J 24.7514895
#define PUBLIC_J (24.7 + 0.025 + 0.061)

static void test_bound_of_energy(Fixture *f, gconstpointer data) {
        add_trial(f, NULL);
        assert_bound(f, FULL_J / 4, PUBLIC_J / 4);
}

static void test_bound_of_all_trials(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 3; i++)
                add_trial(f, NULL);
        window_of(f, 0)->whole.total_uj *= 2;
        window_of(f, 2)->complete = false;
        window_of(f, 2)->whole.total_uj *= 4;
        assert_bound(f, (FULL_J + TOTAL_UJ / 1e6) / 4, (49.4 + 0.025 + 0.061) / 4);
}

/* The sum of too many regions is not told, and neither is a short region: the whole runs around them bound them. */
static void test_bound_of_regions(Fixture *f, gconstpointer data) {
        const int *error = data;

        add_trial(f, NULL);
        add_region(window_of(f, 0), *error < 0 ? NSEC_PER_SEC / 10 : 500 * NSEC_PER_USEC, *error);
        assert_bound(f, FULL_J / 400, PUBLIC_J / 400);
}

static void test_bound_of_tests(Fixture *f, gconstpointer data) {
        static const char *const names[] = { "one", "two" };
        TrialRecord *trial;

        for (size_t i = 0; i < 2; i++) {
                TestRecord *test = g_new0(TestRecord, 1);

                test->name = names[i];
                g_ptr_array_add(f->record->tests, test);
                add_trial(f, names[i]);
        }
        window_of(f, 1)->whole.iterations = 8;
        trial = g_ptr_array_index(f->record->trials, 0);
        g_ptr_array_add(trial->windows,
                        g_ptr_array_steal_index(((TrialRecord *) g_ptr_array_index(f->record->trials, 1))->windows,
                                                0));
        g_ptr_array_remove_index(f->record->trials, 1);
        assert_bound(f, FULL_J / 4 + FULL_J / 8, PUBLIC_J / 4 + PUBLIC_J / 8);
}

static void test_bound_of_nothing(Fixture *f, gconstpointer data) {
        add_trial(f, NULL);
        window_of(f, 0)->whole.wall_ns = 500 * NSEC_PER_USEC;
        add_region(window_of(f, 0), 250 * NSEC_PER_USEC, 0);
        f->record->status = STATUS_UNMEASURABLE;
        assert_no_bound(f, "nothing that lasted long enough has it as a part");
}

static void test_bound_of_measured(Fixture *f, gconstpointer data) {
        add_trial(f, NULL);
        f->record->status = STATUS_OK;
        assert_no_bound(f, "only an energy that is too small to be measured needs a bound");
}

static void add(const char *path, void (*test)(Fixture *, gconstpointer)) {
        g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv) {
        static const int short_region = 0, too_many_regions = -ETIME;

        g_test_init(&argc, &argv, NULL);
        add("/report-energy/public", test_public);
        add("/report-energy/full", test_full);
        add("/report-energy/medians", test_medians);
        add("/report-energy/few", test_few);
        add("/report-energy/per-test", test_per_test);
        add("/report-energy/floor", test_floor);
        add("/report-energy/bound/energy", test_bound_of_energy);
        add("/report-energy/bound/trials", test_bound_of_all_trials);
        g_test_add("/report-energy/bound/short-region", Fixture, &short_region, set_up, test_bound_of_regions,
                   tear_down);
        g_test_add("/report-energy/bound/many-regions", Fixture, &too_many_regions, set_up, test_bound_of_regions,
                   tear_down);
        add("/report-energy/bound/tests", test_bound_of_tests);
        add("/report-energy/bound/nothing", test_bound_of_nothing);
        add("/report-energy/bound/measured", test_bound_of_measured);
        return g_test_run();
}
