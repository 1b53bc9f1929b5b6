/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <math.h>
#include <string.h>

#include "client-report.h"
#include "export-forms.h"
#include "svg-plot.h"

#define NASTY "a|b `c` <script>alert(1)</script> \"d\" 'e' \\ \033[2J\n# f *g* & http://x.example/"

static Report *sample(void) {
        Report *report;

        g_assert_cmpint(report_parse(SAMPLE_REPORT, strlen(SAMPLE_REPORT), &report), ==, 0);
        return report;
}

/* A command, a label, a message, a word of evidence and a CPU that were made to break out of whatever they are put
 * into. */
static Report *nasty(void) {
        Report *report = sample();

        g_strfreev(report->argv);
        report->argv = g_new0(char *, 2);
        report->argv[0] = g_strdup(NASTY);
        report->label = g_strdup(NASTY);
        report->error_message = g_strdup(NASTY);
        report->trials[1].quality[0][0] = '<';
        g_free(report->cpu_model);
        report->cpu_model = g_strdup(NASTY);
        return report;
}

static void lacks(const GString *out, const char *const *words) {
        for (; *words; words++)
                if (strstr(out->str, *words))
                        g_error("“%s” in: %s", *words, out->str);
}

static void test_markdown(void) {
        g_autoptr(Report) report = sample(), without = sample();
        Report *const reports[] = { report, without };
        g_autoptr(GString) out = g_string_new(NULL);
        g_auto(GStrv) lines = NULL;

        without->total.median = NAN;
        without->simulated = true;
        export_markdown(out, reports, 2);
        lines = g_strsplit(out->str, "\n", -1);
        g_assert_cmpstr(lines[0], ==, "| Job | Command | Energy | 95 % interval | Time | Power | Trials | Result |");
        g_assert_cmpstr(lines[2], ==,
                        "| 7 | `python3 fib.py 'a b'` | 12.35 J | 12.29 … 12.44 J | 183.2 ms | 67.40 W | 2 | done |");
        g_assert_cmpstr(lines[3], ==, "| 7 | `python3 fib.py 'a b'` | – | | 183.2 ms | 67.40 W | 2 | done |");
        g_assert_cmpstr(lines[5], ==, "**job 7**");
        g_assert_true(g_str_has_prefix(lines[7], "- the other hardware thread"));
        g_assert_nonnull(strstr(out->str, "\n- joules are modelled"));

        g_string_truncate(out, 0);
        without->total.median = 12.345;
        export_markdown(out, reports, 2);
        g_assert_nonnull(strstr(out->str, "| 12.35 J (modelled) |"));
}

static void test_markdown_nasty(void) {
        static const char *const words[] = { "\033", " <script", "\n#", NULL };
        g_autoptr(Report) report = nasty();
        Report *const reports[] = { report };
        g_autoptr(GString) out = g_string_new(NULL);
        g_auto(GStrv) lines = NULL;
        size_t bars = 0;

        export_markdown(out, reports, 1);
        lacks(out, (const char *const[]){ "\033", "\n#", NULL });
        lines = g_strsplit(out->str, "\n", -1);
        for (const char *p = lines[2]; *p; p++)
                bars += *p == '|' && (p == lines[2] || p[-1] != '\\');
        g_assert_cmpuint(bars, ==, 9);
        g_assert_nonnull(strstr(lines[2], "`` a\\|b `c`"));
        /* outside of code nothing is markup */
        for (size_t i = 3; lines[i]; i++) {
                g_autoptr(GString) line = g_string_new(lines[i]);

                lacks(line, words);
        }
        g_assert_nonnull(strstr(out->str, "- a\\|b \\`c\\` \\<script\\>alert"));
}

static JsonObject *statistics(void) {
        JsonObject *object = json_object_new();

        json_object_set_int_member(object, "jobs", 12);
        json_object_set_double_member(object, "wait-p95", 1.5);
        return object;
}

static void test_openmetrics(void) {
        static const char *const expected[] = {
                "jouletrace_job_info{job=\"7\",label=\"\",command=\"python3 fib.py 'a "
                "b'\",result=\"done\",status=\"OK\","
                "grade=\"B\",meter=\"perf\",simulated=\"false\",isolation=\"reserved\"} 1",
                "jouletrace_energy_joules{job=\"7\",domain=\"total\"} 12.345",
                "jouletrace_energy_joules{job=\"7\",domain=\"dram\"} 1.145",
                "jouletrace_energy_low_joules{job=\"7\",domain=\"total\"} 12.29",
                "jouletrace_energy_high_joules{job=\"7\",domain=\"total\"} 12.44",
                "jouletrace_wall_seconds{job=\"7\"} 0.1832",
                "jouletrace_power_watts{job=\"7\"} 67.4",
                "jouletrace_trials{job=\"7\",valid=\"true\"} 1",
                "jouletrace_trials{job=\"7\",valid=\"false\"} 1",
                "jouletrace_finished_seconds{job=\"7\"} 1700000009",
                "jouletrace_service_jobs 12",
                "jouletrace_service_wait_p95_seconds 1.5",
        };
        g_autoptr(JsonObject) object = statistics();
        g_autoptr(Report) report = sample(), other = sample();
        Report *const reports[] = { report, other };
        g_autoptr(GString) out = g_string_new(NULL);

        other->id = 8;
        other->total.median = NAN;
        g_assert_nonnull(setlocale(LC_NUMERIC, "de_DE.UTF-8"));
        export_openmetrics(out, reports, 2, object);
        setlocale(LC_NUMERIC, "C");
        for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
                g_autofree char *line = g_strdup_printf("\n%s\n", expected[i]);

                if (!strstr(out->str, line))
                        g_error("%s is not in:\n%s", expected[i], out->str);
        }
        g_assert_true(g_str_has_suffix(out->str, "\n# EOF\n"));
        /* what is unknown has no line, and is not 0 */
        lacks(out,
              (const char *const[]){ "{job=\"8\",domain=\"total\"} 0", "domain=\"net\"", "NaN", "nan",
                                     "service_failed", "jouletrace_energy_joules{job=\"8\",domain=\"total\"", NULL });
}

static void test_openmetrics_nasty(void) {
        g_autoptr(Report) report = nasty();
        Report *const reports[] = { report };
        g_autoptr(GString) out = g_string_new(NULL);

        export_openmetrics(out, reports, 1, NULL);
        lacks(out, (const char *const[]){ "\033", "\n# f", " \"d\" ", NULL });
        g_assert_nonnull(strstr(out->str, ",label=\"a|b `c` <script>alert(1)</script> \\\"d\\\" 'e' \\\\ \\\\x1b[2J"));
}

/* Nothing that a browser would fetch or run, whatever the report holds. */
static void test_html_is_self_contained(void) {
        static const char *const words[] = { "<script", "<iframe", "<img", " src=", "url(",  "@import", "https:",
                                             "//",      "onload",  "<a ",  "\033",  "xlink", NULL };
        g_autoptr(Report) report = sample(), other = sample();
        Report *const reports[] = { report, other };
        g_autoptr(GString) out = g_string_new(NULL);

        other->total.median = 13;
        for (size_t i = 0; i < report->n_trials; i++) {
                report->trials[i].temp_start_c = 50 + (double) i;
                report->trials[i].temp_end_c = 55;
        }
        export_html(out, reports, 2);
        lacks(out, words);
        g_assert_nonnull(strstr(out->str, "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\""));
        g_assert_nonnull(strstr(out->str, "12.29 … 12.44 J"));
        g_assert_nonnull(strstr(out->str, "<circle class=\"dot\""));
        g_assert_nonnull(strstr(out->str, "<title>2: ? J, PARTITION_LOST</title>"));
        g_assert_nonnull(strstr(out->str, "<path class=\"start\""));
        g_assert_nonnull(strstr(out->str, "<line class=\"span\"")); /* jobs beside each other */
}

static void count_element(GMarkupParseContext *context, const char *name, const char **names, const char **values,
                          void *userdata, GError **error) {
        g_hash_table_insert(userdata, g_strdup(name), NULL);
}

static void test_html_nasty(void) {
        static const GMarkupParser parser = { .start_element = count_element };
        static const char doctype[] = "<!DOCTYPE html>\n";
        g_autoptr(GHashTable) elements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, elements, NULL);
        g_autoptr(Report) report = nasty(), other = nasty();
        Report *const reports[] = { report, other };
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(GError) error = NULL;

        export_html(out, reports, 2);
        lacks(out, (const char *const[]){ "<script", "\033", "\"d\"", NULL });
        g_assert_true(g_str_has_prefix(out->str, doctype));
        g_assert_true(g_markup_parse_context_parse(context, out->str + strlen(doctype), -1, &error));
        g_assert_true(g_markup_parse_context_end_parse(context, &error));
        g_assert_no_error(error);
        g_assert_true(g_hash_table_contains(elements, "svg"));
        g_assert_false(g_hash_table_contains(elements, "script"));
}

/* The drawing's numbers have dots where the reader's have commas. */
static void test_html_in_another_language(void) {
        g_autoptr(Report) report = sample();
        Report *const reports[] = { report };
        g_autoptr(GString) out = g_string_new(NULL);

        if (!setlocale(LC_NUMERIC, "de_DE.UTF-8"))
                g_error("the locale de_DE.UTF-8 is not installed");
        export_html(out, reports, 1);
        setlocale(LC_NUMERIC, "C");
        g_assert_nonnull(strstr(out->str, "12,29 … 12,44 J"));
        for (const char *p = out->str; (p = strstr(p, " cx=\"")); p++)
                g_assert_cmpuint(strspn(p + 5, "0123456789."), ==, strcspn(p + 5, "\""));
}

static void test_nothing(void) {
        static const char empty[] = "{\"schema\":\"org.jouletrace.report/1\",\"job\":{\"id\":3,\"state\":\"queued\"}}";
        g_autoptr(Report) report = NULL;
        g_autoptr(GString) out = g_string_new(NULL);
        Report *reports[1];

        g_assert_cmpint(report_parse(empty, strlen(empty), &report), ==, 0);
        reports[0] = report;
        export_html(out, reports, 1);
        lacks(out, (const char *const[]){ "<svg", "nan", "inf", "<details", NULL });
        g_string_truncate(out, 0);
        export_markdown(out, reports, 1);
        lacks(out, (const char *const[]){ "nan", "? ", NULL });
        g_string_truncate(out, 0);
        export_openmetrics(out, reports, 0, NULL);
        g_assert_true(g_str_has_suffix(out->str, "# EOF\n"));
        g_string_truncate(out, 0);
        export_html(out, reports, 0);
        export_markdown(out, reports, 0);
}

static void test_axis(void) {
        static const struct {
                double low, high;
                unsigned marks;
                bool exact;
                PlotAxis axis;
        } cases[] = {
                { 0, 10, 5, true, { 0, 10, 2, 0 } },
                { 0, 10, 10, true, { 0, 10, 1, 0 } },
                { 12.2, 12.4, 5, false, { 12.19, 12.41, 0.05, 2 } },
                { 1e-4, 3e-4, 4, true, { 1e-4, 3e-4, 5e-5, 5 } },
                { -3, 1e6, 6, true, { -3, 1e6, 200000, 0 } },
                { 50, 50, 4, false, { 49.5, 50.5, 0.5, 1 } }, /* all trials are equal */
                { 0, 0, 4, true, { -1, 1, 0.5, 1 } },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const PlotAxis axis = plot_axis(cases[i].low, cases[i].high, cases[i].marks, cases[i].exact);

                g_assert_cmpfloat_with_epsilon(axis.low, cases[i].axis.low, 1e-9);
                g_assert_cmpfloat_with_epsilon(axis.high, cases[i].axis.high, 1e-9);
                g_assert_cmpfloat_with_epsilon(axis.step, cases[i].axis.step, 1e-9);
                g_assert_cmpint(axis.decimals, ==, cases[i].axis.decimals);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/export-forms/markdown", test_markdown);
        g_test_add_func("/export-forms/markdown-nasty", test_markdown_nasty);
        g_test_add_func("/export-forms/openmetrics", test_openmetrics);
        g_test_add_func("/export-forms/openmetrics-nasty", test_openmetrics_nasty);
        g_test_add_func("/export-forms/html-is-self-contained", test_html_is_self_contained);
        g_test_add_func("/export-forms/html-nasty", test_html_nasty);
        g_test_add_func("/export-forms/html-in-another-language", test_html_in_another_language);
        g_test_add_func("/export-forms/nothing", test_nothing);
        g_test_add_func("/export-forms/axis", test_axis);
        return g_test_run();
}
