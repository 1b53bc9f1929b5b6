/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "config.h"
#include "report-internal.h"

void body_null(Body *body, const char *member) {
        json_builder_set_member_name(body->builder, member);
        json_builder_add_null_value(body->builder);
}

void body_absent(Body *body, const char *member, const char *path, const char *reason) {
        body_null(body, member);
        json_object_set_string_member(body->absent, path, reason);
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

void body_strings(Body *body, const char *member, char *const *values) {
        body_open_array(body, member);
        for (char *const *value = values; value && *value; value++)
                body_string(body, NULL, *value);
        body_close_array(body);
}

static void write_program(Body *body) {
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

static void write_filter(Body *body) {
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

static void write_versions(Body *body) {
        const JobRecord *record = body->record;
        const Request *request = record->request;

        body_open(body, "versions");
        body_string(body, "jouletrace", JT_VERSION);
        body_string(body, "json_glib", JSON_VERSION_S);
        write_version(body, "language", &record->version, request->language || request->function,
                      "the program is run without a language");
        write_version(body, "validator_language", &record->validator_version,
                      request->validator && request->validator->language, "the validator is run without a language");
        body_close(body);
}

static uint64_t step_of(const JobRecord *record, ReportView view) {
        return view == REPORT_FULL || g_str_equal(record->request->resolution, "fine") ? 1 : PUBLIC_STEP_UJ;
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
static void note_absent_of_job(const JobRecord *record, JsonObject *absent) {
        const Request *request = record->request;

        if (!request->label)
                json_object_set_string_member(absent, "job.label", "the request gave none");
        if (!request->candidate_id)
                json_object_set_string_member(absent, "job.candidate_id", "the request gave none");
        if (!request->problem_name)
                json_object_set_string_member(absent, "job.problem_name", "the request gave none");
        if (!record->error)
                json_object_set_string_member(absent, "job.error", "the job ended without one");
}

static char *write_body(const JobRecord *record, ReportView view, unsigned brevity) {
        g_autoptr(JsonBuilder) builder = json_builder_new();
        g_autoptr(JsonObject) absent = json_object_new();
        g_autoptr(JsonNode) absent_node = json_node_new(JSON_NODE_OBJECT);
        Body body = { .record = record,
                      .builder = builder,
                      .absent = absent,
                      .step_uj = step_of(record, view),
                      .brevity = brevity };

        body_open(&body, NULL);
        write_program(&body);
        body_request(&body);
        body_validation(&body);
        body_measurement(&body);
        body_absent(&body, "comparison", "comparison", "one program was measured, none compared");
        body_environment(&body);
        write_filter(&body);
        write_versions(&body);
        note_absent_of_job(record, absent);
        json_node_set_object(absent_node, absent);
        json_builder_set_member_name(builder, "absent");
        json_builder_add_value(builder, g_steal_pointer(&absent_node));
        body_close(&body);
        return generate(builder);
}

char *report_body(const JobRecord *record, ReportView view) {
        char *text = write_body(record, view, BODY_WHOLE);

        for (unsigned brevity = BODY_WITHOUT_WINDOWS; strlen(text) > REPORT_MAX_BYTES && brevity <= BODY_FAILURES_ONLY;
             brevity++) {
                g_free(text);
                text = write_body(record, view, brevity);
        }
        return text;
}

int report_memfd(const JobRecord *record, ReportView view) {
        g_autofree char *text = report_body(record, view);

        return memfd_with("jouletrace-report", text, strlen(text));
}

Result *report_result(const JobRecord *record) {
        Result *result = result_new(record->result, record->error, record->message);
        JobSummary summary;

        result->verdict =
                        g_strdup(record->error || record->tests->len > 0 ? verdict_to_string(record->verdict) : NULL);
        result->status = g_strdup(job_status_to_string(record->status));
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
        return result;
}
