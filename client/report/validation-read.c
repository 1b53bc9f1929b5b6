/* SPDX-License-Identifier: MIT */
#include "validation-read.h"

#include "json-read.h"

static uint64_t read_number(JsonObject *object, const char *name) {
        uint64_t value;

        return json_u64(object, name, &value) ? value : UINT64_MAX;
}

static TestResult read_test(JsonObject *test) {
        JsonObject *where = json_object(test, "where");

        return (TestResult){
                .name = g_strdup(json_string(test, "name")),
                .verdict = g_strdup(json_string(test, "verdict")),
                .message = g_strdup(json_string(test, "message")),
                .cpu_usec = read_number(test, "cpu_usec"),
                .wall_ns = read_number(test, "wall_ns"),
                .memory_peak = read_number(test, "memory_peak"),
                .ended_by = g_strdup(json_string(test, "ended_by")),
                .validator = g_strdup(json_string(test, "validator")),
                .path = g_strdup(json_string(where, "path")),
                .line = read_number(where, "line"),
                .column = read_number(where, "column"),
                .inputs = g_strdup(json_string(test, "inputs")),
                .expected = g_strdup(json_string(test, "expected")),
                .got = g_strdup(json_string(test, "got")),
                .error_output = g_strdup(json_string(test, "error_output")),
        };
}

Validation *validation_read(JsonObject *report) {
        JsonObject *object = json_object(report, "validation"), *compiler = json_object(object, "compiler");
        JsonArray *tests = json_array(object, "tests");
        Validation *validation;

        if (!object)
                return NULL;
        validation = g_new0(Validation, 1);
        validation->verdict = g_strdup(json_string(object, "verdict"));
        (void) json_u64(object, "passed", &validation->passed);
        (void) json_u64(object, "total", &validation->total);
        validation->compiler_end = g_strdup(json_string(compiler, "ended_by"));
        validation->compiler_output = g_strdup(json_string(compiler, "output"));
        validation->n_tests = tests ? json_array_get_length(tests) : 0;
        validation->tests = g_new0(TestResult, validation->n_tests + 1);
        for (unsigned i = 0; i < validation->n_tests; i++)
                validation->tests[i] = read_test(json_element(tests, i));
        return validation;
}

int validation_parse(const char *text, size_t size, Validation **ret) {
        g_autoptr(JsonNode) node = NULL;
        int r;

        r = json_parse(text, size, &node);
        if (r >= 0)
                *ret = validation_read(json_node_get_object(node));
        return r;
}

static void test_clear(TestResult *test) {
        char *const strings[] = { test->name,      test->verdict,      test->message, test->ended_by,
                                  test->validator, test->path,         test->inputs,  test->expected,
                                  test->got,       test->error_output, test->metadata };

        for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
                g_free(strings[i]);
}

Validation *validation_free(Validation *validation) {
        if (!validation)
                return NULL;
        for (size_t i = 0; i < validation->n_tests; i++)
                test_clear(&validation->tests[i]);
        g_free(validation->tests);
        g_free(validation->verdict);
        g_free(validation->compiler_end);
        g_free(validation->compiler_output);
        g_free(validation);
        return NULL;
}
