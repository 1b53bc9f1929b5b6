/* SPDX-License-Identifier: MIT */
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "export-forms.h"
#include "export-plots.h"
#include "render.h"
#include "render-comparison.h"
#include "svg-plot.h"

static const Style plain = {};

/* img-src: the empty icon, without which a browser asks the page's server for one. */
static const char head[] =
                "<meta charset=\"utf-8\"/>\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                "'unsafe-inline'; "
                "img-src data:\"/>\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                "<link rel=\"icon\" href=\"data:,\"/>\n"
                "<style>\n"
                ":root { color-scheme: light dark; --ink: #1c1f24; --dim: #667080; --paper: #fff; --edge: #d8dde3;"
                " --main: #0b6bcb; --band: #0b6bcb26; --bad: #c4341d; --warm: #c77700;"
                " --c2: #c77700; --c3: #2f8a4e; --c4: #8650c7; --c5: #b8377f;"
                " --c6: #12848f; --c7: #7a6a2f; --c8: #5b6670; }\n"
                "@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --dim: #97a1b0; --paper: #15181d;"
                " --edge: #343a43; --main: #6db3ff; --band: #6db3ff2e; --bad: #ff8a73; --warm: #ffb84d;"
                " --c2: #ffb84d; --c3: #74d295; --c4: #c5a0ff; --c5: #ff92cb;"
                " --c6: #5fd3dd; --c7: #d8c27a; --c8: #aab4c0; } }\n"
                "body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif;"
                " color: var(--ink); background: var(--paper); }\n"
                "h1, h2 { font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; }\n"
                "h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 3rem; }\n"
                "code { font-family: ui-monospace, monospace; font-size: .95em; }\n"
                "table { border-collapse: collapse; font-variant-numeric: tabular-nums; }\n"
                "th, td { padding: .25rem .9rem .25rem 0; text-align: left; vertical-align: top; }\n"
                "th { color: var(--dim); font-weight: 400; } td.n, th.n { text-align: right; white-space: nowrap; }\n"
                "tbody tr { border-top: 1px solid var(--edge); } tr.energy td { font-weight: 600; }\n"
                "p.dim, .label { color: var(--dim); } ul { padding-left: 1.2rem; } "
                "li::marker { color: var(--warm); }\n"
                ".plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr));"
                " gap: 1rem; }\n"
                "figure { margin: 0; } body > figure { max-width: 40rem; } figcaption { color: var(--dim); }\n"
                "svg { width: 100%; height: auto; }\n"
                "svg text { fill: var(--dim); font-size: 12px; } text.x { text-anchor: middle; }\n"
                "text.y { text-anchor: end; }\n"
                ".grid { stroke: var(--edge); } .tick { stroke: var(--dim); }\n"
                ".dot { fill: var(--main); } .bad { fill: none; stroke: var(--bad); stroke-width: 2; }\n"
                ".band, .bar { fill: var(--band); } .bar { stroke: var(--main); } .span { stroke: var(--main);"
                " stroke-width: 2; }\n"
                ".median { stroke: var(--main); stroke-width: 1.5; stroke-dasharray: 5 3; }\n"
                ".start, .end { fill: none; stroke: var(--warm); stroke-width: 2; } "
                ".start { stroke-dasharray: 2 4; }\n"
                ".thread { fill: none; stroke: var(--main); opacity: .5; } .faint { opacity: .5; }\n"
                ".limit { stroke: var(--dim); stroke-dasharray: 5 3; }\n"
                "details { margin-top: 1rem; } .invalid td { color: var(--bad); }\n"
                "h3 { font-size: 1rem; font-weight: 600; margin: 2rem 0 .5rem; overflow-wrap: anywhere; }\n"
                "td.regressed { color: var(--bad); } .swatch { color: var(--main); }\n"
                /* a candidate each, of the eight there may be; the first has the page's own colour */
                ".c2 { --main: var(--c2); } "
                ".c3 { --main: var(--c3); } "
                ".c4 { --main: var(--c4); } "
                ".c5 { --main: var(--c5); }\n"
                ".c6 { --main: var(--c6); } "
                ".c7 { --main: var(--c7); } "
                ".c8 { --main: var(--c8); }\n"
                "</style>\n";

static void append_cell(GString *out, const char *element, const char *class, const char *text) {
        g_autofree char *shown = markup_text(text);

        g_string_append_printf(out, "<%s", element);
        if (class)
                g_string_append_printf(out, " class=\"%s\"", class);
        g_string_append_printf(out, ">%s</%s>", shown, element);
}

static void append_figure(GString *out, const char *name, const char *class, const Figure *figure, const Scale *scale,
                          const char *mark) {
        g_autofree char *median = scale_format(scale, figure->median);
        g_autofree char *ci = render_interval(scale, figure->low, figure->high, &plain);
        g_autofree char *range = render_interval(scale, figure->min, figure->max, &plain);

        if (!isfinite(figure->median))
                return;
        g_string_append_printf(out, "<tr class=\"%s\">", class);
        append_cell(out, "th", NULL, name);
        append_cell(out, "td", "n", median);
        append_cell(out, "td", "n", ci);
        append_cell(out, "td", "n", range);
        append_cell(out, "td", NULL, mark);
        g_string_append(out, "</tr>\n");
}

static void append_figures(GString *out, const Report *report) {
        const double finest = render_resolution(report);
        const Scale energy = scale_energy(report->total.median, finest, false),
                    net = scale_energy(report->net.median, finest, false),
                    wall = scale_time(report->wall.median, false), cpu = scale_time(report->cpu.median, false),
                    power = scale_power(report->power_w, false);
        const Figure power_figure = { report->power_w, NAN, NAN, NAN, NAN };
        const char *mark = report->simulated ? _("(modelled)") : "";

        g_string_append(out, "<table>\n<thead><tr><th></th>");
        append_cell(out, "th", "n", _("median"));
        append_cell(out, "th", "n", render_interval_head());
        append_cell(out, "th", "n", _("min … max"));
        g_string_append(out, "<th></th></tr></thead>\n<tbody>\n");
        append_figure(out, _("Energy"), "energy", &report->total, &energy, mark);
        append_figure(out, _("above idle"), "net", &report->net, &net, mark);
        append_figure(out, _("Time"), "time", &report->wall, &wall, "");
        append_figure(out, _("CPU time"), "cpu", &report->cpu, &cpu, "");
        append_figure(out, _("Power"), "power", &power_figure, &power, mark);
        g_string_append(out, "</tbody>\n</table>\n");
}

static void append_notes(GString *out, const Report *report) {
        g_autoptr(GPtrArray) notes = render_notes(report);

        if (report->error_message)
                g_ptr_array_insert(notes, 0, g_strdup(report->error_message));
        if (notes->len == 0)
                return;
        g_string_append(out, "<ul>\n");
        for (guint i = 0; i < notes->len; i++) {
                append_cell(out, "li", NULL, g_ptr_array_index(notes, i));
                g_string_append_c(out, '\n');
        }
        g_string_append(out, "</ul>\n");
}

/* Where and when: what else has to be the same for figures to compare. */
static void append_place(GString *out, const Report *report) {
        g_autofree char *time = format_time(report->submitted_usec);
        const char *const facts[] = { render_word(report->result ?: report->state),
                                      report->status,
                                      report->grade,
                                      report->meter,
                                      report->isolation,
                                      report->reserved_cpus,
                                      report->cpu_model,
                                      report->submitted_usec > 0 ? time : NULL };
        g_autoptr(GString) line = g_string_new(NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(facts); i++)
                if (facts[i] && *facts[i])
                        g_string_append_printf(line, "%s%s", line->len ? " · " : "", facts[i]);
        append_cell(out, "p", "dim", line->str);
        g_string_append_c(out, '\n');
}

static void append_trial(GString *out, const Report *report, const Trial *trial) {
        const double iterations = (double) MAX(report->iterations, 1);
        const Scale energy = scale_energy(report->total.median * iterations, report->precision_j, false),
                    time = scale_time(report->wall.median * iterations, false);
        g_autofree char *index = g_strdup_printf("%" G_GUINT64_FORMAT, trial->index),
                        *runs = g_strdup_printf("%" G_GUINT64_FORMAT, trial->iterations),
                        *joules = scale_format(&energy, trial->total_j), *wall = scale_format(&time, trial->wall_s),
                        *cpu = scale_format(&time, trial->cpu_s),
                        *celsius = g_strdup_printf("%.1f … %.1f °C", trial->temp_start_c, trial->temp_end_c),
                        *words = trial->quality ? g_strjoinv(" ", trial->quality) : g_strdup("");

        g_string_append_printf(out, "<tr%s>", trial->valid ? "" : " class=\"invalid\"");
        append_cell(out, "td", "n", index);
        append_cell(out, "td", "n", runs);
        append_cell(out, "td", "n", isfinite(trial->total_j) ? joules : "–");
        append_cell(out, "td", "n", wall);
        append_cell(out, "td", "n", cpu);
        append_cell(out, "td", "n", isfinite(trial->temp_start_c) && isfinite(trial->temp_end_c) ? celsius : "–");
        append_cell(out, "td", NULL, trial->valid ? _("valid") : _("invalid"));
        append_cell(out, "td", NULL, words);
        g_string_append(out, "</tr>\n");
}

static void append_trials(GString *out, const Report *report) {
        const char *const heads[] = { _("Trial"),    _("Runs"),        _("Energy"), _("Time"),
                                      _("CPU time"), _("Temperature"), "",          "" };

        g_string_append(out, "<details>\n");
        append_cell(out, "summary", NULL, _("Every trial, all its runs together"));
        g_string_append(out, "\n<table>\n<thead><tr>");
        for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
                append_cell(out, "th", *heads[i] ? "n" : NULL, heads[i]);
        g_string_append(out, "</tr></thead>\n<tbody>\n");
        for (size_t i = 0; i < report->n_trials; i++)
                append_trial(out, report, &report->trials[i]);
        g_string_append(out, "</tbody>\n</table>\n</details>\n");
}

/* A plot's class for candidate `number`, beside its name. */
static void append_swatch(GString *out, uint32_t number) {
        g_string_append_printf(out, "<span class=\"swatch c%u\">●</span> %u", number, number);
}

static void append_compared(GString *out, const ComparedRow *row, const Scale *scale) {
        const bool regressed = g_strcmp0(row->word, "regressed") == 0;
        g_autofree char *subject = render_row_subject(row), *value = scale_format(scale, row->value);
        g_autofree char *trials = g_strdup_printf("%zu", row->trials), *change = render_row_change(row),
                        *interval = render_row_interval(row);

        g_string_append(out, "<tr><td class=\"n\">");
        append_swatch(out, row->number);
        g_string_append(out, "</td><td>");
        append_cell(out, "code", NULL, subject);
        g_string_append(out, "</td>");
        append_cell(out, "td", "n", trials);
        append_cell(out, "td", "n", isfinite(row->value) ? value : "–");
        append_cell(out, "td", "n", change);
        append_cell(out, "td", "n", interval);
        append_cell(out, "td", regressed ? "regressed" : NULL, render_row_phrase(row));
        g_string_append(out, "</tr>\n");
}

static void append_compared_rows(GString *out, const Report *report) {
        const bool energy = !report->compares_time;
        g_autofree ComparedRow *rows = render_candidate_rows(report);
        g_autofree char *threshold = render_threshold(report);
        const Scale scale = render_rows_scale(rows, energy, false);
        const char *const heads[] = { _("Trials"), energy ? _("Energy") : _("Time"), _("Change"),
                                      render_interval_head() };

        g_string_append(out, "<table>\n<thead><tr><th></th>");
        append_cell(out, "th", NULL, _("Command"));
        for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
                append_cell(out, "th", "n", heads[i]);
        g_string_append(out, "<th></th></tr></thead>\n<tbody>\n");
        for (size_t i = 0; i < report->n_candidates; i++)
                append_compared(out, &rows[i], &scale);
        g_string_append(out, "</tbody>\n</table>\n");
        if (threshold) {
                append_cell(out, "p", "dim", threshold);
                g_string_append_c(out, '\n');
        }
        if (report->candidates[0]->simulated) {
                append_cell(out, "p", "dim", render_evidence("SIMULATED"));
                g_string_append_c(out, '\n');
        }
}

static void append_candidate(GString *out, const Report *one, uint32_t number) {
        g_autofree char *subject = render_subject(one);

        g_string_append(out, "<h3>");
        append_swatch(out, number);
        g_string_append(out, " ");
        append_cell(out, "code", NULL, subject);
        if (one->label && strcmp(one->label, subject) != 0) {
                g_string_append_c(out, ' ');
                append_cell(out, "span", "label", one->label);
        }
        g_string_append(out, "</h3>\n");
        if (isfinite(one->wall.median))
                append_figures(out, one);
        append_notes(out, one);
        if (one->n_trials > 0)
                append_trials(out, one);
}

/* What they are beside each other, then what each is. */
static void append_comparison(GString *out, const Report *report) {
        g_autofree const Trial **turns = NULL;
        size_t n_turns;

        append_compared_rows(out, report);
        append_notes(out, report);
        g_string_append(out, "<div class=\"plots\">\n");
        plot_changes(out, report);
        plot_turns(out, report);
        plot_spreads(out, report);
        turns = comparison_turns(report, &n_turns);
        plot_temperature(out, turns, n_turns, _("Turn"));
        g_string_append(out, "</div>\n");
        for (size_t i = 0; i < report->n_candidates; i++)
                append_candidate(out, report->candidates[i], (uint32_t) i + 1);
}

static void append_measured(GString *out, const Report *report) {
        g_autofree const Trial **trials = g_new(const Trial *, report->n_trials + 1);

        for (size_t i = 0; i < report->n_trials; i++)
                trials[i] = &report->trials[i];
        if (isfinite(report->wall.median))
                append_figures(out, report);
        append_notes(out, report);
        g_string_append(out, "<div class=\"plots\">\n");
        plot_trials(out, report);
        plot_distribution(out, report);
        plot_temperature(out, trials, report->n_trials, _("Trial"));
        g_string_append(out, "</div>\n");
        if (report->n_trials > 0)
                append_trials(out, report);
}

static void append_report(GString *out, const Report *report) {
        g_autofree char *subject = render_subject(report);
        g_autofree char *job = g_strdup_printf(_("Job %u: "), report->id);

        g_string_append(out, "<section>\n<h2>");
        append_cell(out, "span", NULL, job);
        append_cell(out, "code", NULL, *subject ? subject : render_word(report->kind));
        if (report->label) {
                g_string_append_c(out, ' ');
                append_cell(out, "span", "label", report->label);
        }
        g_string_append(out, "</h2>\n");
        append_place(out, report);
        if (report->n_candidates > 0)
                append_comparison(out, report);
        else
                append_measured(out, report);
        g_string_append(out, "</section>\n");
}

void export_html(GString *out, Report *const *reports, size_t n) {
        g_autofree char *title = g_strdup_printf(ngettext("JouleTrace: %zu job", "JouleTrace: %zu jobs", n), n);

        /* TRANSLATORS: the code of your language, for a page's lang attribute */
        g_string_append_printf(out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n%s", _("en"), head);
        append_cell(out, "title", NULL, title);
        g_string_append(out, "\n</head>\n<body>\n");
        append_cell(out, "h1", NULL, title);
        g_string_append_c(out, '\n');
        plot_comparison(out, reports, n);
        for (size_t i = 0; i < n; i++)
                append_report(out, reports[i]);
        g_string_append(out, "</body>\n</html>\n");
}
