/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "batch-file.h"
#include "client.h"
#include "explain.h"
#include "failures.h"
#include "host-request.h"
#include "render.h"
#include "report-out.h"
#include "say.h"
#include "table.h"
#include "units.h"
#include "validation-read.h"
#include "watch.h"

enum {
        OPTION_OUTPUT,
        OPTION_VALIDATE,
        OPTION_AGAIN,
};

typedef struct Batch {
        const Arguments *arguments;
        Service *service;
        const char *source;
        const char *output; /* NULL: beside the source */
        char *results, *directory;
        JobKind kind;
        bool again; /* what has a result is run once more */
        GArray *items;
        GPtrArray *others; /* results of the other kind, which the file keeps */
} Batch;

const Option *batch_options(void) {
        static const Option options[] = {
                { "output", 'o', "FILE", N_("where results are kept, and looked for when going on"), OPTION_OUTPUT,
                  NULL, "FILE.results.json" },
                { "validate", 0, NULL, N_("only validate, without measuring"), OPTION_VALIDATE },
                { "again", 0, NULL, N_("run all, also what has a result already"), OPTION_AGAIN },
                {},
        };

        return options;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Batch *batch = userdata;

        if (id == OPTION_OUTPUT)
                batch->output = value;
        else if (id == OPTION_VALIDATE)
                batch->kind = JOB_VALIDATE;
        else
                batch->again = true;
        return 0;
}

static BatchItem *item_at(const Batch *batch, unsigned i) {
        return &g_array_index(batch->items, BatchItem, i);
}

/* All lines are read before one is run: a slip in the last one is no surprise after an hour. */
static int check_items(const Batch *batch) {
        for (unsigned i = 0; i < batch->items->len; i++) {
                g_autofree char *name = NULL, *problem = NULL;
                g_autoptr(GHashTable) metadata = NULL;
                g_autoptr(Request) request = NULL;

                if (item_at(batch, i)->finished)
                        continue;
                if (batch_request(item_at(batch, i), batch->directory, batch->kind, batch->arguments->host, &request,
                                  &name, &metadata, &problem) < 0)
                        return usage_error("batch", "%s: %s", batch->source, problem);
                if (batch->arguments->host && request->argv && !request->language)
                        return usage_error("batch",
                                           _("%s: line %u: a program of this machine cannot run on another one"),
                                           batch->source, item_at(batch, i)->line);
        }
        return 0;
}

static int save(const Batch *batch) {
        g_autofree char *problem = NULL;

        if (batch_write_results(batch->results, batch->source, batch->items, batch->others, &problem) >= 0)
                return 0;
        say(stderr, _("joulectl: the results cannot be saved: %s\n"), problem);
        return EXIT_INFRASTRUCTURE;
}

static int fill_request(sd_bus_message *m, void *userdata) {
        return request_append_given(m, userdata);
}

static int read_result(const Batch *batch, BatchItem *item, GHashTable *metadata, const char *result) {
        g_autoptr(Validation) validation = NULL;
        g_autoptr(Report) report = NULL;
        g_autofree char *text = NULL;
        int r;

        r = report_fetch_tests(batch->service, item->job, metadata, &text, &report);
        if (r != 0)
                return r;
        (void) validation_parse(text, strlen(text), &validation);
        item->result = g_strdup(result);
        item->verdict = validation ? g_strdup(validation->verdict) : NULL;
        item->message = g_strdup(report->error_message);
        item->energy_j = report->total.median;
        item->time_s = report->wall.median;
        item->simulated = report->simulated;
        item->failures = report_failures(text);
        return 0;
}

/* What ended a job that was not its own fault is tried again by the next run. */
static bool is_final(const char *result) {
        return strcmp(result, "cancelled") != 0 && strcmp(result, "infrastructure") != 0;
}

static void item_reset(BatchItem *item) {
        item->finished = false;
        item->job = 0;
        g_clear_pointer(&item->name, g_free);
        g_clear_pointer(&item->result, g_free);
        g_clear_pointer(&item->verdict, g_free);
        g_clear_pointer(&item->message, g_free);
        g_clear_pointer(&item->failures, g_free);
        item->energy_j = item->time_s = NAN;
}

static int prepare(const Batch *batch, BatchItem *item, Request **ret, GHashTable **ret_metadata) {
        g_autoptr(Request) request = NULL;
        g_autofree char *problem = NULL;
        int r;

        item_reset(item);
        if (batch_request(item, batch->directory, batch->kind, batch->arguments->host, &request, &item->name,
                          ret_metadata, &problem) < 0)
                return usage_error("batch", "%s: %s", batch->source, problem);
        if (request->argv && !request->language) {
                r = host_directory("batch", request);
                if (r != 0)
                        return r;
                host_environment(request, true);
        }
        *ret = g_steal_pointer(&request);
        return 0;
}

/* Returns 0 when the item has its result, else an exit code that ends the batch. */
static int run_item(const Batch *batch, unsigned index) {
        g_autoptr(Progress) progress = progress_new(batch->arguments);
        BatchItem *item = item_at(batch, index);
        g_autoptr(GHashTable) metadata = NULL;
        g_autoptr(Request) request = NULL;
        g_autoptr(Watch) watch = NULL;
        int code, r;

        r = prepare(batch, item, &request, &metadata);
        if (r != 0)
                return r;
        progress_item(progress, index + 1, batch->items->len);
        r = watch_new(batch->service, progress, true, &watch);
        if (r != 0)
                return r;
        code = watch_submit(watch, batch->kind == JOB_VALIDATE ? "Validate" : "Measure", fill_request, request);
        item->job = watch_id(watch);
        if (code == EXIT_INTERRUPTED)
                return code;
        if (!watch_result(watch)) {
                if (code != EXIT_USAGE)
                        return code;
                item->result = g_strdup("refused");
        } else {
                r = read_result(batch, item, metadata, watch_result(watch));
                if (r != 0)
                        return r;
                if (!is_final(item->result))
                        return code;
        }
        item->finished = true;
        return 0;
}

static void append_row(Table *table, const BatchItem *item, const Style *style) {
        Scale energy = scale_energy_told(item->energy_j, style->ascii), time = scale_time(item->time_s, style->ascii);
        g_autofree char *joules = isfinite(item->energy_j) ? scale_format(&energy, item->energy_j) : NULL;
        g_autofree char *seconds = isfinite(item->time_s) ? scale_format(&time, item->time_s) : NULL;
        g_autofree char *name = text_printable(item->name ?: "", false);
        g_autofree char *message = text_printable(item->message ?: "", false);
        bool done = strcmp(item->result, "done") == 0;

        table_cellf(table, COLOUR_NONE, "%u", item->line);
        if (item->job)
                table_cellf(table, COLOUR_NONE, "%u", item->job);
        else
                table_cell(table, COLOUR_NONE, "");
        table_cell(table, COLOUR_NONE, name);
        table_cell(table, done ? COLOUR_NONE : COLOUR_BAD,
                   strcmp(item->result, "refused") == 0 ? _("refused") : render_word(item->result));
        table_cell(table, COLOUR_NONE, item->verdict);
        table_cell(table, COLOUR_ENERGY, joules);
        table_cell(table, COLOUR_TIME, seconds);
        table_cell(table, COLOUR_DIM, item->simulated && joules ? _("(modelled)") : message);
}

static void print(const Batch *batch) {
        const char *const titles[] = { _("Line"),    _("Job"),    _("Name"), _("Result"),
                                       _("Verdict"), _("Energy"), _("Time"), "" };
        const Style *style = &batch->arguments->style;
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(Table) table = table_new("rrlllrrl");
        unsigned finished = 0;

        if (batch->arguments->json) {
                batch_append_json(out, batch->source, batch->items, NULL);
                fputs(out->str, stdout);
                return;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(titles); i++)
                table_cell(table, COLOUR_DIM, titles[i]);
        for (unsigned i = 0; i < batch->items->len; i++)
                if (item_at(batch, i)->finished) {
                        append_row(table, item_at(batch, i), style);
                        finished++;
                }
        table_append(out, table, style, 0);
        g_string_append_printf(out, _("%u of %u requests have their result, in %s\n"), finished, batch->items->len,
                               batch->results);
        say(stdout, "%s", out->str);
}

static int run_all(Batch *batch) {
        int r;

        for (unsigned i = 0; i < batch->items->len; i++) {
                if (item_at(batch, i)->finished)
                        continue;
                if (!batch->service) {
                        r = service_open(batch->arguments, &batch->service);
                        if (r != 0)
                                return r;
                }
                r = run_item(batch, i);
                if (r != 0)
                        return r;
                r = save(batch);
                if (r != 0)
                        return r;
        }
        return 0;
}

static int exit_code(const Batch *batch) {
        for (unsigned i = 0; i < batch->items->len; i++)
                if (strcmp(item_at(batch, i)->result, "done") != 0)
                        return EXIT_JOB_FAILED;
        return EXIT_DONE;
}

static int run(Batch *batch) {
        g_autofree char *problem = NULL;
        int r;

        batch->results = batch->output ? g_strdup(batch->output) : g_strconcat(batch->source, ".results.json", NULL);
        batch->directory = g_path_get_dirname(batch->source);
        if (batch_read(batch->source, batch->kind, &batch->items, &problem) < 0)
                return usage_error("batch", "%s", problem);
        if (batch_read_results(batch->results, batch->kind, batch->items, batch->others, &problem) < 0 &&
            !batch->again)
                return usage_error("batch", "%s", problem);
        for (unsigned i = 0; batch->again && i < batch->items->len; i++)
                item_reset(item_at(batch, i));
        r = check_items(batch);
        if (r == 0)
                r = run_all(batch);
        if (r == EXIT_USAGE)
                return r;
        print(batch);
        if (r != 0 && !batch->arguments->quiet)
                say(stderr, "%s\n", _("joulectl: the batch is not at its end; the same command goes on from here"));
        return r != 0 ? r : exit_code(batch);
}

int verb_batch(Arguments *arguments, char **args) {
        Batch batch = { .arguments = arguments, .kind = JOB_MEASURE };
        g_autofree char **operands = NULL;
        int r;

        r = verb_parse("batch", arguments, batch_options(), set_option, &batch, args, &operands);
        if (r == 0 && (!operands[0] || operands[1]))
                r = usage_error("batch", _("which requests? Name one file with a JSON object a line"));
        if (r != 0)
                return r;
        batch.source = operands[0];
        batch.others = g_ptr_array_new_with_free_func(g_free);
        r = run(&batch);
        service_free(batch.service);
        g_clear_pointer(&batch.items, g_array_unref);
        g_ptr_array_unref(batch.others);
        g_free(batch.results);
        g_free(batch.directory);
        return r;
}
