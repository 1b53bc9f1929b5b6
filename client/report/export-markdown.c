/* SPDX-License-Identifier: MIT */
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "export-forms.h"
#include "render.h"
#include "render-comparison.h"

static const Style plain = {};

/* A code span: between more backticks than the text has in a row. In a table even there a | ends the cell. */
static void append_code(GString *out, const char *text) {
        g_autofree char *printable = text_printable(text, false), *fence = NULL;
        size_t longest = 0, run = 0;

        for (const char *p = printable; *p; p++) {
                run = *p == '`' ? run + 1 : 0;
                longest = MAX(longest, run);
        }
        fence = g_strnfill(longest + 1, '`');
        g_string_append_printf(out, "%s%s", fence, longest > 0 ? " " : "");
        for (const char *p = printable; *p; p++) {
                if (*p == '|')
                        g_string_append_c(out, '\\');
                g_string_append_c(out, *p);
        }
        g_string_append_printf(out, "%s%s", longest > 0 ? " " : "", fence);
}

/* Every ASCII punctuation may have a backslash before it, and means itself then. */
static void append_text(GString *out, const char *text) {
        g_autofree char *printable = text_printable(text, false);

        for (const char *p = printable; *p; p++) {
                if (strchr("\\`*_{}[]<>()#!|~@&$", *p))
                        g_string_append_c(out, '\\');
                g_string_append_c(out, *p);
        }
}

static void append_energy(GString *out, const Report *report) {
        const Scale scale = scale_energy(report->total.median, render_resolution(report), false);
        g_autofree char *energy = scale_format(&scale, report->total.median);
        g_autofree char *ci = render_interval(&scale, report->total.low, report->total.high, &plain);

        if (!report_has_energy(report)) {
                g_string_append(out, "– | | ");
                return;
        }
        g_string_append_printf(out, "%s%s%s | %s | ", energy, report->simulated ? " " : "",
                               report->simulated ? _("(modelled)") : "", ci);
}

/* The label of a job is its own, that of a candidate the candidate's. */
static void append_line(GString *out, const char *job, const Report *report, const char *result) {
        const Scale time = scale_time(report->wall.median, false), power = scale_power(report->power_w, false);
        g_autofree char *subject = render_subject(report), *time_text = scale_format(&time, report->wall.median),
                        *power_text = scale_format(&power, report->power_w);

        g_string_append_printf(out, "| %s | ", job);
        append_code(out, *subject ? subject : render_word(report->kind));
        /* a comparison's client may have called a candidate by its command */
        if (report->label && strcmp(report->label, subject) != 0) {
                g_string_append_c(out, ' ');
                append_code(out, report->label);
        }
        g_string_append(out, " | ");
        append_energy(out, report);
        g_string_append_printf(out, "%s | %s | %zu | ", isfinite(report->wall.median) ? time_text : "–",
                               isfinite(report->power_w) ? power_text : "–", report->n_trials);
        append_text(out, result);
        g_string_append(out, " |\n");
}

/* What the first takes is a result of the job; of the others it is the change as well. */
static void append_candidate(GString *out, const Report *report, const ComparedRow *row) {
        g_autofree char *job = g_strdup_printf("%u (%u)", report->id, row->number), *change = render_row_change(row),
                        *interval = render_row_interval(row),
                        *result = g_strdup_printf("%s%s%s%s%s%s", change, *interval ? " (" : "", interval,
                                                  *interval ? ")" : "", *change ? ": " : "", render_row_phrase(row));

        append_line(out, job, row->report, row->is_first ? render_word(report->result ?: report->state) : result);
}

static void append_row(GString *out, const Report *report) {
        g_autofree ComparedRow *rows = render_candidate_rows(report);
        g_autofree char *job = g_strdup_printf("%u", report->id);

        for (size_t i = 0; i < report->n_candidates; i++)
                append_candidate(out, report, &rows[i]);
        if (report->n_candidates == 0)
                append_line(out, job, report, render_word(report->result ?: report->state));
}

/* first (may be NULL) stands before the notes. */
static void append_list(GString *out, const char *head, const char *first, const GPtrArray *notes) {
        if (!first && notes->len == 0)
                return;
        g_string_append_printf(out, "\n**%s**\n\n", head);
        if (first) {
                g_string_append(out, "- ");
                append_text(out, first);
                g_string_append_c(out, '\n');
        }
        for (guint i = 0; i < notes->len; i++) {
                g_string_append(out, "- ");
                append_text(out, g_ptr_array_index(notes, i));
                g_string_append_c(out, '\n');
        }
}

static void append_notes(GString *out, const Report *report) {
        g_autofree char *job = g_strdup_printf(_("job %u"), report->id), *threshold = render_threshold(report);
        g_autoptr(GPtrArray) notes = render_notes(report);

        if (report->n_candidates > 0 && threshold)
                g_ptr_array_add(notes, g_steal_pointer(&threshold));
        append_list(out, job, report->error_message, notes);
        for (size_t i = 0; i < report->n_candidates; i++) {
                g_autofree char *candidate = g_strdup_printf(_("job %u, candidate %zu"), report->id, i + 1);
                g_autoptr(GPtrArray) of_it = render_notes(report->candidates[i]);

                append_list(out, candidate, NULL, of_it);
        }
}

void export_markdown(GString *out, Report *const *reports, size_t n) {
        g_string_append_printf(out, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", _("Job"), _("Command"), _("Energy"),
                               render_interval_head(), _("Time"), _("Power"), _("Trials"), _("Result"));
        g_string_append(out, "| --: | :-- | --: | --: | --: | --: | --: | :-- |\n");
        for (size_t i = 0; i < n; i++)
                append_row(out, reports[i]);
        for (size_t i = 0; i < n; i++)
                append_notes(out, reports[i]);
}
