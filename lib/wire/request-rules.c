/* SPDX-License-Identifier: MIT */

/* What needs more than one key of a request to be judged. */

#include <stdarg.h>
#include <string.h>

#include "request-internal.h"
#include "tune.h"

#define FUNCTION_LANGUAGE "python3"

/* Keys that describe what was sent along, which only a box is made of. */
static const KeyId box_keys[] = {
        REQUEST_FILES, REQUEST_TESTS, REQUEST_VALIDATOR, REQUEST_LANGUAGE, REQUEST_FUNCTION,
};

static int refuse(char **ret_message, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(char **ret_message, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        *ret_message = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        return -EINVAL;
}

static bool has(const Request *request, KeyId id) {
        return *(void *const *) request_member_const(request, id);
}

static bool has_blobs(const Request *request) {
        return request->blobs_fd >= 0 || request->blobs_bytes;
}

/* What is run is the worker's own, in a box. */
static int follow_calibration(Request *request, char **ret_message) {
        if (request->kind != JOB_CALIBRATE)
                return 0;
        g_free(request->profile);
        request->profile = g_strdup("box");
        if (!(request->given & (UINT64_C(1) << REQUEST_TRIALS)))
                request->trials = CALIBRATION_TRIALS;
        if (request->trials >= CALIBRATION_TRIALS_MIN)
                return 0;
        return refuse(ret_message,
                      "trials: %u are too few for a calibration, whose noise floor is what 95 %% of the pairs of "
                      "trials "
                      "keep within; at least %u",
                      request->trials, CALIBRATION_TRIALS_MIN);
}

static int check_profile(Request *request, char **ret_message) {
        for (size_t i = 0; i < G_N_ELEMENTS(box_keys); i++) {
                if (!has(request, box_keys[i]))
                        continue;
                if (!(request->given & (UINT64_C(1) << REQUEST_PROFILE))) {
                        g_free(request->profile);
                        request->profile = g_strdup("box");
                }
                if (strcmp(request->profile, "host") == 0)
                        return refuse(ret_message,
                                      "profile: \"host\" runs what lies in the caller's file system and does not go "
                                      "with %s; leave it out, or give \"box\"",
                                      request_keys[box_keys[i]].name);
        }
        if (strcmp(request->profile, "box") == 0 && request->cwd_fd >= 0)
                return refuse(ret_message,
                              "cwd: does not go with profile box, which sees nothing of the caller's file "
                              "system; send what the program needs as files");
        return 0;
}

static int check_candidates(const Request *request, char **ret_message) {
        const unsigned n = request->candidates ? request->candidates->len : 0;

        if (n >= REQUEST_CANDIDATES_MIN)
                return 0;
        return refuse(ret_message, "there are %u candidates; give at least %u", n, REQUEST_CANDIDATES_MIN);
}

static int check_tune(const Request *request, char **ret_message) {
        g_autofree char *why = NULL;
        Tune tune;
        int r;

        if (!request->tune)
                return 0;
        r = tune_parse(request->tune, &tune, &why);
        return r < 0 ? refuse(ret_message, "tune: %s", why) : 0;
}

static int check_program(const Request *request, char **ret_message) {
        if (request->kind == JOB_COMPARE)
                return check_candidates(request, ret_message);
        if (request->kind == JOB_CALIBRATE || request->language || request->function)
                return 0;
        if (!request->argv)
                return refuse(ret_message, "argv: is missing; give the program and its arguments (as)");
        if (!request->argv[0])
                return refuse(ret_message, "argv: is empty; the first string must name a program");
        if (request->argv[0][0] == '\0')
                return refuse(ret_message, "argv: the program's name is empty; the first string must name a program");
        return 0;
}

static int check_function(Request *request, char **ret_message) {
        if (!request->function)
                return 0;
        if (!request->tests)
                return refuse(ret_message, "function: is called with tests, and there are none; give tests");
        if (!request->files)
                return refuse(ret_message, "function: is defined in files, and there are none; give files");
        if (request->validator)
                return refuse(ret_message,
                              "validator: does not go with function, whose results are compared as values; the keys "
                              "of function say how");
        if (!request->language)
                request->language = g_strdup(FUNCTION_LANGUAGE);
        if (strcmp(request->language, FUNCTION_LANGUAGE) != 0)
                return refuse(ret_message, "language: \"%s\" does not go with function; only \"%s\" does",
                              request->language, FUNCTION_LANGUAGE);
        return 0;
}

static int check_parts(const Request *request, char **ret_message) {
        static const KeyId pointing[] = { REQUEST_FILES, REQUEST_TESTS };

        if (request->kind == JOB_VALIDATE && !request->tests)
                return refuse(ret_message, "tests: are missing; give what the program is to be validated with");
        if (request->tests && (request->stdin_fd >= 0 || request->stdin_bytes))
                return refuse(ret_message, "stdin: does not go with tests, each of which has its own input");
        if (request->validator && !request->tests)
                return refuse(ret_message, "validator: judges the output of tests, and there are none; give tests");
        if (request->language && !request->files)
                return refuse(ret_message, "language: is what files are written in, and there are none; give files");
        for (size_t i = 0; i < G_N_ELEMENTS(pointing); i++)
                if (has(request, pointing[i]) && !has_blobs(request))
                        return refuse(ret_message, "%s: point into blobs, and there are none; give blobs",
                                      request_keys[pointing[i]].name);
        if (has_blobs(request) && !request->files && !request->tests)
                return refuse(ret_message, "blobs: nothing points into them; give files or tests");
        return 0;
}

/* How far pieces may reach: to the end of what came in the message, else to where the configuration lets. */
typedef struct Extent {
        uint64_t end;
        bool exact;    /* the end is known */
        uint64_t most; /* that files may have together: the same bytes may be those of many, and a box has them all */
        char **ret_message;
} Extent;

static int check_piece(const Extent *extent, const char *where, const char *what, const char *name, uint64_t offset,
                       uint64_t size) {
        uint64_t end;

        if (!__builtin_add_overflow(offset, size, &end) && end <= extent->end)
                return 0;

        {
                g_autofree char *quoted = request_quote(name);
                g_autofree char *most = request_format_number(KEY_BYTES, extent->end);

                if (extent->exact)
                        return refuse(extent->ret_message,
                                      "%s: %s%s lies beyond the end of blobs: %" G_GUINT64_FORMAT
                                      " bytes from %" G_GUINT64_FORMAT ", and there are %" G_GUINT64_FORMAT,
                                      where, what, quoted, size, offset, extent->end);
                return refuse(extent->ret_message,
                              "%s: %s%s, %" G_GUINT64_FORMAT " bytes from %" G_GUINT64_FORMAT
                              ", is out of range; blobs may have at most %s (%s in jouletraced.conf raises the limit)",
                              where, what, quoted, size, offset, most, request_keys[REQUEST_BLOBS].knob);
        }
}

static int check_files(const Extent *extent, const char *where, const GArray *files) {
        for (unsigned i = 0; files && i < files->len; i++) {
                const RequestFile *file = &g_array_index(files, RequestFile, i);
                int r = check_piece(extent, where, "", file->name, file->offset, file->size);

                if (r < 0)
                        return r;
        }
        /* Each lies within the bound, and they are not so many that the sum wraps. */
        if (request_files_bytes(files) > extent->most) {
                g_autofree char *most = request_format_number(KEY_BYTES, extent->most);

                return refuse(extent->ret_message,
                              "%s: have more than %s together, which is the most (%s in jouletraced.conf raises the "
                              "limit)",
                              where, most, request_keys[REQUEST_BLOBS].knob);
        }
        return 0;
}

static int check_tests(const Extent *extent, const GArray *tests) {
        for (unsigned i = 0; tests && i < tests->len; i++) {
                const RequestTest *test = &g_array_index(tests, RequestTest, i);
                int r;

                r = check_piece(extent, "tests", "the input of ", test->name, test->input_offset, test->input_size);
                if (r >= 0)
                        r = check_piece(extent, "tests", "the answer of ", test->name, test->answer_offset,
                                        test->answer_size);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_extents(const Request *request, const RequestLimits *limits, char **ret_message) {
        const uint64_t most = request_bounds(REQUEST_BLOBS, limits).max;
        Extent extent = { .end = most, .most = most, .ret_message = ret_message };
        int r;

        if (request->blobs_bytes) {
                extent.end = g_bytes_get_size(request->blobs_bytes);
                extent.exact = true;
        }
        r = check_files(&extent, "files", request->files);
        if (r >= 0)
                r = check_tests(&extent, request->tests);
        if (r >= 0 && request->validator)
                r = check_files(&extent, "validator.files", request->validator->files);
        return r;
}

void request_follow_limits(Request *request, const RequestLimits *limits) {
        KeyBounds wall = request_bounds(REQUEST_WALL_LIMIT, limits);
        uint64_t limit;

        if (request->given & (UINT64_C(1) << REQUEST_WALL_LIMIT))
                return;
        if (__builtin_mul_overflow(request->cpu_limit_usec, UINT64_C(2), &limit) ||
            __builtin_add_overflow(limit, USEC_PER_SEC, &limit))
                limit = UINT64_MAX;
        request->wall_limit_usec = CLAMP(limit, wall.min, wall.max);
}

/* max-trials alone is meant: the default of trials does not go beyond it. */
static void follow_precision(Request *request) {
        if (request->rel_ci > 0 && !(request->given & (UINT64_C(1) << REQUEST_TRIALS)))
                request->trials = MIN(request->trials, request->max_trials);
}

int request_finish(Request *request, const RequestLimits *limits, char **ret_message) {
        KeyBounds window = request_bounds(REQUEST_MIN_WINDOW, limits);
        int r;

        request_follow_limits(request, limits);
        follow_precision(request);
        r = follow_calibration(request, ret_message);
        if (r >= 0)
                r = check_profile(request, ret_message);
        if (r >= 0)
                r = check_program(request, ret_message);
        if (r >= 0)
                r = check_parts(request, ret_message);
        if (r >= 0)
                r = check_tune(request, ret_message);
        if (r >= 0)
                r = check_function(request, ret_message);
        if (r >= 0)
                r = check_extents(request, limits, ret_message);
        if (r < 0)
                return r;

        if (request->min_window_usec < window.min && strcmp(request->resolution, "fine") != 0)
                return request_out_of_range(REQUEST_MIN_WINDOW, &window, request->min_window_usec, ret_message);
        return 0;
}
