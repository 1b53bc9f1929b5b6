/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "quality.h"
#include "report-internal.h"

/* What is told of the counters; the CPU times come from several of them together. */
static const struct {
        EvidenceItem item;
        const char *member;
} told[] = {
        { EVIDENCE_THROTTLES, "throttles" },           { EVIDENCE_INTERRUPTS, "interrupts" },
        { EVIDENCE_CPU_STALL_USEC, "cpu_stall_usec" }, { EVIDENCE_MEMORY_STALL_USEC, "memory_stall_usec" },
        { EVIDENCE_MAJOR_FAULTS, "major_faults" },     { EVIDENCE_SWAPS, "swaps" },
        { EVIDENCE_SUSPENDED_NSEC, "suspended_ns" },
};

/* What a machine does not show it shows in no trial: said once of all of them. */
static void write_value(Body *body, const char *member, const char *list, double value, int error) {
        g_autofree char *where = g_strdup_printf("measurement.%s[].%s", list, member);

        if (error < 0)
                body_absent(body, member, where, evidence_error_to_string(error));
        else
                body_int(body, member, (uint64_t) llround(value));
}

static void write_foreign(Body *body, const TrialEvidence *evidence, const char *list) {
        ForeignTime reserved = {}, others = {};
        const int no_reserved = evidence_foreign(evidence, CPUS_RESERVED, &reserved);
        const int no_others = evidence_foreign(evidence, CPUS_OTHERS, &others);

        if (no_reserved == -ENODEV) /* only the others are there */
                write_value(body, "foreign_cpu_usec", list, others.usec, no_others);
        else
                write_value(body, "foreign_cpu_usec", list, reserved.usec + others.usec, MIN(no_reserved, no_others));
        write_value(body, "foreign_reserved_usec", list, reserved.usec, no_reserved);
}

static void write_interruptions(Body *body, const TrialEvidence *evidence, const char *list) {
        double irq_usec = 0, stolen_usec = 0;
        const int no_irq = evidence_interrupted(evidence, &irq_usec);
        const int no_stolen = evidence_stolen(evidence, &stolen_usec);

        write_value(body, "irq_usec", list, irq_usec, no_irq);
        write_value(body, "stolen_usec", list, stolen_usec, no_stolen);
}

void body_evidence(Body *body, const TrialRecord *trial, const char *list) {
        const TrialEvidence *evidence = &trial->evidence;
        bool momentary = false;
        double khz = 0;
        const int no_khz = evidence_frequency_khz(evidence, &khz, &momentary);

        if (trial->invalid)
                body_string(body, "reason", trial->invalid);
        write_value(body, "freq_khz", list, khz, no_khz);
        if (no_khz >= 0)
                body_bool(body, "freq_momentary", momentary);
        write_foreign(body, evidence, list);
        write_interruptions(body, evidence, list);
        for (size_t i = 0; i < G_N_ELEMENTS(told); i++)
                write_value(body, told[i].member, list, (double) evidence->items[told[i].item].value,
                            evidence->spans == 0 ? -ENODATA : evidence->items[told[i].item].error);
}

void body_instructions(Body *body, const TrialEvidence *evidence, const char *trial_path) {
        const Count *instructions = &evidence->items[EVIDENCE_INSTRUCTIONS];
        g_autofree char *list = g_strndup(trial_path, strcspn(trial_path, "["));
        g_autofree char *where = g_strconcat(list, "[].windows[].instructions", NULL);

        if (evidence->spans > 0 && instructions->error >= 0)
                body_int(body, "instructions", instructions->value);
        else
                body_absent(body, "instructions", where,
                            evidence_error_to_string(evidence->spans > 0 ? instructions->error : -ENODATA));
}

void body_grade(Body *body) {
        const char *grade = job_grade(body->record);

        if (grade)
                body_string(body, "grade", grade);
        else
                body_absent(body, "grade", "measurement.grade", "there is no measurement to be graded");
}
