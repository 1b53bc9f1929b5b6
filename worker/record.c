/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "record.h"
#include "rounding.h"

static void free_run(void *record) {
        run_record_free(record);
}

static void free_window(void *record) {
        window_record_free(record);
}

static void free_trial(void *record) {
        trial_record_free(record);
}

static void free_test(void *record) {
        test_record_free(record);
}

RunRecord *run_record_free(RunRecord *record) {
        if (!record)
                return NULL;
        g_free(record->output_sha256);
        difference_clear(&record->difference);
        g_free(record->syscall);
        g_free(record->validator_words);
        region_record_free(record->region);
        g_free(record);
        return NULL;
}

TestRecord *test_record_free(TestRecord *record) {
        if (!record)
                return NULL;
        run_record_free(record->run);
        g_free(record->message);
        g_free(record->excerpt);
        g_free(record);
        return NULL;
}

WindowRecord *window_record_free(WindowRecord *record) {
        if (!record)
                return NULL;
        figures_clear(&record->whole);
        if (record->region)
                figures_clear(record->region);
        g_free(record->region);
        g_free(record->region_problem);
        if (record->runs)
                g_ptr_array_unref(record->runs);
        g_free(record);
        return NULL;
}

WindowRecord *window_record_new(size_t n_domains) {
        WindowRecord *record = g_new0(WindowRecord, 1);

        figures_init(&record->whole, n_domains);
        record->runs = g_ptr_array_new_with_free_func(free_run);
        return record;
}

TrialRecord *trial_record_new(void) {
        TrialRecord *record = g_new0(TrialRecord, 1);

        record->quality = g_ptr_array_new_with_free_func(g_free);
        record->windows = g_ptr_array_new_with_free_func(free_window);
        record->temp_start_mc = record->temp_end_mc = TEMPERATURE_UNKNOWN;
        return record;
}

TrialRecord *trial_record_free(TrialRecord *record) {
        if (!record)
                return NULL;
        g_ptr_array_unref(record->quality);
        g_ptr_array_unref(record->windows);
        g_free(record->energy_absent);
        g_free(record->net_absent);
        g_free(record->invalid);
        g_free(record);
        return NULL;
}

char *reading_error_to_string(int error) {
        switch (error) {
        case -EOVERFLOW:
                return g_strdup("the counter may have wrapped more than once between two readings");
        case -ENODATA:
                return g_strdup("the counter gave no reading");
        case -ETIME:
                return g_strdup("there are too many regions, some shorter than the shortest energy is given for");
        case -ERANGE:
                return g_strdup("the window is shorter than what lies between it and the counter's next move");
        default:
                return g_strdup_printf("the counter could not be read: %s", g_strerror(-error));
        }
}

const Figures *window_figures(const WindowRecord *record) {
        return record->region ?: &record->whole;
}

static const char *test_of(const TrialRecord *trial, guint window) {
        return ((const WindowRecord *) g_ptr_array_index(trial->windows, window))->test;
}

guint trial_test_end(const TrialRecord *trial, guint first) {
        guint end = first + 1;

        while (end < trial->windows->len && test_of(trial, end) == test_of(trial, first))
                end++;
        return end;
}

static void invalidate(TrialRecord *trial, const char *word, char *reason) {
        trial->valid = false;
        if (word)
                g_ptr_array_add(trial->quality, g_strdup(word));
        if (trial->energy_absent)
                g_free(reason);
        else
                trial->energy_absent = reason;
}

static const char *word_of(int error) {
        return error == -EOVERFLOW                   ? "WRAP_AMBIGUOUS"
               : error == -ERANGE || error == -ETIME ? "TOO_SHORT"
                                                     : "READ_ERROR";
}

/* Both bodies of the report have the sentence: it says no more than the one for all does. */
static void check_uncertainty(TrialRecord *trial) {
        const double error_uj = gross_uncertainty_uj(&trial->uncertainty);

        if (trial->energy_absent || error_uj <= UNCERTAINTY_MAX * (double) trial->total_uj)
                return;
        invalidate(trial, "TOO_SHORT",
                   g_strdup_printf("the energy, %.0f mJ, is uncertain by %.0f mJ, more than %g %% of it",
                                   (double) told_uj(trial->total_uj, error_uj, PUBLIC_STEP_UJ) / 1e3,
                                   told_uncertainty_uj(error_uj, PUBLIC_STEP_UJ) / 1e3, UNCERTAINTY_MAX * 100));
}

/* Windows that tell no energy of their own are told as the trial's alone: their regions are in one sum. */
static uint64_t trial_short_regions(const TrialRecord *trial, uint64_t min_ns) {
        uint64_t n = 0;

        for (guint i = 0; i < trial->windows->len; i++) {
                const WindowRecord *window = g_ptr_array_index(trial->windows, i);

                if (window_figures(window)->wall_ns < min_ns)
                        n += window->short_regions;
        }
        return n;
}

void trial_record_close(TrialRecord *trial, uint64_t min_ns) {
        trial->valid = true;
        for (guint i = 0; i < trial->windows->len; i++) {
                const Figures *figures = window_figures(g_ptr_array_index(trial->windows, i));

                trial->iterations += figures->iterations;
                trial->wall_ns += figures->wall_ns;
                trial->cpu_usec += figures->cpu_usec;
                trial->total_uj += figures->total_uj;
                uncertainty_add(&trial->uncertainty, &figures->total_uncertainty);
                evidence_add(&trial->evidence,
                             &((const WindowRecord *) g_ptr_array_index(trial->windows, i))->evidence);
        }
        if (trial_short_regions(trial, min_ns) > SHORT_REGIONS_MAX)
                invalidate(trial, word_of(-ETIME), reading_error_to_string(-ETIME));
        for (guint i = 0; i < trial->windows->len && trial->valid; i++) {
                const WindowRecord *window = g_ptr_array_index(trial->windows, i);
                const Figures *figures = window_figures(window);

                if (!window->complete)
                        invalidate(trial, NULL, g_strdup("the window did not come to its end"));
                else if (window->region_problem)
                        invalidate(trial, "REGION", g_strdup(window->region_problem));
                else if (figures->total_error < 0 && figures->n_domains > 0)
                        invalidate(trial, word_of(figures->total_error),
                                   reading_error_to_string(figures->total_error));
                else if (figures->n_domains == 0 && !trial->energy_absent)
                        trial->energy_absent = g_strdup("there is no meter");
        }
        if (trial->wall_ns < min_ns && trial->valid && !trial->energy_absent)
                invalidate(trial, "TOO_SHORT",
                           g_strdup_printf("the windows lasted %.3f ms in all, less than the %.3f ms that energy is "
                                           "given for",
                                           (double) trial->wall_ns / 1e6, (double) min_ns / 1e6));
        check_uncertainty(trial);
        if (trial->energy_absent)
                trial->total_uj = 0;
}

void trial_record_note(TrialRecord *trial, const char *word) {
        if (!g_ptr_array_find_with_equal_func(trial->quality, word, g_str_equal, NULL))
                g_ptr_array_add(trial->quality, g_strdup(word));
}

void trial_record_refuse(TrialRecord *trial, const char *word, const char *reason) {
        trial_record_note(trial, word);
        trial->valid = false;
        if (!trial->invalid)
                trial->invalid = g_strdup(reason);
}

void trial_record_settle(TrialRecord *trial, const Baseline *baseline) {
        trial->net_uj = 0;
        trial->uncertainty = (Uncertainty){};
        g_clear_pointer(&trial->net_absent, g_free);
        for (guint i = 0; i < trial->windows->len; i++) {
                WindowRecord *window = g_ptr_array_index(trial->windows, i);
                Figures *figures = window->region ?: &window->whole;

                baseline_settle(baseline, &window->whole);
                if (window->region)
                        baseline_settle(baseline, window->region);
                trial->net_uj += figures->total_net_uj;
                uncertainty_add(&trial->uncertainty, &figures->total_uncertainty);
                if (figures->total_net_error < 0 && !trial->net_absent)
                        trial->net_absent = net_error_to_string(figures->total_net_error);
        }
        if (trial->energy_absent && !trial->net_absent)
                trial->net_absent = net_error_to_string(-EIO);
        trial->has_net = trial->windows->len > 0 && !trial->net_absent;
}

const char *job_status_to_string(JobStatus status) {
        switch (status) {
        case STATUS_OK:
                return "OK";
        case STATUS_TIME_ONLY:
                return "TIME_ONLY";
        case STATUS_UNSTABLE:
                return "UNSTABLE";
        case STATUS_UNMEASURABLE:
                return "UNMEASURABLE";
        case STATUS_INVALIDATED:
                return "INVALIDATED";
        case STATUS_DIVERGED:
                return "DIVERGED";
        case STATUS_ENERGY_LIMIT:
                return "ENERGY_LIMIT";
        case STATUS_INCOMPLETE:
                return NULL;
        }
        g_assert_not_reached();
}

JobRecord *job_record_new(const Request *request, const JobContext *context) {
        JobRecord *record = g_new0(JobRecord, 1);

        record->request = request;
        record->context = context;
        record->containment = CONTAINMENT_PROCESS_GROUP;
        record->tests = g_ptr_array_new_with_free_func(free_test);
        record->warmups = g_ptr_array_new_with_free_func(free_trial);
        record->trials = g_ptr_array_new_with_free_func(free_trial);
        record->reasons = g_ptr_array_new_with_free_func(g_free);
        record->status = STATUS_INCOMPLETE;
        return record;
}

static void version_clear(VersionRecord *version) {
        g_free(version->line);
        g_free(version->absent);
}

JobRecord *job_record_free(JobRecord *record) {
        if (!record)
                return NULL;
        g_free(record->meter_absent);
        g_free(record->tick_absent);
        trial_record_free(record->floor);
        g_free(record->floor_absent);
        g_free(record->power_limit_uw);
        baseline_free(record->baseline);
        calibration_free(record->calibration);
        g_free(record->program.path);
        g_free(record->program.sha256);
        g_free(record->program.absent);
        g_strfreev(record->env);
        g_free(record->thermal_absent);
        g_ptr_array_unref(record->tests);
        version_clear(&record->version);
        version_clear(&record->validator_version);
        run_record_free(record->compiler);
        g_free(record->compiler_words);
        g_ptr_array_unref(record->warmups);
        g_ptr_array_unref(record->trials);
        g_ptr_array_unref(record->reasons);
        g_free(record->output_problem);
        g_free(record->error);
        g_free(record->message);
        g_free(record);
        return NULL;
}

void job_record_set_end(JobRecord *record, JobResult result, JobStatus status, const char *error,
                        const char *message) {
        record->result = result;
        record->status = status;
        g_free(record->error);
        g_free(record->message);
        record->error = g_strdup(error);
        record->message = g_strdup(message);
}
