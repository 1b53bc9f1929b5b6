/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "evidence.h"

/* iowait and the idle time may be corrected backwards (fs/proc/stat.c); nothing is below 0. */
static Count difference(const Count *begin, const Count *end) {
        if (begin->error < 0)
                return *begin;
        if (end->error < 0)
                return *end;
        return (Count){ .value = end->value > begin->value ? end->value - begin->value : 0 };
}

static void add_count(Count *sum, const Count *more) {
        if (sum->error < 0)
                return;
        if (more->error < 0)
                *sum = *more;
        else
                sum->value += more->value;
}

static bool denied(const Count *count) {
        return count->error >= 0 && count->value == 0;
}

void evidence_add_span(TrialEvidence *evidence, const EvidenceSample *begin, const EvidenceSample *end) {
        TrialEvidence span = { .spans = 1,
                               .wall_ns = end->at_ns - begin->at_ns,
                               .momentary_error = end->momentary_khz.error,
                               .frequency_source = end->frequency_source,
                               .base_khz = end->base_khz,
                               .state_error_khz = end->state_error_khz,
                               .partition_lost = denied(&begin->partition) || denied(&end->partition),
                               .strayed = denied(&begin->confined) || denied(&end->confined),
                               .n_reserved = end->n_reserved,
                               .n_others = end->n_others };

        for (size_t i = 0; i < EVIDENCE_ITEMS; i++)
                span.items[i] = difference(&begin->items[i], &end->items[i]);
        if (begin->frequency_source != end->frequency_source)
                span.items[EVIDENCE_CYCLES].error = -EBUSY; /* somebody took the processor's counters meanwhile */
        span.momentary_khz_ns = (double) end->momentary_khz.value * (double) span.wall_ns;
        evidence_add(evidence, &span);
}

void evidence_add(TrialEvidence *evidence, const TrialEvidence *more) {
        if (more->spans == 0)
                return;
        if (evidence->spans > 0 && evidence->frequency_source != more->frequency_source)
                evidence->items[EVIDENCE_CYCLES].error = -EBUSY;
        for (size_t i = 0; i < EVIDENCE_ITEMS; i++)
                add_count(&evidence->items[i], &more->items[i]);
        evidence->spans += more->spans;
        evidence->wall_ns += more->wall_ns;
        evidence->momentary_khz_ns += more->momentary_khz_ns;
        evidence->momentary_error = MIN(evidence->momentary_error, more->momentary_error);
        evidence->frequency_source = more->frequency_source;
        evidence->base_khz = more->base_khz;
        evidence->state_error_khz = MAX(evidence->state_error_khz, more->state_error_khz);
        evidence->partition_lost = evidence->partition_lost || more->partition_lost;
        evidence->strayed = evidence->strayed || more->strayed;
        evidence->n_reserved = more->n_reserved;
        evidence->n_others = more->n_others;
}

static int item(const TrialEvidence *evidence, EvidenceItem which, double *ret) {
        if (evidence->spans == 0)
                return -ENODATA;
        *ret = (double) evidence->items[which].value;
        return evidence->items[which].error;
}

/* What the CPUs of one kind have each an item for. */
typedef enum CpuTime {
        TIME_IDLE,
        TIME_IRQ,
        TIME_STOLEN,
} CpuTime;

static int cpu_time(const TrialEvidence *evidence, EvidenceCpus which, CpuTime time, double *ret_usec) {
        const EvidenceItem first = which == CPUS_RESERVED ? EVIDENCE_RESERVED_IDLE_USEC : EVIDENCE_OTHER_IDLE_USEC;

        return item(evidence, first + time, ret_usec);
}

unsigned evidence_n_cpus(const TrialEvidence *evidence, EvidenceCpus which) {
        return which == CPUS_RESERVED ? evidence->n_reserved : evidence->n_others;
}

static int foreign_by_ticks(const TrialEvidence *evidence, EvidenceCpus which, double *ret_usec) {
        const bool program_runs_there = which == CPUS_RESERVED || evidence->n_reserved == 0;
        double known_usec = 0, usec = 0;
        int r;

        for (CpuTime time = TIME_IDLE; time <= TIME_STOLEN; time++) {
                r = cpu_time(evidence, which, time, &usec);
                if (r < 0)
                        return r;
                known_usec += usec;
        }
        if (which == CPUS_OTHERS) {
                r = item(evidence, EVIDENCE_READER_USEC, &usec);
                if (r < 0)
                        return r;
                known_usec += usec;
        }
        if (program_runs_there) {
                r = item(evidence, EVIDENCE_OURS_USEC, &usec);
                if (r < 0)
                        return r;
                known_usec += usec;
        }
        *ret_usec = (double) evidence->wall_ns / 1e3 * evidence_n_cpus(evidence, which) - known_usec;
        return 0;
}

static double tick_error_usec(const TrialEvidence *evidence, EvidenceCpus which) {
        const double tick_usec = 1e6 / (double) sysconf(_SC_CLK_TCK);
        double irq_usec, stolen_usec;
        unsigned columns = 2;

        if (cpu_time(evidence, which, TIME_IRQ, &irq_usec) >= 0 && irq_usec > 0)
                columns += 2;
        if (cpu_time(evidence, which, TIME_STOLEN, &stolen_usec) >= 0 && stolen_usec > 0)
                columns++;
        return 3.5 * tick_usec * sqrt(columns / 6.0 * evidence_n_cpus(evidence, which) * evidence->spans);
}

static int foreign_by_cgroups(const TrialEvidence *evidence, EvidenceCpus which, double *ret_usec) {
        double all, ours, reader;
        int r;

        if (which == CPUS_RESERVED)
                return -ENODEV;
        r = item(evidence, EVIDENCE_CGROUPS_USEC, &all);
        if (r >= 0)
                r = item(evidence, EVIDENCE_OURS_USEC, &ours);
        if (r >= 0)
                r = item(evidence, EVIDENCE_READER_USEC, &reader);
        if (r >= 0)
                *ret_usec = all - ours - reader;
        return r;
}

int evidence_foreign(const TrialEvidence *evidence, EvidenceCpus which, ForeignTime *ret) {
        double ticks, cgroups, error;
        int r;

        r = foreign_by_ticks(evidence, which, &ticks);
        if (r < 0)
                return r;
        error = tick_error_usec(evidence, which);
        *ret = (ForeignTime){ .usec = ticks, .least_usec = ticks - error };
        if (foreign_by_cgroups(evidence, which, &cgroups) >= 0) {
                ret->usec = CLAMP(cgroups, ticks - error, ticks + error);
                ret->least_usec = fmax(ticks - error, ret->usec - FOREIGN_ACCOUNT_USEC * sqrt(evidence->spans));
        }
        ret->usec = fmax(ret->usec, 0);
        return 0;
}

static EvidenceCpus program_cpus(const TrialEvidence *evidence) {
        return evidence->n_reserved > 0 ? CPUS_RESERVED : CPUS_OTHERS;
}

int evidence_interrupted(const TrialEvidence *evidence, double *ret_usec) {
        return cpu_time(evidence, program_cpus(evidence), TIME_IRQ, ret_usec);
}

int evidence_stolen(const TrialEvidence *evidence, double *ret_usec) {
        return cpu_time(evidence, program_cpus(evidence), TIME_STOLEN, ret_usec);
}

static int momentary_frequency(const TrialEvidence *evidence, double *ret_khz) {
        if (evidence->spans == 0 || evidence->wall_ns == 0)
                return -ENODATA;
        if (evidence->momentary_error < 0)
                return evidence->momentary_error;
        *ret_khz = evidence->momentary_khz_ns / (double) evidence->wall_ns;
        return 0;
}

int evidence_frequency(const TrialEvidence *evidence, double *ret, FrequencySource *ret_source) {
        double cycles, ticks;

        if (item(evidence, EVIDENCE_CYCLES, &cycles) >= 0 && item(evidence, EVIDENCE_CYCLE_TICKS, &ticks) >= 0 &&
            ticks > 0) {
                *ret = cycles / ticks;
                *ret_source = evidence->frequency_source;
                return 0;
        }
        *ret_source = FREQUENCY_MOMENTARY;
        return momentary_frequency(evidence, ret);
}

double evidence_frequency_error(const TrialEvidence *evidence, FrequencySource source) {
        const double ticks = (double) evidence->items[EVIDENCE_CYCLE_TICKS].value;

        return source == FREQUENCY_STATES ? evidence->state_error_khz * sqrt(evidence->spans) / ticks : 0;
}

int evidence_frequency_khz(const TrialEvidence *evidence, double *ret_khz, bool *ret_momentary) {
        FrequencySource source;
        double value;
        int r;

        r = evidence_frequency(evidence, &value, &source);
        if (r >= 0 && source == FREQUENCY_CYCLES) {
                if (evidence->base_khz == 0) {
                        *ret_momentary = true;
                        return momentary_frequency(evidence, ret_khz);
                }
                value *= (double) evidence->base_khz;
        }
        if (r < 0)
                return r;
        *ret_khz = value;
        *ret_momentary = source == FREQUENCY_MOMENTARY;
        return 0;
}

int evidence_interrupts_per_sec(const TrialEvidence *evidence, double *ret) {
        double interrupts;
        int r;

        r = item(evidence, EVIDENCE_INTERRUPTS, &interrupts);
        if (r < 0)
                return r;
        if (evidence->wall_ns == 0)
                return -ENODATA;
        *ret = interrupts * 1e9 / (double) evidence->wall_ns;
        return 0;
}

const char *evidence_error_to_string(int error) {
        switch (error) {
        case -ENODATA:
                return "nothing was collected";
        case -ENODEV:
                return "the program has no CPUs, or no cgroup, of its own";
        case -ENOENT:
                return "this machine does not show it";
        default:
                return g_strerror(-error);
        }
}
