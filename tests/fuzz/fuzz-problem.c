/* SPDX-License-Identifier: MIT */

/* Texts that describe problems: the first byte chooses the reader, the rest is read. */

#include <stdint.h>

#include "json-slice.h"
#include "package-glob.h"
#include "problem-json.h"
#include "yaml-read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_request(const char *text, size_t size, JobKind kind) {
        g_autoptr(Request) request = request_new(kind, NULL);
        g_autofree char *problem = NULL;
        g_autoptr(Problem) loaded = NULL;
        int r;

        r = problem_load_request("fuzzed", text, size, kind, &loaded, request, &problem);
        g_assert_true((r >= 0) == (loaded != NULL) && (r < 0) == (problem != NULL));
        for (unsigned i = 0; loaded && i < loaded->tests->len; i++) {
                const ProblemTest *test = g_ptr_array_index(loaded->tests, i);
                JsonSlice slice;
                size_t length;
                const char *input = g_bytes_get_data(test->input, &length);

                /* what is sent is a value by itself */
                g_assert_cmpint(json_slice_parse(input, length, &slice, NULL), ==, 0);
                g_assert_cmpuint(slice.size, ==, length);
        }
}

static void read_lines(const char *text, size_t size) {
        g_autofree char *problem = NULL;
        g_autoptr(Problem) loaded = NULL;

        g_assert_true((problem_load_jsonl("fuzzed", text, size, &loaded, &problem) >= 0) == (loaded != NULL));
}

static void read_yaml(const char *text, size_t size) {
        g_autofree char *problem = NULL;
        g_autoptr(Yaml) yaml = NULL;

        g_assert_true((yaml_parse(text, size, &yaml, &problem) >= 0) == (yaml != NULL));
        g_assert_true((yaml == NULL) == (problem != NULL));
}

static void match_glob(const char *text, size_t size) {
        g_autofree char *pattern = g_strndup(text, size);

        (void) glob_covers(pattern, "submissions/accepted/{a,b}.c");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *) data + 1;

        if (size == 0)
                return 0;
        switch (*data) {
        case 'm':
                read_request(text, size - 1, JOB_MEASURE);
                break;
        case 'v':
                read_request(text, size - 1, JOB_VALIDATE);
                break;
        case 'l':
                read_lines(text, size - 1);
                break;
        case 'y':
                read_yaml(text, size - 1);
                break;
        default:
                match_glob(text, size - 1);
                break;
        }
        return 0;
}
