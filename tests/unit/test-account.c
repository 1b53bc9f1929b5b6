/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "account.h"
#include "render.h"

/* Trials of two runs each, of 10 to 10.5 J, one of which did not count. */
/* clang-format off */
#define WINDOW(uj) \
        "\"windows\":[{\"test\":null,\"iterations\":2,\"aligned\":true,\"wall_ns\":200000000," \
        "\"energy_uj\":{\"package-0\":" uj "}}]"
#define TRIAL(uj) "{\"valid\":true,\"quality\":[],\"wall_ns\":200000000,\"total_uj\":" uj "," WINDOW(uj) "}"
#define LOST \
        "{\"valid\":false,\"quality\":[\"FOREIGN_LOAD\"],\"reason\":\"others took 50.000 ms of the reserved CPUs\"," \
        "\"wall_ns\":200000000,\"total_uj\":99000000," WINDOW("99000000") "}"

static const char job[] =
        "{\"schema\":\"org.jouletrace.report/1\","
        "\"absent\":{\"measurement.summary.net_j\":\"there are fewer than 3 idle windows to take the baseline from\"},"
        "\"job\":{\"id\":7,\"kind\":\"measure\",\"state\":\"completed\",\"result\":\"done\"},"
        "\"program\":{\"argv\":[\"prog\"]},"
        "\"measurement\":{\"status\":\"OK\",\"grade\":\"C\",\"reasons\":[\"TREND\"],"
        "\"meter\":{\"name\":\"perf\",\"simulated\":false,\"total\":\"package-0\",\"tick_ns\":1000000,"
        "\"tick_jitter_ns\":20000,\"precision_uj\":61,"
        "\"domains\":[{\"name\":\"package-0\",\"kind\":\"package\",\"in_total\":true}]},"
        "\"window\":{\"min_ns\":100000000},\"floor\":{\"total_j\":0.05},"
        "\"baseline\":{\"power_w\":12.5,\"ci95_w\":[12.25,12.75],\"windows\":[{},{}]},\"warmups\":[{}],"
        "\"trials\":[" TRIAL("10000000") "," LOST "," TRIAL("10120000") "," TRIAL("10250000") ","
        TRIAL("10250000") "," TRIAL("10250000") "," TRIAL("10500000") "],"
        "\"summary\":{\"n\":6,\"total_j\":{\"median\":10.2,\"ci95\":[10,10.5],\"min\":10,\"max\":10.5,"
        "\"uncertainty_j\":{\"tick\":0.003,\"quantisation\":0,\"tail\":0,\"baseline\":0,\"spread\":0.009,"
        "\"total\":0.0102}},"
        "\"net_j\":null,\"wall_s\":{\"median\":0.2},"
        "\"per_iteration\":{\"iterations\":2,\"total_j\":5.1,\"wall_s\":0.1}}},\"environment\":{}}";
/* clang-format on */

static char *account(const char *text, const Style *style) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(Report) report = NULL;

        g_assert_cmpint(report_parse(text, strlen(text), &report), ==, 0);
        account_append(out, report, text, style);
        return g_strdup(out->str);
}

/* On one line, whatever the width breaks it at. */
static char *joined(const char *text) {
        g_autoptr(GRegex) breaks = g_regex_new("\\n {4}", 0, 0, NULL);

        return g_regex_replace_literal(breaks, text, -1, 0, " ", 0, NULL);
}

static void test_whole(void) {
        g_autofree char *text = account(job, &(Style){}), *lines = joined(text);

        g_assert_cmpstr(lines, ==,
                        "\n  How this came about\n"
                        "  · The figures are medians of 6 trials that count, each a window of 100.0 ms or more.\n"
                        "  · A window held 2 runs, so that it lasts long enough for the counters; figures are of one "
                        "run.\n"
                        "  · Energy is what the counters package-0 moved by between the readings around a window.\n"
                        "  · The counters move every 1.000 ms, give or take 20.00 µs; 7 of 7 windows begin and end at "
                        "such a "
                        "move.\n"
                        "  · The idle machine drew 12.50 W (12.25 … 12.75 W) in 2 windows between the trials.\n"
                        "  · There is no figure above idle: there are fewer than 3 idle windows to take the baseline "
                        "from.\n"
                        "  · Starting /bin/true in the same place took 50 mJ, and that is in the figure; it is 102.0 "
                        "times as "
                        "much.\n"
                        "\n  What limits it\n"
                        "  · Energy: give or take 5 mJ (0.1 %), with 95 % confidence.\n"
                        "  · What limits it most is how the trials differ (90 % of the uncertainty): more trials "
                        "(--careful) "
                        "narrow it.\n"
                        "  · Energies are rounded to what is certain of them, so that they tell nothing of what "
                        "others did on "
                        "the same processor.\n"
                        "  · 1 trial did not count, and was made again as far as that goes:\n"
                        "  · trial 2: others took 50.000 ms of the reserved CPUs\n"
                        "  · the energy rises or falls from trial to trial\n"
                        "  · in 1 trial: other programs took CPU time whose energy is counted, too\n"
                        "  · Grade C: it stands, but trials had to be made again.\n");
}

static void replace(GString *text, const char *from, const char *to) {
        g_assert_cmpuint(g_string_replace(text, from, to, 0), >=, 1);
}

/* The part that is largest is named with what makes it smaller; what is not known is not made up. */
static void test_parts(void) {
        g_autoptr(GString) ticks = g_string_new(job), few = g_string_new(job), modelled = g_string_new(job),
                           vague = g_string_new(job), half = g_string_new(job);
        g_autofree char *of_ticks = NULL, *of_few = NULL, *of_modelled = NULL, *of_vague = NULL, *of_half = NULL;

        replace(ticks, "\"tick\":0.003", "\"tick\":0.03");
        of_ticks = account(ticks->str, &(Style){});
        g_assert_nonnull(strstr(of_ticks, "when the counters moved (92 %"));
        g_assert_nonnull(strstr(of_ticks, "--min-window"));

        replace(few, "\"spread\":0.009,\"total\":0.0102", "\"spread\":null,\"total\":null");
        of_few = account(few->str, &(Style){});
        g_assert_nonnull(strstr(of_few, "cannot be told from fewer than 6"));
        g_assert_null(strstr(of_few, "give or take 5"));

        replace(vague, "\"total\":0.0102", "\"total\":36");
        of_vague = account(vague->str, &(Style){});
        g_assert_nonnull(strstr(of_vague, "give or take 18.00 J, with 95"));

        replace(half, "\"total\":0.0102", "\"total\":10.19");
        of_half = account(half->str, &(Style){});
        g_assert_nonnull(strstr(of_half, "(100 %), with 95"));

        replace(modelled, "\"simulated\":false", "\"simulated\":true");
        of_modelled = account(modelled->str, &(Style){ .ascii = true });
        g_assert_nonnull(strstr(of_modelled, "No counter was read"));
        g_assert_null(strstr(of_modelled, "The counters move"));
        g_assert_null(strstr(of_modelled, "The idle machine drew"));
        g_assert_nonnull(strstr(of_modelled, " 50 mJ (modelled)"));
        g_assert_true(g_str_is_ascii(of_modelled) || strstr(of_modelled, "“")); /* the text's own quotes alone */
}

/* What is not of a measurement, and what comes from others, steers nothing. */
static void test_hostile(void) {
        g_autoptr(GString) hostile = g_string_new(job), none = g_string_new(job);
        g_autofree char *text = NULL, *nothing = NULL;

        replace(hostile, "others took 50.000 ms", "\\u001b[2J");
        text = account(hostile->str, &(Style){});
        g_assert_null(strchr(text, '\033'));
        replace(none, "\"wall_s\":{\"median\":0.2}", "\"wall_s\":null");
        nothing = account(none->str, &(Style){});
        g_assert_cmpstr(nothing, ==, "");
}

/* Of the five that count, in the report's own line. */
static void test_histogram(void) {
        g_autoptr(GString) out = g_string_new(NULL), plain = g_string_new(NULL);
        g_autoptr(Report) report = NULL;

        g_assert_cmpint(report_parse(job, strlen(job), &report), ==, 0);
        render_report(out, report, &(Style){});
        g_assert_nonnull(strstr(out->str, "  the trials by energy, least to most: ▕▃▃█ ▃▏\n"));
        render_report(plain, report, &(Style){ .ascii = true });
        g_assert_nonnull(strstr(plain->str, "  the trials by energy, least to most: |--# -|\n"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/account/whole", test_whole);
        g_test_add_func("/account/parts", test_parts);
        g_test_add_func("/account/hostile", test_hostile);
        g_test_add_func("/account/histogram", test_histogram);
        return g_test_run();
}
