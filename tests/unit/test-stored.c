/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "stored.h"

/* Results on record beside each other, from reports made by hand. */

#define ENVIRONMENT "\"cpu\":\"Some CPU\",\"kernel\":\"6.1.0\",\"microcode\":null,\"mitigations\":{\"a\":\"off\"}"

typedef struct Made {
        const char *kind, *result, *environment, *meter, *version;
        const double *joules;
        size_t n;
        unsigned iterations;
        bool with_windows;
        const char *noise_floor; /* NULL: none is known */
} Made;

static const Made usual = { "measure", "done", ENVIRONMENT, "perf", "1.0", NULL, 0, 2, true };

/* The last trial is not valid, and far off. */
static char *make(const Made *made) {
        g_autoptr(GString) text = g_string_new(NULL);

        g_string_append_printf(
                        text,
                        "{\"schema\":\"org.jouletrace.report/1\",\"job\":{\"id\":7,\"kind\":\"%s\",\"result\":"
                        "\"%s\"},\"environment\":{%s,\"thermal\":{\"start_mc\":%zu}},\"versions\":"
                        "{\"jouletrace\":\"%s\"},\"measurement\":{\"noise_floor\":%s,\"region\":{\"declared\":false},"
                        "\"meter\":"
                        "{\"name\":\"%s\",\"domains\":[{\"name\":\"package-0\",\"in_total\":true}]},\"summary\":"
                        "{\"total_j\":{\"median\":1}},\"trials\":[",
                        made->kind, made->result, made->environment, made->n, made->version,
                        made->noise_floor ?: "null", made->meter);
        for (size_t i = 0; i <= made->n; i++) {
                const double joules = i < made->n ? made->joules[i] : 1e3;
                const unsigned long long uj = (unsigned long long) llround(joules * made->iterations * 1e6);

                g_string_append_printf(text, "%s{\"valid\":%s,\"total_uj\":%llu,\"wall_ns\":1000000000,\"windows\":[",
                                       i > 0 ? "," : "", i < made->n ? "true" : "false", uj);
                /* what a window tells is left out where it is short */
                if (made->with_windows)
                        g_string_append_printf(text, "{\"test\":null,\"iterations\":%u,\"energy_uj\":{}}",
                                               made->iterations);
                g_string_append(text, "]}");
        }
        g_string_append(text, "]}}");
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static Stored *parse(const Made *made) {
        g_autofree char *text = make(made);
        Stored *stored;

        g_assert_cmpint(stored_parse(text, strlen(text), &stored), ==, 0);
        return stored;
}

static Stored *stored_of(const double *joules, size_t n, unsigned iterations) {
        Made made = usual;

        made.joules = joules;
        made.n = n;
        made.iterations = iterations;
        return parse(&made);
}

static const double low[] = { 1.00, 1.01, 1.02, 1.03, 1.04, 1.05 };
static const double high[] = { 1.50, 1.51, 1.52, 1.53, 1.54, 1.55 };

/* Per run, whatever the number of runs in a trial; without the trials that are not valid. */
static void test_values(void) {
        g_autoptr(Stored) a = stored_of(low, 6, 2), b = stored_of(low, 6, 5);

        g_assert_true(a->has_energy);
        g_assert_cmpuint(a->n, ==, 6);
        for (size_t i = 0; i < 6; i++) {
                g_assert_cmpfloat_with_epsilon(a->values[i], low[i], 1e-9);
                g_assert_cmpfloat_with_epsilon(b->values[i], low[i], 1e-9);
        }
        g_assert_null(stored_obstacle(a));
}

/* Tests that are repeated differently often are added up one by one. */
static void test_uneven_tests(void) {
        static const char text[] =
                        "{\"schema\":\"org.jouletrace.report/1\",\"job\":{\"kind\":\"measure\",\"result\":\"done\"},"
                        "\"measurement\":{\"meter\":{\"domains\":[{\"name\":\"p\",\"in_total\":true}]},"
                        "\"summary\":{\"total_j\":{\"median\":1}},\"trials\":[{\"valid\":true,\"total_uj\":8000000,"
                        "\"windows\":[{\"test\":\"a\",\"iterations\":2,\"energy_uj\":{\"p\":2000000}},"
                        "{\"test\":\"b\",\"iterations\":3,\"energy_uj\":{\"p\":6000000}}]}]}}";
        g_autoptr(Stored) stored = NULL;

        g_assert_cmpint(stored_parse(text, strlen(text), &stored), ==, 0);
        g_assert_cmpuint(stored->n, ==, 1);
        g_assert_cmpfloat_with_epsilon(stored->values[0], 3, 1e-9);
}

static void test_obstacles(void) {
        static const double zero[] = { 1, 0 };
        const struct {
                const char *kind, *result;
                const double *joules;
                size_t n;
                bool with_windows;
                const char *obstacle;
        } table[] = {
                { "measure", "done", low, 6, true, NULL },
                { "validate", "done", low, 6, true, "it is no measurement of one program" },
                { "compare", "done", low, 6, true, "it is no measurement of one program" },
                { "measure", "failed", low, 6, true, "the job did not end well" },
                { "measure", "unstable", low, 6, true, "the job did not end well" },
                { "measure", "done", low, 0, true, "it has no valid trial" },
                { "measure", "done", low, 6, false, "it does not say what each trial took" },
                { "measure", "done", zero, 2, true, "an energy in it is 0 at the resolution it is told with" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                Made made = usual;
                g_autoptr(Stored) stored = NULL;

                made.kind = table[i].kind;
                made.result = table[i].result;
                made.joules = table[i].joules;
                made.n = table[i].n;
                made.with_windows = table[i].with_windows;
                stored = parse(&made);
                g_assert_cmpstr(stored_obstacle(stored), ==, table[i].obstacle);
        }
}

/* One of each kind of difference; temperature is none, nor a lock against sleep, nor what nobody knows. */
static void test_conditions(void) {
        static const struct {
                const char *environment, *meter, *version;
                const char *differences;
        } table[] = {
                { ENVIRONMENT, "perf", "1.0", "" },
                { ENVIRONMENT ",\"sleep_inhibited\":true", "perf", "1.0", "" },
                { "\"mitigations\":{\"a\":\"off\"},\"kernel\":\"6.1.0\",\"cpu\":\"Some CPU\"", "perf", "1.0", "" },
                { "\"cpu\":\"Some CPU\",\"kernel\":\"6.12.0\",\"mitigations\":{\"a\":\"off\"}", "perf", "1.0",
                  "kernel: \"6.1.0\" and \"6.12.0\"" },
                { ENVIRONMENT ",\"turbo\":false", "perf", "1.0", "turbo: unknown and false" },
                { "\"cpu\":\"Some CPU\",\"mitigations\":{\"a\":\"off\"}", "perf", "1.0",
                  "kernel: \"6.1.0\" and unknown" },
                { "\"cpu\":\"Some CPU\",\"kernel\":\"6.1.0\",\"mitigations\":{\"a\":\"on\",\"b\":\"on\"}", "perf",
                  "1.0", "mitigations.a: \"off\" and \"on\"|mitigations.b: unknown and \"on\"" },
                { ENVIRONMENT, "model", "1.0", "meter: \"perf\" and \"model\"" },
                { ENVIRONMENT, "perf", "1.1", "jouletrace: \"1.0\" and \"1.1\"" },
                { ENVIRONMENT ",\"power_limits\":[{\"limit_uw\":15000000}]", "perf", "1.0",
                  "power_limits: unknown and [{\"limit_uw\":15000000}]" },
        };
        g_autoptr(Stored) first = stored_of(low, 6, 1);

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                Made made = usual;
                g_autoptr(Stored) other = NULL;
                g_autoptr(GPtrArray) differences = NULL;
                g_autofree char *joined = NULL;

                made.environment = table[i].environment;
                made.meter = table[i].meter;
                made.version = table[i].version;
                made.joules = high;
                made.n = 5;
                other = parse(&made);
                differences = stored_differences(first, other);
                g_ptr_array_add(differences, NULL);
                joined = g_strjoinv("|", (char **) differences->pdata);
                g_assert_cmpstr(joined, ==, table[i].differences);
        }
}

/* Against the first one, and Holm's p as soon as there are several. */
static void test_compare(void) {
        g_autoptr(Stored) a = stored_of(low, 6, 1), b = stored_of(high, 6, 3), c = stored_of(low, 6, 2);
        const Stored *const results[] = { a, b, c };
        Comparison alone, several[2];

        g_assert_cmpint(stored_compare(results, 2, &alone), ==, 0);
        g_assert_cmpint(alone.word, ==, COMPARISON_REGRESSED);
        g_assert_cmpfloat_with_epsilon(alone.p, 2.0 / 924, 1e-9); /* of C(12, 6) orders the two extreme ones */
        g_assert_cmpfloat(alone.p_adjusted, ==, alone.p);
        g_assert_cmpfloat(alone.change, >, 0.45);
        g_assert_cmpfloat(alone.change, <, 0.55);

        g_assert_cmpint(stored_compare(results, 3, several), ==, 0);
        g_assert_cmpfloat_with_epsilon(several[0].p_adjusted, 2 * alone.p, 1e-12);
        g_assert_cmpint(several[0].word, ==, COMPARISON_REGRESSED);
        g_assert_cmpint(several[1].word, ==, COMPARISON_NO_CHANGE);
}

/* What the host does by itself is no change: the larger of the two noise floors counts. */
static void test_noise_floor(void) {
        static const struct {
                const char *first, *second;
                ComparisonWord word;
                double threshold;
        } cases[] = {
                { NULL, NULL, COMPARISON_REGRESSED, 0.01 },
                { "{\"fraction\":0.004}", NULL, COMPARISON_REGRESSED, 0.01 },
                { "{\"fraction\":0.05}", NULL, COMPARISON_REGRESSED, 0.05 },
                { "{\"fraction\":0.05}", "{\"fraction\":0.8}", COMPARISON_WITHIN, 0.8 },
                { "{\"fraction\":0.8}", "{\"fraction\":0.05}", COMPARISON_WITHIN, 0.8 },
                { "{\"fraction\":-1}", "{\"fraction\":\"much\"}", COMPARISON_REGRESSED, 0.01 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Made one = usual, two = usual;
                g_autoptr(Stored) a = NULL, b = NULL;
                Comparison comparison;

                one.joules = low;
                two.joules = high;
                one.n = two.n = 6;
                one.noise_floor = cases[i].first;
                two.noise_floor = cases[i].second;
                a = parse(&one);
                b = parse(&two);
                g_assert_cmpint(stored_compare((const Stored *const[]){ a, b }, 2, &comparison), ==, 0);
                g_assert_cmpfloat(comparison.threshold, ==, cases[i].threshold);
                g_assert_cmpint(comparison.word, ==, cases[i].word);
        }
}

static void test_no_report(void) {
        g_autoptr(Stored) stored = NULL;

        g_assert_cmpint(stored_parse("{}", 2, &stored), ==, -EPROTO);
        g_assert_null(stored);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/stored/values", test_values);
        g_test_add_func("/stored/uneven-tests", test_uneven_tests);
        g_test_add_func("/stored/obstacles", test_obstacles);
        g_test_add_func("/stored/conditions", test_conditions);
        g_test_add_func("/stored/compare", test_compare);
        g_test_add_func("/stored/noise-floor", test_noise_floor);
        g_test_add_func("/stored/no-report", test_no_report);
        return g_test_run();
}
