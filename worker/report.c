/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "config.h"
#include "quality.h"
#include "report-internal.h"

void body_null(Body *body, const char *member) {
        json_builder_set_member_name(body->builder, member);
        json_builder_add_null_value(body->builder);
}

void body_note(Body *body, const char *path, const char *reason) {
        g_autofree char *whole = body->prefix ? g_strconcat(body->prefix, path, NULL) : NULL;

        json_object_set_string_member(body->absent, whole ?: path, reason);
}

void body_absent(Body *body, const char *member, const char *path, const char *reason) {
        body_null(body, member);
        body_note(body, path, reason);
}

void body_string(Body *body, const char *member, const char *value) {
        g_autofree char *valid = value ? g_utf8_make_valid(value, -1) : NULL;

        if (member)
                json_builder_set_member_name(body->builder, member);
        if (valid)
                json_builder_add_string_value(body->builder, valid);
        else
                json_builder_add_null_value(body->builder);
}

void body_int(Body *body, const char *member, uint64_t value) {
        if (member)
                json_builder_set_member_name(body->builder, member);
        json_builder_add_int_value(body->builder, (gint64) MIN(value, (uint64_t) G_MAXINT64));
}

void body_signed(Body *body, const char *member, int64_t value) {
        json_builder_set_member_name(body->builder, member);
        json_builder_add_int_value(body->builder, value);
}

void body_double(Body *body, const char *member, double value) {
        json_builder_set_member_name(body->builder, member);
        if (isfinite(value))
                json_builder_add_double_value(body->builder, value);
        else
                json_builder_add_null_value(body->builder);
}

void body_bool(Body *body, const char *member, bool value) {
        json_builder_set_member_name(body->builder, member);
        json_builder_add_boolean_value(body->builder, value);
}

void body_open(Body *body, const char *member) {
        if (member)
                json_builder_set_member_name(body->builder, member);
        json_builder_begin_object(body->builder);
}

void body_open_array(Body *body, const char *member) {
        json_builder_set_member_name(body->builder, member);
        json_builder_begin_array(body->builder);
}

void body_close(Body *body) {
        json_builder_end_object(body->builder);
}

void body_close_array(Body *body) {
        json_builder_end_array(body->builder);
}

void body_words(Body *body, const char *member, GPtrArray *words) {
        body_open_array(body, member);
        for (guint i = 0; i < words->len; i++)
                body_string(body, NULL, g_ptr_array_index(words, i));
        body_close_array(body);
}

void body_strings(Body *body, const char *member, char *const *values) {
        body_open_array(body, member);
        for (char *const *value = values; value && *value; value++)
                body_string(body, NULL, *value);
        body_close_array(body);
}

void body_program(Body *body) {
        const ProgramRecord *program = &body->record->program;

        body_open(body, "program");
        body_strings(body, "argv", body->record->request->argv);
        body_string(body, "profile", body->record->request->profile);
        if (program->sha256) {
                body_string(body, "path", program->path);
                body_string(body, "sha256", program->sha256);
                body_int(body, "size", program->size);
        } else {
                const char *reason = program->absent ?: "the job ended before the program was looked at";

                body_absent(body, "path", "program.path", reason);
                body_absent(body, "sha256", "program.sha256", reason);
                body_absent(body, "size", "program.size", reason);
        }
        body_close(body);
}

void body_filter(Body *body) {
        if (!body->record->filter_sha256) {
                body_absent(body, "filter", "filter", "profile host runs the program without a system call filter");
                return;
        }
        body_open(body, "filter");
        body_string(body, "name", "box");
        body_string(body, "sha256", body->record->filter_sha256);
        body_close(body);
}

static void write_version(Body *body, const char *member, const VersionRecord *version, bool wanted,
                          const char *unwanted) {
        g_autofree char *path = g_strdup_printf("versions.%s", member);

        if (version->line)
                body_string(body, member, version->line);
        else
                body_absent(body, member, path,
                            version->absent
                                            ?: wanted ? "the job ended before it was asked for"
                                                      : unwanted);
}

static void write_languages(Body *body) {
        const JobRecord *record = body->record;
        const Request *request = record->request;

        write_version(body, "language", &record->version, request->language || request->function,
                      "the program is run without a language");
        write_version(body, "validator_language", &record->validator_version,
                      request->validator && request->validator->language, "the validator is run without a language");
}

void body_languages(Body *body) {
        body_open(body, "versions");
        write_languages(body);
        body_close(body);
}

/* no_languages: why those of languages do not stand here; NULL: they do. */
static void write_versions(Body *body, const char *no_languages) {
        body_open(body, "versions");
        body_string(body, "jouletrace", JT_VERSION);
        body_string(body, "json_glib", JSON_VERSION_S);
        if (no_languages) {
                body_absent(body, "language", "versions.language", no_languages);
                body_absent(body, "validator_language", "versions.validator_language", no_languages);
        } else
                write_languages(body);
        body_close(body);
}

static uint64_t step_of(const JobRecord *record, ReportView view) {
        return view == REPORT_FULL ? 1 : job_step_uj(record->request);
}

static char *generate(JsonBuilder *builder) {
        g_autoptr(JsonGenerator) generator = json_generator_new();
        g_autoptr(JsonNode) root = json_builder_get_root(builder);
        g_autofree char *text = NULL;

        json_generator_set_root(generator, root);
        text = json_generator_to_data(generator, NULL);
        return g_strconcat(text, "\n", NULL);
}

/* The daemon writes job{}, but its own absent{} cannot stand beside ours. */
static void note_absent_of_job(Body *body, const Request *request, const char *no_candidate, const char *error) {
        if (!request->label)
                body_note(body, "job.label", "the request gave none");
        if (!request->candidate_id)
                body_note(body, "job.candidate_id", no_candidate);
        if (!request->problem_name)
                body_note(body, "job.problem_name", "the request gave none");
        if (!error)
                body_note(body, "job.error", "the job ended without one");
}

static void write_measured(Body *body) {
        body_program(body);
        body_request(body);
        body_validation(body);
        body_measurement(body);
        body_absent(body, "comparison", "comparison", "one program was measured, none compared");
        if (body->record->request->kind == JOB_CALIBRATE)
                body_calibration(body);
        body_environment(body);
        body_filter(body);
        write_versions(body, NULL);
        note_absent_of_job(body, body->record->request, "the request gave none", body->record->error);
}

/* What belongs to one program stands with each candidate; what they have in common is the first one's. */
static void write_compared(Body *body, const CompareRecord *compare) {
        static const char *const with_each[] = { "program", "validation", "measurement", "filter" };
        static const char *const several = "each of comparison.candidates has its own";
        const JobRecord options = { .request = compare->request };
        Body request = *body;

        request.record = &options;
        body_request(&request);
        for (size_t i = 0; i < G_N_ELEMENTS(with_each); i++)
                body_absent(body, with_each[i], with_each[i], several);
        body_comparison(body, compare);
        body_environment(body);
        write_versions(body, several);
        note_absent_of_job(body, compare->request, several, compare->error);
}

/* compare: NULL where one program was measured. */
static char *write_body(const JobRecord *record, const CompareRecord *compare, ReportView view, unsigned brevity) {
        g_autoptr(JsonBuilder) builder = json_builder_new();
        g_autoptr(JsonObject) absent = json_object_new();
        g_autoptr(JsonNode) absent_node = json_node_new(JSON_NODE_OBJECT);
        Body body = { .record = record,
                      .builder = builder,
                      .absent = absent,
                      .step_uj = step_of(record, view),
                      .brevity = brevity };

        body_open(&body, NULL);
        if (compare)
                write_compared(&body, compare);
        else
                write_measured(&body);
        json_node_set_object(absent_node, absent);
        json_builder_set_member_name(builder, "absent");
        json_builder_add_value(builder, g_steal_pointer(&absent_node));
        body_close(&body);
        return generate(builder);
}

static char *write_briefly(const JobRecord *record, const CompareRecord *compare, ReportView view) {
        char *text = write_body(record, compare, view, BODY_WHOLE);

        for (unsigned brevity = BODY_WITHOUT_WINDOWS; strlen(text) > REPORT_MAX_BYTES && brevity <= BODY_FAILURES_ONLY;
             brevity++) {
                g_free(text);
                text = write_body(record, compare, view, brevity);
        }
        return text;
}

char *report_body(const JobRecord *record, ReportView view) {
        return write_briefly(record, NULL, view);
}

char *report_compare_body(const CompareRecord *record, ReportView view) {
        return write_briefly(g_ptr_array_index(record->candidates, 0), record, view);
}

int report_memfd(const JobRecord *record, ReportView view) {
        g_autofree char *text = report_body(record, view);

        return memfd_with("jouletrace-report", text, strlen(text));
}

int report_compare_memfd(const CompareRecord *record, ReportView view) {
        g_autofree char *text = report_compare_body(record, view);

        return memfd_with("jouletrace-report", text, strlen(text));
}

Result *report_result(const JobRecord *record) {
        Result *result = result_new(record->result, record->error, record->message);
        JobSummary summary;

        result->verdict =
                        g_strdup(record->error || record->tests->len > 0 ? verdict_to_string(record->verdict) : NULL);
        result->calibration = record->calibration ? calibration_copy(record->calibration) : NULL;
        result->status = g_strdup(job_status_to_string(record->status));
        result->grade = g_strdup(job_grade(record));
        result->simulated = record->meter && meter_simulated(record->meter);
        result->trials = record->trials->len;
        result->invalid_trials = (uint32_t) (record->trials->len - job_valid_trials(record));
        if (job_summarise(record, step_of(record, REPORT_PUBLIC), &summary) < 0)
                return result;
        result->wall = summary.per_iteration.wall_s;
        result->cpu = summary.per_iteration.cpu_s;
        if (!summary.has_energy)
                return result;
        result->total_energy = summary.per_iteration.total_j;
        result->power = summary.power_w;
        if (summary.once_j.has_ci) {
                result->total_energy_low = summary.once_j.ci_low;
                result->total_energy_high = summary.once_j.ci_high;
        }
        if (!summary.has_net)
                return result;
        result->net_energy = summary.per_iteration.net_j;
        if (summary.once_net_j.has_ci) {
                result->net_energy_low = summary.once_net_j.ci_low;
                result->net_energy_high = summary.once_net_j.ci_high;
        }
        return result;
}

Result *report_compare_result(const CompareRecord *record) {
        Result *result = result_new(record->result, record->error, record->message);

        for (guint i = 0; i < record->candidates->len; i++) {
                const JobRecord *candidate = g_ptr_array_index(record->candidates, i);

                result->simulated = result->simulated || (candidate->meter && meter_simulated(candidate->meter));
                result->trials += candidate->trials->len;
                result->invalid_trials += (uint32_t) (candidate->trials->len - job_valid_trials(candidate));
        }
        return result;
}
