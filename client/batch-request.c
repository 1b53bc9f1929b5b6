/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

#include "batch-file.h"
#include "failures.h"
#include "json-slice.h"
#include "problem-json.h"
#include "problem-send.h"
#include "text.h"

typedef struct Line {
        const char *where; /* "line 7", for messages */
        Request *request;
        char *problem, *submission;
        GHashTable *metadata;
        char **ret_problem;
} Line;

static int fail(const Line *line, const char *key, const char *what) {
        g_autofree char *shown = text_printable(key, false);

        *line->ret_problem = g_strdup_printf("%s: %s: %s", line->where, shown, what);
        return -EINVAL;
}

static void give(Request *request, KeyId key) {
        request->given |= UINT64_C(1) << key;
}

static int set_argv(const Line *line, JsonSlice value) {
        g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
        JsonSlice element;
        size_t at = 0;

        while (json_slice_element(value, &at, &element)) {
                char *text = json_slice_string(element);

                if (!text)
                        return fail(line, "argv", _("give a list of texts"));
                g_ptr_array_add(strings, text);
        }
        if (strings->len == 0)
                return fail(line, "argv", _("give a list of texts"));
        g_ptr_array_add(strings, NULL);
        g_strfreev(line->request->argv);
        line->request->argv = (char **) g_ptr_array_free(g_steal_pointer(&strings), FALSE);
        give(line->request, REQUEST_ARGV);
        return 0;
}

static int set_stdin(const Line *line, JsonSlice value) {
        g_clear_pointer(&line->request->stdin_bytes, g_bytes_unref);
        line->request->stdin_bytes = json_slice_bytes(value);
        if (!line->request->stdin_bytes)
                return fail(line, "stdin", _("give a text"));
        give(line->request, REQUEST_STDIN);
        return 0;
}

/* Numbers and booleans are read from their own text, as on the command line. */
static int set_key(const Line *line, KeyId id, JsonSlice value) {
        g_autofree char *text = json_slice_string(value) ?: g_strndup(value.text, value.size), *what = NULL;

        if (json_slice_is_object(value) || json_slice_is_array(value) || json_slice_is_null(value))
                return fail(line, request_keys[id].name, _("give a text, a number, true or false"));
        if (request_set_text(line->request, id, NULL, text, &what) < 0) {
                *line->ret_problem = g_strdup_printf("%s: %s", line->where, what);
                return -EINVAL;
        }
        return 0;
}

static int set_text(const Line *line, const char *name, JsonSlice value, char **ret) {
        g_clear_pointer(ret, g_free);
        *ret = json_slice_string(value);
        return *ret ? 0 : fail(line, name, _("give a text"));
}

static int set_member(Line *line, const char *name, JsonSlice value) {
        const char *closest;
        KeyId id;

        if (strcmp(name, "problem") == 0)
                return set_text(line, name, value, &line->problem);
        if (strcmp(name, "submission") == 0)
                return set_text(line, name, value, &line->submission);
        if (request_key_find(name, &id) < 0) {
                g_autofree char *what = NULL;

                closest = request_key_closest(line->request->kind, name);
                what = closest ? g_strdup_printf(_("there is no such key; did you mean %s?"), closest)
                               : g_strdup(_("there is no such key"));
                return fail(line, name, what);
        }
        if (id == REQUEST_ARGV)
                return set_argv(line, value);
        if (id == REQUEST_STDIN)
                return set_stdin(line, value);
        /* what has no option cannot stand in a file either, and who waits for each job does not detach it */
        if (!request_keys[id].metavar || id == REQUEST_DETACH)
                return fail(line, name, _("cannot be said in a file"));
        return set_key(line, id, value);
}

static const Submission *find_submission(const Problem *problem, const char *path) {
        for (unsigned i = 0; i < problem->submissions->len; i++) {
                const Submission *submission = g_ptr_array_index(problem->submissions, i);

                if (strcmp(submission->path, path) == 0)
                        return submission;
        }
        return NULL;
}

static int use_package(Line *line, const char *directory, bool inline_blobs) {
        g_autofree char *path = g_path_is_absolute(line->problem) ? g_strdup(line->problem)
                                                                  : g_build_filename(directory, line->problem, NULL);
        g_autofree char *what = NULL;
        g_autoptr(Problem) problem = NULL;
        const Submission *submission;

        if (!line->submission)
                return fail(line, "problem", _("submission is missing"));
        if (problem_load(path, &problem, &what) < 0)
                return fail(line, "problem", what);
        submission = find_submission(problem, line->submission);
        if (!submission || !submission->language)
                return fail(line, "submission",
                            submission ? _("its language is not known here") : _("the package has no such one"));
        if (problem->validators->len > 1)
                return fail(line, "problem", _("its tests are judged in several ways; one request has one"));
        if (problem_fill_request(problem, submission, 0, inline_blobs, line->request, &what) < 0)
                return fail(line, "problem", what);
        line->metadata = metadata_of(problem);
        return 0;
}

static char *name_of(const Request *request, const char *submission) {
        g_autofree char *name = request->label          ? g_strdup(request->label)
                                : request->candidate_id ? g_strdup(request->candidate_id)
                                : submission            ? g_strdup(submission)
                                : request->problem_name ? g_strdup(request->problem_name)
                                : request->argv         ? text_command(request->argv)
                                                        : NULL;

        return text_printable(name ?: "?", false);
}

static int read_own(Line *line, const char *text, const char *directory, bool inline_blobs) {
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autofree char *name = NULL;
        JsonSlice root, value;
        size_t at = 0;
        int r;

        r = json_slice_parse(text, strlen(text), &root, NULL);
        if (r < 0 || !json_slice_is_object(root)) {
                *line->ret_problem = g_strdup_printf("%s: %s", line->where,
                                                     r < 0 ? json_slice_explain(r) : _("no JSON object"));
                return -EINVAL;
        }
        while (json_slice_member(root, &at, &name, &value)) {
                if (!g_hash_table_add(seen, g_strdup(name)))
                        return fail(line, name, _("it comes twice"));
                r = set_member(line, name, value);
                if (r < 0)
                        return r;
                g_clear_pointer(&name, g_free);
        }
        if (line->problem)
                return use_package(line, directory, inline_blobs);
        if (!line->request->argv)
                return fail(line, "argv", _("it is missing, and so are problem and candidate_code"));
        return 0;
}

static int read_original(Line *line, const char *text, JobKind kind, bool inline_blobs) {
        g_autoptr(Problem) problem = NULL;
        int r;

        r = problem_load_request(line->where, text, strlen(text), kind, &problem, line->request, line->ret_problem);
        if (r < 0)
                return r;
        line->metadata = metadata_of(problem);
        return problem_fill_request(problem, g_ptr_array_index(problem->submissions, 0), 0, inline_blobs,
                                    line->request, line->ret_problem);
}

int batch_request(const BatchItem *item, const char *directory, JobKind kind, bool inline_blobs, Request **ret,
                  char **ret_name, GHashTable **ret_metadata, char **ret_problem) {
        g_autofree char *where = g_strdup_printf(_("line %u"), item->line);
        g_autoptr(Request) request = request_new(kind, NULL);
        Line line = { .where = where, .request = request, .ret_problem = ret_problem };
        int r;

        r = problem_is_request(item->text, strlen(item->text)) ? read_original(&line, item->text, kind, inline_blobs)
                                                               : read_own(&line, item->text, directory, inline_blobs);
        if (r >= 0) {
                *ret_name = name_of(request, line.submission);
                *ret_metadata = g_steal_pointer(&line.metadata);
                *ret = g_steal_pointer(&request);
        }
        g_free(line.problem);
        g_free(line.submission);
        g_clear_pointer(&line.metadata, g_hash_table_unref);
        return r;
}
