/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "account.h"
#include "client.h"
#include "explain.h"
#include "records.h"
#include "render.h"
#include "report-out.h"
#include "say.h"
#include "states.h"
#include "watch.h"

#define IDS_MAX 1000

enum {
        OPTION_FOLLOW,
        OPTION_TABLE,
        OPTION_EXPLAIN,
};

typedef struct Show {
        bool follow, table, explain;
} Show;

const Option *show_options(void) {
        static const Option options[] = {
                { "follow", 'f', NULL, N_("watch a job until it ends, then show it"), OPTION_FOLLOW },
                { "table", 't', NULL, N_("compare several jobs, one line each"), OPTION_TABLE },
                { "explain", 'e', NULL, N_("tell in words how the figures came about, and what limits them"),
                  OPTION_EXPLAIN },
                {},
        };

        return options;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Show *show = userdata;

        if (id == OPTION_FOLLOW)
                show->follow = true;
        else if (id == OPTION_EXPLAIN)
                show->explain = true;
        else
                show->table = true;
        return 0;
}

static int follow(const Arguments *arguments, Service *service, uint32_t id) {
        g_autoptr(Progress) progress = progress_new(arguments);
        g_autoptr(Report) report = NULL;
        g_autoptr(Watch) watch = NULL;
        JobResult parsed;
        int code, r;

        r = watch_new(service, progress, false, &watch);
        if (r != 0)
                return r;
        code = watch_follow(watch, id);
        if (code != EXIT_DONE && !watch_result(watch))
                return code;
        r = report_print(arguments, service, id, &report);
        if (r != 0)
                return r;
        if (report->result && job_result_from_string(report->result, &parsed) >= 0)
                code = job_result_exit_code(parsed);
        return report_exit_code(report, code);
}

static void free_report(void *report) {
        report_free(report);
}

static int show_table(const Arguments *arguments, Service *service, const GArray *ids) {
        g_autoptr(GPtrArray) reports = g_ptr_array_new_with_free_func(free_report);
        g_autoptr(GString) out = g_string_new(NULL);
        int r;

        for (unsigned i = 0; i < ids->len; i++) {
                Report *report;

                r = report_fetch(service, g_array_index(ids, uint32_t, i), NULL, &report);
                if (r != 0)
                        return r;
                g_ptr_array_add(reports, report);
        }
        render_comparison(out, (Report *const *) reports->pdata, reports->len, &arguments->style);
        say(stdout, "%s", out->str);
        return EXIT_DONE;
}

/* Nothing is printed unless all of them are there: half a JSON list would be none. */
static int show_each(const Arguments *arguments, Service *service, const GArray *ids, bool explain) {
        g_autoptr(GString) out = g_string_new(NULL);
        bool list = arguments->json && ids->len > 1;

        for (unsigned i = 0; i < ids->len; i++) {
                g_autoptr(Report) report = NULL;
                g_autofree char *text = NULL;
                int r;

                r = report_fetch(service, g_array_index(ids, uint32_t, i), &text, &report);
                if (r != 0)
                        return r;
                if (list)
                        g_string_append(out, i == 0 ? "[\n" : ",\n");
                else if (i > 0)
                        g_string_append_c(out, '\n');
                report_append(out, arguments, report, text);
                if (explain)
                        account_append(out, report, text, &arguments->style);
        }
        g_string_append(out, list ? "]\n" : "");
        report_put(arguments, out);
        return EXIT_DONE;
}

static int newest(Service *service, GArray **ids) {
        const RecordFilter filter = { .limit = 1 };
        int r;

        g_clear_pointer(ids, g_array_unref);
        r = records_ids(service, &filter, ids);
        if (r != 0)
                return r;
        if ((*ids)->len == 0)
                return usage_error("show", _("there is no finished job yet; “joulectl measure COMMAND” makes one"));
        return 0;
}

int verb_show(Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        g_autoptr(Service) service = NULL;
        g_autoptr(GArray) ids = NULL;
        Show show = {};
        int r;

        r = verb_parse("show", arguments, show_options(), set_option, &show, args, &operands);
        if (r != 0)
                return r;
        if (show.follow && show.table)
                return usage_error("show", _("--follow and --table exclude each other: use one"));
        if (show.explain && (show.follow || show.table))
                return usage_error("show", _("--explain goes with neither --follow nor --table"));
        if (show.explain && arguments->json)
                return usage_error("show", _("--explain and --json exclude each other: use one"));
        if (show.table && arguments->json)
                return usage_error("show", _("--table and --json exclude each other: use one"));
        r = parse_ids("show", operands, show.follow || show.table ? 1 : 0, show.follow ? 1 : IDS_MAX, &ids);
        if (r == 0)
                r = service_open(arguments, &service);
        if (r == 0 && ids->len == 0)
                r = newest(service, &ids);
        if (r != 0)
                return r;

        if (show.follow)
                return follow(arguments, service, g_array_index(ids, uint32_t, 0));
        if (show.table)
                return show_table(arguments, service, ids);
        return show_each(arguments, service, ids, show.explain);
}
