/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "job.h"

/* What the daemon makes of a request before it is run: its memory, its duration, its likeness to others. */

static Request *validation(unsigned tests) {
        Request *request = request_new(JOB_VALIDATE, NULL);

        request->argv = g_strsplit("./a.out", " ", -1);
        request->tests = request_tests_new();
        for (unsigned i = 0; i < tests; i++) {
                RequestTest test = { .name = g_strdup_printf("%04u", i) };

                g_array_append_val(request->tests, test);
        }
        return request;
}

static void add_file(Request *request, const char *name, uint64_t size) {
        RequestFile file = { .name = g_strdup(name), .size = size };

        if (!request->files)
                request->files = request_files_new();
        g_array_append_val(request->files, file);
}

/* Each part counts, with what its strings take. */
static void test_size(void) {
        g_autoptr(Request) request = validation(0), other = validation(100);
        g_autofree char *name = g_strnfill(200, 'n');
        size_t size = job_request_size(request);

        g_array_unref(request->tests);
        request->tests = g_array_ref(other->tests);
        g_assert_cmpuint(job_request_size(request), >=, size + 100 * (sizeof(RequestTest) + 5));
        size = job_request_size(request);

        add_file(request, name, 1);
        g_assert_cmpuint(job_request_size(request), >=, size + sizeof(RequestFile) + 201);
        size = job_request_size(request);

        request->blobs_bytes = g_bytes_new_take(g_malloc0(12345), 12345);
        g_assert_cmpuint(job_request_size(request), ==, size + 12345);
        size = job_request_size(request);

        request->validator = request_validator_new();
        request->validator->args = g_strsplit(name, " ", -1);
        request->validator->files = request_files_new();
        g_assert_cmpuint(job_request_size(request), >=, size + 201 + sizeof(RequestValidator));
}

/* A comparison is all its candidates. */
static void test_candidates(void) {
        g_autoptr(Request) compare = request_new(JOB_COMPARE, NULL), alone = request_new(JOB_MEASURE, NULL);
        g_autofree char *digest = NULL, *other = NULL;

        alone->argv = g_strsplit("./a.out", " ", -1);
        for (unsigned i = 0; i < 3; i++) {
                Request *candidate = request_add_candidate(compare, NULL);

                candidate->kind = JOB_MEASURE;
                candidate->argv = g_strdupv(alone->argv);
        }
        g_assert_cmpuint(job_request_size(compare), ==, 3 * job_request_size(alone));
        g_assert_cmpuint(job_formula_usec(compare), ==, 3 * job_formula_usec(alone));
        digest = job_digest(compare);
        g_strfreev(((Request *) g_ptr_array_index(compare->candidates, 2))->argv);
        ((Request *) g_ptr_array_index(compare->candidates, 2))->argv = g_strsplit("./b.out", " ", -1);
        other = job_digest(compare);
        g_assert_cmpstr(digest, !=, other);
}

static void test_formula(void) {
        g_autoptr(Request) ten = validation(10), hundred = validation(100), measured = request_new(JOB_MEASURE, NULL);
        uint64_t plain;

        g_assert_cmpuint(job_formula_usec(hundred), ==, 10 * job_formula_usec(ten));
        hundred->max_tests = 10;
        g_assert_cmpuint(job_formula_usec(hundred), ==, job_formula_usec(ten));
        ten->language = g_strdup("c");
        g_assert_cmpuint(job_formula_usec(ten), >, job_formula_usec(hundred));

        /* A measurement has a window for each test of a trial. */
        measured->argv = g_strsplit("./a.out", " ", -1);
        plain = job_formula_usec(measured);
        g_assert_cmpuint(plain, ==, (9 + 2) * (measured->min_window_usec + measured->cooldown_usec));
        measured->tests = g_array_ref(hundred->tests);
        g_assert_cmpuint(job_formula_usec(measured), >, plain + 11 * 99 * measured->min_window_usec);
}

static void check_digests(const Request *a, const Request *b, bool alike) {
        g_autofree char *first = job_digest(a), *second = job_digest(b);

        g_assert_true((strcmp(first, second) == 0) == alike);
}

static void test_digest(void) {
        g_autoptr(Request) a = validation(3), b = validation(3);

        check_digests(a, b, true);
        g_array_set_size(b->tests, 2);
        check_digests(a, b, false);
        a->max_tests = 2;
        check_digests(a, b, true);
        add_file(a, "a.c", 10);
        check_digests(a, b, false);
        add_file(b, "a.c", 11);
        check_digests(a, b, false);
        g_array_index(b->files, RequestFile, 0).size = 10;
        check_digests(a, b, true);
        b->kind = JOB_MEASURE;
        check_digests(a, b, false);

        /* A function has no command line. */
        b->kind = JOB_VALIDATE;
        g_clear_pointer(&b->argv, g_strfreev);
        check_digests(a, b, false);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/job/size", test_size);
        g_test_add_func("/job/candidates", test_candidates);
        g_test_add_func("/job/formula", test_formula);
        g_test_add_func("/job/digest", test_digest);
        return g_test_run();
}
