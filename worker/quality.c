/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "evaluate.h"
#include "quality.h"
#include "standing.h"

typedef enum Effect {
        EFFECT_NONE,
        EFFECT_NOTE,
        EFFECT_INVALID,
} Effect;

/* What a trial is held against besides its own evidence. */
typedef struct Basis {
        const JobRecord *record;
        const QualityLimits *limits;
        double median_frequency[FREQUENCY_SOURCES]; /* NAN: too few trials */
        double idle_per_sec;                        /* interrupts; NAN: not known */
} Basis;

static bool counts_machine(const JobRecord *record) {
        return record->meter && !record->meter_absent && !meter_simulated(record->meter);
}

/* ---- the words ---- */

static Effect look_throttled(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        const Count *throttles = &trial->evidence.items[EVIDENCE_THROTTLES];

        if (throttles->error < 0 || throttles->value == 0)
                return EFFECT_NONE;
        *ret_reason = g_strdup_printf("the processor was slowed down for its heat %" G_GUINT64_FORMAT " times",
                                      throttles->value);
        return EFFECT_INVALID;
}

/* A momentary frequency says where the trial ended, not how it ran: it is enough for a note. */
static Effect look_frequency(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        FrequencySource source;
        double value, median, off, certain;

        if (evidence_frequency(&trial->evidence, &value, &source) < 0)
                return EFFECT_NONE;
        median = basis->median_frequency[source];
        if (isnan(median))
                return EFFECT_NONE;
        off = 100 * fabs(value / median - 1);
        certain = off - 100 * evidence_frequency_error(&trial->evidence, source) / median;
        if (certain <= FREQUENCY_NOTE * basis->limits->frequency)
                return EFFECT_NONE;
        if (source == FREQUENCY_MOMENTARY || certain <= basis->limits->frequency)
                return EFFECT_NOTE;
        if (source == FREQUENCY_CYCLES)
                *ret_reason = g_strdup_printf("its CPUs' frequency was %.1f %% off that of the other trials", off);
        else
                *ret_reason = g_strdup_printf("its CPUs ran at %.0f MHz, %.1f %% off the %.0f MHz of the other trials",
                                              value / 1e3, off, median / 1e3);
        return EFFECT_INVALID;
}

/* Returns whether others took more than that of these CPUs, and what. */
static bool takes_too_much(const TrialEvidence *evidence, EvidenceCpus which, double percent, double *ret_usec) {
        const double allowed_usec =
                        percent / 100 * evidence_n_cpus(evidence, which) * (double) evidence->wall_ns / 1e3;
        ForeignTime foreign;

        if (evidence_foreign(evidence, which, &foreign) < 0 || foreign.least_usec <= allowed_usec)
                return false;
        *ret_usec = foreign.usec;
        return true;
}

/* On the reserved CPUs others disturb the program; on all others they only add to what the packages' counters
 * show, which a model, or a measurement of time alone, does not look at. */
static char *foreign_load(const JobRecord *record, const TrialEvidence *evidence, const QualityLimits *limits) {
        double usec;

        if (takes_too_much(evidence, CPUS_RESERVED, limits->foreign_load, &usec))
                return g_strdup_printf("others took %.3f ms of the reserved CPUs", usec / 1e3);
        if (counts_machine(record) &&
            takes_too_much(evidence, CPUS_OTHERS, FOREIGN_OTHERS * limits->foreign_load, &usec))
                return g_strdup_printf("others took %.3f ms of the CPUs whose energy is counted, too", usec / 1e3);
        return NULL;
}

bool quality_foreign_load(const JobRecord *record, const TrialEvidence *evidence, const QualityLimits *limits) {
        g_autofree char *reason = foreign_load(record, evidence, limits);

        return reason;
}

static Effect look_foreign(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        *ret_reason = foreign_load(basis->record, &trial->evidence, basis->limits);
        return *ret_reason ? EFFECT_INVALID : EFFECT_NONE;
}

/* The program stood still meanwhile: its time is longer for it, and so is what the idle machine adds. It is no load on
 * this machine, and a virtual one is never without it. */
static Effect look_stolen(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        const TrialEvidence *evidence = &trial->evidence;
        const unsigned n_cpus = evidence->n_reserved > 0 ? evidence->n_reserved : evidence->n_others;
        double usec;

        if (evidence_stolen(evidence, &usec) < 0)
                return EFFECT_NONE;
        return usec > STOLEN_NOTE * n_cpus * (double) evidence->wall_ns / 1e3 ? EFFECT_NOTE : EFFECT_NONE;
}

static Effect look_interrupts(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        double per_sec;

        if (isnan(basis->idle_per_sec) || evidence_interrupts_per_sec(&trial->evidence, &per_sec) < 0)
                return EFFECT_NONE;
        return per_sec > IRQ_STORM_PER_SEC && per_sec > IRQ_STORM_TIMES * basis->idle_per_sec ? EFFECT_NOTE
                                                                                              : EFFECT_NONE;
}

static bool stalled(const TrialRecord *trial, EvidenceItem item) {
        const Count *stall = &trial->evidence.items[item];

        return stall->error >= 0 && (double) stall->value > PRESSURE_MAX * (double) trial->evidence.wall_ns / 1e3;
}

static Effect look_cpu_stall(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        return stalled(trial, EVIDENCE_CPU_STALL_USEC) ? EFFECT_NOTE : EFFECT_NONE;
}

static Effect look_memory_stall(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        if (!stalled(trial, EVIDENCE_MEMORY_STALL_USEC))
                return EFFECT_NONE;
        *ret_reason = g_strdup_printf("it waited %.3f ms for memory",
                                      (double) trial->evidence.items[EVIDENCE_MEMORY_STALL_USEC].value / 1e3);
        return EFFECT_INVALID;
}

static bool any(const TrialRecord *trial, EvidenceItem item) {
        return trial->evidence.items[item].error >= 0 && trial->evidence.items[item].value > 0;
}

static Effect look_swapped(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        if (!any(trial, EVIDENCE_SWAPS))
                return EFFECT_NONE;
        *ret_reason = g_strdup("some of its memory was swapped");
        return EFFECT_INVALID;
}

static Effect look_major_faults(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        return any(trial, EVIDENCE_MAJOR_FAULTS) ? EFFECT_NOTE : EFFECT_NONE;
}

static Effect look_migrated(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        if (!trial->evidence.strayed)
                return EFFECT_NONE;
        *ret_reason = g_strdup("it could run on CPUs that are not its own");
        return EFFECT_INVALID;
}

static Effect look_suspended(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        const Count *suspended = &trial->evidence.items[EVIDENCE_SUSPENDED_NSEC];

        if (suspended->error < 0 || suspended->value < SUSPENDED_MIN_NS)
                return EFFECT_NONE;
        *ret_reason = g_strdup_printf("the machine slept for %.3f s", (double) suspended->value / 1e9);
        return EFFECT_INVALID;
}

static Effect look_partition(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        if (!trial->evidence.partition_lost)
                return EFFECT_NONE;
        *ret_reason = g_strdup("the reserved CPUs were not kept from others any more");
        return EFFECT_INVALID;
}

/* Packages one by one: a limit holds for each. Of windows whose energy may be told only: the word says something of
 * it. */
static Effect look_capped(const TrialRecord *trial, const Basis *basis, char **ret_reason) {
        const uint64_t *limits_uw = basis->record->power_limit_uw;

        for (guint w = 0; limits_uw && w < trial->windows->len; w++) {
                const Figures *figures = window_figures(g_ptr_array_index(trial->windows, w));

                if (figures->wall_ns < basis->record->min_window_usec * NSEC_PER_USEC)
                        continue;
                for (size_t i = 0; i < figures->n_domains && figures->wall_ns > 0; i++)
                        if (limits_uw[i] > 0 && figures->energy_error[i] >= 0 &&
                            (double) figures->energy_uj[i] * 1e9 / (double) figures->wall_ns >=
                                            CAPPED_MIN * (double) limits_uw[i])
                                return EFFECT_NOTE;
        }
        return EFFECT_NONE;
}

static const struct {
        const char *word;
        Effect (*look)(const TrialRecord *trial, const Basis *basis, char **ret_reason); /* reason: with INVALID */
} words[] = {
        { "SUSPENDED", look_suspended },       { "PARTITION_LOST", look_partition }, { "MIGRATED", look_migrated },
        { "THROTTLED", look_throttled },       { "SWAPPED", look_swapped },          { "FOREIGN_LOAD", look_foreign },
        { "PSI_MEM", look_memory_stall },      { "FREQ_DEVIATES", look_frequency },  { "PSI_CPU", look_cpu_stall },
        { "MAJOR_FAULTS", look_major_faults }, { "IRQ_STORM", look_interrupts },     { "CAPPED", look_capped },
        { "CPU_STOLEN", look_stolen },
};

/* The thermal gate has waited and noted it; what that means is for the policy to say. */
static void judge_start(TrialRecord *trial, const QualityLimits *limits) {
        g_autofree char *reason = NULL;

        if (!limits->strict_start ||
            !g_ptr_array_find_with_equal_func(trial->quality, "TEMP_START_OFF", g_str_equal, NULL))
                return;
        reason = g_strdup_printf("it started at %.1f °C, outside the band around the first trial's temperature",
                                 (double) trial->temp_start_mc / 1e3);
        trial_record_refuse(trial, "TEMP_START_OFF", reason);
}

static void judge_trial(TrialRecord *trial, const Basis *basis) {
        judge_start(trial, basis->limits);
        if (trial->evidence.spans == 0)
                return;
        for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
                g_autofree char *reason = NULL;

                switch (words[i].look(trial, basis, &reason)) {
                case EFFECT_INVALID:
                        trial_record_refuse(trial, words[i].word, reason);
                        break;
                case EFFECT_NOTE:
                        trial_record_note(trial, words[i].word);
                        break;
                case EFFECT_NONE:
                        break;
                }
        }
}

static double median_frequency(const JobRecord *record, FrequencySource which) {
        g_autofree double *values = g_new(double, record->trials->len + 1);
        double median;
        size_t n = 0;

        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);
                FrequencySource source;

                n += evidence_frequency(&trial->evidence, &values[n], &source) >= 0 && source == which;
        }
        return n < FREQUENCY_TRIALS_MIN || stats_median(values, n, &median) < 0 || median <= 0 ? NAN : median;
}

void quality_judge(JobRecord *record, const QualityLimits *limits) {
        Basis basis = { .record = record, .limits = limits };

        for (FrequencySource source = 0; source < FREQUENCY_SOURCES; source++)
                basis.median_frequency[source] = median_frequency(record, source);
        if (evidence_interrupts_per_sec(&record->idle, &basis.idle_per_sec) < 0)
                basis.idle_per_sec = NAN;
        for (guint i = 0; i < record->warmups->len; i++)
                judge_trial(g_ptr_array_index(record->warmups, i), &basis);
        for (guint i = 0; i < record->trials->len; i++)
                judge_trial(g_ptr_array_index(record->trials, i), &basis);
}

void quality_judge_floor(const JobRecord *record, TrialRecord *floor, const QualityLimits *limits) {
        Basis basis = { .record = record, .limits = limits };

        for (FrequencySource source = 0; source < FREQUENCY_SOURCES; source++)
                basis.median_frequency[source] = NAN;
        if (evidence_interrupts_per_sec(&record->idle, &basis.idle_per_sec) < 0)
                basis.idle_per_sec = NAN;
        judge_trial(floor, &basis);
}

/* ---- the whole job ---- */

static void add_reason(JobRecord *record, const char *word) {
        if (!g_ptr_array_find_with_equal_func(record->reasons, word, g_str_equal, NULL))
                g_ptr_array_add(record->reasons, g_strdup(word));
}

static bool has_dram(const Meter *meter) {
        const MeterDomain *domains;
        size_t n;

        domains = meter_domains(meter, &n);
        for (size_t i = 0; i < n; i++)
                if (domains[i].kind == DOMAIN_DRAM && domains[i].in_total)
                        return true;
        return false;
}

static bool drifts(const JobRecord *record) {
        Trend trend;

        return standing_trend(record, &trend) >= 0 && trend.found;
}

static bool idles(const JobRecord *record) {
        JobSummary summary;

        return job_summarise(record, 1, &summary) >= 0 &&
               summary.cpu_s.median < IDLE_HEAVY_MAX * summary.wall_s.median;
}

/* A declared region is repeated for as long as it takes, and its program starts up beside it: the instructions of a
 * whole window say nothing of the work done once. */
double quality_work_ratio(const JobRecord *record) {
        double fewest = INFINITY, most = 0;
        size_t n = 0;

        if (record->request->region || record->request->function)
                return NAN;
        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);
                const Count *instructions = &trial->evidence.items[EVIDENCE_INSTRUCTIONS];

                if (!trial->valid)
                        continue;
                if (trial->evidence.spans == 0 || instructions->error < 0 || instructions->value == 0)
                        return NAN;
                fewest = MIN(fewest, (double) instructions->value);
                most = MAX(most, (double) instructions->value);
                n++;
        }
        return n < 2 ? NAN : most / fewest;
}

JobStatus quality_status(const JobRecord *record) {
        if (quality_work_ratio(record) > WORK_MAX)
                return STATUS_UNSTABLE;
        return record->meter_absent ? STATUS_TIME_ONLY : STATUS_OK;
}

/* Of valid trials, and of those that were not where nothing came out for their sake. One that was made to find out how
 * long a trial has to be is none of them, but where none was long enough. */
static bool is_a_reason(const JobRecord *record, const TrialRecord *trial) {
        switch (record->status) {
        case STATUS_UNMEASURABLE:
                return true;
        case STATUS_UNSTABLE:
        case STATUS_INVALIDATED:
                return !trial->planning;
        default:
                return trial->valid;
        }
}

void quality_collect_reasons(JobRecord *record) {
        if (record->meter && meter_simulated(record->meter))
                add_reason(record, "SIMULATED");
        if (record->context->smt_shared)
                add_reason(record, "SMT_SHARED");
        if (record->tests->len == 0 && job_output_differs(record))
                add_reason(record, "OUTPUT_DIFFERS");
        if (job_near_floor(record))
                add_reason(record, "NEAR_FLOOR");
        if (counts_machine(record) && !has_dram(record->meter))
                add_reason(record, "NO_DRAM");
        if (idles(record))
                add_reason(record, "IDLE_HEAVY");
        if (quality_work_ratio(record) > WORK_NOTE)
                add_reason(record, "WORK_VARIES");
        if (drifts(record))
                add_reason(record, "TREND");
        standing_mark(record);
        if (standing_first_is_off(record))
                add_reason(record, "FIRST_TRIAL");
        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);

                for (guint w = 0; is_a_reason(record, trial) && w < trial->quality->len; w++)
                        add_reason(record, g_ptr_array_index(trial->quality, w));
        }
}

uint32_t job_invalid_trials(const JobRecord *record) {
        uint32_t n = 0;

        for (guint i = 0; i < record->trials->len; i++) {
                const TrialRecord *trial = g_ptr_array_index(record->trials, i);

                n += !trial->valid && !trial->planning;
        }
        return n;
}

bool quality_may_rerun(const JobRecord *record, uint32_t wanted) {
        return job_invalid_trials(record) <= MAX((wanted + 1) / 2, RERUNS_MIN);
}

const char *job_grade(const JobRecord *record) {
        switch (record->status) {
        case STATUS_UNSTABLE:
        case STATUS_UNMEASURABLE:
        case STATUS_INVALIDATED:
                return "F";
        case STATUS_OK:
        case STATUS_TIME_ONLY:
                if (job_invalid_trials(record) > 0)
                        return "C";
                return record->reasons->len > 0 ? "B" : "A";
        case STATUS_DIVERGED:
        case STATUS_ENERGY_LIMIT:
        case STATUS_INCOMPLETE:
                return NULL;
        }
        g_assert_not_reached();
}
