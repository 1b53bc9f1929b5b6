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
                  N_("json, jsonl: reports, in an array or one a line; csv: one line per trial and test; md, html: "
                     "for people; openmetrics: for Prometheus"),
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
                        "job,label,command,result,meter,simulated,trial,valid,iterations,wall_s,cpu_s,total_j,net_j,"
                        "package_j,dram_j,test,verdict\n");
}

static void csv_job(GString *out, const Report *report) {
        g_autoptr(GString) command = g_string_new(NULL);

        for (char **argument = report->argv; argument && *argument; argument++) {
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
        csv_text(out, report->meter);
        g_string_append_printf(out, ",%s,", report->simulated ? "true" : "false");
}

typedef struct Row {
        const Trial *trial;
        uint64_t iterations;
        double values[6]; /* as the header names them, from wall_s on */
        const char *test, *verdict;
} Row;

static void csv_row(GString *out, const Report *report, const Row *row) {
        csv_job(out, report);
        if (row->trial)
                g_string_append_printf(out, "%" G_GUINT64_FORMAT ",%s,%" G_GUINT64_FORMAT, row->trial->index,
                                       row->trial->valid ? "true" : "false", row->iterations);
        else
                g_string_append(out, ",,");
        for (size_t j = 0; j < G_N_ELEMENTS(row->values); j++) {
                g_string_append_c(out, ',');
                csv_double(out, row->values[j]);
        }
        g_string_append_c(out, ',');
        csv_text(out, row->test);
        g_string_append_c(out, ',');
        csv_text(out, row->verdict);
        g_string_append_c(out, '\n');
}

static void csv_trial(GString *out, const Report *report, const Trial *trial) {
        const Row whole = {
                .trial = trial,
                .iterations = trial->iterations,
                .values = { trial->wall_s, trial->cpu_s, trial->total_j, trial->net_j, trial->package_j,
                            trial->dram_j },
        };

        if (report->n_per_test == 0)
                csv_row(out, report, &whole);
        for (size_t i = 0; report->n_per_test > 0 && i < trial->n_windows; i++) {
                const Window *window = &trial->windows[i];
                const Row row = {
                        .trial = trial,
                        .iterations = window->iterations,
                        .values = { window->wall_s, window->cpu_s, window->total_j, NAN, window->package_j,
                                    window->dram_j },
                        .test = window->test,
                };

                csv_row(out, report, &row);
        }
}

/* A program that was only validated, or never got as far as being measured. */
static void csv_test(GString *out, const Report *report, const TestResult *test) {
        const Row row = {
                .values = { test->wall_ns == UINT64_MAX ? NAN : (double) test->wall_ns / 1e9,
                            test->cpu_usec == UINT64_MAX ? NAN : (double) test->cpu_usec / 1e6, NAN, NAN, NAN, NAN },
                .test = test->name,
                .verdict = test->verdict,
        };

        csv_row(out, report, &row);
}

void export_csv(GString *out, const Report *report) {
        const Row empty = { .values = { NAN, NAN, NAN, NAN, NAN, NAN } };
        const Validation *validation = report->validation;

        for (size_t i = 0; i < report->n_trials; i++)
                csv_trial(out, report, &report->trials[i]);
        for (size_t i = 0; report->n_trials == 0 && validation && i < validation->n_tests; i++)
                csv_test(out, report, &validation->tests[i]);
        if (report->n_trials == 0 && (!validation || validation->n_tests == 0))
                csv_row(out, report, &empty);
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
