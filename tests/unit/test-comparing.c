/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "dbus/names.h"
#include "evaluate.h"
#include "order.h"
#include "report.h"

/* What candidates come to beside each other, from records made by hand around a meter of the model kind. */

#define SECOND UINT64_C(1000000000)

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
        CompareRecord *record;
        JsonParser *parser;
} Fixture;

static JobRecord *candidate(Fixture *f, unsigned i) {
        return g_ptr_array_index(f->record->candidates, i);
}

static void set_up(Fixture *f, gconstpointer candidates) {
        const MeterConfig config = { .name = "model", .model_watts_per_cpu = 1, .cpu_time = no_cpu_time };

        g_assert_cmpint(sysroot_open("/", &f->root), >=, 0);
        g_assert_cmpint(topology_discover(f->root, 0, &f->topology), >=, 0);
        g_assert_cmpint(meter_open(f->topology, f->root, &config, &f->meter, NULL), >=, 0);
        f->request = request_new(JOB_COMPARE, NULL);
        f->request->seed = 42;
        for (unsigned i = 0; i < GPOINTER_TO_UINT(candidates); i++) {
                Request *one = request_add_candidate(f->request, NULL);
                g_autofree char *program = g_strdup_printf("/bin/p%u", i + 1);

                one->kind = JOB_MEASURE;
                one->argv = g_strsplit(program, " ", -1);
        }
        f->context = (JobContext){ .containment = (char *) "process",
                                   .isolation = (char *) "none",
                                   .partition = (char *) "",
                                   .cpus = (char *) "",
                                   .reserved_cpus = (char *) "",
                                   .sysroot = (char *) "/",
                                   .meter = (char *) "auto",
                                   .may_sleep = (char *) "nothing holds it off",
                                   .noise_floor_absent = (char *) "this host was never calibrated" };
        f->record = compare_record_new(f->request, &f->context);
        for (unsigned i = 0; i < GPOINTER_TO_UINT(candidates); i++) {
                candidate(f, i)->root = f->root;
                candidate(f, i)->topology = f->topology;
                candidate(f, i)->meter = f->meter;
        }
        f->parser = json_parser_new();
}

static void tear_down(Fixture *f, gconstpointer data) {
        g_object_unref(f->parser);
        compare_record_free(f->record);
        request_free(f->request);
        meter_free(f->meter);
        topology_free(f->topology);
        sysroot_free(f->root);
}

/* uj and a second for each of the iterations. */
static TrialRecord *add_trial(Fixture *f, unsigned i, uint64_t uj, uint32_t iterations) {
        TrialRecord *trial = trial_record_new();
        WindowRecord *window = window_record_new(1);

        window->whole.iterations = iterations;
        window->whole.wall_ns = SECOND * iterations;
        window->whole.energy_uj[0] = window->whole.total_uj = uj * iterations;
        window->complete = true;
        g_ptr_array_add(trial->windows, window);
        trial_record_close(trial, SECOND / 1000);
        g_ptr_array_add(candidate(f, i)->trials, trial);
        return trial;
}

/* What the machine does to every trial of a round: pairs of other rounds would show it. */
static uint64_t weather(unsigned round, double factor) {
        return (uint64_t) llround(1e6 * factor * (1 + 0.3 * round + 0.001 * (round * 7 % 5)));
}

static void add_rounds(Fixture *f, unsigned n, const double *factors) {
        for (unsigned i = 0; i < f->record->candidates->len; i++)
                for (unsigned round = 0; round < n; round++)
                        add_trial(f, i, weather(round, factors[i]), 1 + i);
}

static void test_pairs(Fixture *f, gconstpointer data) {
        const double factors[] = { 1, 1.05 };
        const Comparison *comparison;
        CompareSummary summary;

        add_rounds(f, 9, factors);
        compare_summarise(f->record, 1, &summary);
        g_assert_true(summary.has_energy);
        g_assert_cmpuint(summary.n, ==, 1);
        g_assert_cmpint(summary.changes[0].error, ==, 0);
        comparison = &summary.changes[0].comparison;
        g_assert_cmpuint(comparison->n, ==, 9);
        g_assert_cmpfloat_with_epsilon(comparison->change, 0.05, 1e-5);
        g_assert_cmpfloat_with_epsilon(comparison->p, 2.0 / 512, 1e-12);
        g_assert_cmpfloat_with_epsilon(comparison->p_adjusted, 2.0 / 512, 1e-12);
        g_assert_cmpint(comparison->word, ==, COMPARISON_REGRESSED);
}

/* A trial that is not valid takes its round's other half with it, and moves no other. */
static void test_invalid_trials(Fixture *f, gconstpointer data) {
        const double factors[] = { 1, 0.9 };
        CompareSummary summary;
        TrialRecord *trial;

        add_rounds(f, 9, factors);
        trial = g_ptr_array_index(candidate(f, 0)->trials, 2);
        trial->valid = false;
        trial = g_ptr_array_index(candidate(f, 1)->trials, 5);
        trial->valid = false;
        compare_summarise(f->record, 1, &summary);
        g_assert_cmpuint(summary.changes[0].comparison.n, ==, 7);
        g_assert_cmpfloat_with_epsilon(summary.changes[0].comparison.low, -0.1, 1e-5);
        g_assert_cmpfloat_with_epsilon(summary.changes[0].comparison.high, -0.1, 1e-5);
        g_assert_cmpint(summary.changes[0].comparison.word, ==, COMPARISON_IMPROVED);
}

/* A round that was only begun is no pair. */
static void test_half_a_round(Fixture *f, gconstpointer data) {
        const double factors[] = { 1, 1 };
        CompareSummary summary;

        add_rounds(f, 3, factors);
        add_trial(f, 1, 1000000, 1);
        g_assert_cmpuint(compare_rounds(f->record), ==, 4);
        compare_summarise(f->record, 1, &summary);
        g_assert_cmpuint(summary.changes[0].comparison.n, ==, 3);
        g_assert_cmpint(summary.changes[0].comparison.word, ==, COMPARISON_TOO_FEW);
}

static void test_holm(Fixture *f, gconstpointer data) {
        const double factors[] = { 1, 0.9, 1.1 };
        CompareSummary summary;

        add_rounds(f, 6, factors);
        compare_summarise(f->record, 1, &summary);
        g_assert_cmpuint(summary.n, ==, 2);
        for (size_t i = 0; i < 2; i++) {
                g_assert_cmpfloat_with_epsilon(summary.changes[i].comparison.p, 2.0 / 64, 1e-12);
                g_assert_cmpfloat_with_epsilon(summary.changes[i].comparison.p_adjusted, 4.0 / 64, 1e-12);
                g_assert_cmpint(summary.changes[i].comparison.word, ==, COMPARISON_TOO_FEW);
        }

        for (unsigned i = 0; i < 3; i++)
                add_trial(f, i, weather(6, factors[i]), 1);
        compare_summarise(f->record, 1, &summary);
        g_assert_cmpint(summary.changes[0].comparison.word, ==, COMPARISON_IMPROVED);
        g_assert_cmpint(summary.changes[1].comparison.word, ==, COMPARISON_REGRESSED);
}

/* The family is what could be compared; each change stays with its candidate. */
static void test_absent_changes(Fixture *f, gconstpointer data) {
        const double factors[] = { 1, 0.9, 1.1, 1.2 };
        CompareSummary summary;

        add_rounds(f, 6, factors);
        for (guint i = 0; i < 6; i++)
                ((TrialRecord *) g_ptr_array_index(candidate(f, 1)->trials, i))->valid = false;
        ((WindowRecord *) g_ptr_array_index(((TrialRecord *) g_ptr_array_index(candidate(f, 3)->trials, 4))->windows,
                                            0))
                        ->whole.total_uj = 0;
        compare_summarise(f->record, 1, &summary);
        g_assert_cmpint(summary.changes[0].error, ==, -ENODATA);
        g_assert_cmpint(summary.changes[1].error, ==, 0);
        g_assert_cmpfloat_with_epsilon(summary.changes[1].comparison.p_adjusted, 2.0 / 64, 1e-12);
        g_assert_cmpfloat_with_epsilon(summary.changes[1].comparison.change, 0.1, 1e-5);
        g_assert_cmpint(summary.changes[2].error, ==, -EINVAL);
}

static void test_time(Fixture *f, gconstpointer data) {
        CompareSummary summary;

        for (unsigned i = 0; i < 2; i++)
                candidate(f, i)->meter_absent = g_strdup("no counters");
        for (unsigned round = 0; round < 6; round++)
                for (unsigned i = 0; i < 2; i++) {
                        TrialRecord *trial = add_trial(f, i, 1000, 1);
                        WindowRecord *window = g_ptr_array_index(trial->windows, 0);

                        window->whole.wall_ns = SECOND * (10 + i);
                        trial->energy_absent = g_strdup("no counters");
                }
        compare_summarise(f->record, 1, &summary);
        g_assert_false(summary.has_energy);
        g_assert_cmpfloat_with_epsilon(summary.changes[0].comparison.change, 0.1, 1e-9);
}

/* What the daemon says of the host is what a change has to be larger than. */
static void test_noise_floor_of_the_host(Fixture *f, gconstpointer data) {
        g_autoptr(CompareRecord) record = NULL;

        f->context.noise_floor = 0.06;
        record = compare_record_new(f->request, &f->context);
        g_assert_cmpfloat(record->noise_floor, ==, 0.06);
}

static void test_noise_floor(Fixture *f, gconstpointer data) {
        const double factors[] = { 1, 1.05 };
        CompareSummary summary;

        f->record->noise_floor = 0.06;
        add_rounds(f, 9, factors);
        compare_summarise(f->record, 1, &summary);
        g_assert_cmpint(summary.changes[0].comparison.word, ==, COMPARISON_WITHIN);
        g_assert_cmpfloat(summary.changes[0].comparison.threshold, ==, 0.06);
}

static Change change_of(ComparisonWord word, double change) {
        return (Change){ .comparison = { .n = 9, .change = change, .word = word } };
}

/* Two changes and the limits, 0 for none; which of the changes decides. */
static void test_gate(void) {
        const Change regressed = change_of(COMPARISON_REGRESSED, 0.03),
                     improved = change_of(COMPARISON_IMPROVED, -0.2);
        const Change within = change_of(COMPARISON_WITHIN, 0.009), none = change_of(COMPARISON_NO_CHANGE, 0.5);
        const Change few = change_of(COMPARISON_TOO_FEW, 0.5), absent = { .error = -ENODATA };
        const struct {
                Change first, second;
                double above, below;
                ComparisonGate gate;
                size_t index;
        } table[] = {
                { none, none, 0, 0, COMPARISON_PASSED, 9 },
                { regressed, improved, 0, 0, COMPARISON_PASSED, 9 },
                { none, regressed, 0.02, 0, COMPARISON_ABOVE, 1 },
                { regressed, none, 0.03, 0, COMPARISON_PASSED, 9 },
                { regressed, none, 0, 0.02, COMPARISON_PASSED, 9 },
                { improved, none, 0.02, 0, COMPARISON_PASSED, 9 },
                { improved, none, 0, 0.1, COMPARISON_BELOW, 0 },
                { improved, none, 0, 0.2, COMPARISON_PASSED, 9 },
                /* what is no finding is no failure, however large */
                { none, within, 0.001, 0.001, COMPARISON_PASSED, 9 },
                { few, none, 0.001, 0, COMPARISON_UNTOLD, 0 },
                { none, absent, 0, 0, COMPARISON_UNTOLD, 1 },
                { few, absent, 0, 0, COMPARISON_UNTOLD, 0 },
                /* a failure is one whatever is not known beside it */
                { few, regressed, 0.02, 0, COMPARISON_ABOVE, 1 },
                { improved, few, 0, 0.1, COMPARISON_BELOW, 0 },
                { improved, regressed, 0.02, 0.1, COMPARISON_BELOW, 0 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                const CompareSummary summary = { .n = 2, .changes = { table[i].first, table[i].second } };
                size_t index = 9;

                g_assert_cmpint(compare_gate(&summary, table[i].above, table[i].below, &index), ==, table[i].gate);
                g_assert_cmpuint(index, ==, table[i].index);
        }
}

static void test_judge(Fixture *f, gconstpointer data) {
        const double factors[] = { 1, 1.05 };

        add_rounds(f, 5, factors);
        compare_record_judge(f->record, 1);
        g_assert_cmpint(f->record->result, ==, RESULT_UNSTABLE);
        g_assert_cmpstr(f->record->error, ==, NULL);
        g_assert_cmpstr(f->record->message, ==, "candidate 2: too few pairs to tell, +5.0 % (5 pairs)");

        add_trial(f, 0, 2000000, 1);
        add_trial(f, 1, 2100000, 1);
        f->request->fail_above = 0.1;
        compare_record_judge(f->record, 1);
        g_assert_cmpint(f->record->result, ==, RESULT_DONE);
        g_assert_cmpstr(f->record->message, ==,
                        "candidate 2: regressed, +5.0 % (95 % interval +5.0 % to +5.0 %, 6 pairs)");

        f->request->fail_above = 0.025;
        ((Request *) g_ptr_array_index(f->request->candidates, 1))->candidate_id = g_strdup("b.c");
        compare_record_judge(f->record, 1);
        g_assert_cmpint(f->record->result, ==, RESULT_FAILED);
        g_assert_cmpstr(f->record->error, ==, JT_ERROR_CHANGE_LIMIT);
        g_assert_cmpstr(f->record->message, ==,
                        "candidate 2 (b.c): regressed, +5.0 % (95 % interval +5.0 % to +5.0 %, 6 pairs); more than "
                        "fail-above, 2.5 %, allows");
}

/* ---- the report ---- */

static JsonObject *report_of(Fixture *f, ReportView view) {
        g_autofree char *body = report_compare_body(f->record, view);

        g_assert_true(json_parser_load_from_data(f->parser, body, -1, NULL));
        return json_node_get_object(json_parser_get_root(f->parser));
}

static const char *absent(JsonObject *report, const char *path) {
        return json_object_get_string_member_with_default(json_object_get_object_member(report, "absent"), path, NULL);
}

static void test_report(Fixture *f, gconstpointer data) {
        const double factors[] = { 1, 0.9, 1.1 };
        JsonObject *report, *comparison, *change, *one;
        g_autofree uint32_t *order = g_new(uint32_t, 9 * 3);
        JsonArray *rounds, *interval;

        add_rounds(f, 9, factors);
        f->request->label = g_strdup("which?");
        report = report_of(f, REPORT_PUBLIC);
        comparison = json_object_get_object_member(report, "comparison");
        g_assert_cmpstr(json_object_get_string_member(comparison, "of"), ==, "total_j");
        g_assert_cmpint(json_object_get_int_member(comparison, "seed"), ==, 42);
        g_assert_cmpfloat(json_object_get_double_member(comparison, "threshold"), ==, 0.01);
        g_assert_cmpstr(json_object_get_string_member(comparison, "adjustment"), ==, "Holm");

        g_assert_cmpint(order_make(42, 3, 9, order), ==, 0);
        rounds = json_object_get_array_member(comparison, "order");
        g_assert_cmpuint(json_array_get_length(rounds), ==, 9);
        for (guint i = 0; i < 27; i++)
                g_assert_cmpint(json_array_get_int_element(json_array_get_array_element(rounds, i / 3), i % 3), ==,
                                order[i] + 1);

        change = json_array_get_object_element(json_object_get_array_member(comparison, "changes"), 1);
        g_assert_cmpint(json_object_get_int_member(change, "candidate"), ==, 3);
        g_assert_cmpint(json_object_get_int_member(change, "against"), ==, 1);
        g_assert_cmpint(json_object_get_int_member(change, "pairs"), ==, 9);
        g_assert_cmpfloat_with_epsilon(json_object_get_double_member(change, "change"), 0.1, 1e-3);
        g_assert_cmpfloat_with_epsilon(json_object_get_double_member(change, "p"), 2.0 / 512, 1e-12);
        g_assert_cmpfloat_with_epsilon(json_object_get_double_member(change, "p_adjusted"), 4.0 / 512, 1e-12);
        g_assert_cmpstr(json_object_get_string_member(change, "word"), ==, "regressed");
        interval = json_object_get_array_member(change, "ci95");
        g_assert_cmpfloat_with_epsilon(json_array_get_double_element(interval, 0), 0.1, 1e-3);

        g_assert_true(json_object_get_null_member(report, "measurement"));
        g_assert_nonnull(absent(report, "measurement"));
        g_assert_cmpstr(json_object_get_string_member(json_object_get_object_member(report, "request"), "label"), ==,
                        "which?");
        g_assert_false(json_object_has_member(json_object_get_object_member(report, "request"), "argv"));
        one = json_array_get_object_element(json_object_get_array_member(comparison, "candidates"), 2);
        g_assert_cmpstr(json_array_get_string_element(
                                        json_object_get_array_member(json_object_get_object_member(one, "program"),
                                                                     "argv"),
                                        0),
                        ==, "/bin/p3");
        g_assert_cmpuint(json_array_get_length(json_object_get_array_member(
                                         json_object_get_object_member(one, "measurement"), "trials")),
                         ==, 9);
}

/* Every null of a candidate's says why under its own path, and none under that of a report of one program. */
static void test_absent_paths(Fixture *f, gconstpointer data) {
        const double factors[] = { 1, 0.9 };
        JsonObject *report;

        add_rounds(f, 3, factors);
        report = report_of(f, REPORT_PUBLIC);
        g_assert_nonnull(absent(report, "comparison.candidates[0].program.sha256"));
        g_assert_nonnull(absent(report, "comparison.candidates[1].program.sha256"));
        g_assert_nonnull(absent(report, "comparison.candidates[1].validation"));
        g_assert_nonnull(absent(report, "comparison.candidates[1].measurement.trials[].freq_khz"));
        g_assert_null(absent(report, "program.sha256"));
        g_assert_null(absent(report, "measurement.trials[].freq_khz"));
        g_assert_cmpstr(absent(report, "comparison.changes[0].ci95"), ==, "fewer than 6 pairs have no 95 % interval");
        g_assert_nonnull(absent(report, "comparison.noise_floor"));
        g_assert_nonnull(absent(report, "comparison.adjustment"));
        g_assert_nonnull(absent(report, "job.candidate_id"));
}

/* Those of one may be written in another language than those of the other. */
static void test_versions(Fixture *f, gconstpointer data) {
        static const char path[] = "comparison.candidates[0].versions.language";
        const double factors[] = { 1, 0.9 };
        JsonObject *report, *versions;
        JsonArray *candidates;

        add_rounds(f, 3, factors);
        candidate(f, 1)->version.line = g_strdup("Toy 1.2");
        report = report_of(f, REPORT_PUBLIC);
        candidates = json_object_get_array_member(json_object_get_object_member(report, "comparison"), "candidates");
        versions = json_object_get_object_member(json_array_get_object_element(candidates, 1), "versions");
        g_assert_cmpstr(json_object_get_string_member(versions, "language"), ==, "Toy 1.2");
        g_assert_cmpstr(absent(report, path), ==, "the program is run without a language");
        versions = json_object_get_object_member(report, "versions");
        g_assert_true(json_object_has_member(versions, "jouletrace"));
        g_assert_true(json_object_get_null_member(versions, "language"));
        g_assert_cmpstr(absent(report, "versions.language"), ==, "each of comparison.candidates has its own");
}

static void test_result(Fixture *f, gconstpointer data) {
        const double factors[] = { 1, 1.05 };
        g_autoptr(Result) result = NULL;

        add_rounds(f, 7, factors);
        ((TrialRecord *) g_ptr_array_index(candidate(f, 1)->trials, 3))->valid = false;
        f->request->fail_above = 0.025;
        compare_record_judge(f->record, 1);
        result = report_compare_result(f->record);
        g_assert_cmpint(result->result, ==, RESULT_FAILED);
        g_assert_cmpstr(result->error, ==, JT_ERROR_CHANGE_LIMIT);
        g_assert_cmpstr(result->message, ==, f->record->message);
        g_assert_cmpuint(result->trials, ==, 14);
        g_assert_cmpuint(result->invalid_trials, ==, 1);
        g_assert_true(result->simulated);
        g_assert_true(isnan(result->total_energy));
        g_assert_null(result->verdict);
}

/* Nobody learns from a comparison what the energies beside it do not tell. */
static void test_rounding(Fixture *f, gconstpointer data) {
        double told[2];

        for (unsigned round = 0; round < 6; round++) {
                add_trial(f, 0, 10000, 1);
                add_trial(f, 1, 10400, 1);
        }
        for (ReportView view = REPORT_PUBLIC; view <= REPORT_FULL; view++) {
                JsonObject *comparison = json_object_get_object_member(report_of(f, view), "comparison");

                told[view] = json_object_get_double_member(
                                json_array_get_object_element(json_object_get_array_member(comparison, "changes"), 0),
                                "change");
        }
        g_assert_cmpfloat(told[REPORT_PUBLIC], ==, 0);
        g_assert_cmpfloat_with_epsilon(told[REPORT_FULL], 0.04, 1e-9);
}

#define ADD(path, candidates, function) \
        g_test_add(path, Fixture, GUINT_TO_POINTER(candidates), set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("/comparing/pairs", 2, test_pairs);
        ADD("/comparing/invalid-trials", 2, test_invalid_trials);
        ADD("/comparing/half-a-round", 2, test_half_a_round);
        ADD("/comparing/holm", 3, test_holm);
        ADD("/comparing/absent-changes", 4, test_absent_changes);
        ADD("/comparing/time", 2, test_time);
        ADD("/comparing/noise-floor", 2, test_noise_floor);
        ADD("/comparing/noise-floor-of-the-host", 2, test_noise_floor_of_the_host);
        g_test_add_func("/comparing/gate", test_gate);
        ADD("/comparing/judge", 2, test_judge);
        ADD("/comparing/report", 3, test_report);
        ADD("/comparing/absent-paths", 2, test_absent_paths);
        ADD("/comparing/versions", 2, test_versions);
        ADD("/comparing/result", 2, test_result);
        ADD("/comparing/rounding", 2, test_rounding);
        return g_test_run();
}
