/* SPDX-License-Identifier: MIT */
#include "render-validation.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "render.h"
#include "table.h"
#include "units.h"

#define TESTS_SHOWN 20   /* beyond that only those that are not AC */
#define FAILURES_SHOWN 3 /* in full */
#define ROWS_MAX 40
#define NAME_WIDTH 32
#define MESSAGE_WIDTH 64
#define EXCERPT_WIDTH 72
#define EXCERPT_LINES 10

static const struct {
        const char *word, *text;
} verdicts[] = {
        { "AC", N_("right on every test") },
        { "OK", N_("ran without fault") },
        { "WA", N_("wrong answer") },
        { "TLE", N_("too much CPU time") },
        { "WTL", N_("too long by the clock") },
        { "MLE", N_("too much memory") },
        { "OLE", N_("too much output") },
        { "ELE", N_("too much energy") },
        { "RTE", N_("ended with an error") },
        { "SV", N_("a system call that a box does not allow") },
        { "XF", N_("could not be started") },
        { "CE", N_("not compiled") },
        { "IE", N_("the service or the validator failed, not the program") },
        { "SKIPPED", N_("not run") },
};

static const char *verdict_text(const char *word) {
        for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++)
                if (g_strcmp0(verdicts[i].word, word) == 0)
                        return _(verdicts[i].text);
        return "";
}

static bool is_good(const char *verdict) {
        return g_strcmp0(verdict, "AC") == 0 || g_strcmp0(verdict, "OK") == 0;
}

static Colour verdict_colour(const char *verdict) {
        return is_good(verdict) ? COLOUR_ENERGY : g_strcmp0(verdict, "SKIPPED") == 0 ? COLOUR_DIM : COLOUR_BAD;
}

static char *seconds(uint64_t usec, const Style *style) {
        Scale scale = scale_time((double) usec / 1e6, style->ascii);

        return usec == UINT64_MAX ? NULL : scale_format(&scale, (double) usec / 1e6);
}

static bool is_measured(const Report *report) {
        return report->n_per_test > 0;
}

static void append_head(GString *out, const Report *report, const Style *style) {
        const Validation *validation = report->validation;
        uint64_t slowest = 0, peak = 0;
        g_autofree char *time = NULL, *memory = NULL;

        g_string_append(out, "  ");
        /* a job that was cancelled or ran out of time has none */
        text_append_coloured(out, style, verdict_colour(validation->verdict),
                             validation->verdict ?: render_word(report->result));
        if (validation->verdict)
                g_string_append_printf(out, "  %s", verdict_text(validation->verdict));
        for (size_t i = 0; i < validation->n_tests; i++) {
                const TestResult *test = &validation->tests[i];

                slowest = test->cpu_usec == UINT64_MAX ? slowest : MAX(slowest, test->cpu_usec);
                peak = test->memory_peak == UINT64_MAX ? peak : MAX(peak, test->memory_peak);
        }
        if (validation->n_tests > 0) {
                g_string_append(out, ": ");
                g_string_append_printf(out, ngettext("%u of %u test", "%u of %u tests", (unsigned) validation->total),
                                       (unsigned) validation->passed, (unsigned) validation->total);
        }
        if (slowest > 0) {
                time = seconds(slowest, style);
                memory = format_bytes(peak);
                g_string_append(out, ", ");
                g_string_append_printf(out, _("at most %s and %s"), time, memory);
        }
        g_string_append_c(out, '\n');
}

/* One line of it, at most width columns; the rest is below, in full. */
static char *first_line(const char *text, size_t width, const Style *style) {
        g_autofree char *line = g_strndup(text, strcspn(text, "\n")), *shown = text_printable(line, false);

        return text_ellipsize(shown, width, style->ascii);
}

static void test_row(Table *table, const TestResult *test, const Style *style) {
        g_autofree char *name = first_line(test->name ?: "?", NAME_WIDTH, style);
        g_autofree char *message = first_line(is_good(test->verdict) ? "" : test->message ?: "", MESSAGE_WIDTH, style);
        g_autofree char *time = seconds(test->cpu_usec, style);
        g_autofree char *memory = test->memory_peak == UINT64_MAX ? NULL : format_bytes(test->memory_peak);

        table_cell(table, COLOUR_NONE, name);
        table_cell(table, verdict_colour(test->verdict), test->verdict ?: render_word("cancelled"));
        table_cell(table, COLOUR_TIME, time);
        table_cell(table, COLOUR_NONE, memory);
        table_cell(table, COLOUR_NONE, message);
}

static void append_tests(GString *out, const Validation *validation, const Style *style) {
        g_autoptr(Table) table = table_new("llrrl");
        bool all = validation->n_tests <= TESTS_SHOWN;
        size_t rows = 0, left_out = 0;

        table_cell(table, COLOUR_DIM, _("Test"));
        table_cell(table, COLOUR_DIM, _("Verdict"));
        table_cell(table, COLOUR_DIM, _("CPU time"));
        table_cell(table, COLOUR_DIM, _("Memory"));
        table_cell(table, COLOUR_DIM, "");
        for (size_t i = 0; i < validation->n_tests; i++) {
                const TestResult *test = &validation->tests[i];
                bool quiet = is_good(test->verdict) || g_strcmp0(test->verdict, "SKIPPED") == 0;

                if ((!all && quiet) || rows == ROWS_MAX) {
                        left_out++;
                        continue;
                }
                test_row(table, test, style);
                rows++;
        }
        if (rows > 0)
                table_append(out, table, style, 2);
        if (left_out > 0 && rows > 0)
                g_string_append_printf(out, ngettext("  and %zu more test\n", "  and %zu more tests\n", left_out),
                                       left_out);
}

/* Lines of somebody else's, each behind a bar. */
static void append_excerpt(GString *out, const char *title, const char *text, const Style *style) {
        g_autofree char *printable = NULL;
        g_auto(GStrv) lines = NULL;
        size_t n, first;

        if (!text || !*text)
                return;
        printable = g_strchomp(text_printable(text, true));
        lines = g_strsplit(printable, "\n", -1);
        n = g_strv_length(lines);
        first = n > EXCERPT_LINES ? n - EXCERPT_LINES : 0;
        g_string_append_printf(out, "    %s\n", title);
        for (size_t i = first; i < n; i++) {
                g_autofree char *line = text_ellipsize(lines[i], EXCERPT_WIDTH, style->ascii);

                text_append_coloured(out, style, COLOUR_DIM, style->ascii ? "    | " : "    │ ");
                g_string_append_printf(out, "%s\n", line);
        }
}

static void compared_row(Table *table, const char *title, Colour colour, const char *text, const Style *style) {
        g_autofree char *shown = NULL;

        if (!text)
                return;
        shown = first_line(text, EXCERPT_WIDTH, style);
        table_cell(table, COLOUR_DIM, title);
        table_cell(table, colour, *shown ? shown : _("(nothing)"));
}

static void append_failure(GString *out, const TestResult *test, const Style *style) {
        g_autofree char *name = first_line(test->name ?: "?", NAME_WIDTH, style);
        g_autoptr(Table) table = table_new("ll");

        g_string_append_c(out, '\n');
        g_string_append(out, "  ");
        text_append_coloured(out, style, COLOUR_STRONG, name);
        g_string_append_c(out, ' ');
        text_append_coloured(out, style, COLOUR_BAD, test->verdict ?: "?");
        if (test->path && *test->path) {
                g_autofree char *path = text_printable(test->path, false);

                g_string_append_printf(out, _(", at %s"), path);
        } else if (test->line != UINT64_MAX && test->column != UINT64_MAX) {
                g_string_append_printf(out, _(", line %u, column %u"), (unsigned) test->line, (unsigned) test->column);
        }
        g_string_append_c(out, '\n');
        /* the sentence about a wrong answer has the same in one line */
        if (test->message && !test->expected && !test->got) {
                g_autofree char *message = text_printable(test->message, false);

                g_string_append(out, "    ");
                text_append_wrapped(out, message, EXCERPT_WIDTH, 4);
                g_string_append_c(out, '\n');
        }
        compared_row(table, _("input"), COLOUR_NONE, test->inputs && *test->inputs ? test->inputs : NULL, style);
        compared_row(table, _("expected"), COLOUR_ENERGY, test->expected, style);
        compared_row(table, _("got"), COLOUR_BAD, test->got, style);
        if (test->metadata && strlen(test->metadata) <= EXCERPT_WIDTH && !strchr(test->metadata, '\n'))
                compared_row(table, _("metadata"), COLOUR_NONE, test->metadata, style);
        table_append(out, table, style, 4);
        append_excerpt(out, _("the end of its error output:"), test->error_output, style);
        append_excerpt(out, _("the validator says:"), test->validator, style);
}

/* The service tells the first ones in full; more than a few help nobody at a terminal. */
static void append_failures(GString *out, const Validation *validation, const Style *style) {
        size_t shown = 0;

        for (size_t i = 0; i < validation->n_tests && shown < FAILURES_SHOWN; i++) {
                const TestResult *test = &validation->tests[i];

                if (!test->verdict || is_good(test->verdict) || strcmp(test->verdict, "SKIPPED") == 0)
                        continue;
                append_failure(out, test, style);
                shown++;
        }
}

void render_validation(GString *out, const Report *report, const Style *style) {
        const Validation *validation = report->validation;

        if (!validation)
                return;
        append_head(out, report, style);
        if (g_strcmp0(validation->verdict, "CE") == 0) {
                g_autofree char *end = text_printable(validation->compiler_end ?: "", false);

                if (*end)
                        g_string_append_printf(out, _("    the compiler %s\n"), end);
                append_excerpt(out, _("it says:"), validation->compiler_output, style);
                return;
        }
        /* what is measured is AC on every test; its figures stand in a table of their own */
        if (is_measured(report))
                return;
        append_tests(out, validation, style);
        append_failures(out, validation, style);
}

void render_per_test(GString *out, const Report *report, double resolution_j, const Style *style) {
        g_autoptr(Table) table = table_new("lrrl");
        double most_j = NAN, most_s = NAN;
        Scale energy, time;
        size_t n = MIN(report->n_per_test, ROWS_MAX);

        /* of a single one all has been said */
        if (report->n_per_test < 2)
                return;
        for (size_t i = 0; i < report->n_per_test; i++) {
                most_j = fmax(most_j, report->per_test[i].total_j);
                most_s = fmax(most_s, report->per_test[i].wall_s);
        }
        energy = scale_energy(most_j, resolution_j, style->ascii);
        time = scale_time(most_s, style->ascii);
        table_cell(table, COLOUR_DIM, _("Test"));
        table_cell(table, COLOUR_DIM, isfinite(most_j) ? _("Energy") : "");
        table_cell(table, COLOUR_DIM, _("Time"));
        table_cell(table, COLOUR_DIM, "");
        for (size_t i = 0; i < n; i++) {
                const TestFigures *test = &report->per_test[i];
                g_autofree char *name = first_line(test->name ?: "?", NAME_WIDTH, style);
                g_autofree char *joules = scale_format(&energy, test->total_j);
                g_autofree char *span = scale_format(&time, test->wall_s);

                table_cell(table, COLOUR_NONE, name);
                table_cell(table, COLOUR_ENERGY, isfinite(test->total_j) ? joules : "");
                table_cell(table, COLOUR_TIME, span);
                table_cell(table, COLOUR_WARNING, report->simulated && isfinite(test->total_j) ? _("(modelled)") : "");
        }
        g_string_append_c(out, '\n');
        table_append(out, table, style, 2);
        if (report->n_per_test > n)
                g_string_append_printf(
                                out,
                                ngettext("  and %zu more test\n", "  and %zu more tests\n", report->n_per_test - n),
                                report->n_per_test - n);
}
