/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "client-report.h"
#include "render.h"

static const Style style = {}, ascii = { .ascii = true };

static Report *sample(void) {
        Report *report;

        g_assert_cmpint(report_parse(SAMPLE_REPORT, strlen(SAMPLE_REPORT), &report), ==, 0);
        return report;
}

static char *render(const Report *report, const Style *with) {
        g_autoptr(GString) out = g_string_new(NULL);

        render_report(out, report, with);
        return g_strdup(out->str);
}

static void test_result(void) {
        g_autoptr(Report) report = sample();
        g_autofree char *text = render(report, &style);

        g_assert_cmpstr(text, ==,
                        "Job 7: python3 fib.py 'a b'\n"
                        "              Median     95 % interval         Min … max\n"
                        "  Energy     12.35 J   12.29 … 12.44 J   12.21 … 12.61 J\n"
                        "  Time      183.2 ms  182.9 … 184.0 ms  181.0 … 190.1 ms\n"
                        "  CPU time  180.0 ms                    179.0 … 182.0 ms\n"
                        "  Power      67.40 W\n"
                        "  processor package 11.20 J, memory 1.15 J\n"
                        "  2 trials, 1 of them invalid, 2 warm-ups before\n"
                        "  meter perf, on reserved cores (3,7)\n"
                        "  ⚠ the other hardware thread of its core was not reserved: what ran there\n    counts too\n"
                        "  ⚠ in 1 trial: the reserved cores were taken away during the trial\n");
}

/* Whose compiler or interpreter it was; its words are no more to be trusted than others'. */
static void test_language(void) {
        static const char json[] = "{\"schema\":\"org.jouletrace.report/1\",\"job\":{\"id\":9},\"request\":"
                                   "{\"language\":\"toy\",\"files\":[{\"name\":\"a.toy\"}]},"
                                   "\"versions\":{\"language\":\"Toy 1.2 (x)\"}}";
        g_autoptr(Report) report = NULL;
        g_autofree char *text = NULL, *hostile = NULL;

        g_assert_cmpint(report_parse(json, strlen(json), &report), ==, 0);
        text = render(report, &style);
        g_assert_cmpstr(text, ==, "Job 9: a.toy (toy)\n  with Toy 1.2 (x)\n");
        g_free(report->language_version);
        report->language_version = g_strdup("\033[2JToy");
        hostile = render(report, &style);
        g_assert_null(strchr(hostile, '\033'));
}

/* A word of a trial, which is one of the job's reasons as well, is said once. */
static void test_outlier(void) {
        g_autoptr(Report) report = sample();
        g_autofree char *text = NULL;
        const char *said;

        g_strfreev(report->reasons);
        report->reasons = g_strsplit("FIRST_TRIAL FAR_OUTLIER", " ", -1);
        g_strfreev(report->trials[0].quality);
        report->trials[0].quality = g_strsplit("FAR_OUTLIER", " ", -1);
        text = render(report, &style);
        g_assert_nonnull(strstr(text, "  ⚠ the first trial stands apart"));
        said = strstr(text, "  ⚠ in 1 trial: its energy stands far apart from that of the others");
        g_assert_nonnull(said);
        g_assert_null(strstr(said + strlen("  ⚠ in 1 trial: its energy stands far"), "stands far apart"));
        g_assert_null(strstr(text, "  ⚠ its energy stands far apart"));
}

/* The figures are good, but the file that was asked for is not whole. */
static void test_output_problem(void) {
        g_autoptr(Report) report = sample();
        g_autofree char *text = NULL, *hostile = NULL;

        report->output_problem = g_strdup("the first run's output could not be handed over: No space left on device");
        text = render(report, &style);
        g_assert_nonnull(strstr(text, "\n  ⚠ the first run's output could not be handed over: No space left on"));
        g_assert_nonnull(strstr(text, "Energy     12.35 J"));
        g_free(report->output_problem);
        report->output_problem = g_strdup("\033[2J");
        hostile = render(report, &style);
        g_assert_null(strchr(hostile, '\033'));
}

/* Every line with joules of the model says so. */
static void test_modelled(void) {
        g_autoptr(Report) report = sample();
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;
        unsigned with_joules = 0;

        report->simulated = true;
        text = render(report, &ascii);
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++)
                if (g_regex_match_simple("[0-9] [mkun]?[JW]\\b", *line, 0, 0)) {
                        g_assert_nonnull(strstr(*line, "(modelled)"));
                        with_joules++;
                }
        g_assert_cmpuint(with_joules, ==, 3);
        g_assert_nonnull(strstr(text, "computed from CPU time"));
        g_assert_true(g_str_is_ascii(text));
}

static void test_time_only(void) {
        g_autoptr(Report) report = sample();
        g_autofree char *text = NULL;

        report->total.median = NAN;
        report->net.median = NAN;
        report->power_w = NAN;
        g_free(report->energy_absent);
        report->energy_absent = g_strdup("this machine has no energy counters");
        text = render(report, &style);
        g_assert_nonnull(strstr(text, "no joules: this machine has no energy counters"));
        g_assert_null(strstr(text, "Energy"));
        g_assert_nonnull(strstr(text, "183.2 ms"));
}

static void test_failed(void) {
        static const char text[] = "{\"schema\":\"org.jouletrace.report/"
                                   "1\",\"job\":{\"id\":9,\"state\":\"completed\",\"result\":\"failed\",\"error\":"
                                   "{\"name\":\"org.jouletrace.JouleTrace1.Error.RunFailed\",\"message\":\"trial 1 "
                                   "exited with 3\",\"remedy\":"
                                   "\"try it by hand\"}},\"program\":{\"argv\":[\"false\"]}}";
        g_autoptr(Report) report = NULL;
        g_autofree char *drawn = NULL;

        g_assert_cmpint(report_parse(text, strlen(text), &report), ==, 0);
        drawn = render(report, &style);
        g_assert_cmpstr(drawn, ==,
                        "Job 9: false\n"
                        "  the program failed\n"
                        "  trial 1 exited with 3\n"
                        "  → mend it, raise the limit it met, or measure it all the same with --ignore-exit\n");
}

static void test_unstable(void) {
        g_autoptr(Report) report = sample();
        g_autofree char *text = NULL;

        g_free(report->result);
        report->result = g_strdup("unstable");
        g_free(report->status);
        report->status = g_strdup("UNMEASURABLE");
        text = render(report, &style);
        g_assert_nonnull(strstr(text, "unstable: the program ends too soon"));
        g_assert_null(strstr(text, "at most"));
}

static void test_upper_bound(void) {
        g_autoptr(Report) report = sample();
        g_autofree char *run = NULL, *call = NULL;

        g_free(report->result);
        report->result = g_strdup("unstable");
        g_free(report->status);
        report->status = g_strdup("UNMEASURABLE");
        report->upper_bound_j = 0.0123;
        run = render(report, &style);
        g_assert_nonnull(strstr(run, "unstable: the program ends too soon for the counters' resolution; "
                                     "a run takes 12.30 mJ at most\n"));
        report->function = g_strdup("solve");
        call = render(report, &style);
        g_assert_nonnull(strstr(call, "; a call takes 12.30 mJ at most\n"));
}

/* Commands and labels come from others' hands: no escape sequence passes. */
static void test_hostile_text(void) {
        g_autoptr(Report) report = sample();
        g_autofree char *text = NULL;

        g_free(report->argv[0]);
        report->argv[0] = g_strdup("\033[2Jx");
        report->label = g_strdup("\033]0;title\007");
        text = render(report, &style);
        g_assert_null(strchr(text, '\033'));
        g_assert_null(strchr(text, '\007'));
}

static void test_comparison(void) {
        g_autoptr(Report) a = sample(), b = sample(), failed = sample();
        Report *reports[] = { a, b, failed };
        g_autoptr(GString) out = g_string_new(NULL);

        a->id = 1;
        a->simulated = b->simulated = true;
        b->id = 2;
        b->total = (Figure){ 0.045, 0.0449, 0.0452, 0.044, 0.046 };
        b->wall = (Figure){ 0.0101, 0.01, 0.0102, 0.01, 0.011 };
        b->label = g_strdup("short one");
        failed->id = 3;
        failed->wall.median = failed->total.median = NAN;
        g_free(failed->result);
        failed->result = g_strdup("failed");

        render_comparison(out, reports, G_N_ELEMENTS(reports), &style);
        g_assert_cmpstr(out->str, ==,
                        "  Job  Command               Trials    Energy      95 % interval                  Time    "
                        "Power"
                        "  Relative\n"
                        "    1  python3 fib.py 'a b'       2  12.345 J  12.290 … 12.440 J  (modelled)  183.2 ms  "
                        "67.40 W"
                        "     274 ×\n"
                        "    2  short one                  2   0.045 J    0.045 … 0.045 J  (modelled)   10.1 ms  "
                        "67.40 W"
                        "    1.00 ×\n"
                        "    3  python3 fib.py 'a b'  failed\n"
                        "\n"
                        "  medians of one run each; relative to the lowest energy\n"
                        "  ⚠ joules are modelled: computed from CPU time, not read from a counter\n");
}

static void test_mixed_comparison_goes_by_time(void) {
        g_autoptr(Report) a = sample(), b = sample();
        Report *reports[] = { a, b };
        g_autoptr(GString) out = g_string_new(NULL);

        a->simulated = true;
        render_comparison(out, reports, G_N_ELEMENTS(reports), &style);
        g_assert_nonnull(strstr(out->str, "relative to the shortest time"));
        g_assert_nonnull(strstr(out->str, "do not compare"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/render/result", test_result);
        g_test_add_func("/render/language", test_language);
        g_test_add_func("/render/outlier", test_outlier);
        g_test_add_func("/render/output-problem", test_output_problem);
        g_test_add_func("/render/modelled", test_modelled);
        g_test_add_func("/render/time-only", test_time_only);
        g_test_add_func("/render/failed", test_failed);
        g_test_add_func("/render/unstable", test_unstable);
        g_test_add_func("/render/upper-bound", test_upper_bound);
        g_test_add_func("/render/hostile-text", test_hostile_text);
        g_test_add_func("/render/comparison", test_comparison);
        g_test_add_func("/render/mixed-comparison-goes-by-time", test_mixed_comparison_goes_by_time);
        return g_test_run();
}
