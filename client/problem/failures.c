/* SPDX-License-Identifier: MIT */
#include "failures.h"

#include <string.h>

#include "json-slice.h"

GHashTable *metadata_of(const Problem *problem) {
        GHashTable *metadata = NULL;

        for (unsigned i = 0; i < problem->tests->len; i++) {
                const ProblemTest *test = g_ptr_array_index(problem->tests, i);

                if (!test->metadata)
                        continue;
                if (!metadata)
                        metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
                g_hash_table_insert(metadata, g_strdup(test->name), g_strdup(test->metadata));
        }
        return metadata;
}

static bool find_member(JsonSlice object, const char *wanted, JsonSlice *ret) {
        g_autofree char *name = NULL;
        size_t at = 0;

        while (json_slice_member(object, &at, &name, ret)) {
                if (strcmp(name, wanted) == 0)
                        return true;
                g_clear_pointer(&name, g_free);
        }
        return false;
}

static char *text_member(JsonSlice object, const char *name) {
        JsonSlice value;

        return find_member(object, name, &value) ? json_slice_string(value) : NULL;
}

static bool find_tests(const char *report, JsonSlice *ret) {
        JsonSlice root, validation;

        return json_slice_parse(report, strlen(report), &root, NULL) >= 0 && json_slice_is_object(root) &&
               find_member(root, "validation", &validation) && json_slice_is_object(validation) &&
               find_member(validation, "tests", ret) && json_slice_is_array(*ret);
}

char *report_with_metadata(const char *report, GHashTable *metadata) {
        g_autoptr(GString) out = g_string_new(NULL);
        JsonSlice tests, test;
        const char *copied = report;
        size_t at = 0;

        if (!metadata || !find_tests(report, &tests))
                return NULL;
        while (json_slice_element(tests, &at, &test)) {
                g_autofree char *name = json_slice_is_object(test) ? text_member(test, "name") : NULL;
                const char *known = name ? g_hash_table_lookup(metadata, name) : NULL;
                const char *end = test.text + test.size - 1; /* its brace */

                if (!known)
                        continue;
                g_string_append_len(out, copied, end - copied);
                g_string_append_printf(out, ",\"metadata\":%s", known);
                copied = end;
        }
        g_string_append(out, copied);
        /* together they may be deeper or larger than either */
        if (copied == report || !find_tests(out->str, &tests))
                return NULL;
        return g_string_free(g_steal_pointer(&out), FALSE);
}

char *report_failures(const char *report) {
        g_autoptr(GString) out = g_string_new("[");
        JsonSlice tests, test;
        unsigned n = 0;
        size_t at = 0;

        if (!find_tests(report, &tests))
                return NULL;
        while (n < FAILURES_MAX && json_slice_element(tests, &at, &test)) {
                g_autofree char *verdict = json_slice_is_object(test) ? text_member(test, "verdict") : NULL;

                if (!verdict || strcmp(verdict, "AC") == 0 || strcmp(verdict, "SKIPPED") == 0)
                        continue;
                g_string_append(out, n++ ? "," : "");
                g_string_append_len(out, test.text, (gssize) test.size);
        }
        g_string_append_c(out, ']');
        return n > 0 ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}
