/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "compare.h"
#include "export.h"
#include "export-forms.h"
#include "render-comparison.h"
#include "render.h"

/* A comparison as the worker reports it. */
#define CANDIDATE(program, id, joules, seconds)                                                                    \
        "{\"program\":{\"argv\":[\"" program "\"]},\"request\":{\"candidate-id\":" id ",\"resolution\":\"fine\"}," \
        "\"measurement\":{\"meter\":{\"name\":\"perf\",\"simulated\":false,\"precision_uj\":1,\"domains\":[]},"    \
        "\"trials\":[{\"valid\":true},{\"valid\":false}],\"summary\":{\"total_j\":{\"median\":" joules             \
        "},\"wall_s\":{\"median\":" seconds "}}}}"

#define REPORT(of, changes)                                                                                          \
        "{\"schema\":\"org.jouletrace.report/1\",\"job\":{\"id\":9,\"kind\":\"compare\",\"result\":\"done\"},"       \
        "\"program\":null,\"measurement\":null,\"absent\":{\"comparison.changes[1].change\":\"no pair of trials is " \
        "valid\"},\"comparison\":{\"of\":\"" of "\",\"threshold\":0.02,\"changes\":[" changes                        \
        "],\"candidates\":[" CANDIDATE("./a", "null", "10.0", "1.0") "," CANDIDATE(                                  \
                        "./b", "\"b\\u001b[2J\"", "10.5", "2.0") "," CANDIDATE("./c", "null", "9.0", "3.0") "]}}"

#define REGRESSED "{\"change\":0.05,\"ci95\":[0.041,0.062],\"p_adjusted\":0.004,\"word\":\"regressed\"}"
#define UNKNOWN "{\"change\":null,\"ci95\":null,\"p_adjusted\":null,\"word\":null}"

static const Style style = {};

static Report *parse(const char *text) {
        Report *report;

        g_assert_cmpint(report_parse(text, strlen(text), &report), ==, 0);
        return report;
}

static char *render(const Report *report) {
        g_autoptr(GString) out = g_string_new(NULL);

        render_report(out, report, &style);
        return g_strdup(out->str);
}

static void test_read(void) {
        g_autoptr(Report) report = parse(REPORT("total_j", REGRESSED "," UNKNOWN));

        g_assert_cmpuint(report->n_candidates, ==, 3);
        g_assert_false(report->compares_time);
        g_assert_cmpfloat(report->threshold, ==, 0.02);
        g_assert_cmpstr(report->candidates[2]->argv[0], ==, "./c");
        g_assert_cmpfloat(report->candidates[2]->total.median, ==, 9);
        g_assert_true(isnan(report->changes[0].change));
        g_assert_cmpfloat(report->changes[1].change, ==, 0.05);
        g_assert_cmpfloat(report->changes[1].low, ==, 0.041);
        g_assert_cmpfloat(report->changes[1].high, ==, 0.062);
        g_assert_cmpfloat(report->changes[1].p, ==, 0.004);
        g_assert_cmpstr(report->changes[1].word, ==, "regressed");
        g_assert_null(report->changes[2].word);
        g_assert_true(isnan(report->changes[2].change));
        g_assert_cmpstr(report->changes[2].absent, ==, "no pair of trials is valid");
}

static void test_table(void) {
        g_autoptr(Report) report = parse(REPORT("total_j", REGRESSED "," UNKNOWN));
        g_autofree char *text = render(report);

        g_assert_cmpstr(text, ==,
                        "Job 9: comparison\n"
                        "     Command   Trials   Energy  Change   95 % interval\n"
                        "  1  ./a            1  10.00 J\n"
                        "  2  b\\x1b[2J       1  10.50 J  +5.0 %  +4.1 to +6.2 %  regressed\n"
                        "  3  ./c            1   9.00 J                          no pair of trials is valid\n"
                        "\n"
                        "  measured in turns; changes are against the first, and of note above 2.0 %\n");
}

static void test_time(void) {
        g_autoptr(Report) report = parse(REPORT("wall_s", REGRESSED "," UNKNOWN));
        g_autofree char *text = render(report);

        g_assert_nonnull(strstr(text, "Time"));
        g_assert_nonnull(strstr(text, "2.000 s"));
        g_assert_null(strstr(text, " J"));
}

/* A report that says less than it should, or more, is shown as far as it goes. */
static void test_odd(void) {
        static const char *const texts[] = {
                REPORT("total_j", ""),
                REPORT("total_j", "1,null"),
                REPORT("total_j", UNKNOWN "," UNKNOWN "," REGRESSED "," REGRESSED),
                REPORT("total_j", "{\"change\":1e300,\"ci95\":[\"x\",null],\"word\":\"b\\u001b\"}"),
                "{\"schema\":\"org.jouletrace.report/1\",\"comparison\":{\"candidates\":[null,1]}}",
                "{\"schema\":\"org.jouletrace.report/1\",\"comparison\":{\"candidates\":[]}}",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(Report) report = parse(texts[i]);
                g_autofree char *text = render(report);
                g_autoptr(GString) out = g_string_new(NULL);

                g_assert_null(strchr(text, '\x1b'));
                export_html(out, (Report *const[]){ report }, 1);
                export_markdown(out, (Report *const[]){ report }, 1);
                export_openmetrics(out, (Report *const[]){ report }, 1, NULL);
                export_csv(out, report);
                g_assert_null(strchr(out->str, '\x1b'));
        }
}

/* Rounds are known all or not at all. */
static void test_order(void) {
        static const struct {
                const char *order;
                size_t n_rounds;
        } orders[] = {
                { "[[2,1],[1,2]]", 2 },   { "[]", 0 },
                { "[[2,1],[1]]", 0 },     { "[[2,1],[1,2,1]]", 0 },
                { "[[2,1],null]", 0 },    { "[[0,1],[1,2]]", 0 },
                { "[[2,1],[1,3]]", 0 },   { "[[2,1],[1,\"2\"]]", 0 },
                { "[[2,1],[1,[2]]]", 0 }, { "[[2,1],[1,2.5]]", 0 },
                { "[[-1,1]]", 0 },        { "\"no\"", 0 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
                g_autofree char *text =
                                g_strdup_printf("{\"schema\":\"org.jouletrace.report/1\",\"comparison\":{\"order\":%s,"
                                                "\"candidates\":[{},{}]}}",
                                                orders[i].order);
                g_autoptr(Report) report = parse(text);

                g_assert_cmpuint(report->n_rounds, ==, orders[i].n_rounds);
                for (size_t at = 0; at < 2 * report->n_rounds; at++)
                        g_assert_cmpuint(report->order[at], ==, at == 0 || at == 3);
        }
}

/* Every word that a comparison can have is in the table, where translators find it. */
static void test_words(void) {
        for (int word = 0; word < _COMPARISON_WORD_MAX; word++) {
                g_autofree char *copy = g_strdup(comparison_word_to_string((ComparisonWord) word));

                g_assert_true(render_change_word(copy) != copy);
        }
        g_assert_cmpstr(render_change_word("else"), ==, "else");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/render-comparison/read", test_read);
        g_test_add_func("/render-comparison/table", test_table);
        g_test_add_func("/render-comparison/time", test_time);
        g_test_add_func("/render-comparison/odd", test_odd);
        g_test_add_func("/render-comparison/order", test_order);
        g_test_add_func("/render-comparison/words", test_words);
        return g_test_run();
}
