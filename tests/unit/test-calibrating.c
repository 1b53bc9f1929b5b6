/* SPDX-License-Identifier: MIT */
#include <json-glib/json-glib.h>
#include <math.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "calibrating.h"
#include "report.h"

#define SECOND UINT64_C(1000000000)

typedef struct Fixture {
        Sysroot *root;
        Topology *topology;
        Meter *meter;
        Request *request;
        JobContext context;
        JobRecord *record;
} Fixture;

static int no_cpu_time(void *userdata, uint64_t *ret_usec) {
        *ret_usec = 0;
        return 0;
}

static void set_up(Fixture *f, gconstpointer data) {
        const MeterConfig config = { .name = "model", .model_watts_per_cpu = 1, .cpu_time = no_cpu_time };

        g_assert_cmpint(sysroot_open("/", &f->root), >=, 0);
        g_assert_cmpint(topology_discover(f->root, 0, &f->topology), >=, 0);
        g_assert_cmpint(meter_open(f->topology, f->root, &config, &f->meter, NULL), >=, 0);
        f->request = request_new(JOB_CALIBRATE, NULL);
        g_free(f->request->profile);
        f->request->profile = g_strdup("box");
        f->request->argv = g_strsplit("./jouletrace-load", " ", -1);
        f->context = (JobContext){ .containment = (char *) "process",
                                   .isolation = (char *) "none",
                                   .partition = (char *) "",
                                   .cpus = (char *) "",
                                   .reserved_cpus = (char *) "",
                                   .sysroot = (char *) "/",
                                   .meter = (char *) "model",
                                   .may_sleep = (char *) "nothing holds it off",
                                   .noise_floor_absent = (char *) "this host was never calibrated" };
        f->record = job_record_new(f->request, &f->context);
        f->record->root = f->root;
        f->record->topology = f->topology;
        f->record->meter = f->meter;
        f->record->tick = (Tick){ .period_ns = 1000000, .jitter_ns = 20000, .step_uj = 61 };
        job_record_set_end(f->record, RESULT_DONE, STATUS_OK, NULL, NULL);
}

static void tear_down(Fixture *f, gconstpointer data) {
        job_record_free(f->record);
        request_free(f->request);
        meter_free(f->meter);
        topology_free(f->topology);
        sysroot_free(f->root);
}

/* One test's share of a trial: in as many windows, of as many runs each. */
static void add_windows(TrialRecord *trial, const char *test, double run_uj, unsigned windows, uint64_t runs) {
        for (unsigned i = 0; i < windows; i++) {
                WindowRecord *window = window_record_new(1);

                window->test = test;
                window->whole.iterations = runs;
                window->whole.wall_ns = SECOND;
                window->whole.energy_uj[0] = window->whole.total_uj = (uint64_t) llround(run_uj * (double) runs);
                window->complete = true;
                g_ptr_array_add(trial->windows, window);
        }
}

static TrialRecord *add_trial(Fixture *f, double spin_uj, double memory_uj) {
        TrialRecord *trial = trial_record_new();

        add_windows(trial, "spin", spin_uj, 2, 3);
        add_windows(trial, "memory", memory_uj, 1, 5);
        trial_record_close(trial, SECOND / 1000);
        g_ptr_array_add(f->record->trials, trial);
        return trial;
}

/* Pair i of n differs by (i + 1) percent, up or down. */
static void add_pairs(Fixture *f, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                const double factor = i % 2 == 0 ? 1 + (i + 1) / 100.0 : 1 / (1 + (i + 1) / 100.0);

                add_trial(f, 1e6, 4e6);
                add_trial(f, 1e6 * factor, 4e6);
        }
}

static void test_percentile(Fixture *f, gconstpointer data) {
        const Calibration *calibration;

        add_pairs(f, 40);
        calibration_conclude(f->record);
        g_assert_cmpint(f->record->result, ==, RESULT_DONE);
        calibration = f->record->calibration;
        g_assert_nonnull(calibration);
        g_assert_cmpuint(calibration->pairs, ==, 40);
        g_assert_cmpfloat_with_epsilon(calibration->noise_spin, 0.38, 1e-6);
        g_assert_cmpfloat(calibration->noise_memory, ==, 0);
        g_assert_cmpfloat(calibration->noise_floor, ==, calibration->noise_spin);
        g_assert_cmpuint(calibration->tick_ns, ==, 1000000);
        g_assert_cmpuint(calibration->tick_jitter_ns, ==, 20000);
        g_assert_cmpfloat(calibration->tick_step_uj, ==, 61);
        g_assert_true(calibration->simulated);
        g_assert_nonnull(strstr(f->record->message, "38.00 %"));
}

/* Whichever of the two programs varies more. */
static void test_the_larger(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 10; i++) {
                add_trial(f, 1e6, 4e6);
                add_trial(f, 1.01e6, 4.2e6);
        }
        calibration_conclude(f->record);
        g_assert_cmpfloat_with_epsilon(f->record->calibration->noise_spin, 0.01, 1e-6);
        g_assert_cmpfloat_with_epsilon(f->record->calibration->noise_memory, 0.05, 1e-6);
        g_assert_cmpfloat(f->record->calibration->noise_floor, ==, f->record->calibration->noise_memory);
}

/* A trial that was disturbed is in no pair; its place takes the one that was made again. */
static void test_invalid_trials(Fixture *f, gconstpointer data) {
        add_pairs(f, 10);
        trial_record_refuse(add_trial(f, 9e6, 1e6), "FOREIGN_LOAD", "others were there");
        add_trial(f, 1e6, 4e6);
        trial_record_refuse(add_trial(f, 9e6, 1e6), "FOREIGN_LOAD", "others were there");
        add_trial(f, 1.02e6, 4e6);
        calibration_conclude(f->record);
        g_assert_cmpuint(f->record->calibration->pairs, ==, 11);
        g_assert_cmpfloat_with_epsilon(f->record->calibration->noise_floor, 0.10, 1e-6);
}

/* What is missing is no calibration, whatever else is known. */
static void test_unstable(Fixture *f, gconstpointer data) {
        add_pairs(f, 20);
        job_record_set_end(f->record, RESULT_UNSTABLE, STATUS_UNSTABLE, NULL, "3 of 40 trials are valid");
        calibration_conclude(f->record);
        g_assert_null(f->record->calibration);
        g_assert_cmpstr(f->record->message, ==, "3 of 40 trials are valid");
}

static void test_no_energy(Fixture *f, gconstpointer data) {
        add_pairs(f, 10);
        add_trial(f, 1e6, 4e6);
        add_trial(f, 0, 4e6); /* a counter that stood still */
        calibration_conclude(f->record);
        g_assert_null(f->record->calibration);
        g_assert_cmpint(f->record->result, ==, RESULT_UNSTABLE);
}

static void test_time_only(Fixture *f, gconstpointer data) {
        add_pairs(f, 20);
        job_record_set_end(f->record, RESULT_DONE, STATUS_TIME_ONLY, NULL, "Time only");
        calibration_conclude(f->record);
        g_assert_null(f->record->calibration);
        g_assert_cmpint(f->record->result, ==, RESULT_UNSTABLE);
}

/* Ten starts of 2 mJ, 0.5 mJ of each above idle, within 1 and √2 mJ for all. */
static void add_floor(Fixture *f) {
        TrialRecord *floor = f->record->floor = trial_record_new();

        add_windows(floor, NULL, 2000, 1, 10);
        trial_record_close(floor, 1);
        floor->has_net = true;
        floor->net_uj = 5000;
        floor->uncertainty = (Uncertainty){ .tick_uj = 1000, .baseline_uj = 1000 };
}

static void use_counters(Fixture *f) {
        const MeterConfig config = { .name = "powercap" };

        meter_free(f->meter);
        topology_free(f->topology);
        sysroot_free(f->root);
        g_assert_cmpint(sysroot_open(FIXTURES "/intel-client", &f->root), >=, 0);
        g_assert_cmpint(topology_discover(f->root, 0, &f->topology), >=, 0);
        g_assert_cmpint(meter_open(f->topology, f->root, &config, &f->meter, NULL), >=, 0);
        f->record->root = f->root;
        f->record->topology = f->topology;
        f->record->meter = f->meter;
}

static void test_floor(Fixture *f, gconstpointer data) {
        const Calibration *calibration;

        use_counters(f);
        add_pairs(f, 10);
        add_floor(f);
        calibration_conclude(f->record);
        calibration = f->record->calibration;
        g_assert_cmpfloat_with_epsilon(calibration->floor_j, 0.002, 1e-9);
        g_assert_cmpfloat_with_epsilon(calibration->floor_error_j, 0.0001, 1e-9);
        g_assert_cmpfloat_with_epsilon(calibration->floor_net_j, 0.0005, 1e-9);
        g_assert_cmpfloat_with_epsilon(calibration->floor_net_error_j, sqrt(2) * 0.0001, 1e-9);
}

static void test_floor_without_net(Fixture *f, gconstpointer data) {
        use_counters(f);
        add_pairs(f, 10);
        add_floor(f);
        f->record->floor->has_net = false;
        calibration_conclude(f->record);
        g_assert_cmpfloat_with_epsilon(f->record->calibration->floor_j, 0.002, 1e-9);
        g_assert_true(isnan(f->record->calibration->floor_net_j));
        g_assert_true(isnan(f->record->calibration->floor_net_error_j));
}

static void test_modelled_floor(Fixture *f, gconstpointer data) {
        add_pairs(f, 10);
        add_floor(f);
        calibration_conclude(f->record);
        g_assert_cmpfloat_with_epsilon(f->record->calibration->floor_net_j, 0.0005, 1e-9);
        g_assert_true(isnan(f->record->calibration->floor_error_j));
        g_assert_true(isnan(f->record->calibration->floor_net_error_j));
}

static JsonObject *parse(JsonParser *parser, const JobRecord *record) {
        g_autofree char *text = report_body(record, REPORT_FULL);

        g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
        return json_node_get_object(json_parser_get_root(parser));
}

static void test_report(Fixture *f, gconstpointer data) {
        g_autoptr(JsonParser) parser = json_parser_new();
        JsonObject *report, *calibration;
        g_autoptr(Result) result = NULL;

        add_pairs(f, 40);
        calibration_conclude(f->record);
        report = parse(parser, f->record);
        calibration = json_object_get_object_member(report, "calibration");
        g_assert_cmpfloat_with_epsilon(json_object_get_double_member(calibration, "noise_floor"), 0.38, 1e-6);
        g_assert_cmpint(json_object_get_int_member(calibration, "pairs"), ==, 40);
        g_assert_cmpfloat_with_epsilon(json_object_get_double_member(calibration, "tick_s"), 1e-3, 1e-12);
        g_assert_true(json_object_get_null_member(calibration, "floor_j"));
        result = report_result(f->record);
        g_assert_nonnull(result->calibration);
        g_assert_cmpuint(result->calibration->pairs, ==, 40);
}

/* Every report says by how much the host's measurements vary, or why that is not known. */
static void test_cited(Fixture *f, gconstpointer data) {
        g_autoptr(JsonParser) parser = json_parser_new();
        JsonObject *report, *cited;

        add_pairs(f, 10);
        f->request->kind = JOB_MEASURE;
        report = parse(parser, f->record);
        g_assert_true(json_object_get_null_member(json_object_get_object_member(report, "measurement"),
                                                  "noise_floor"));
        g_assert_cmpstr(json_object_get_string_member(json_object_get_object_member(report, "absent"),
                                                      "measurement.noise_floor"),
                        ==, "this host was never calibrated");
        g_assert_false(json_object_has_member(report, "calibration"));

        f->context.noise_floor = 0.0125;
        f->context.noise_floor_usec = UINT64_C(1700000000000000);
        f->context.noise_floor_absent = (char *) "";
        report = parse(parser, f->record);
        cited = json_object_get_object_member(json_object_get_object_member(report, "measurement"), "noise_floor");
        g_assert_cmpfloat(json_object_get_double_member(cited, "fraction"), ==, 0.0125);
        g_assert_cmpstr(json_object_get_string_member(cited, "measured"), ==, "2023-11-14T22:13:20Z");
}

/* ---- what is run ---- */

static const RequestTest *test_at(const Request *request, guint i) {
        return &g_array_index(request->tests, RequestTest, i);
}

static char *piece(GBytes *blobs, uint64_t offset, uint64_t size) {
        g_assert_cmpuint(offset + size, <=, g_bytes_get_size(blobs));
        return g_strndup((const char *) g_bytes_get_data(blobs, NULL) + offset, size);
}

/* The program says what it is expected to say, at every call. */
static void test_programs(void) {
        g_autoptr(Request) request = request_new(JOB_CALIBRATE, NULL);
        g_autofree char *self = g_file_read_link("/proc/self/exe", NULL), *directory = g_path_get_dirname(self);
        g_autofree char *beside = g_build_filename(directory, "jouletrace-load", NULL), *why = NULL;
        const RequestFile *file;

        (void) g_remove(beside);
        g_assert_cmpint(calibration_complete(request, &why), ==, -ENOENT);
        g_assert_nonnull(strstr(why, beside));

        g_assert_cmpint(symlink(LOAD, beside), ==, 0);
        g_assert_cmpint(calibration_complete(request, &why), ==, 0);
        g_assert_cmpint(g_remove(beside), ==, 0);
        g_assert_cmpuint(request->files->len, ==, 1);
        g_assert_cmpuint(request->tests->len, ==, CALIBRATION_PROGRAMS);
        file = &g_array_index(request->files, RequestFile, 0);
        g_assert_cmpuint(file->mode & 0111, !=, 0);
        g_assert_true(g_str_has_suffix(request->argv[0], file->name));
        for (guint i = 0; i < request->tests->len; i++) {
                const RequestTest *test = test_at(request, i);
                g_autofree char *input = piece(request->blobs_bytes, test->input_offset, test->input_size);
                g_autofree char *answer = piece(request->blobs_bytes, test->answer_offset, test->answer_size);
                g_autofree char *command = g_strdup_printf("echo %s | %s", test->name, LOAD), *output = NULL;
                g_autofree char *line = g_strconcat(test->name, "\n", NULL);
                const char *argv[] = { "/bin/sh", "-c", command, NULL };

                g_assert_cmpstr(input, ==, line);
                g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL,
                                           NULL, NULL));
                g_assert_cmpstr(output, ==, answer);
        }
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("/calibrating/percentile", test_percentile);
        ADD("/calibrating/the-larger", test_the_larger);
        ADD("/calibrating/invalid-trials", test_invalid_trials);
        ADD("/calibrating/unstable", test_unstable);
        ADD("/calibrating/no-energy", test_no_energy);
        ADD("/calibrating/time-only", test_time_only);
        ADD("/calibrating/floor", test_floor);
        ADD("/calibrating/floor-without-net", test_floor_without_net);
        ADD("/calibrating/modelled-floor", test_modelled_floor);
        ADD("/calibrating/report", test_report);
        ADD("/calibrating/cited", test_cited);
        g_test_add_func("/calibrating/programs", test_programs);
        return g_test_run();
}
