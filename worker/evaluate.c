/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "evaluate.h"
#include "net.h"

uint64_t round_uj(uint64_t uj, uint64_t step_uj) {
        if (step_uj <= 1 || uj > UINT64_MAX - step_uj)
                return uj;
        return (uj + step_uj / 2) / step_uj * step_uj;
}

int64_t round_signed_uj(int64_t uj, uint64_t step_uj) {
        return uj < 0 ? -(int64_t) round_uj((uint64_t) -uj, step_uj) : (int64_t) round_uj((uint64_t) uj, step_uj);
}

static void settle_all(GPtrArray *trials, const Baseline *baseline) {
        for (guint i = 0; i < trials->len; i++)
                trial_record_settle(g_ptr_array_index(trials, i), baseline);
}

void job_settle(JobRecord *record) {
        if (!record->baseline)
                return;
        if (record->floor)
                trial_record_settle(record->floor, record->baseline);
        settle_all(record->warmups, record->baseline);
        settle_all(record->trials, record->baseline);
}

size_t job_valid_trials(const JobRecord *record) {
        size_t n = 0;

        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);

                n += trial->valid;
        }
        return n;
}

/* Σ over the domains of one kind and over the windows; false when the kind is not there or not known. */
static bool trial_kind_uj(const JobRecord *record, const TrialRecord *trial, DomainKind kind, uint64_t *ret_uj) {
        const MeterDomain *domains;
        uint64_t sum = 0;
        size_t n;
        bool any = false;

        domains = meter_domains(record->meter, &n);
        for (guint w = 0; w < trial->windows->len; w++) {
                const Figures *figures = window_figures(g_ptr_array_index(trial->windows, w));

                for (size_t i = 0; i < MIN(n, figures->n_domains); i++) {
                        if (domains[i].kind != kind || !domains[i].in_total)
                                continue;
                        if (figures->energy_error[i] < 0)
                                return false;
                        sum += figures->energy_uj[i];
                        any = true;
                }
        }
        *ret_uj = sum;
        return any;
}

typedef struct Columns {
        double *total_j, *package_j, *dram_j, *wall_s, *cpu_s, *power_w;
        double *net_j, *error_j, *net_error_j;
        double *once_j, *once_net_j, *once_wall_s, *once_cpu_s; /* of the work done once */
        size_t n, n_energy, n_net, n_package, n_dram;
} Columns;

static void columns_clear(Columns *columns) {
        g_free(columns->total_j);
        g_free(columns->package_j);
        g_free(columns->dram_j);
        g_free(columns->wall_s);
        g_free(columns->cpu_s);
        g_free(columns->power_w);
        g_free(columns->net_j);
        g_free(columns->error_j);
        g_free(columns->net_error_j);
        g_free(columns->once_j);
        g_free(columns->once_net_j);
        g_free(columns->once_wall_s);
        g_free(columns->once_cpu_s);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Columns, columns_clear)

/* The figures of one test in one trial, which may be those of several windows. */
typedef struct TestSum {
        const char *test;
        double iterations, wall_ns, cpu_usec;
        uint64_t total_uj;
        int64_t net_uj;
} TestSum;

/* Adds up the windows from *first on that belong to one test, and moves *first behind them. */
static TestSum next_test(const TrialRecord *trial, guint *first) {
        TestSum sum = { .test = ((const WindowRecord *) g_ptr_array_index(trial->windows, *first))->test };

        for (; *first < trial->windows->len; (*first)++) {
                const WindowRecord *window = g_ptr_array_index(trial->windows, *first);
                const Figures *figures = window_figures(window);

                if (window->test != sum.test)
                        break;
                sum.iterations += (double) figures->iterations;
                sum.wall_ns += (double) figures->wall_ns;
                sum.cpu_usec += (double) figures->cpu_usec;
                sum.total_uj += figures->total_uj;
                sum.net_uj += figures->total_net_uj;
        }
        return sum;
}

void trial_once(const TrialRecord *trial, uint64_t step_uj, Once *ret) {
        Once once = {};
        guint first = 0;

        while (first < trial->windows->len) {
                const TestSum sum = next_test(trial, &first);

                if (sum.iterations <= 0)
                        continue;
                once.wall_s += sum.wall_ns / 1e9 / sum.iterations;
                once.cpu_s += sum.cpu_usec / 1e6 / sum.iterations;
                if (!trial->energy_absent)
                        once.total_j += (double) round_uj(sum.total_uj, step_uj) / 1e6 / sum.iterations;
                if (trial->has_net)
                        once.net_j += (double) round_signed_uj(sum.net_uj, step_uj) / 1e6 / sum.iterations;
        }
        *ret = once;
}

static void add_once(Columns *columns, const TrialRecord *trial, uint64_t step_uj) {
        Once once;

        trial_once(trial, step_uj, &once);
        columns->once_wall_s[columns->n] = once.wall_s;
        columns->once_cpu_s[columns->n] = once.cpu_s;
        if (!trial->energy_absent)
                columns->once_j[columns->n_energy] = once.total_j;
        if (trial->has_net)
                columns->once_net_j[columns->n_net] = once.net_j;
}

static void add_trial(Columns *columns, const JobRecord *record, const TrialRecord *trial, uint64_t step_uj) {
        const double wall_s = (double) trial->wall_ns / 1e9;
        uint64_t uj;

        add_once(columns, trial, step_uj);
        columns->wall_s[columns->n] = wall_s;
        columns->cpu_s[columns->n] = (double) trial->cpu_usec / 1e6;
        columns->n++;
        if (trial->energy_absent)
                return;
        columns->total_j[columns->n_energy] = (double) round_uj(trial->total_uj, step_uj) / 1e6;
        columns->power_w[columns->n_energy] = columns->total_j[columns->n_energy] / wall_s;
        columns->error_j[columns->n_energy] = gross_uncertainty_uj(&trial->uncertainty) / 1e6;
        columns->n_energy++;
        if (trial->has_net) {
                columns->net_error_j[columns->n_net] = uncertainty_total_uj(&trial->uncertainty) / 1e6;
                columns->net_j[columns->n_net++] = (double) round_signed_uj(trial->net_uj, step_uj) / 1e6;
        }
        if (trial_kind_uj(record, trial, DOMAIN_PACKAGE, &uj))
                columns->package_j[columns->n_package++] = (double) round_uj(uj, step_uj) / 1e6;
        if (trial_kind_uj(record, trial, DOMAIN_DRAM, &uj))
                columns->dram_j[columns->n_dram++] = (double) round_uj(uj, step_uj) / 1e6;
}

static void fill_columns(const JobRecord *record, uint64_t step_uj, Columns *columns, uint64_t *ret_iterations) {
        const size_t room = record->trials->len + 1;

        columns->total_j = g_new0(double, room);
        columns->package_j = g_new0(double, room);
        columns->dram_j = g_new0(double, room);
        columns->wall_s = g_new0(double, room);
        columns->cpu_s = g_new0(double, room);
        columns->power_w = g_new0(double, room);
        columns->net_j = g_new0(double, room);
        columns->error_j = g_new0(double, room);
        columns->net_error_j = g_new0(double, room);
        columns->once_j = g_new0(double, room);
        columns->once_net_j = g_new0(double, room);
        columns->once_wall_s = g_new0(double, room);
        columns->once_cpu_s = g_new0(double, room);
        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);

                if (!trial->valid)
                        continue;
                *ret_iterations = trial->iterations;
                add_trial(columns, record, trial, step_uj);
        }
}

int job_summarise(const JobRecord *record, uint64_t step_uj, JobSummary *ret) {
        g_auto(Columns) columns = {};
        JobSummary summary = {};
        int r;

        fill_columns(record, step_uj, &columns, &summary.iterations);
        summary.n = columns.n;
        r = summary_compute(columns.wall_s, columns.n, &summary.wall_s);
        if (r < 0)
                return r;
        r = summary_compute(columns.cpu_s, columns.n, &summary.cpu_s);
        if (r < 0)
                return r;
        r = stats_median(columns.once_wall_s, columns.n, &summary.per_iteration.wall_s);
        if (r < 0)
                return r;
        r = stats_median(columns.once_cpu_s, columns.n, &summary.per_iteration.cpu_s);
        if (r < 0)
                return r;

        if (columns.n_energy == columns.n && summary_compute(columns.total_j, columns.n, &summary.total_j) >= 0 &&
            stats_median(columns.power_w, columns.n, &summary.power_w) >= 0 &&
            summary_compute(columns.once_j, columns.n, &summary.once_j) >= 0) {
                summary.has_energy = true;
                (void) stats_median(columns.error_j, columns.n, &summary.window_error_j);
                summary.per_iteration.total_j = summary.once_j.median;
                summary.has_package = columns.n_package == columns.n &&
                                      summary_compute(columns.package_j, columns.n, &summary.package_j) >= 0;
                summary.has_dram = columns.n_dram == columns.n &&
                                   summary_compute(columns.dram_j, columns.n, &summary.dram_j) >= 0;
        }
        if (summary.has_energy && columns.n_net == columns.n &&
            summary_compute(columns.net_j, columns.n, &summary.net_j) >= 0 &&
            summary_compute(columns.once_net_j, columns.n, &summary.once_net_j) >= 0) {
                summary.has_net = true;
                (void) stats_median(columns.net_error_j, columns.n, &summary.net_window_error_j);
                summary.per_iteration.net_j = summary.once_net_j.median;
        }
        *ret = summary;
        return 0;
}

static bool tests_are_long(const JobRecord *record, const TrialRecord *trial) {
        guint first = 0;

        while (first < trial->windows->len)
                if (next_test(trial, &first).wall_ns < (double) record->min_window_usec * 1e3)
                        return false;
        return !trial->energy_absent;
}

GArray *job_summarise_tests(const JobRecord *record, uint64_t step_uj, bool *ret_energy) {
        GArray *tests = g_array_new(false, true, sizeof(TestSummary));
        const size_t n = job_valid_trials(record);
        const size_t n_tests = record->tests ? record->tests->len : 0;
        g_autofree double *wall_s = g_new0(double, n *n_tests + 1), *total_j = g_new0(double, n *n_tests + 1);
        size_t t = 0;

        *ret_energy = true;
        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);
                size_t test = 0;

                if (!trial->valid)
                        continue;
                *ret_energy = *ret_energy && tests_are_long(record, trial);
                for (guint first = 0; first < trial->windows->len && test < n_tests; test++) {
                        const TestSum sum = next_test(trial, &first);

                        wall_s[test * n + t] = sum.wall_ns / 1e9 / MAX(sum.iterations, 1);
                        total_j[test * n + t] =
                                        (double) round_uj(sum.total_uj, step_uj) / 1e6 / MAX(sum.iterations, 1);
                }
                t++;
        }
        for (size_t test = 0; test < n_tests && n > 0; test++) {
                const TestRecord *validated = g_ptr_array_index(record->tests, test);
                TestSummary summary = { .name = validated->name };

                (void) stats_median(wall_s + test * n, n, &summary.wall_s);
                (void) stats_median(total_j + test * n, n, &summary.total_j);
                g_array_append_val(tests, summary);
        }
        return tests;
}

bool job_precise_enough(const JobRecord *record) {
        g_autofree double *total_j = g_new(double, record->trials->len + 1);
        g_autofree double *wall_s = g_new(double, record->trials->len + 1);
        bool has_energy = true;
        Summary summary;
        double width;
        size_t n = 0;

        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);
                Once once;

                if (!trial->valid)
                        continue;
                trial_once(trial, 1, &once);
                has_energy = has_energy && !trial->energy_absent;
                total_j[n] = once.total_j;
                wall_s[n++] = once.wall_s;
        }
        return summary_compute(has_energy ? total_j : wall_s, n, &summary) >= 0 &&
               summary_relative_half_width(&summary, &width) >= 0 && width <= record->request->rel_ci;
}

bool job_near_floor(const JobRecord *record) {
        JobSummary summary;
        double floor_j, times;
        bool near;

        if (!record->floor || record->floor->energy_absent || record->floor->iterations == 0)
                return false;
        if (job_summarise(record, 1, &summary) < 0 || !summary.has_energy)
                return false;
        floor_j = (double) record->floor->total_uj / 1e6 / (double) record->floor->iterations;
        return floor_compare(summary.per_iteration.total_j, floor_j * (double) MAX(record->tests->len, 1), &times,
                             &near) >= 0 &&
               near;
}

static bool has_quality(const TrialRecord *trial, const char *word) {
        return g_ptr_array_find_with_equal_func(trial->quality, word, g_str_equal, NULL);
}

JobStatus job_status_without_result(const JobRecord *record) {
        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);

                if (!trial->valid && !has_quality(trial, "TOO_SHORT"))
                        return STATUS_UNSTABLE;
        }
        return STATUS_UNMEASURABLE;
}

const TestRecord *job_decisive_test(const JobRecord *record) {
        const TestRecord *first = NULL;

        for (guint i = 0; i < record->tests->len; i++) {
                const TestRecord *test = g_ptr_array_index(record->tests, i);

                if (test->verdict == VERDICT_IE)
                        return test;
                if (!first && test->verdict != VERDICT_AC)
                        first = test;
        }
        return first;
}

Verdict job_validation_verdict(const JobRecord *record) {
        const TestRecord *decisive = job_decisive_test(record);

        if (decisive)
                return decisive->verdict;
        return record->tests->len > 0 ? VERDICT_AC : VERDICT_CE;
}

static const char *digest_of(const WindowRecord *window, guint i) {
        const RunRecord *run = g_ptr_array_index(window->runs, i);

        return run->output_sha256;
}

static bool trials_differ(GPtrArray *trials, const char **first) {
        for (guint t = 0; t < trials->len; t++) {
                const TrialRecord *trial = g_ptr_array_index(trials, t);

                for (guint w = 0; w < trial->windows->len; w++) {
                        const WindowRecord *window = g_ptr_array_index(trial->windows, w);

                        for (guint i = 0; i < window->runs->len; i++) {
                                const char *digest = digest_of(window, i);

                                if (!digest)
                                        continue;
                                if (!*first)
                                        *first = digest;
                                else if (!g_str_equal(*first, digest))
                                        return true;
                        }
                }
        }
        return false;
}

bool job_output_differs(const JobRecord *record) {
        const char *first = NULL;

        return trials_differ(record->warmups, &first) || trials_differ(record->trials, &first);
}
