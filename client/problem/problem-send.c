/* SPDX-License-Identifier: MIT */
#include "problem-send.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

#include "blobs.h"

static void give(Request *request, KeyId key) {
        request->given |= UINT64_C(1) << key;
}

static bool given(const Request *request, KeyId key) {
        return request->given & (UINT64_C(1) << key);
}

static int add_files(Blobs *blobs, const GPtrArray *files, GArray **ret) {
        g_autoptr(GArray) added = request_files_new();

        for (unsigned i = 0; i < files->len; i++) {
                const ProblemFile *file = g_ptr_array_index(files, i);
                RequestFile entry = { .size = g_bytes_get_size(file->bytes), .mode = file->mode };
                int r;

                r = blobs_add(blobs, file->bytes, &entry.offset);
                if (r < 0)
                        return r;
                entry.name = g_strdup(file->name);
                g_array_append_val(added, entry);
        }
        *ret = g_steal_pointer(&added);
        return 0;
}

static int add_tests(Blobs *blobs, const Problem *problem, unsigned validator, GArray **ret) {
        g_autoptr(GArray) added = request_tests_new();

        for (unsigned i = 0; i < problem->tests->len; i++) {
                const ProblemTest *test = g_ptr_array_index(problem->tests, i);
                RequestTest entry = {
                        .input_size = g_bytes_get_size(test->input),
                        .answer_size = g_bytes_get_size(test->answer),
                };
                int r;

                if (test->validator != validator)
                        continue;
                r = blobs_add(blobs, test->input, &entry.input_offset);
                if (r >= 0)
                        r = blobs_add(blobs, test->answer, &entry.answer_offset);
                if (r < 0)
                        return r;
                entry.name = g_strdup(test->name);
                g_array_append_val(added, entry);
        }
        *ret = g_steal_pointer(&added);
        return 0;
}

static int add_validator(Blobs *blobs, const ProblemValidator *validator, RequestValidator **ret) {
        g_autoptr(RequestValidator) added = request_validator_new();
        const RequestValidator *options = validator->options;

        g_free(added->type);
        *added = *options;
        added->type = g_strdup(options->type);
        added->argv = g_strdupv(options->argv);
        added->args = g_strdupv(options->args);
        added->language = g_strdup(options->language);
        added->files = NULL;
        if (validator->files->len > 0) {
                int r = add_files(blobs, validator->files, &added->files);

                if (r < 0)
                        return r;
        }
        *ret = g_steal_pointer(&added);
        return 0;
}

static RequestFunction *function_copy(const RequestFunction *function) {
        RequestFunction *copy = g_new(RequestFunction, 1);

        *copy = *function;
        copy->name = g_strdup(function->name);
        return copy;
}

static int set_blobs(Request *request, const Blobs *blobs, bool inline_blobs) {
        int r;

        r = inline_blobs ? blobs_join(blobs, &request->blobs_bytes) : blobs_seal(blobs, &request->blobs_fd);
        if (r >= 0)
                give(request, REQUEST_BLOBS);
        return r;
}

static void set_limits(const Problem *problem, Request *request) {
        if (problem->cpu_limit_usec > 0 && !given(request, REQUEST_CPU_LIMIT)) {
                request->cpu_limit_usec = problem->cpu_limit_usec;
                give(request, REQUEST_CPU_LIMIT);
        }
        if (problem->wall_limit_usec > 0 && !given(request, REQUEST_WALL_LIMIT)) {
                request->wall_limit_usec = problem->wall_limit_usec;
                give(request, REQUEST_WALL_LIMIT);
        }
        if (problem->memory_max > 0 && !given(request, REQUEST_MEMORY_MAX)) {
                request->memory_max = problem->memory_max;
                give(request, REQUEST_MEMORY_MAX);
        }
        if (problem->output_max > 0 && !given(request, REQUEST_OUTPUT_MAX)) {
                request->output_max = problem->output_max;
                give(request, REQUEST_OUTPUT_MAX);
        }
}

int problem_fill_request(const Problem *problem, const Submission *submission, unsigned validator, bool inline_blobs,
                         Request *request, char **ret_problem) {
        g_autoptr(Blobs) blobs = blobs_new();
        int r = 0;

        if (submission->files->len > 0)
                r = add_files(blobs, submission->files, &request->files);
        if (r >= 0 && problem->tests->len > 0)
                r = add_tests(blobs, problem, validator, &request->tests);
        if (r >= 0 && problem->tests->len > 0 && !problem->function)
                r = add_validator(blobs, g_ptr_array_index(problem->validators, validator), &request->validator);
        if (r >= 0 && (request->files || request->tests))
                r = set_blobs(request, blobs, inline_blobs);
        if (r == -EFBIG)
                *ret_problem = g_strdup_printf(_("%s: tests and files together are more than %s"), problem->name,
                                               inline_blobs && blobs_size(blobs) <= BLOBS_MAX
                                                               ? _("16 MiB, the most that goes to another machine")
                                                               : "256 MiB");
        else if (r < 0)
                *ret_problem = g_strdup_printf("%s: %s", problem->name, g_strerror(-r));
        if (r < 0)
                return r;
        if (request->files)
                give(request, REQUEST_FILES);
        if (request->tests)
                give(request, REQUEST_TESTS);
        if (request->validator)
                give(request, REQUEST_VALIDATOR);
        if (problem->function) {
                request->function = function_copy(problem->function);
                give(request, REQUEST_FUNCTION);
        }
        if (submission->language) {
                g_free(request->language);
                request->language = g_strdup(submission->language);
                give(request, REQUEST_LANGUAGE);
        }
        set_limits(problem, request);
        return 0;
}
