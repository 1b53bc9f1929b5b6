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

char *render_row_subject(const ComparedRow *row) {
        return row->report->label ? g_strdup(row->report->label) : render_subject(row->report);
}

char *render_row_change(const ComparedRow *row) {
        return !row->is_first && isfinite(row->change) ? g_strdup_printf("%+.1f %%", row->change * 100) : g_strdup("");
}

char *render_row_interval(const ComparedRow *row) {
        return !row->is_first && isfinite(row->low) && isfinite(row->high)
                               ? g_strdup_printf(_("%+.1f to %+.1f %%"), row->low * 100, row->high * 100)
                               : g_strdup("");
}

const char *render_row_phrase(const ComparedRow *row) {
        const char *phrase = row->is_first ? NULL : row->word ? render_change_word(row->word) : row->why;

        return phrase ?: "";
}

Scale render_rows_scale(const ComparedRow *rows, bool energy, bool ascii) {
        return energy ? scale_energy(rows[0].value, render_resolution(rows[0].report), ascii)
                      : scale_time(rows[0].value, ascii);
}

static void append_row(Table *table, const ComparedRow *row, const Scale *scale, bool energy, const Style *style) {
        const bool regressed = g_strcmp0(row->word, "regressed") == 0;
        g_autofree char *subject = render_row_subject(row);
        g_autofree char *printable = text_printable(subject, false);
        g_autofree char *shown = text_ellipsize(printable, COMMAND_WIDTH, style->ascii);
        g_autofree char *value = scale_format(scale, row->value);
        g_autofree char *change = render_row_change(row), *interval = render_row_interval(row);
        g_autofree char *phrase = text_printable(render_row_phrase(row), false);

        table_cellf(table, COLOUR_DIM, "%u", row->number);
        table_cell(table, COLOUR_NONE, shown);
        table_cellf(table, COLOUR_NONE, "%zu", row->trials);
        table_cell(table, energy ? COLOUR_ENERGY : COLOUR_TIME, value);
        table_cell(table, *change ? COLOUR_STRONG : COLOUR_NONE, change);
        table_cell(table, COLOUR_NONE, interval);
        table_cell(table, regressed ? COLOUR_BAD : COLOUR_NONE, phrase);
}

void render_compared_rows(GString *out, const char *number_head, const ComparedRow *rows, size_t n, bool energy,
                          const Style *style) {
        const Scale scale = render_rows_scale(rows, energy, style->ascii);
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

ComparedRow *render_candidate_rows(const Report *report) {
        ComparedRow *rows = g_new0(ComparedRow, report->n_candidates + 1);

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
        return rows;
}

char *render_threshold(const Report *report) {
        if (!isfinite(report->threshold))
                return NULL;
        return g_strdup_printf(_("measured in turns; changes are against the first, and of note above %.1f %%"),
                               report->threshold * 100);
}

void render_candidates(GString *out, const Report *report, const Style *style) {
        g_autofree ComparedRow *rows = render_candidate_rows(report);
        g_autofree char *threshold = render_threshold(report);

        if (report->n_candidates == 0)
                return;
        render_compared_rows(out, "", rows, report->n_candidates, !report->compares_time, style);
        g_string_append_c(out, '\n');
        if (threshold)
                g_string_append_printf(out, "  %s\n", threshold);
        if (report->candidates[0]->simulated)
                g_string_append_printf(out, "  %s\n", render_evidence("SIMULATED"));
}
