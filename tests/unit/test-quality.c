/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "evidence-machine.h"
#include "report.h"

/* What the words come to: a job's reasons, its reruns, its grade, its report. */

static void sleeps(Machine *m) {
        m->suspended_ns += 2 * NSEC_PER_SEC;
}

static void faults(Machine *m) {
        m->major_faults++;
}

static void core_throttles(Machine *m) {
        m->core_throttles[2]++;
}

static void foreign_on_others(Machine *m) {
        m->idle_ticks[0] -= 20; /* 200 ms of 2 s */
        m->others_usec += 200000;
}

static void foreign_on_reserved(Machine *m) {
        m->idle_ticks[3] -= 5; /* 50 ms of 2 s; 28 of them might be the ticks' */
}

static bool has_reason(const Fixture *f, const char *word) {
        return g_ptr_array_find_with_equal_func(f->record->reasons, word, g_str_equal, NULL);
}

static void end(Fixture *f, JobStatus status) {
        job_record_set_end(f->record, RESULT_DONE, status, NULL, NULL);
        quality_collect_reasons(f->record);
}

static void test_clean_job(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 9; i++)
                check_words(make_trial(f, NULL), NULL);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 0);
        g_assert_cmpuint(job_invalid_trials(f->record), ==, 0);
        g_assert_cmpstr(job_grade(f->record), ==, "A");
}

static void test_noted_job(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, i == 4 ? faults : NULL);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_reason(f, "MAJOR_FAULTS"));
        g_assert_cmpstr(job_grade(f->record), ==, "B");
}

/* Where nothing came out because of them, the words of invalid trials are the job's, too; else they are not. */
static void test_words_of_invalid_trials(Fixture *f, gconstpointer data) {
        static const struct {
                JobStatus status;
                bool planning, named;
        } cases[] = {
                { STATUS_OK, false, false },         { STATUS_UNSTABLE, false, true },
                { STATUS_UNSTABLE, true, false },    { STATUS_INVALIDATED, false, true },
                { STATUS_UNMEASURABLE, true, true },
        };

        make_trial(f, NULL);
        make_trial(f, foreign_on_others);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                ((TrialRecord *) g_ptr_array_index(f->record->trials, 1))->planning = cases[i].planning;
                g_ptr_array_set_size(f->record->reasons, 0);
                end(f, cases[i].status);
                g_assert_cmpint(has_reason(f, "FOREIGN_LOAD"), ==, cases[i].named);
        }
}

/* Half of the wanted trials, and no more, are made again; an invalid one counts for nothing. */
static void test_reruns(Fixture *f, gconstpointer data) {
        JobSummary summary;

        for (unsigned i = 0; i < 5; i++) {
                make_trial(f, sleeps)->total_uj = 99000000;
                g_assert_true(quality_may_rerun(f->record, 9));
        }
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, NULL);
        g_assert_cmpuint(job_valid_trials(f->record), ==, 9);
        g_assert_cmpuint(job_invalid_trials(f->record), ==, 5);
        g_assert_cmpint(job_summarise(f->record, 1, &summary), ==, 0);
        g_assert_cmpfloat_with_epsilon(summary.total_j.max, 10, 1e-12);
        end(f, STATUS_OK);
        g_assert_false(has_reason(f, "SUSPENDED")); /* of a trial that does not count */
        g_assert_cmpstr(job_grade(f->record), ==, "C");
        make_trial(f, foreign_on_reserved);
        g_assert_false(quality_may_rerun(f->record, 9));
        g_assert_cmpint(job_status_without_result(f->record), ==, STATUS_UNSTABLE);
        f->record->status = STATUS_UNSTABLE;
        g_assert_cmpstr(job_grade(f->record), ==, "F");
        f->record->status = STATUS_INCOMPLETE;
        g_assert_null(job_grade(f->record));
}

/* With few trials one that is disturbed is no third of a verdict. */
static void test_reruns_of_few(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 3; i++) {
                make_trial(f, foreign_on_others);
                g_assert_true(quality_may_rerun(f->record, 2));
        }
        make_trial(f, foreign_on_others);
        g_assert_false(quality_may_rerun(f->record, 2));
}

static void loses_partition(Machine *m) {
        m->partition = "member";
}

/* No load that comes and goes, but the machine itself was gone. */
static void test_invalidated(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 6; i++)
                make_trial(f, i % 2 ? sleeps : loses_partition);
        make_trial(f, NULL);
        g_assert_cmpint(job_status_without_result(f->record), ==, STATUS_INVALIDATED);
        g_assert_cmpstr(job_status_to_string(STATUS_INVALIDATED), ==, "INVALIDATED");
        f->record->status = STATUS_INVALIDATED;
        g_assert_cmpstr(job_grade(f->record), ==, "F");
        f->machine.partition = "root";
        make_trial(f, core_throttles);
        g_assert_cmpint(job_status_without_result(f->record), ==, STATUS_UNSTABLE);
}

static TrialRecord *start_warm(Fixture *f, Provoke provoke) {
        TrialRecord *trial = make_trial(f, provoke);

        trial->temp_start_mc = 55000;
        trial_record_note(trial, "TEMP_START_OFF");
        quality_judge(f->record, &f->limits);
        return trial;
}

static void test_warm_start(Fixture *f, gconstpointer data) {
        g_assert_true(start_warm(f, NULL)->valid);
        end(f, STATUS_OK);
        g_assert_true(has_reason(f, "TEMP_START_OFF"));
        g_assert_cmpstr(job_grade(f->record), ==, "B");
}

static void test_warm_start_strict(Fixture *f, gconstpointer data) {
        const TrialRecord *trial;

        f->limits.strict_start = f->context.thermal_strict = true;
        trial = start_warm(f, NULL);
        g_assert_false(trial->valid);
        check_words(trial, "TEMP_START_OFF");
        g_assert_nonnull(strstr(trial->invalid, "55.0 °C"));
        g_assert_null(trial->energy_absent);
        g_assert_cmpint(job_status_without_result(f->record), ==, STATUS_INVALIDATED);
        /* What is only noted is not what a trial failed for. */
        f->limits.strict_start = f->context.thermal_strict = false;
        (void) start_warm(f, core_throttles);
        g_assert_cmpint(job_status_without_result(f->record), ==, STATUS_UNSTABLE);
}

/* Trials that found out how long windows have to be are no reruns. */
static void test_planning(Fixture *f, gconstpointer data) {
        TrialRecord *first = trial_record_new();

        trial_record_close(first, 1000);
        g_assert_false(first->valid);
        first->planning = true;
        g_ptr_array_add(f->record->trials, first);
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, NULL);
        end(f, STATUS_OK);
        g_assert_cmpuint(job_invalid_trials(f->record), ==, 0);
        g_assert_cmpstr(job_grade(f->record), ==, "A");
}

static void works_more(Machine *m) { /* by 1.1 % */
        m->instructions += 11000000;
}

static void works_hardly_more(Machine *m) { /* by 0.9 % */
        m->instructions += 9000000;
}

static void works_otherwise(Machine *m) { /* by 5.1 % */
        m->instructions += 51000000;
}

static void test_work(Fixture *f, gconstpointer data) {
        f->machine.no_hardware = 0;
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, i == 4 ? works_hardly_more : NULL);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 0);
        make_trial(f, works_more);
        g_assert_cmpfloat_with_epsilon(quality_work_ratio(f->record), 1.011, 1e-9);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_reason(f, "WORK_VARIES"));
        g_assert_cmpint(quality_status(f->record), ==, STATUS_OK);
        make_trial(f, works_otherwise);
        g_assert_cmpint(quality_status(f->record), ==, STATUS_UNSTABLE);
        f->machine.no_hardware = -ENOENT;
        make_trial(f, NULL);
        g_assert_true(isnan(quality_work_ratio(f->record))); /* not known of all */
}

/* Three calls of 40 ms in one trial and four in another are the same work. */
static void test_declared_work(Fixture *f, gconstpointer data) {
        f->machine.no_hardware = 0;
        f->request->region = true;
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, i % 2 ? works_otherwise : NULL);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 0);
        g_assert_cmpint(quality_status(f->record), ==, STATUS_OK);
}

static void idles(Machine *m) {
        m->cpu_usec = 99000;
}

static void warms_up(Machine *m) {
        m->energy_uj = 10000000 + m->now_ns / 100000;
}

static void test_job_words(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, warms_up);
        f->context.smt_shared = true;
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 2);
        g_assert_true(has_reason(f, "TREND"));
        g_assert_true(has_reason(f, "SMT_SHARED"));
}

static void test_idle_heavy(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, idles);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_reason(f, "IDLE_HEAVY"));
}

/* Trials of 10 J, 1 mJ apart: a median deviation of 1 mJ, which 7.4 mJ are 5 of and 14.8 mJ are 10 of. */
static void jitters(Machine *m) {
        m->energy_uj = 10000000 + m->now_ns / NSEC_PER_SEC % 3 * 1000;
}

static void takes_little_more(Machine *m) {
        m->energy_uj = 10008000; /* 4.7 of the median's 10.001 J */
}

static void takes_more(Machine *m) {
        m->energy_uj = 10010000; /* 6.1 */
}

static void takes_much_more(Machine *m) {
        m->energy_uj = 10020000; /* 12.8 */
}

static bool has_word(const Fixture *f, guint trial, const char *word) {
        const TrialRecord *record = g_ptr_array_index(f->record->trials, trial);

        return g_ptr_array_find_with_equal_func(record->quality, word, g_str_equal, NULL);
}

/* One at the place of the fifth of nine; NULL: none. */
static void make_nine(Fixture *f, guint place, Provoke odd) {
        for (guint i = 0; i < 9; i++)
                make_trial(f, i == place ? odd : jitters);
        end(f, STATUS_OK);
}

static void test_no_outlier(Fixture *f, gconstpointer data) {
        make_nine(f, 4, takes_little_more);
        g_assert_cmpuint(f->record->reasons->len, ==, 0);
        g_assert_cmpstr(job_grade(f->record), ==, "A");
}

/* Told, and never dropped. */
static void test_outlier(Fixture *f, gconstpointer data) {
        JobSummary summary;

        make_nine(f, 4, takes_more);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_word(f, 4, "OUTLIER"));
        g_assert_false(has_word(f, 4, "FAR_OUTLIER"));
        g_assert_false(has_word(f, 3, "OUTLIER"));
        g_assert_true(has_reason(f, "OUTLIER"));
        g_assert_cmpstr(job_grade(f->record), ==, "B");
        g_assert_cmpuint(job_valid_trials(f->record), ==, 9);
        g_assert_cmpint(job_summarise(f->record, 1, &summary), ==, 0);
        g_assert_cmpfloat_with_epsilon(summary.total_j.max, 10.01, 1e-12);
}

static void test_far_outlier(Fixture *f, gconstpointer data) {
        make_nine(f, 4, takes_much_more);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_word(f, 4, "FAR_OUTLIER"));
        g_assert_false(has_word(f, 4, "OUTLIER"));
        g_assert_cmpuint(job_valid_trials(f->record), ==, 9);
}

/* Where the first one is it, one more warm-up was due. */
static void test_first_trial(Fixture *f, gconstpointer data) {
        make_nine(f, 0, takes_more);
        g_assert_cmpuint(f->record->reasons->len, ==, 2);
        g_assert_true(has_word(f, 0, "OUTLIER"));
        g_assert_true(has_reason(f, "FIRST_TRIAL"));
}

/* Too few to tell what is far; one that does not count is not looked at; a counter's unit is no distance, nor is the
 * step energies are told in. */
static void test_outlier_limits(Fixture *f, gconstpointer data) {
        for (guint i = 0; i < 5; i++)
                make_trial(f, i == 4 ? takes_much_more : jitters);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 0);
        g_ptr_array_set_size(f->record->trials, 0);

        for (guint i = 0; i < 9; i++)
                make_trial(f, i == 4 ? sleeps : jitters)->total_uj = 99000000;
        end(f, STATUS_OK);
        g_assert_false(has_word(f, 4, "FAR_OUTLIER"));
        g_ptr_array_set_size(f->record->trials, 0);
        g_ptr_array_set_size(f->record->reasons, 0);

        for (guint fine = 0; fine < 2; fine++) {
                g_free(f->request->resolution);
                f->request->resolution = g_strdup(fine ? "fine" : "rounded");
                for (guint i = 0; i < 9; i++)
                        ((WindowRecord *) g_ptr_array_index(make_trial(f, NULL)->windows, 0))->whole.total_uj +=
                                        i != 4 ? 0
                                        : fine ? 61
                                               : PUBLIC_STEP_UJ;
                end(f, STATUS_OK);
                g_assert_cmpuint(f->record->reasons->len, ==, 0);
                g_ptr_array_set_size(f->record->trials, 0);
        }
}

static void test_trend_report(Fixture *f, gconstpointer data) {
        g_autoptr(JsonParser) parser = json_parser_new();
        g_autofree char *text = NULL;
        JsonObject *report, *trend;

        for (unsigned i = 0; i < 9; i++)
                make_trial(f, warms_up);
        end(f, STATUS_OK);
        text = report_body(f->record, REPORT_FULL);
        g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
        report = json_object_get_object_member(json_node_get_object(json_parser_get_root(parser)), "measurement");
        trend = json_object_get_object_member(json_object_get_object_member(report, "summary"), "trend");
        /* All 36 pairs rise: (36 − 1) / √(9·8·23 / 18). */
        g_assert_cmpfloat_with_epsilon(json_object_get_double_member(trend, "z"), 3.65, 1e-9);
        g_assert_true(json_object_get_boolean_member(trend, "found"));
        g_assert_cmpfloat_with_epsilon(json_object_get_double_member(trend, "drift_j"), 0.08, 1e-9);
}

static void set_up_no_dram(Fixture *f, gconstpointer data) {
        set_up_machine(f, false);
}

static void test_no_dram(Fixture *f, gconstpointer data) {
        for (unsigned i = 0; i < 9; i++)
                make_trial(f, NULL);
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_reason(f, "NO_DRAM"));
        g_assert_cmpstr(job_grade(f->record), ==, "B");
}

static int no_cpu_time(void *userdata, uint64_t *ret_usec) {
        *ret_usec = 0;
        return 0;
}

/* What others do on CPUs that are not the program's is nothing to a model. */
static void test_simulated(Fixture *f, gconstpointer data) {
        const MeterConfig config = { .name = "model", .model_watts_per_cpu = 1, .cpu_time = no_cpu_time };
        g_autoptr(Meter) model = NULL;

        g_assert_cmpint(meter_open(f->topology, f->root, &config, &model, NULL), ==, 0);
        f->record->meter = model;
        for (unsigned i = 0; i < 9; i++)
                check_words(make_trial(f, foreign_on_others), NULL);
        check_words(make_trial(f, foreign_on_reserved), "FOREIGN_LOAD");
        end(f, STATUS_OK);
        g_assert_cmpuint(f->record->reasons->len, ==, 1);
        g_assert_true(has_reason(f, "SIMULATED"));
}

static void test_report(Fixture *f, gconstpointer data) {
        g_autoptr(JsonParser) parser = json_parser_new();
        g_autoptr(Result) result = NULL;
        g_autofree char *text = NULL;
        JsonObject *measurement, *first, *last, *absent;
        JsonArray *trials;

        f->machine.no_pressure = true;
        for (unsigned i = 0; i < 6; i++)
                make_trial(f, i == 5 ? core_throttles : NULL);
        end(f, STATUS_OK);
        text = report_body(f->record, REPORT_PUBLIC);
        g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
        measurement = json_object_get_object_member(json_node_get_object(json_parser_get_root(parser)), "measurement");
        absent = json_object_get_object_member(json_node_get_object(json_parser_get_root(parser)), "absent");
        g_assert_cmpstr(json_object_get_string_member(measurement, "grade"), ==, "C");
        trials = json_object_get_array_member(measurement, "trials");
        first = json_array_get_object_element(trials, 0);
        last = json_array_get_object_element(trials, 5);
        g_assert_false(json_object_has_member(first, "reason"));
        g_assert_cmpint(json_object_get_int_member(first, "freq_khz"), ==, 3000000);
        g_assert_cmpint(json_object_get_int_member(first, "foreign_cpu_usec"), ==, 0);
        g_assert_cmpint(json_object_get_int_member(first, "interrupts"), ==, 100);
        g_assert_cmpint(json_object_get_int_member(first, "throttles"), ==, 0);
        g_assert_true(json_object_get_null_member(first, "cpu_stall_usec"));
        g_assert_cmpstr(json_object_get_string_member(absent, "measurement.trials[].cpu_stall_usec"), ==,
                        "this machine does not show it");
        g_assert_false(json_object_get_boolean_member(last, "valid"));
        g_assert_cmpint(json_object_get_int_member(last, "throttles"), ==, 1);
        g_assert_cmpint(json_object_get_int_member(last, "total_uj"), ==, 10000000);
        g_assert_nonnull(strstr(json_object_get_string_member(last, "reason"), "slowed down"));
        result = report_result(f->record);
        g_assert_cmpstr(result->grade, ==, "C");
        g_assert_cmpuint(result->invalid_trials, ==, 1);
}

#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("/quality/clean", test_clean_job);
        ADD("/quality/noted", test_noted_job);
        ADD("/quality/words-of-invalid-trials", test_words_of_invalid_trials);
        ADD("/quality/reruns", test_reruns);
        ADD("/quality/reruns-of-few", test_reruns_of_few);
        ADD("/quality/planning", test_planning);
        ADD("/quality/invalidated", test_invalidated);
        ADD("/quality/warm-start", test_warm_start);
        ADD("/quality/warm-start-strict", test_warm_start_strict);
        ADD("/quality/job-words", test_job_words);
        ADD("/quality/no-outlier", test_no_outlier);
        ADD("/quality/outlier", test_outlier);
        ADD("/quality/far-outlier", test_far_outlier);
        ADD("/quality/first-trial", test_first_trial);
        ADD("/quality/outlier-limits", test_outlier_limits);
        ADD("/quality/trend", test_trend_report);
        ADD("/quality/work", test_work);
        ADD("/quality/declared-work", test_declared_work);
        ADD("/quality/idle-heavy", test_idle_heavy);
        ADD("/quality/simulated", test_simulated);
        ADD("/quality/report", test_report);
        g_test_add("/quality/no-dram", Fixture, NULL, set_up_no_dram, test_no_dram, tear_down);
        return g_test_run();
}
