/* SPDX-License-Identifier: MIT */
#include "validation-read.h"

#include "json-read.h"

int validation_parse(const char *text, size_t size, Validation **ret) {
        g_autoptr(JsonNode) node = NULL;
        Validation *validation;
        JsonObject *object;
        JsonArray *tests;
        int r;

        r = json_parse(text, size, &node);
        if (r < 0)
                return r;
        *ret = NULL;
        object = json_object(json_node_get_object(node), "validation");
        if (!object)
                return 0;

        validation = g_new0(Validation, 1);
        validation->verdict = g_strdup(json_string(object, "verdict"));
        (void) json_u64(object, "passed", &validation->passed);
        (void) json_u64(object, "total", &validation->total);
        tests = json_array(object, "tests");
        validation->n_tests = tests ? json_array_get_length(tests) : 0;
        validation->tests = g_new0(TestResult, validation->n_tests + 1);
        for (unsigned i = 0; i < validation->n_tests; i++) {
                JsonObject *test = json_element(tests, i);

                validation->tests[i] = (TestResult){
                        .name = g_strdup(json_string(test, "name")),
                        .verdict = g_strdup(json_string(test, "verdict")),
                        .message = g_strdup(json_string(test, "message")),
                        .cpu_usec = UINT64_MAX,
                };
                (void) json_u64(test, "cpu_usec", &validation->tests[i].cpu_usec);
        }
        *ret = validation;
        return 0;
}

Validation *validation_free(Validation *validation) {
        if (!validation)
                return NULL;
        for (size_t i = 0; i < validation->n_tests; i++) {
                g_free(validation->tests[i].name);
                g_free(validation->tests[i].verdict);
                g_free(validation->tests[i].message);
        }
        g_free(validation->tests);
        g_free(validation->verdict);
        g_free(validation);
        return NULL;
}
