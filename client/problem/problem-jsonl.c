/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

#include "base.h"
#include "json-slice.h"
#include "problem-json.h"
#include "text.h"

/* A line is a run, {"stdin": …, "expected_stdout": …}, or a call, {"inputs": …, "expected_output": …}. */
typedef struct Line {
        JsonSlice input, answer, name, metadata, limit; /* text NULL: not there */
        bool call;
} Line;

static int fail(const char *name, unsigned number, const char *what, char **ret_problem) {
        *ret_problem = g_strdup_printf(_("%s: line %u: %s"), name, number, what);
        return -EINVAL;
}

static int read_member(Line *line, const char *name, JsonSlice value, const char **ret_what) {
        const struct {
                const char *name;
                JsonSlice *where;
        } members[] = {
                { "stdin", &line->input },       { "expected_stdout", &line->answer },
                { "inputs", &line->input },      { "expected_output", &line->answer },
                { "name", &line->name },         { "test_id", &line->name },
                { "metadata", &line->metadata }, { "time_limit_ms", &line->limit },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
                if (strcmp(members[i].name, name) == 0) {
                        if (members[i].where->text) {
                                *ret_what = _("the same is said twice");
                                return -EINVAL;
                        }
                        *members[i].where = value;
                        if (members[i].where == &line->input)
                                line->call = strcmp(name, "inputs") == 0;
                        return 0;
                }
        *ret_what = NULL;
        return -EINVAL;
}

static int read_line(const char *name, unsigned number, JsonSlice object, Line *line, char **ret_problem) {
        g_autofree char *key = NULL;
        JsonSlice value;
        size_t at = 0;

        if (!json_slice_is_object(object))
                return fail(name, number, _("no JSON object"), ret_problem);
        while (json_slice_member(object, &at, &key, &value)) {
                g_autofree char *shown = text_printable(key, false), *unknown = NULL;
                const char *what;

                if (read_member(line, key, value, &what) < 0) {
                        unknown = what ? NULL : g_strdup_printf(_("there is no key “%s”"), shown);
                        return fail(name, number, what ?: unknown, ret_problem);
                }
                g_clear_pointer(&key, g_free);
        }
        if (!line->input.text || !line->answer.text)
                return fail(name, number, _("a test has stdin and expected_stdout, or inputs and expected_output"),
                            ret_problem);
        return 0;
}

static GBytes *part(const Line *line, JsonSlice slice) {
        return line->call ? g_bytes_new(slice.text, slice.size) : json_slice_bytes(slice);
}

static int set_limit(const char *name, unsigned number, Problem *problem, const Line *line, char **ret_problem) {
        uint64_t usec = 0;
        int64_t msec;

        if (line->limit.text) {
                if (!json_slice_i64(line->limit, &msec) || msec <= 0 || msec > INT64_C(86400000))
                        return fail(name, number, _("time_limit_ms is no number of milliseconds"), ret_problem);
                usec = (uint64_t) msec * USEC_PER_MSEC;
        }
        if (problem->tests->len > 0 && (usec == 0) != (problem->cpu_limit_usec == 0))
                return fail(name, number, _("time_limit_ms is in some lines only; a job has one limit: say it in all"),
                            ret_problem);
        if (problem->tests->len > 0 && usec != problem->cpu_limit_usec)
                return fail(name, number, _("time_limit_ms is another one than in the lines before"), ret_problem);
        problem->cpu_limit_usec = usec;
        return 0;
}

static int add_line(const char *name, unsigned number, Problem *problem, JsonSlice object, char **ret_problem) {
        g_autofree char *test_name = NULL, *fallback = g_strdup_printf("%u", number);
        g_autoptr(GBytes) input = NULL, answer = NULL;
        ProblemTest *test;
        Line line = {};
        int r;

        r = read_line(name, number, object, &line, ret_problem);
        if (r >= 0)
                r = set_limit(name, number, problem, &line, ret_problem);
        if (r < 0)
                return r;
        if (problem->tests->len > 0 && line.call != (problem->function != NULL))
                return fail(name, number, _("runs of a program and calls of a function do not mix"), ret_problem);
        if (line.call && !problem->function)
                problem->function = request_function_new();
        input = part(&line, line.input);
        answer = part(&line, line.answer);
        test_name = line.name.text ? json_slice_string(line.name) : NULL;
        if (!input || !answer || (line.name.text && !test_name))
                return fail(name, number, _("stdin, expected_stdout and the name are strings"), ret_problem);
        test = problem_add_test(problem, test_name ?: fallback, "", input, answer);
        if (line.metadata.text)
                test->metadata = g_strndup(line.metadata.text, line.metadata.size);
        return 0;
}

int problem_load_jsonl(const char *name, const char *text, size_t size, Problem **ret, char **ret_problem) {
        g_autoptr(Problem) problem = problem_new(path_name(name), "JSON lines");
        unsigned number = 0;
        int r = 0;

        (void) problem_add_validator(problem, problem_validator_new());
        for (const char *line = text, *end = text + size; r >= 0 && line < end;) {
                const char *newline = memchr(line, '\n', (size_t) (end - line)) ?: end;
                size_t length = (size_t) (newline - line);
                JsonSlice object;

                number++;
                if (length > 0 && !(length == 1 && *line == '\r')) {
                        r = json_slice_parse(line, length, &object, NULL);
                        if (r < 0)
                                return fail(name, number, json_slice_explain(r), ret_problem);
                        r = add_line(name, number, problem, object, ret_problem);
                }
                line = newline + 1;
        }
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&problem);
        return 0;
}
