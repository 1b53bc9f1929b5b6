/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "export-forms.h"
#include "json-read.h"
#include "render.h"

typedef struct Family {
        const char *name, *unit, *help;
} Family;

/* The order of enum. */
static const Family families[] = {
        { "jouletrace_job_info", "", "What the job was; always 1." },
        { "jouletrace_energy_joules", "joules", "Energy of one run of the program, median of the trials." },
        { "jouletrace_energy_low_joules", "joules", "Lower end of the 95 % interval of the energy." },
        { "jouletrace_energy_high_joules", "joules", "Upper end of the 95 % interval of the energy." },
        { "jouletrace_wall_seconds", "seconds", "Duration of one run, median of the trials." },
        { "jouletrace_wall_low_seconds", "seconds", "Lower end of the 95 % interval of the duration." },
        { "jouletrace_wall_high_seconds", "seconds", "Upper end of the 95 % interval of the duration." },
        { "jouletrace_cpu_seconds", "seconds", "CPU time of one run, median of the trials." },
        { "jouletrace_power_watts", "watts", "Mean power while the program ran, median of the trials." },
        { "jouletrace_trials", "", "Trials of the job, by whether they were valid." },
        { "jouletrace_change_ratio", "ratio", "Change of a candidate against the first, as a fraction." },
        { "jouletrace_change_low_ratio", "ratio", "Lower end of the 95 % interval of the change." },
        { "jouletrace_change_high_ratio", "ratio", "Upper end of the 95 % interval of the change." },
        { "jouletrace_finished_seconds", "seconds", "When the job ended, in seconds since 1970." },
};

enum {
        FAMILY_INFO,
        FAMILY_ENERGY,
        FAMILY_ENERGY_LOW,
        FAMILY_ENERGY_HIGH,
        FAMILY_WALL,
        FAMILY_WALL_LOW,
        FAMILY_WALL_HIGH,
        FAMILY_CPU,
        FAMILY_POWER,
        FAMILY_TRIALS,
        FAMILY_CHANGE,
        FAMILY_CHANGE_LOW,
        FAMILY_CHANGE_HIGH,
        FAMILY_FINISHED,
        N_FAMILIES,
};
G_STATIC_ASSERT(G_N_ELEMENTS(families) == N_FAMILIES);

/* Of the service, over the last 24 hours, by the key of GetStatistics. */
static const struct {
        const char *key;
        Family family;
} statistics_families[] = {
        { "jobs", { "jouletrace_service_jobs", "", "Jobs of the last 24 hours." } },
        { "failed", { "jouletrace_service_failed_jobs", "", "Jobs of the last 24 hours that failed." } },
        { "cancelled", { "jouletrace_service_cancelled_jobs", "", "Jobs of the last 24 hours that were cancelled." } },
        { "refused", { "jouletrace_service_refused_jobs", "", "Jobs of the last 24 hours that were refused." } },
        { "duration-mean",
          { "jouletrace_service_duration_mean_seconds", "seconds",
            "Mean duration of the jobs of the last 24 hours." } },
        { "duration-p95",
          { "jouletrace_service_duration_p95_seconds", "seconds", "95th percentile of their duration." } },
        { "wait-p50", { "jouletrace_service_wait_p50_seconds", "seconds", "Median of their time in the queue." } },
        { "wait-p95",
          { "jouletrace_service_wait_p95_seconds", "seconds", "95th percentile of their time in the queue." } },
};

static void append_family(GString *out, const Family *family) {
        g_string_append_printf(out, "# TYPE %s gauge\n", family->name);
        if (*family->unit)
                g_string_append_printf(out, "# UNIT %s %s\n", family->name, family->unit);
        g_string_append_printf(out, "# HELP %s %s\n", family->name, family->help);
}

static void append_label(GString *out, const char *name, const char *value) {
        g_autofree char *printable = text_printable(value ?: "", false);

        g_string_append_printf(out, ",%s=\"", name);
        for (const char *p = printable; *p; p++) {
                if (*p == '"' || *p == '\\')
                        g_string_append_c(out, '\\');
                g_string_append_c(out, *p);
        }
        g_string_append_c(out, '"');
}

/* labels as append_label() left them: from a comma on. */
static void append_sample(GString *out, const Family *family, const Subject *subject, const char *labels,
                          double value) {
        g_autofree char *candidate = subject->candidate > 0 ? g_strdup_printf(",candidate=\"%zu\"", subject->candidate)
                                                            : g_strdup("");
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        if (isfinite(value))
                g_string_append_printf(out, "%s{job=\"%u\"%s%s} %s\n", family->name, subject->job->id, candidate,
                                       labels, g_ascii_formatd(text, sizeof(text), "%.10g", value));
}

static void append_info(GString *out, const Family *family, const Subject *subject) {
        const Report *job = subject->job, *report = subject->measured;
        g_autofree char *command = render_subject(report);
        g_autoptr(GString) labels = g_string_new(NULL);

        append_label(labels, "label", report->label);
        append_label(labels, "command", command);
        append_label(labels, "result", job->result ?: job->state);
        append_label(labels, "status", report->status);
        append_label(labels, "grade", report->grade);
        append_label(labels, "meter", report->meter);
        append_label(labels, "simulated", report->simulated ? "true" : "false");
        append_label(labels, "isolation", job->isolation);
        append_sample(out, family, subject, labels->str, 1);
}

static void append_energies(GString *out, const Family *family, const Subject *subject) {
        const Report *report = subject->measured;

        append_sample(out, family, subject, ",domain=\"total\"", report->total.median);
        append_sample(out, family, subject, ",domain=\"net\"", report->net.median);
        append_sample(out, family, subject, ",domain=\"package\"", report->package_j);
        append_sample(out, family, subject, ",domain=\"dram\"", report->dram_j);
}

static void append_trials(GString *out, const Family *family, const Subject *subject) {
        const Report *report = subject->measured;

        append_sample(out, family, subject, ",valid=\"true\"", (double) (report->n_trials - report->n_invalid));
        append_sample(out, family, subject, ",valid=\"false\"", (double) report->n_invalid);
}

static void append_subject(GString *out, size_t which, const Subject *subject) {
        const Report *report = subject->measured;
        const ReportChange *change = subject->candidate > 0 ? &subject->job->changes[subject->candidate - 1] : NULL;
        const Family *family = &families[which];

        switch (which) {
        case FAMILY_INFO:
                append_info(out, family, subject);
                break;
        case FAMILY_ENERGY:
                append_energies(out, family, subject);
                break;
        case FAMILY_ENERGY_LOW:
                append_sample(out, family, subject, ",domain=\"total\"", report->total.low);
                append_sample(out, family, subject, ",domain=\"net\"", report->net.low);
                break;
        case FAMILY_ENERGY_HIGH:
                append_sample(out, family, subject, ",domain=\"total\"", report->total.high);
                append_sample(out, family, subject, ",domain=\"net\"", report->net.high);
                break;
        case FAMILY_WALL:
                append_sample(out, family, subject, "", report->wall.median);
                break;
        case FAMILY_WALL_LOW:
                append_sample(out, family, subject, "", report->wall.low);
                break;
        case FAMILY_WALL_HIGH:
                append_sample(out, family, subject, "", report->wall.high);
                break;
        case FAMILY_CPU:
                append_sample(out, family, subject, "", report->cpu.median);
                break;
        case FAMILY_POWER:
                append_sample(out, family, subject, "", report->power_w);
                break;
        case FAMILY_TRIALS:
                append_trials(out, family, subject);
                break;
        case FAMILY_CHANGE:
                append_sample(out, family, subject, "", change ? change->change : NAN);
                break;
        case FAMILY_CHANGE_LOW:
                append_sample(out, family, subject, "", change ? change->low : NAN);
                break;
        case FAMILY_CHANGE_HIGH:
                append_sample(out, family, subject, "", change ? change->high : NAN);
                break;
        case FAMILY_FINISHED:
                append_sample(out, family, subject, "",
                              report->finished_usec > 0 ? (double) report->finished_usec / 1e6 : NAN);
                break;
        }
}

/* What each candidate took is its own; who asked for it and when it ended is the job's. */
static void append_report(GString *out, size_t which, const Report *report) {
        if (report->n_candidates == 0 || which == FAMILY_INFO || which == FAMILY_FINISHED)
                append_subject(out, which, &(Subject){ report, report, 0 });
        for (size_t i = 0; i < report->n_candidates && which != FAMILY_FINISHED; i++)
                append_subject(out, which, &(Subject){ report, report->candidates[i], i + 1 });
}

static void append_statistics(GString *out, JsonObject *statistics) {
        for (size_t i = 0; i < G_N_ELEMENTS(statistics_families); i++) {
                const Family *family = &statistics_families[i].family;
                const double value = json_double(statistics, statistics_families[i].key);
                char text[G_ASCII_DTOSTR_BUF_SIZE];

                if (!isfinite(value))
                        continue;
                append_family(out, family);
                g_string_append_printf(out, "%s %s\n", family->name,
                                       g_ascii_formatd(text, sizeof(text), "%.10g", value));
        }
}

void export_openmetrics(GString *out, Report *const *reports, size_t n, JsonObject *statistics) {
        for (size_t which = 0; which < N_FAMILIES; which++) {
                append_family(out, &families[which]);
                for (size_t i = 0; i < n; i++)
                        append_report(out, which, reports[i]);
        }
        append_statistics(out, statistics);
        g_string_append(out, "# EOF\n");
}
