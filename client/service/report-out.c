/* SPDX-License-Identifier: MIT */
#include "report-out.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "failures.h"
#include "fs.h"
#include "json-slice.h"
#include "names.h"
#include "render.h"
#include "say.h"

static int explain_unreadable(const Service *service, uint32_t id, int r) {
        g_autofree char *subject = g_strdup_printf(_("job %u"), id);
        g_autofree char *message = g_strdup_printf(_("the report of job %u cannot be read: %s"), id, g_strerror(-r));

        return explain_error(&SD_BUS_ERROR_MAKE_CONST("joulectl.Report", message), subject, &service->style);
}

int report_fetch(Service *service, uint32_t id, char **ret_text, Report **ret) {
        return report_fetch_tests(service, id, NULL, ret_text, ret);
}

/* As it was written: the reader of the report would have made other numbers of large ones. */
static void add_metadata(const Report *report, GHashTable *metadata) {
        const Validation *validation = report->validation;

        for (size_t i = 0; metadata && validation && i < validation->n_tests; i++) {
                TestResult *test = &validation->tests[i];

                if (test->name)
                        test->metadata = g_strdup(g_hash_table_lookup(metadata, test->name));
        }
}

int report_fetch_tests(Service *service, uint32_t id, GHashTable *metadata, char **ret_text, Report **ret) {
        g_autofree char *text = NULL, *more = NULL;
        int r;

        r = service_report(service, id, &text);
        if (r != 0)
                return r;
        more = report_with_metadata(text, metadata);
        if (more) {
                g_free(text);
                text = g_steal_pointer(&more);
        }
        r = report_parse(text, strlen(text), ret);
        if (r < 0)
                return explain_unreadable(service, id, r);
        add_metadata(*ret, metadata);
        if (ret_text)
                *ret_text = g_steal_pointer(&text);
        return 0;
}

static int read_file(const char *path, char **ret_text, Report **ret) {
        g_autofree char *text = NULL, *shown = text_printable(path, false);
        g_autoptr(GError) error = NULL;
        size_t size;
        int r;

        if (!g_file_get_contents(path, &text, &size, &error)) {
                say(stderr, "joulectl: %s\n", error->message);
                return EXIT_USAGE;
        }
        r = report_parse(text, size, ret);
        if (r < 0) {
                say(stderr, _("joulectl: %s is no report: %s\n"), shown,
                    r == -EPROTO ? _("JSON of something else") : json_slice_explain(r));
                return EXIT_USAGE;
        }
        if (ret_text)
                *ret_text = g_steal_pointer(&text);
        return 0;
}

int report_exit_code(const Report *report, int code) {
        return code == EXIT_JOB_FAILED && g_strcmp0(report->error_name, JT_ERROR_INVALID_REQUEST) == 0 ? EXIT_USAGE
                                                                                                       : code;
}

int report_operand(const char *verb, const Arguments *arguments, Service **service, const char *operand,
                   char **ret_text, Report **ret) {
        uint64_t id;
        int r = 0;

        if (parse_u64(operand, &id) < 0)
                return read_file(operand, ret_text, ret);
        if (id == 0 || id > UINT32_MAX)
                return usage_error(verb, _("“%s” is no job"), operand);
        if (!*service)
                r = service_open(arguments, service);
        return r == 0 ? report_fetch(*service, (uint32_t) id, ret_text, ret) : r;
}

void report_append(GString *out, const Arguments *arguments, const Report *report, const char *text) {
        if (arguments->json)
                g_string_append_printf(out, "%s%s", text, g_str_has_suffix(text, "\n") ? "" : "\n");
        else
                render_report(out, report, &arguments->style);
}

void report_put(const Arguments *arguments, const GString *out) {
        if (arguments->json)
                fputs(out->str, stdout);
        else
                say(stdout, "%s", out->str);
}

int report_print(const Arguments *arguments, Service *service, uint32_t id, Report **ret) {
        return report_print_tests(arguments, service, id, NULL, ret);
}

int report_print_tests(const Arguments *arguments, Service *service, uint32_t id, GHashTable *metadata, Report **ret) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(Report) report = NULL;
        g_autofree char *text = NULL;
        int r;

        r = report_fetch_tests(service, id, metadata, &text, &report);
        if (r != 0)
                return r;
        report_append(out, arguments, report, text);
        report_put(arguments, out);
        if (ret)
                *ret = g_steal_pointer(&report);
        return 0;
}
