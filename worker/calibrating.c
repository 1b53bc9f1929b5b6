/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "calibrating.h"
#include "compare.h"
#include "evaluate.h"

#define PROGRAM "jouletrace-load"

/* worker/load.c, and what it says when it has done its work. */
static const struct {
        const char *name, *input, *answer;
} loads[] = {
        { "spin", "spin\n", "10061643343830675561\n" },
        { "memory", "memory\n", "6763831082608492544\n" },
};

/* ---- the request ---- */

static int read_program(char **ret, size_t *ret_size, char **ret_why) {
        g_autoptr(GError) error = NULL;
        g_autofree char *self = g_file_read_link("/proc/self/exe", &error), *directory = NULL, *path = NULL;

        if (self) {
                directory = g_path_get_dirname(self);
                path = g_build_filename(directory, PROGRAM, NULL);
                if (g_file_get_contents(path, ret, ret_size, &error))
                        return 0;
        }
        *ret_why = g_strdup_printf("What a calibration runs cannot be read: %s", error->message);
        return -ENOENT;
}

static uint64_t add_blob(GByteArray *blobs, const char *text) {
        const uint64_t offset = blobs->len;

        g_byte_array_append(blobs, (const guint8 *) text, (guint) strlen(text));
        return offset;
}

int calibration_complete(Request *request, char **ret_why) {
        g_autofree char *program = NULL;
        RequestFile file = { .mode = 0755 };
        GByteArray *blobs;
        size_t size;
        int r;

        r = read_program(&program, &size, ret_why);
        if (r < 0)
                return r;
        blobs = g_byte_array_new();
        g_byte_array_append(blobs, (const guint8 *) program, (guint) size);
        file.name = g_strdup(PROGRAM);
        file.size = size;
        request->files = request_files_new();
        g_array_append_val(request->files, file);
        request->tests = request_tests_new();
        for (size_t i = 0; i < G_N_ELEMENTS(loads); i++) {
                const RequestTest test = { .name = g_strdup(loads[i].name),
                                           .input_offset = add_blob(blobs, loads[i].input),
                                           .input_size = strlen(loads[i].input),
                                           .answer_offset = add_blob(blobs, loads[i].answer),
                                           .answer_size = strlen(loads[i].answer) };

                g_array_append_val(request->tests, test);
        }
        request->blobs_bytes = g_byte_array_free_to_bytes(blobs);
        request->argv = g_strdupv((char *[]){ (char *) "./" PROGRAM, NULL });
        return 0;
}

/* ---- what came of it ---- */

/* Of one run, in one trial. */
static double run_uj(const TrialRecord *trial, const char *load) {
        double uj = 0, iterations = 0;

        for (guint w = 0; w < trial->windows->len; w++) {
                const WindowRecord *window = g_ptr_array_index(trial->windows, w);
                const Figures *figures = window_figures(window);

                if (g_strcmp0(window->test, load) != 0)
                        continue;
                uj += (double) figures->total_uj;
                iterations += (double) figures->iterations;
        }
        return iterations > 0 ? uj / iterations : 0;
}

/* Valid trials, in the order they were made: each is compared with the one that follows it. */
static int load_noise(const JobRecord *record, const char *load, double *ret, uint32_t *ret_pairs) {
        const size_t n = job_valid_trials(record) / 2;
        g_autofree double *a = g_new0(double, n + 1), *b = g_new0(double, n + 1);
        size_t valid = 0;

        for (guint i = 0; i < record->trials->len && valid < 2 * n; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);

                if (!trial->valid)
                        continue;
                (valid % 2 == 0 ? a : b)[valid / 2] = run_uj(trial, load);
                valid++;
        }
        *ret_pairs = (uint32_t) n;
        return comparison_noise_floor(a, b, n, ret);
}

static void add_idle(const JobRecord *record, Calibration *calibration) {
        const MeterDomain *domains;
        Summary watts;
        size_t n;

        domains = meter_domains(record->meter, &n);
        for (size_t i = 0; record->baseline && i < n; i++)
                if (baseline_summary(record->baseline, i, &watts) >= 0)
                        calibration_add_idle(calibration, domains[i].name, watts.median);
}

/* Of one start. What is modelled has no uncertainty. */
static void add_floor(const JobRecord *record, Calibration *calibration) {
        const TrialRecord *floor = job_floor(record);
        Uncertainty uncertainty;
        double uj_per_j;

        if (!floor)
                return;
        uj_per_j = 1e6 * (double) floor->iterations;
        uncertainty = floor_uncertainty(floor);
        calibration->floor_j = (double) floor->total_uj / uj_per_j;
        if (!calibration->simulated)
                calibration->floor_error_j = gross_uncertainty_uj(&uncertainty) / uj_per_j;
        if (!floor->has_net)
                return;
        calibration->floor_net_j = (double) floor->net_uj / uj_per_j;
        if (!calibration->simulated)
                calibration->floor_net_error_j = uncertainty_total_uj(&uncertainty) / uj_per_j;
}

static int calibration_of(const JobRecord *record, Calibration **ret) {
        g_autoptr(Calibration) calibration = calibration_new();
        int r;

        r = load_noise(record, loads[0].name, &calibration->noise_spin, &calibration->pairs);
        if (r >= 0)
                r = load_noise(record, loads[1].name, &calibration->noise_memory, &calibration->pairs);
        if (r < 0)
                return r;
        calibration->noise_floor = MAX(calibration->noise_spin, calibration->noise_memory);
        calibration->simulated = meter_simulated(record->meter);
        calibration->meter = g_strdup(meter_name(record->meter));
        calibration->tick_ns = record->tick.period_ns;
        calibration->tick_jitter_ns = record->tick.jitter_ns;
        if (record->tick.period_ns > 0)
                calibration->tick_step_uj = record->tick.step_uj;
        add_floor(record, calibration);
        add_idle(record, calibration);
        *ret = g_steal_pointer(&calibration);
        return 0;
}

void calibration_conclude(JobRecord *record) {
        g_autofree char *message = NULL;
        int r;

        if (record->result != RESULT_DONE)
                return;
        r = record->status == STATUS_OK ? calibration_of(record, &record->calibration) : -ENODATA;
        if (r < 0) {
                job_record_set_end(record, RESULT_UNSTABLE, STATUS_UNSTABLE, NULL,
                                   "The trials do not tell how much they differ: their energies are not known");
                return;
        }
        message = g_strdup_printf("95 %% of the pairs of trials of one program differ by %.2f %% or less",
                                  record->calibration->noise_floor * 100);
        job_record_set_end(record, RESULT_DONE, record->status, NULL, message);
}
