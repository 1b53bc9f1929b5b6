/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "problem-json.h"
#include "problem-send.h"

#define CODE "\"candidate_code\": \"def solve(x):\\n    return x * x\\n\""
#define TESTS "\"test_cases\": [{\"inputs\": [2], \"expected_output\": 4, \"test_id\": \"two\"}]"
#define LEAST CODE ", " TESTS

static int load(const char *text, JobKind kind, Problem **ret, Request **ret_request, char **ret_problem) {
        g_autoptr(Request) request = request_new(kind, NULL);
        int r;

        r = problem_load_request("body.json", text, strlen(text), kind, ret, request, ret_problem);
        if (ret_request)
                *ret_request = g_steal_pointer(&request);
        return r;
}

static void assert_refused(const char *text, JobKind kind, const char *says) {
        g_autofree char *problem = NULL;
        g_autoptr(Problem) loaded = NULL;

        g_assert_cmpint(load(text, kind, &loaded, NULL, &problem), <, 0);
        g_assert_null(loaded);
        if (!strstr(problem, says))
                g_error("%s: \"%s\" does not say \"%s\"", text, problem, says);
}

static void assert_taken(const char *text, JobKind kind) {
        g_autofree char *problem = NULL;
        g_autoptr(Problem) loaded = NULL;

        if (load(text, kind, &loaded, NULL, &problem) < 0)
                g_error("%s: %s", text, problem);
}

static void test_defaults(void) {
        g_autofree char *problem = NULL;
        g_autoptr(Request) measure = NULL, validate = NULL;
        g_autoptr(Problem) a = NULL, b = NULL;

        g_assert_cmpint(load("{" LEAST "}", JOB_MEASURE, &a, &measure, &problem), ==, 0);
        g_assert_cmpuint(measure->trials, ==, 5);
        g_assert_cmpuint(measure->warmups, ==, 2);
        g_assert_cmpuint(measure->wall_limit_usec, ==, 30 * USEC_PER_SEC);
        g_assert_cmpuint(measure->cpu_limit_usec, ==, 30 * USEC_PER_SEC);
        g_assert_cmpuint(measure->memory_max, ==, UINT64_C(512) << 20);
        g_assert_cmpuint(measure->thermal_wait_usec, ==, 5 * USEC_PER_SEC);
        g_assert_null(measure->candidate_id);
        g_assert_cmpstr(a->function->name, ==, "solve");
        g_assert_cmpfloat(a->function->float_tolerance, ==, 1e-9);
        g_assert_cmpfloat(a->function->relative_tolerance, ==, 1e-9);
        g_assert_true(a->function->string_case_sensitive);
        g_assert_false(a->function->ignore_whitespace);
        g_assert_true(a->function->list_order_matters);
        g_assert_cmpuint(a->notes->len, ==, 0);

        g_assert_cmpint(load("{" LEAST "}", JOB_VALIDATE, &b, &validate, &problem), ==, 0);
        g_assert_cmpuint(validate->wall_limit_usec, ==, 10 * USEC_PER_SEC);
        g_assert_cmpuint(validate->memory_max, ==, UINT64_C(512) << 20);
        g_assert_false(validate->given & (UINT64_C(1) << REQUEST_TRIALS));
}

static void test_every_field(void) {
        g_autofree char *problem = NULL;
        g_autoptr(Request) request = NULL;
        g_autoptr(Problem) loaded = NULL;
        const Submission *submission;
        const ProblemFile *file;

        g_assert_cmpint(load("{" LEAST
                             ", \"function_name\": \"square\", \"timeout_seconds\": 7, \"memory_limit_mb\": 64,"
                             "\"energy_measurement_trials\": 20, \"warmup_trials\": 0, \"cpu_core\": 3,"
                             "\"thermal_wait_seconds\": 0.5, \"candidate_id\": \"c-1\", \"problem_name\": \"squares\","
                             "\"float_tolerance\": 0.01, \"relative_tolerance\": 0, \"string_case_sensitive\": false,"
                             "\"ignore_whitespace\": true, \"list_order_matters\": false}",
                             JOB_MEASURE, &loaded, &request, &problem),
                        ==, 0);
        g_assert_cmpuint(request->wall_limit_usec, ==, 7 * USEC_PER_SEC);
        g_assert_cmpuint(request->memory_max, ==, UINT64_C(64) << 20);
        g_assert_cmpuint(request->trials, ==, 20);
        g_assert_cmpuint(request->warmups, ==, 0);
        g_assert_cmpuint(request->thermal_wait_usec, ==, 500 * USEC_PER_MSEC);
        g_assert_cmpstr(request->candidate_id, ==, "c-1");
        g_assert_cmpstr(request->problem_name, ==, "squares");
        g_assert_cmpstr(loaded->function->name, ==, "square");
        g_assert_cmpfloat(loaded->function->float_tolerance, ==, 0.01);
        g_assert_cmpfloat(loaded->function->relative_tolerance, ==, 0);
        g_assert_false(loaded->function->string_case_sensitive);
        g_assert_true(loaded->function->ignore_whitespace);
        g_assert_false(loaded->function->list_order_matters);
        /* a core cannot be chosen, and that is said */
        g_assert_cmpuint(loaded->notes->len, ==, 1);
        submission = g_ptr_array_index(loaded->submissions, 0);
        file = g_ptr_array_index(submission->files, 0);
        g_assert_cmpstr(submission->language, ==, "python3");
        g_assert_cmpmem(g_bytes_get_data(file->bytes, NULL), g_bytes_get_size(file->bytes),
                        "def solve(x):\n    return x * x\n", 31);
}

/* null turns the gate off and leaves the rest to the service, as in the original. */
static void test_nulls(void) {
        g_autofree char *problem = NULL;
        g_autoptr(Request) request = NULL;
        g_autoptr(Problem) loaded = NULL;

        g_assert_cmpint(load("{" LEAST ", \"cpu_core\": null, \"thermal_wait_seconds\": null, \"candidate_id\": null,"
                             "\"problem_name\": null}",
                             JOB_MEASURE, &loaded, &request, &problem),
                        ==, 0);
        g_assert_cmpuint(request->thermal_wait_usec, ==, 0);
        g_assert_null(request->candidate_id);
        g_assert_cmpuint(loaded->notes->len, ==, 0);
        assert_refused("{" LEAST ", \"timeout_seconds\": null}", JOB_MEASURE, "timeout_seconds");
        assert_refused("{" LEAST ", \"function_name\": null}", JOB_MEASURE, "function_name");
}

static void test_bounds(void) {
        static const struct {
                const char *key;
                JobKind kind;
                const char *below, *least, *most, *above;
        } bounds[] = {
                { "timeout_seconds", JOB_MEASURE, "0", "1", "300", "301" },
                { "timeout_seconds", JOB_VALIDATE, "0", "1", "60", "61" },
                { "memory_limit_mb", JOB_MEASURE, "63", "64", "8192", "8193" },
                { "energy_measurement_trials", JOB_MEASURE, "0", "1", "20", "21" },
                { "warmup_trials", JOB_MEASURE, "-1", "0", "10", "11" },
                { "cpu_core", JOB_MEASURE, "-1", "0", "4095", "9223372036854775808" },
                { "thermal_wait_seconds", JOB_MEASURE, "-0.1", "0", "60", "60.1" },
                { "float_tolerance", JOB_MEASURE, "-1e-9", "0", "1e300", "1e400" },
                { "relative_tolerance", JOB_VALIDATE, "-1", "0", "1e300", "1e400" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(bounds); i++) {
                const char *const values[] = { bounds[i].below, bounds[i].least, bounds[i].most, bounds[i].above };

                for (size_t j = 0; j < G_N_ELEMENTS(values); j++) {
                        g_autofree char *text = g_strdup_printf("{" LEAST ", \"%s\": %s}", bounds[i].key, values[j]);

                        if (j == 0 || j == 3)
                                assert_refused(text, bounds[i].kind, bounds[i].key);
                        else
                                assert_taken(text, bounds[i].kind);
                }
        }
}

/* Names and labels: how long they may be, both sides. */
static void test_lengths(void) {
        static const struct {
                const char *format;
                unsigned most;
                const char *says;
        } lengths[] = {
                { "{" LEAST ", \"candidate_id\": \"%s\"}", 256, "candidate_id" },
                { "{" LEAST ", \"problem_name\": \"%s\"}", 256, "problem_name" },
                { "{" CODE ", \"test_cases\": [{\"inputs\": 1, \"expected_output\": 1, \"test_id\": \"%s\"}]}", 255,
                  "" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++)
                for (unsigned j = 0; j < 2; j++) {
                        g_autofree char *name = g_strnfill(lengths[i].most + j, 'x');
                        g_auto(GStrv) sides = g_strsplit(lengths[i].format, "%s", 2);
                        g_autofree char *text = g_strconcat(sides[0], name, sides[1], NULL);

                        if (j == 0)
                                assert_taken(text, JOB_MEASURE);
                        else
                                assert_refused(text, JOB_MEASURE, lengths[i].says);
                }
}

static void test_types(void) {
        static const struct {
                const char *member, *says;
        } cases[] = {
                { "\"timeout_seconds\": 1.5", "timeout_seconds: 1.5 is not a whole number from 1 to 300" },
                { "\"timeout_seconds\": \"5\"", "timeout_seconds" },
                { "\"timeout_seconds\": true", "timeout_seconds" },
                { "\"warmup_trials\": 1e1", "warmup_trials" },
                { "\"thermal_wait_seconds\": \"1\"", "thermal_wait_seconds" },
                { "\"function_name\": 1", "function_name" },
                { "\"function_name\": \" \"", "function_name: it is empty" },
                { "\"candidate_id\": {}", "candidate_id" },
                { "\"ignore_whitespace\": 1", "ignore_whitespace: give true or false" },
                { "\"timeout_secs\": 1", "timeout_secs: there is no such key; did you mean timeout_seconds?" },
                { "\"xyzzy\": 1", "xyzzy: there is no such key" },
                { "\"warmup_trials\": 1, \"warmup_trials\": 2", "warmup_trials: it comes twice" },
                { "\"\\u0063pu_core\": 1, \"cpu_core\": 2", "cpu_core: it comes twice" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = g_strdup_printf("{" LEAST ", %s}", cases[i].member);

                assert_refused(text, JOB_MEASURE, cases[i].says);
        }
        /* what only measuring knows */
        assert_refused("{" LEAST ", \"warmup_trials\": 1}", JOB_VALIDATE, "warmup_trials");
        assert_refused("{" LEAST ", \"memory_limit_mb\": 512}", JOB_VALIDATE, "memory_limit_mb");
        assert_refused("{" LEAST ", \"candidate_id\": \"x\"}", JOB_VALIDATE, "candidate_id");
}

static void test_missing(void) {
        assert_refused("{" TESTS "}", JOB_MEASURE, "candidate_code: it is missing");
        assert_refused("{\"candidate_code\": \" \\n\", " TESTS "}", JOB_MEASURE, "candidate_code: it is empty");
        assert_refused("{" CODE "}", JOB_MEASURE, "test_cases: give a list");
        assert_refused("{" CODE ", \"test_cases\": []}", JOB_MEASURE, "at least one test case");
        assert_refused("{" CODE ", \"test_cases\": [1]}", JOB_MEASURE, "test_cases[0]");
        assert_refused("{" CODE ", \"test_cases\": [{\"inputs\": 1, \"test_id\": \"a\"}]}", JOB_MEASURE,
                       "test_cases[0]: expected_output is missing");
        assert_refused("{" CODE ", \"test_cases\": [{\"inputs\": 1, \"expected_output\": 1}]}", JOB_MEASURE,
                       "test_id is missing");
        assert_refused("{" CODE ", \"test_cases\": [{\"inputs\": 1, \"expected_output\": 1, \"test_id\": 5}]}",
                       JOB_MEASURE, "test_id: give a text");
        assert_refused("{" CODE ", \"test_cases\": [{\"inputs\": 1, \"expected_output\": 1, \"test_id\": \"a\","
                       " \"weight\": 1}]}",
                       JOB_MEASURE, "there is no key “weight”");
        assert_refused("{" CODE ", \"test_cases\": [{\"inputs\": 1, \"expected_output\": 1, \"test_id\": \"a\","
                       " \"metadata\": 1}]}",
                       JOB_MEASURE, "metadata: give an object");
        assert_refused("[]", JOB_MEASURE, "no JSON object");
        assert_refused("{" LEAST "} {}", JOB_MEASURE, "not JSON");
        assert_refused("{" LEAST ",}", JOB_MEASURE, "not JSON");
        assert_refused("{" CODE ", \"test_cases\": [{\"inputs\": NaN}]}", JOB_MEASURE, "not JSON");
}

/* A number never becomes one of the machine's: what was written is what is sent. */
static void test_big_numbers_arrive_as_written(void) {
        static const char text[] =
                        "{" CODE ", \"test_cases\": [{\"inputs\": {\"n\":  100}, \"expected_output\": "
                        "354224848179261915075, \"test_id\": \"fib\", \"metadata\": {\"big\": 1e400}},"
                        "{\"inputs\": [18446744073709551615, -9223372036854775809], \"expected_output\": 0.1e-400,"
                        " \"test_id\": \"fib\"}]}";
        g_autofree char *problem = NULL;
        g_autoptr(Request) request = NULL;
        g_autoptr(Problem) loaded = NULL;
        const ProblemTest *first, *second;
        const RequestTest *sent;
        const char *blobs;

        g_assert_cmpint(load(text, JOB_MEASURE, &loaded, &request, &problem), ==, 0);
        first = g_ptr_array_index(loaded->tests, 0);
        second = g_ptr_array_index(loaded->tests, 1);
        g_assert_cmpstr(first->name, ==, "fib");
        g_assert_cmpstr(second->name, ==, "fib#2");
        g_assert_cmpstr(first->metadata, ==, "{\"big\": 1e400}");

        g_assert_cmpint(problem_fill_request(loaded, g_ptr_array_index(loaded->submissions, 0), 0, true, request,
                                             &problem),
                        ==, 0);
        blobs = g_bytes_get_data(request->blobs_bytes, NULL);
        sent = &g_array_index(request->tests, RequestTest, 0);
        g_assert_cmpmem(blobs + sent->input_offset, sent->input_size, "{\"n\":  100}", 11);
        g_assert_cmpmem(blobs + sent->answer_offset, sent->answer_size, "354224848179261915075", 21);
        sent = &g_array_index(request->tests, RequestTest, 1);
        g_assert_cmpmem(blobs + sent->input_offset, sent->input_size, "[18446744073709551615, -9223372036854775809]",
                        44);
        g_assert_cmpmem(blobs + sent->answer_offset, sent->answer_size, "0.1e-400", 8);
        g_assert_cmpstr(request->function->name, ==, "solve");
        g_assert_null(request->validator);
        g_assert_cmpstr(request->language, ==, "python3");
}

static void test_recognised(void) {
        g_assert_true(problem_is_request("{\"candidate_code\": 1}", 21));
        g_assert_true(problem_is_request(" {\"a\": [{}], \"\\u0063andidate_code\": \"\"}", 39));
        g_assert_false(problem_is_request("{\"argv\": [\"candidate_code\"]}", 28));
        g_assert_false(problem_is_request("candidate_code", 14));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/problem-request/defaults", test_defaults);
        g_test_add_func("/problem-request/every-field", test_every_field);
        g_test_add_func("/problem-request/nulls", test_nulls);
        g_test_add_func("/problem-request/bounds", test_bounds);
        g_test_add_func("/problem-request/lengths", test_lengths);
        g_test_add_func("/problem-request/types", test_types);
        g_test_add_func("/problem-request/missing", test_missing);
        g_test_add_func("/problem-request/big-numbers-arrive-as-written", test_big_numbers_arrive_as_written);
        g_test_add_func("/problem-request/recognised", test_recognised);
        return g_test_run();
}
