/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "client-report.h"
#include "export.h"
#include "json-read.h"
#include "report-read.h"

static int parse(const char *text, Report **ret) {
        return report_parse(text, strlen(text), ret);
}

static void test_sample(void) {
        g_autoptr(Report) report = NULL;

        g_assert_cmpint(parse(SAMPLE_REPORT, &report), ==, 0);
        g_assert_cmpuint(report->id, ==, 7);
        g_assert_null(report->label);
        g_assert_cmpstr(report->result, ==, "done");
        g_assert_cmpuint(g_strv_length(report->argv), ==, 3);
        g_assert_true(report_has_energy(report));
        g_assert_cmpfloat(report->total.median, ==, 12.345);
        g_assert_cmpfloat(report->total.low, ==, 12.29);
        g_assert_cmpfloat(report->wall.max, ==, 0.1901);
        g_assert_true(isnan(report->cpu.low));
        g_assert_cmpfloat(report->package_j, ==, 11.2);
        g_assert_cmpfloat(report->power_w, ==, 67.4);
        g_assert_cmpuint(report->n_warmups, ==, 2);
        g_assert_cmpuint(report->n_trials, ==, 2);
        g_assert_cmpuint(report->n_invalid, ==, 1);
        g_assert_cmpfloat(report->trials[0].total_j, ==, 12.345);
        g_assert_cmpfloat(report->trials[0].tests[0].domain_j[0], ==, 11.2);
        g_assert_cmpfloat(report->trials[0].net_j, ==, -5e-6);
        /* an unknown energy is unknown, not 0 */
        g_assert_true(isnan(report->trials[1].total_j));
        g_assert_true(isnan(report->trials[1].tests[0].domain_j[0]));
        g_assert_cmpuint(report->finished_usec, ==, 1700000009000000);
}

/* A short program ran 4 times in each window: people want one run. */
static void test_per_iteration(void) {
        static const char text[] = "{\"schema\":\"org.jouletrace.report/"
                                   "1\",\"measurement\":{\"meter\":{\"simulated\":true},\"trials\":[{\"windows\":"
                                   "[{\"iterations\":3},{\"iterations\":1}]}],\"summary\":{\"total_j\":{\"median\":4,"
                                   "\"ci95\":[3.6,4.4]},\"wall_s\":"
                                   "{\"median\":0.4},\"package_j\":2,\"power_w\":10,\"per_iteration\":{\"total_j\":1."
                                   "0,\"wall_s\":0.1}}}}";
        g_autoptr(Report) report = NULL;

        g_assert_cmpint(parse(text, &report), ==, 0);
        g_assert_true(report->simulated);
        g_assert_cmpuint(report->iterations, ==, 4);
        g_assert_cmpfloat(report->total.median, ==, 1);
        g_assert_cmpfloat_with_epsilon(report->total.low, 0.9, 1e-12);
        g_assert_cmpfloat(report->package_j, ==, 0.5);
        g_assert_cmpfloat_with_epsilon(report->wall.median, 0.1, 1e-12);
        g_assert_cmpfloat(report->power_w, ==, 10);
}

static void test_wrong_types_are_unknown(void) {
        static const char text[] = "{\"schema\":\"org.jouletrace.report/"
                                   "1\",\"job\":{\"id\":\"7\",\"result\":3,\"submitted\":-1},\"program\":"
                                   "{\"argv\":[1,\"a\",null]},\"measurement\":{\"trials\":[7,{\"wall_ns\":"
                                   "9223372036854775808}],\"reasons\":\"x\","
                                   "\"summary\":{\"total_j\":{\"median\":\"abc\",\"ci95\":[1]},\"wall_s\":[]}}}";
        g_autoptr(Report) report = NULL;

        g_assert_cmpint(parse(text, &report), ==, 0);
        g_assert_cmpuint(report->id, ==, 0);
        g_assert_null(report->result);
        g_assert_cmpuint(report->submitted_usec, ==, 0);
        g_assert_cmpuint(g_strv_length(report->argv), ==, 1);
        g_assert_false(report_has_energy(report));
        g_assert_true(isnan(report->trials[1].wall_s));
        g_assert_null(report->reasons);
}

static void test_not_json(void) {
        static const struct {
                const char *text;
                int r;
        } cases[] = {
                { "", -EBADMSG },
                { "null", -EBADMSG },
                { "[]", -EBADMSG },
                { "{} {}", -EBADMSG },
                { "var x = {}", -EBADMSG },
                { "{\"a\":", -EBADMSG },
                { "{\"a\":\"}", -EBADMSG },
                { "{]", -EBADMSG },
                { "{\"a\":01x}", -EBADMSG },
                { "{}", -EPROTO },
                { "{\"schema\":\"org.jouletrace.report/2\"}", -EPROTO },
        };
        g_autofree char *deep = g_malloc0(200004), *large = NULL;
        g_autoptr(Report) report = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                g_assert_cmpint(parse(cases[i].text, &report), ==, cases[i].r);
        g_assert_cmpint(report_parse("{}\0{}", 5, &report), ==, -EBADMSG);

        /* json-glib alone dies of this */
        strcpy(deep, "{\"a\":");
        memset(deep + 5, '[', 100000);
        g_assert_cmpint(parse(deep, &report), ==, -ELOOP);

        large = g_malloc(JSON_SIZE_MAX + 1);
        memset(large, ' ', JSON_SIZE_MAX + 1);
        g_assert_cmpint(report_parse(large, JSON_SIZE_MAX + 1, &report), ==, -E2BIG);
}

/* json-glib makes 2^63 negative, and 2^64 and more -1. */
static void test_integers(void) {
        static const char text[] = "{\"a\":9223372036854775807,\"b\":9223372036854775808,\"c\":-9223372036854775808,"
                                   "\"d\":99999999999999999999,\"e\":-1,\"f\":1.5,\"g\":\"9223372036854775808\"}";
        g_autoptr(JsonNode) node = NULL;
        JsonObject *object;
        uint64_t u = 0;
        int64_t i = 0;

        g_assert_cmpint(json_parse(text, strlen(text), &node), ==, 0);
        object = json_node_get_object(node);
        g_assert_true(json_u64(object, "a", &u));
        g_assert_cmpuint(u, ==, INT64_MAX);
        g_assert_false(json_u64(object, "b", &u));
        g_assert_cmpfloat(json_double(object, "b"), ==, 9223372036854775808.0);
        g_assert_false(json_i64(object, "d", &i));
        g_assert_cmpfloat(json_double(object, "d"), ==, 1e20);
        g_assert_false(json_u64(object, "e", &u));
        g_assert_true(json_i64(object, "e", &i));
        g_assert_cmpint(i, ==, -1);
        g_assert_false(json_i64(object, "f", &i));
        g_assert_cmpstr(json_string(object, "g"), ==, "9223372036854775808");
        g_assert_null(json_string(object, "missing"));
        g_assert_false(json_true(NULL, "a"));
}

static void test_csv(void) {
        /* a second trial whose domains gave no reading */
        static const char *const expected[] = {
                "1,true,,,1,0.1832,0.18,total,total,12.345",     "1,true,,,1,0.1832,0.18,net,net,-5e-06",
                "1,true,,,1,0.1832,0.18,package-0,package,11.2", "1,true,,,1,0.1832,0.18,dram-0,dram,1.145",
                "1,true,,,1,0.1832,0.18,psys,psys,99",           "2,false,,,1,0.1833,0.1801,,,",
        };
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(Report) report = NULL;
        g_auto(GStrv) lines = NULL;

        g_assert_cmpint(parse(SAMPLE_REPORT, &report), ==, 0);
        report->label = g_strdup("a,\"b\"");
        export_csv_header(out);
        export_csv(out, report);
        lines = g_strsplit(out->str, "\n", -1);
        g_assert_cmpstr(lines[0], ==,
                        "job,label,command,result,meter,simulated,trial,valid,test,verdict,iterations,wall_s,cpu_s,"
                        "domain,kind,energy_j,candidate");
        for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
                g_autofree char *line = g_strdup_printf("7,\"a,\"\"b\"\"\",python3 fib.py 'a b',done,perf,false,%s,",
                                                        expected[i]);

                g_assert_cmpstr(lines[i + 1], ==, line);
        }
        g_assert_cmpstr(lines[G_N_ELEMENTS(expected) + 1], ==, "");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/report-read/sample", test_sample);
        g_test_add_func("/report-read/per-iteration", test_per_iteration);
        g_test_add_func("/report-read/wrong-types-are-unknown", test_wrong_types_are_unknown);
        g_test_add_func("/report-read/not-json", test_not_json);
        g_test_add_func("/report-read/integers", test_integers);
        g_test_add_func("/report-read/csv", test_csv);
        return g_test_run();
}
