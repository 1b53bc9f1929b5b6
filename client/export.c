/* SPDX-License-Identifier: MIT */
#include "export.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "explain.h"
#include "export-forms.h"
#include "message-json.h"
#include "names.h"
#include "records.h"
#include "report-out.h"
#include "say.h"

#define IDS_MAX 100000

enum {
        OPTION_FORMAT,
        OPTION_OUTPUT,
};

/* The order of formats. */
typedef enum Format {
        FORMAT_JSON,
        FORMAT_JSONL,
        FORMAT_CSV,
        FORMAT_MARKDOWN,
        FORMAT_OPENMETRICS,
        FORMAT_HTML,
} Format;

typedef struct Export {
        Format format;
        const char *output;
} Export;

static const char *const formats[] = { "json", "jsonl", "csv", "md", "openmetrics", "html", NULL };

const Option *export_options(void) {
        static const Option options[] = {
                { "format", 0, "FORMAT",
                  N_("json, jsonl: reports, in an array or one a line; csv: one line per trial, test and domain; md, "
                     "html: for people; openmetrics: for Prometheus"),
                  OPTION_FORMAT, formats },
                { "output", 'o', "FILE", N_("write to FILE instead of standard output"), OPTION_OUTPUT },
                {},
        };

        return options;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Export *export = userdata;

        if (id == OPTION_OUTPUT)
                export->output = value;
        for (size_t i = 0; id == OPTION_FORMAT && formats[i]; i++)
                if (strcmp(value, formats[i]) == 0)
                        export->format = (Format) i;
        return 0;
}

static void csv_text(GString *out, const char *text) {
        g_auto(GStrv) parts = NULL;
        g_autofree char *doubled = NULL;

        if (!text)
                return;
        if (!strpbrk(text, ",\"\r\n")) {
                g_string_append(out, text);
                return;
        }
        parts = g_strsplit(text, "\"", -1);
        doubled = g_strjoinv("\"\"", parts);
        g_string_append_printf(out, "\"%s\"", doubled);
}

static void csv_double(GString *out, double value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        if (isfinite(value))
                g_string_append(out, g_ascii_formatd(text, sizeof(text), "%.9g", value));
}

void export_csv_header(GString *out) {
        g_string_append(out,
                        "job,label,command,result,meter,simulated,trial,valid,test,verdict,iterations,wall_s,cpu_s,"
                        "domain,kind,energy_j,candidate\n");
}

static void csv_job(GString *out, const Subject *subject) {
        const Report *report = subject->job, *measured = subject->measured;
        g_autoptr(GString) command = g_string_new(NULL);

        for (char **argument = measured->argv; argument && *argument; argument++) {
                g_autofree char *quoted = strpbrk(*argument, " \t\n'\"\\$`") || **argument == '\0'
                                                          ? g_shell_quote(*argument)
                                                          : g_strdup(*argument);

                g_string_append_printf(command, "%s%s", command->len ? " " : "", quoted);
        }
        g_string_append_printf(out, "%u,", report->id);
        csv_text(out, report->label);
        g_string_append_c(out, ',');
        csv_text(out, command->str);
        g_string_append_c(out, ',');
        csv_text(out, report->result);
        g_string_append_c(out, ',');
        csv_text(out, measured->meter);
        g_string_append_printf(out, ",%s,", measured->simulated ? "true" : "false");
}

/* What the lines of one trial, or of one of its tests, have in common. */
typedef struct Row {
        const Trial *trial; /* NULL: not measured */
        const char *test, *verdict;
        uint64_t iterations;
        double wall_s, cpu_s, total_j, net_j;
        const double *domain_j; /* NULL: no energies */
} Row;

/* domain NULL: there is no energy to tell. */
static void csv_row(GString *out, const Subject *subject, const Row *row, const char *domain, const char *kind,
                    double energy_j) {
        csv_job(out, subject);
        if (row->trial)
                g_string_append_printf(out, "%" G_GUINT64_FORMAT ",%s", row->trial->index,
                                       row->trial->valid ? "true" : "false");
        else
                g_string_append_c(out, ',');
        g_string_append_c(out, ',');
        csv_text(out, row->test);
        g_string_append_c(out, ',');
        csv_text(out, row->verdict);
        g_string_append_c(out, ',');
        if (row->trial)
                g_string_append_printf(out, "%" G_GUINT64_FORMAT, row->iterations);
        g_string_append_c(out, ',');
        csv_double(out, row->wall_s);
        g_string_append_c(out, ',');
        csv_double(out, row->cpu_s);
        g_string_append_c(out, ',');
        csv_text(out, domain);
        g_string_append_c(out, ',');
        csv_text(out, kind);
        g_string_append_c(out, ',');
        csv_double(out, energy_j);
        g_string_append_c(out, ',');
        if (subject->candidate > 0)
                g_string_append_printf(out, "%zu", subject->candidate);
        g_string_append_c(out, '\n');
}

/* A domain without a reading has no line; where none has, the time still has one. */
static void csv_rows(GString *out, const Subject *subject, const Row *row) {
        const Report *report = subject->measured;
        const gsize before = out->len;

        if (isfinite(row->total_j))
                csv_row(out, subject, row, "total", "total", row->total_j);
        if (isfinite(row->net_j))
                csv_row(out, subject, row, "net", "net", row->net_j);
        for (size_t i = 0; row->domain_j && i < report->n_domains; i++)
                if (isfinite(row->domain_j[i]))
                        csv_row(out, subject, row, report->domains[i].name, report->domains[i].kind, row->domain_j[i]);
        if (out->len == before)
                csv_row(out, subject, row, NULL, NULL, NAN);
}

static void csv_trial(GString *out, const Subject *subject, const Trial *trial) {
        const bool plain = trial->n_tests == 0 || !trial->tests[0].name;

        for (size_t i = 0; i < trial->n_tests || (plain && i == 0); i++) {
                const TrialTest *test = i < trial->n_tests ? &trial->tests[i] : NULL;
                const Row row = {
                        .trial = trial,
                        .test = test ? test->name : NULL,
                        .iterations = test ? test->iterations : 0,
                        .wall_s = plain ? trial->wall_s : test->wall_s,
                        .cpu_s = plain ? trial->cpu_s : test->cpu_s,
                        .total_j = plain ? trial->total_j : test->total_j,
                        .net_j = plain ? trial->net_j : NAN,
                        .domain_j = test ? test->domain_j : NULL,
                };

                csv_rows(out, subject, &row);
        }
}

/* A program that was only validated, or never got as far as being measured. */
static void csv_test(GString *out, const Subject *subject, const TestResult *test) {
        const Row row = {
                .test = test->name,
                .verdict = test->verdict,
                .wall_s = test->wall_ns == UINT64_MAX ? NAN : (double) test->wall_ns / 1e9,
                .cpu_s = test->cpu_usec == UINT64_MAX ? NAN : (double) test->cpu_usec / 1e6,
                .total_j = NAN,
                .net_j = NAN,
        };

        csv_rows(out, subject, &row);
}

static void csv_measured(GString *out, const Subject *subject) {
        const Report *report = subject->measured;
        const Row empty = { .wall_s = NAN, .cpu_s = NAN, .total_j = NAN, .net_j = NAN };
        const Validation *validation = report->validation;

        for (size_t i = 0; i < report->n_trials; i++)
                csv_trial(out, subject, &report->trials[i]);
        for (size_t i = 0; report->n_trials == 0 && validation && i < validation->n_tests; i++)
                csv_test(out, subject, &validation->tests[i]);
        if (report->n_trials == 0 && (!validation || validation->n_tests == 0))
                csv_rows(out, subject, &empty);
}

void export_csv(GString *out, const Report *report) {
        for (size_t i = 0; i < report->n_candidates; i++)
                csv_measured(out, &(Subject){ report, report->candidates[i], i + 1 });
        if (report->n_candidates == 0)
                csv_measured(out, &(Subject){ report, report, 0 });
}

/* Line breaks of JSON are between its words: in strings they are escaped. */
static void append_json_line(GString *out, char *text) {
        g_string_append_printf(out, "%s\n", g_strdelimit(g_strchomp(text), "\r\n", ' '));
}

/* Those that need one report at a time. */
static void append(GString *out, Format format, const Report *report, char *text, bool first) {
        if (format == FORMAT_CSV)
                export_csv(out, report);
        else if (format == FORMAT_JSONL)
                append_json_line(out, text);
        else
                g_string_append_printf(out, "%s\n%s", first ? "" : ",", g_strchomp(text));
}

/* With the service's statistics. Returns 0, or an exit code. */
static int append_openmetrics(Service *service, GString *out, Report *const *reports, size_t n) {
        const Call call = MANAGER_CALL("GetStatistics");
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(JsonNode) statistics = NULL;
        int r;

        r = service_call(service, &call, &reply);
        if (r != 0)
                return r;
        r = message_to_json(reply, &statistics);
        if (r < 0)
                return explain_errno(r, service->name, &service->style);
        export_openmetrics(out, reports, n,
                           JSON_NODE_HOLDS_OBJECT(statistics) ? json_node_get_object(statistics) : NULL);
        return 0;
}

/* Those that tell all reports together. */
static int append_all(Service *service, GString *out, Format format, const GPtrArray *reports) {
        Report *const *all = (Report *const *) reports->pdata;

        if (format == FORMAT_OPENMETRICS)
                return append_openmetrics(service, out, all, reports->len);
        if (format == FORMAT_MARKDOWN)
                export_markdown(out, all, reports->len);
        else
                export_html(out, all, reports->len);
        return 0;
}

static void drop_report(void *report) {
        report_free(report);
}

static int build(Service *service, const GArray *ids, Format format, GString *out) {
        g_autoptr(GPtrArray) reports = g_ptr_array_new_with_free_func(drop_report);

        if (format == FORMAT_CSV)
                export_csv_header(out);
        else if (format == FORMAT_JSON)
                g_string_append_c(out, '[');
        for (unsigned i = 0; i < ids->len; i++) {
                g_autoptr(Report) report = NULL;
                g_autofree char *text = NULL;
                int r;

                r = report_fetch(service, g_array_index(ids, uint32_t, i), &text, &report);
                if (r != 0)
                        return r;
                if (format >= FORMAT_MARKDOWN)
                        g_ptr_array_add(reports, g_steal_pointer(&report));
                else
                        append(out, format, report, text, i == 0);
        }
        if (format >= FORMAT_MARKDOWN)
                return append_all(service, out, format, reports);
        if (format == FORMAT_JSON)
                g_string_append(out, "\n]\n");
        return 0;
}

/* Only a file that is whole takes the place of an older one. */
static int write_out(const char *path, const GString *out) {
        g_autoptr(GError) error = NULL;

        if (!path) {
                fputs(out->str, stdout);
                return fflush(stdout) == 0 ? EXIT_DONE : EXIT_INFRASTRUCTURE;
        }
        if (!g_file_set_contents(path, out->str, (gssize) out->len, &error)) {
                say(stderr, _("joulectl: %s\n"), error->message);
                return EXIT_INFRASTRUCTURE;
        }
        return EXIT_DONE;
}

int verb_export(Arguments *arguments, char **args) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autofree char **operands = NULL;
        g_autoptr(Service) service = NULL;
        g_autoptr(GArray) ids = NULL;
        Export export = {};
        int r;

        r = verb_parse("export", arguments, export_options(), set_option, &export, args, &operands);
        if (r == 0 && export.format != FORMAT_JSON && arguments->json)
                return usage_error("export", _("--json and --format %s exclude each other: use one"),
                                   formats[export.format]);
        if (r == 0)
                r = parse_ids("export", operands, 0, IDS_MAX, &ids);
        if (r == 0)
                r = service_open(arguments, &service);
        if (r == 0 && ids->len == 0) {
                g_clear_pointer(&ids, g_array_unref);
                r = records_ids(service, &(RecordFilter){}, &ids);
        }
        if (r == 0)
                r = build(service, ids, export.format, out);
        return r == 0 ? write_out(export.output, out) : r;
}
