/* SPDX-License-Identifier: MIT */
#include "render-comparison.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "options.h"
#include "render.h"
#include "table.h"

#define COMMAND_WIDTH 30

static const char *const words[] = {
        N_("improved"),
        N_("regressed"),
        N_("change within the noise threshold"),
        N_("no change detected"),
        N_("too few pairs to tell"),
};

const char *render_change_word(const char *word) {
        for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
                if (strcmp(words[i], word) == 0)
                        return _(words[i]);
        return word;
}

static void append_change(Table *table, const ComparedRow *row) {
        const bool regressed = g_strcmp0(row->word, "regressed") == 0;
        const char *what = row->is_first ? NULL : row->word ? render_change_word(row->word) : row->why;
        g_autofree char *printable = what ? text_printable(what, false) : NULL;

        if (!row->is_first && isfinite(row->change))
                table_cellf(table, COLOUR_STRONG, "%+.1f %%", row->change * 100);
        else
                table_cell(table, COLOUR_NONE, "");
        if (!row->is_first && isfinite(row->low) && isfinite(row->high))
                table_cellf(table, COLOUR_NONE, _("%+.1f to %+.1f %%"), row->low * 100, row->high * 100);
        else
                table_cell(table, COLOUR_NONE, "");
        table_cell(table, regressed ? COLOUR_BAD : COLOUR_NONE, printable);
}

static void append_row(Table *table, const ComparedRow *row, const Scale *scale, bool energy, const Style *style) {
        g_autofree char *label = row->report->label ? g_strdup(row->report->label) : render_subject(row->report);
        g_autofree char *printable = text_printable(label, false);
        g_autofree char *shown = text_ellipsize(printable, COMMAND_WIDTH, style->ascii);
        g_autofree char *value = scale_format(scale, row->value);

        table_cellf(table, COLOUR_DIM, "%u", row->number);
        table_cell(table, COLOUR_NONE, shown);
        table_cellf(table, COLOUR_NONE, "%zu", row->trials);
        table_cell(table, energy ? COLOUR_ENERGY : COLOUR_TIME, value);
        append_change(table, row);
}

void render_compared_rows(GString *out, const char *number_head, const ComparedRow *rows, size_t n, bool energy,
                          const Style *style) {
        const Scale scale = energy ? scale_energy(rows[0].value, render_resolution(rows[0].report), style->ascii)
                                   : scale_time(rows[0].value, style->ascii);
        g_autoptr(Table) table = table_new("rlrrrrl");
        const char *const heads[] = { number_head, _("Command"),
                                      _("Trials"), energy ? _("Energy") : _("Time"),
                                      _("Change"), render_interval_head(),
                                      "" };

        for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
                table_cell(table, COLOUR_DIM, heads[i]);
        for (size_t i = 0; i < n; i++)
                append_row(table, &rows[i], &scale, energy, style);
        table_append(out, table, style, 2);
}

static void append_line(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void append_line(GString *out, const char *format, ...) {
        va_list ap;

        g_string_append(out, "  ");
        va_start(ap, format);
        g_string_append_vprintf(out, format, ap);
        va_end(ap);
        g_string_append_c(out, '\n');
}

void render_candidates(GString *out, const Report *report, const Style *style) {
        g_autofree ComparedRow *rows = g_new0(ComparedRow, report->n_candidates + 1);

        if (report->n_candidates == 0)
                return;
        for (size_t i = 0; i < report->n_candidates; i++) {
                const Report *one = report->candidates[i];
                const ReportChange *change = &report->changes[i];

                rows[i] = (ComparedRow){ .number = (uint32_t) i + 1,
                                         .report = one,
                                         .trials = one->n_trials - one->n_invalid,
                                         .value = report->compares_time ? one->wall.median : one->total.median,
                                         .is_first = i == 0,
                                         .change = change->change,
                                         .low = change->low,
                                         .high = change->high,
                                         .word = change->word,
                                         .why = change->absent };
        }
        render_compared_rows(out, "", rows, report->n_candidates, !report->compares_time, style);
        g_string_append_c(out, '\n');
        if (isfinite(report->threshold))
                append_line(out, _("measured in turns; changes are against the first, and of note above %.1f %%"),
                            report->threshold * 100);
        if (report->candidates[0]->simulated)
                append_line(out, "%s", render_evidence("SIMULATED"));
}
