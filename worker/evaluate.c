/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "evaluate.h"
#include "net.h"

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
static bool trial_kind_uj(const JobRecord *record, const TrialRecord *trial, DomainKind kind, uint64_t *ret_uj,
                          Uncertainty *ret_uncertainty) {
        Uncertainty all = {};
        const MeterDomain *domains;
        uint64_t sum = 0;
        size_t n;
        bool any = false;

        domains = meter_domains(record->meter, &n);
        for (guint w = 0; w < trial->windows->len; w++) {
                const Figures *figures = window_figures(g_ptr_array_index(trial->windows, w));
                Uncertainty of_window = {};

                for (size_t i = 0; i < MIN(n, figures->n_domains); i++) {
                        if (domains[i].kind != kind || !domains[i].in_total)
                                continue;
                        if (figures->energy_error[i] < 0)
                                return false;
                        sum += figures->energy_uj[i];
                        uncertainty_add_domain(&of_window, &figures->uncertainty[i]);
                        any = true;
                }
                uncertainty_add(&all, &of_window);
        }
        *ret_uj = sum;
        *ret_uncertainty = all;
        return any;
}

/* One energy of every trial that has it. */
typedef struct EnergyColumn {
        double *j;
        double *step_j; /* it is rounded to; 0: to none */
        Uncertainty *uncertainty;
        size_t n;
        bool net; /* the baseline is a part of it */
} EnergyColumn;

typedef struct Columns {
        EnergyColumn total, net, package, dram;
        EnergyColumn once, once_net; /* of the work done once */
        double *wall_s, *cpu_s, *power_w, *once_wall_s, *once_cpu_s;
        size_t n;
} Columns;

static void energy_column_init(EnergyColumn *column, size_t room, bool net) {
        *column = (EnergyColumn){ .j = g_new0(double, room),
                                  .step_j = g_new0(double, room),
                                  .uncertainty = g_new0(Uncertainty, room),
                                  .net = net };
}

static void energy_column_clear(EnergyColumn *column) {
        g_free(column->j);
        g_free(column->step_j);
        g_free(column->uncertainty);
}

static void energy_column_add(EnergyColumn *column, double j, double step_j, const Uncertainty *uncertainty) {
        Uncertainty of_it = *uncertainty;

        if (!column->net)
                of_it.baseline_uj = 0;
        column->uncertainty[column->n] = of_it;
        column->step_j[column->n] = step_j;
        column->j[column->n++] = j;
}

static void columns_init(Columns *columns, size_t room) {
        energy_column_init(&columns->total, room, false);
        energy_column_init(&columns->net, room, true);
        energy_column_init(&columns->package, room, false);
        energy_column_init(&columns->dram, room, false);
        energy_column_init(&columns->once, room, false);
        energy_column_init(&columns->once_net, room, true);
        columns->wall_s = g_new0(double, room);
        columns->cpu_s = g_new0(double, room);
        columns->power_w = g_new0(double, room);
        columns->once_wall_s = g_new0(double, room);
        columns->once_cpu_s = g_new0(double, room);
}

static void columns_clear(Columns *columns) {
        energy_column_clear(&columns->total);
        energy_column_clear(&columns->net);
        energy_column_clear(&columns->package);
        energy_column_clear(&columns->dram);
        energy_column_clear(&columns->once);
        energy_column_clear(&columns->once_net);
        g_free(columns->wall_s);
        g_free(columns->cpu_s);
        g_free(columns->power_w);
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
        Uncertainty uncertainty;
} TestSum;

/* Adds up the windows from *first on that belong to one test, and moves *first behind them. */
static TestSum next_test(const TrialRecord *trial, guint *first) {
        TestSum sum = { .test = ((const WindowRecord *) g_ptr_array_index(trial->windows, *first))->test };
        const guint end = trial_test_end(trial, *first);

        for (; *first < end; (*first)++) {
                const WindowRecord *window = g_ptr_array_index(trial->windows, *first);
                const Figures *figures = window_figures(window);

                sum.iterations += (double) figures->iterations;
                sum.wall_ns += (double) figures->wall_ns;
                sum.cpu_usec += (double) figures->cpu_usec;
                sum.total_uj += figures->total_uj;
                sum.net_uj += figures->total_net_uj;
                uncertainty_add(&sum.uncertainty, &figures->total_uncertainty);
        }
        return sum;
}

static double step_j(double uncertainty_uj, uint64_t least_uj) {
        return least_uj <= 1 ? 0 : (double) told_step_uj(least_uj, uncertainty_uj) / 1e6;
}

/* Of one run of a test, where it is told as finely as the windows it comes from. */
static double test_once_j(const TestSum *sum, uint64_t least_uj) {
        return (double) told_uj(sum->total_uj, gross_uncertainty_uj(&sum->uncertainty), least_uj) / 1e6 /
               sum->iterations;
}

static double test_once_net_j(const TestSum *sum, uint64_t least_uj) {
        return (double) told_signed_uj(sum->net_uj, uncertainty_total_uj(&sum->uncertainty), least_uj) / 1e6 /
               sum->iterations;
}

uint64_t job_step_uj(const Request *request) {
        return g_strcmp0(request->resolution, "fine") == 0 ? 1 : PUBLIC_STEP_UJ;
}

void trial_once(const TrialRecord *trial, uint64_t least_uj, Once *ret) {
        Once once = {};
        guint first = 0;

        while (first < trial->windows->len) {
                TestSum sum = next_test(trial, &first);

                if (sum.iterations <= 0)
                        continue;
                once.wall_s += sum.wall_ns / 1e9 / sum.iterations;
                once.cpu_s += sum.cpu_usec / 1e6 / sum.iterations;
                if (!trial->energy_absent)
                        once.total_j += test_once_j(&sum, least_uj);
                if (trial->has_net)
                        once.net_j += test_once_net_j(&sum, least_uj);
                once.step_j += step_j(gross_uncertainty_uj(&sum.uncertainty), least_uj) / sum.iterations;
                once.net_step_j += step_j(uncertainty_total_uj(&sum.uncertainty), least_uj) / sum.iterations;
                uncertainty_scale(&sum.uncertainty, 1 / sum.iterations);
                uncertainty_add(&once.uncertainty, &sum.uncertainty);
        }
        *ret = once;
}

static void add_kind(EnergyColumn *column, const JobRecord *record, const TrialRecord *trial, DomainKind kind,
                     uint64_t least_uj) {
        Uncertainty uncertainty;
        double error_uj;
        uint64_t uj;

        if (!trial_kind_uj(record, trial, kind, &uj, &uncertainty))
                return;
        error_uj = gross_uncertainty_uj(&uncertainty);
        energy_column_add(column, (double) told_uj(uj, error_uj, least_uj) / 1e6, step_j(error_uj, least_uj),
                          &uncertainty);
}

static void add_energies(Columns *columns, const JobRecord *record, const TrialRecord *trial, const Once *once,
                         uint64_t least_uj) {
        const double gross_uj = gross_uncertainty_uj(&trial->uncertainty);
        const double net_uj = uncertainty_total_uj(&trial->uncertainty);
        const double total_j = (double) told_uj(trial->total_uj, gross_uj, least_uj) / 1e6;

        columns->power_w[columns->total.n] = total_j / ((double) trial->wall_ns / 1e9);
        energy_column_add(&columns->total, total_j, step_j(gross_uj, least_uj), &trial->uncertainty);
        energy_column_add(&columns->once, once->total_j, once->step_j, &once->uncertainty);
        if (trial->has_net) {
                energy_column_add(&columns->net, (double) told_signed_uj(trial->net_uj, net_uj, least_uj) / 1e6,
                                  step_j(net_uj, least_uj), &trial->uncertainty);
                energy_column_add(&columns->once_net, once->net_j, once->net_step_j, &once->uncertainty);
        }
        add_kind(&columns->package, record, trial, DOMAIN_PACKAGE, least_uj);
        add_kind(&columns->dram, record, trial, DOMAIN_DRAM, least_uj);
}

static void fill_columns(const JobRecord *record, uint64_t least_uj, Columns *columns, uint64_t *ret_iterations) {
        columns_init(columns, record->trials->len + 1);
        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);
                Once once;

                if (!trial->valid)
                        continue;
                *ret_iterations = trial->iterations;
                trial_once(trial, least_uj, &once);
                columns->once_wall_s[columns->n] = once.wall_s;
                columns->once_cpu_s[columns->n] = once.cpu_s;
                columns->wall_s[columns->n] = (double) trial->wall_ns / 1e9;
                columns->cpu_s[columns->n] = (double) trial->cpu_usec / 1e6;
                columns->n++;
                if (!trial->energy_absent)
                        add_energies(columns, record, trial, &once, least_uj);
        }
}

static double median_part(const Uncertainty *trials, size_t n, size_t part) {
        g_autofree double *values = g_new(double, n + 1);
        double median = NAN;

        for (size_t i = 0; i < n; i++)
                values[i] = G_STRUCT_MEMBER(double, &trials[i], part);
        (void) stats_median(values, n, &median);
        return median;
}

static Uncertainty median_uncertainty(const Uncertainty *trials, size_t n) {
        return (Uncertainty){
                .tick_uj = median_part(trials, n, offsetof(Uncertainty, tick_uj)),
                .quantisation_uj = median_part(trials, n, offsetof(Uncertainty, quantisation_uj)),
                .tail_uj = median_part(trials, n, offsetof(Uncertainty, tail_uj)),
                .baseline_uj = median_part(trials, n, offsetof(Uncertainty, baseline_uj)),
        };
}

/* Trials that all round to the same say that their median is within half a step of it, and no more: an interval of no
 * width is one that rounding made. */
static void widen_to_step(const EnergyColumn *column, Summary *summary) {
        double step = 0;

        (void) stats_median(column->step_j, column->n, &step);
        summary->ci_low = fmin(summary->ci_low, summary->median - step / 2);
        summary->ci_high = fmax(summary->ci_high, summary->median + step / 2);
}

/* least_uj: of whole trials. What was done once is divided by the iterations, and its median is rounded no more (1).
 */
static int summarise(const EnergyColumn *column, uint64_t least_uj, Summary *ret, Uncertainty *ret_uncertainty) {
        Uncertainty uncertainty;
        double uj;
        int r;

        r = summary_compute(column->j, column->n, ret);
        if (r < 0)
                return r;
        uncertainty = median_uncertainty(column->uncertainty, column->n);
        uj = uncertainty_total_uj(&uncertainty);
        ret->median = told_j(ret->median, uj, least_uj);
        ret->mean = told_j(ret->mean, uj, least_uj);
        if (ret->has_ci)
                widen_to_step(column, ret);
        uncertainty.spread_uj = ret->has_ci ? (ret->ci_high - ret->ci_low) / 2 * 1e6 : NAN;
        *ret_uncertainty = uncertainty;
        return 0;
}

static void summarise_energies(const Columns *columns, uint64_t least_uj, JobSummary *summary) {
        if (columns->total.n != columns->n ||
            summarise(&columns->total, least_uj, &summary->total_j, &summary->total_uncertainty) < 0 ||
            stats_median(columns->power_w, columns->n, &summary->power_w) < 0 ||
            summarise(&columns->once, 1, &summary->once_j, &summary->once_uncertainty) < 0)
                return;
        summary->has_energy = true;
        summary->per_iteration.total_j = summary->once_j.median;
        summary->has_package =
                        columns->package.n == columns->n && summarise(&columns->package, least_uj, &summary->package_j,
                                                                      &summary->package_uncertainty) >= 0;
        summary->has_dram = columns->dram.n == columns->n &&
                            summarise(&columns->dram, least_uj, &summary->dram_j, &summary->dram_uncertainty) >= 0;
        if (columns->net.n != columns->n ||
            summarise(&columns->net, least_uj, &summary->net_j, &summary->net_uncertainty) < 0 ||
            summarise(&columns->once_net, 1, &summary->once_net_j, &summary->once_net_uncertainty) < 0)
                return;
        summary->has_net = true;
        summary->per_iteration.net_j = summary->once_net_j.median;
}

int job_summarise(const JobRecord *record, uint64_t least_uj, JobSummary *ret) {
        g_auto(Columns) columns = {};
        JobSummary summary = {};
        int r;

        fill_columns(record, least_uj, &columns, &summary.iterations);
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
        summarise_energies(&columns, least_uj, &summary);
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

/* Of every test in turn, its trials one after another. */
static void fill_tests(const JobRecord *record, uint64_t least_uj, double *wall_s, EnergyColumn *columns,
                       size_t n_tests, size_t n, bool *ret_energy) {
        size_t t = 0;

        *ret_energy = true;
        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);
                size_t test = 0;

                if (!trial->valid)
                        continue;
                *ret_energy = *ret_energy && tests_are_long(record, trial);
                for (guint first = 0; first < trial->windows->len && test < n_tests; test++) {
                        TestSum sum = next_test(trial, &first);
                        double once_j, once_step_j;

                        sum.iterations = MAX(sum.iterations, 1);
                        wall_s[test * n + t] = sum.wall_ns / 1e9 / sum.iterations;
                        once_j = test_once_j(&sum, least_uj);
                        once_step_j = step_j(gross_uncertainty_uj(&sum.uncertainty), least_uj) / sum.iterations;
                        uncertainty_scale(&sum.uncertainty, 1 / sum.iterations);
                        energy_column_add(&columns[test], once_j, once_step_j, &sum.uncertainty);
                }
                t++;
        }
}

GArray *job_summarise_tests(const JobRecord *record, uint64_t least_uj, bool *ret_energy) {
        GArray *tests = g_array_new(false, true, sizeof(TestSummary));
        const size_t n = job_valid_trials(record);
        const size_t n_tests = record->tests ? record->tests->len : 0;
        g_autofree double *wall_s = g_new0(double, n *n_tests + 1);
        g_autofree EnergyColumn *columns = g_new0(EnergyColumn, n_tests + 1);

        for (size_t test = 0; test < n_tests; test++)
                energy_column_init(&columns[test], n + 1, false);
        fill_tests(record, least_uj, wall_s, columns, n_tests, n, ret_energy);
        for (size_t test = 0; test < n_tests && n > 0; test++) {
                const TestRecord *validated = g_ptr_array_index(record->tests, test);
                TestSummary summary = { .name = validated->name };
                Summary total_j = {};

                (void) stats_median(wall_s + test * n, n, &summary.wall_s);
                (void) summarise(&columns[test], 1, &total_j, &summary.uncertainty);
                summary.total_j = total_j.median;
                g_array_append_val(tests, summary);
        }
        for (size_t test = 0; test < n_tests; test++)
                energy_column_clear(&columns[test]);
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
                trial_once(trial, job_step_uj(record->request), &once);
                has_energy = has_energy && !trial->energy_absent;
                total_j[n] = once.total_j;
                wall_s[n++] = once.wall_s;
        }
        return summary_compute(has_energy ? total_j : wall_s, n, &summary) >= 0 &&
               summary_relative_half_width(&summary, &width) >= 0 && width <= record->request->rel_ci;
}

const TrialRecord *job_floor(const JobRecord *record) {
        const TrialRecord *floor = record->floor;

        return floor && !floor->energy_absent && floor->iterations > 0 ? floor : NULL;
}

bool job_near_floor(const JobRecord *record) {
        const TrialRecord *floor = job_floor(record);
        Uncertainty uncertainty;
        JobSummary summary;
        double floor_j, times;
        bool near;

        if (!floor)
                return false;
        if (job_summarise(record, job_step_uj(record->request), &summary) < 0 || !summary.has_energy)
                return false;
        uncertainty = floor_uncertainty(floor);
        floor_j = (double) told_uj(floor->total_uj, gross_uncertainty_uj(&uncertainty), job_step_uj(record->request)) /
                  1e6 / (double) floor->iterations;
        return floor_compare(summary.per_iteration.total_j, floor_j * (double) MAX(record->tests->len, 1), &times,
                             &near) >= 0 &&
               near;
}

double floor_spread_uj(const TrialRecord *floor) {
        g_autoptr(GArray) times = g_array_new(false, false, sizeof(double));
        double sum = 0, half_width;

        for (guint i = 0; i < floor->windows->len; i++) {
                const WindowRecord *window = g_ptr_array_index(floor->windows, i);

                for (guint k = 0; k < window->runs->len; k++) {
                        const double ns = (double) ((const RunRecord *) g_ptr_array_index(window->runs, k))
                                                          ->evidence.wall_ns;

                        g_array_append_val(times, ns);
                        sum += ns;
                }
        }
        half_width = stats_mean_half_width((const double *) times->data, times->len);
        return sum > 0 && isfinite(half_width) ? half_width * times->len / sum * (double) floor->total_uj : 0;
}

Uncertainty floor_uncertainty(const TrialRecord *floor) {
        Uncertainty uncertainty = floor->uncertainty;

        uncertainty.spread_uj = floor_spread_uj(floor);
        return uncertainty;
}

static bool has_quality(const TrialRecord *trial, const char *word) {
        return g_ptr_array_find_with_equal_func(trial->quality, word, g_str_equal, NULL);
}

/* Not what ran on the machine, but the machine: it slept, its cores were taken back, it had not the temperature. */
static bool was_taken_away(const JobRecord *record, const TrialRecord *trial) {
        return has_quality(trial, "SUSPENDED") || has_quality(trial, "PARTITION_LOST") ||
               (record->context->thermal_strict && has_quality(trial, "TEMP_START_OFF"));
}

JobStatus job_status_without_result(const JobRecord *record) {
        bool too_short = true, taken_away = true;

        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);

                if (trial->valid || trial->planning)
                        continue;
                too_short = too_short && has_quality(trial, "TOO_SHORT");
                taken_away = taken_away && was_taken_away(record, trial);
        }
        return too_short ? STATUS_UNMEASURABLE : taken_away ? STATUS_INVALIDATED : STATUS_UNSTABLE;
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
        return record->tests->len > 0 ? VERDICT_AC : record->verdict;
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
