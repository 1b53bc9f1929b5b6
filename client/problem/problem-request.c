/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "json-slice.h"
#include "problem-json.h"
#include "text.h"

#define CANDIDATE "candidate.py"
#define MIB UINT64_C(1048576)

typedef enum BodyType {
        BODY_TEXT,
        BODY_WHOLE,
        BODY_NUMBER,
        BODY_BOOLEAN,
        BODY_TESTS,
} BodyType;

typedef enum BodyKey {
        BODY_CANDIDATE_CODE,
        BODY_TEST_CASES,
        BODY_FUNCTION_NAME,
        BODY_TIMEOUT,
        BODY_MEMORY,
        BODY_TRIALS,
        BODY_WARMUPS,
        BODY_CPU_CORE,
        BODY_THERMAL_WAIT,
        BODY_CANDIDATE_ID,
        BODY_PROBLEM_NAME,
        BODY_FLOAT_TOLERANCE,
        BODY_RELATIVE_TOLERANCE,
        BODY_CASE_SENSITIVE,
        BODY_IGNORE_WHITESPACE,
        BODY_ORDER_MATTERS,
        N_BODY_KEYS,
} BodyKey;

#define MEASURE (1U << JOB_MEASURE)
#define VALIDATE (1U << JOB_VALIDATE)
#define BOTH (MEASURE | VALIDATE)

/* The fields, with the bounds and defaults of the original. The last five were its comparator's options, which its
 * API never reached. */
static const struct {
        const char *name;
        BodyType type;
        unsigned kinds;
        bool nullable;
        double min, max;   /* of numbers */
        double fallback;   /* of numbers; NaN: none */
        double validation; /* the same where the job only validates */
        double validation_max;
} keys[N_BODY_KEYS] = {
        [BODY_CANDIDATE_CODE] = { "candidate_code", BODY_TEXT, BOTH },
        [BODY_TEST_CASES] = { "test_cases", BODY_TESTS, BOTH },
        [BODY_FUNCTION_NAME] = { "function_name", BODY_TEXT, BOTH },
        [BODY_TIMEOUT] = { "timeout_seconds", BODY_WHOLE, BOTH, false, 1, 300, 30, 10, 60 },
        [BODY_MEMORY] = { "memory_limit_mb", BODY_WHOLE, MEASURE, false, 64, 8192, 512, 512, 8192 },
        [BODY_TRIALS] = { "energy_measurement_trials", BODY_WHOLE, MEASURE, false, 1, 20, 5, NAN },
        [BODY_WARMUPS] = { "warmup_trials", BODY_WHOLE, MEASURE, false, 0, 10, 2, NAN },
        [BODY_CPU_CORE] = { "cpu_core", BODY_WHOLE, MEASURE, true, 0, INFINITY, NAN, NAN },
        [BODY_THERMAL_WAIT] = { "thermal_wait_seconds", BODY_NUMBER, MEASURE, true, 0, 60, 5, NAN },
        [BODY_CANDIDATE_ID] = { "candidate_id", BODY_TEXT, MEASURE, true },
        [BODY_PROBLEM_NAME] = { "problem_name", BODY_TEXT, MEASURE, true },
        [BODY_FLOAT_TOLERANCE] = { "float_tolerance", BODY_NUMBER, BOTH, false, 0, INFINITY, NAN, NAN, INFINITY },
        [BODY_RELATIVE_TOLERANCE] = { "relative_tolerance", BODY_NUMBER, BOTH, false, 0, INFINITY, NAN, NAN,
                                      INFINITY },
        [BODY_CASE_SENSITIVE] = { "string_case_sensitive", BODY_BOOLEAN, BOTH },
        [BODY_IGNORE_WHITESPACE] = { "ignore_whitespace", BODY_BOOLEAN, BOTH },
        [BODY_ORDER_MATTERS] = { "list_order_matters", BODY_BOOLEAN, BOTH },
};

typedef struct Body {
        const char *name; /* of the file, for messages */
        JobKind kind;
        JsonSlice values[N_BODY_KEYS]; /* text NULL: not given */
        Problem *problem;
        Request *request;
        char **ret_problem;
} Body;

static int fail(const Body *body, const char *key, const char *what) {
        *body->ret_problem = g_strdup_printf("%s: %s: %s", body->name, key, what);
        return -EINVAL;
}

static int find_key(const Body *body, const char *name) {
        for (int i = 0; i < N_BODY_KEYS; i++)
                if (strcmp(keys[i].name, name) == 0 && keys[i].kinds & 1U << body->kind)
                        return i;
        return -ENOENT;
}

static int unknown_key(const Body *body, const char *name) {
        const char *names[N_BODY_KEYS + 1] = {}, *closest;
        g_autofree char *shown = text_printable(name, false), *what = NULL;
        size_t n = 0;

        for (int i = 0; i < N_BODY_KEYS; i++)
                if (keys[i].kinds & 1U << body->kind)
                        names[n++] = keys[i].name;
        closest = text_closest(name, names);
        what = closest ? g_strdup_printf(_("there is no such key; did you mean %s?"), closest)
                       : g_strdup(_("there is no such key"));
        return fail(body, shown, what);
}

static double upper(const Body *body, BodyKey key) {
        return body->kind == JOB_VALIDATE ? keys[key].validation_max : keys[key].max;
}

/* The number given, or the default; NaN for null and for what has none. */
static int read_number(const Body *body, BodyKey key, double *ret) {
        JsonSlice value = body->values[key];
        g_autofree char *what = NULL;
        double max = upper(body, key);
        int64_t whole;

        *ret = body->kind == JOB_VALIDATE ? keys[key].validation : keys[key].fallback;
        if (!value.text)
                return 0;
        *ret = NAN;
        if (keys[key].nullable && json_slice_is_null(value))
                return 0;
        if (keys[key].type == BODY_WHOLE ? json_slice_i64(value, &whole) : json_slice_double(value, ret)) {
                if (keys[key].type == BODY_WHOLE)
                        *ret = (double) whole;
                if (*ret >= keys[key].min && *ret <= max)
                        return 0;
        }
        what = isinf(max) ? g_strdup_printf(_("%.*s is not a number of at least %g"), (int) MIN(value.size, 40),
                                            value.text, keys[key].min)
                          : g_strdup_printf(_("%.*s is not a %s from %g to %g"), (int) MIN(value.size, 40), value.text,
                                            keys[key].type == BODY_WHOLE ? _("whole number") : _("number"),
                                            keys[key].min, max);
        return fail(body, keys[key].name, what);
}

/* The text given, or NULL. */
static int read_text(const Body *body, BodyKey key, char **ret) {
        JsonSlice value = body->values[key];

        *ret = NULL;
        if (!value.text || (keys[key].nullable && json_slice_is_null(value)))
                return 0;
        *ret = json_slice_string(value);
        return *ret ? 0 : fail(body, keys[key].name, _("give a text"));
}

static int read_boolean(const Body *body, BodyKey key, bool *value) {
        if (body->values[key].text && !json_slice_bool(body->values[key], value))
                return fail(body, keys[key].name, _("give true or false"));
        return 0;
}

typedef struct TestCase {
        JsonSlice inputs, expected, id, metadata; /* text NULL: not given */
} TestCase;

static int read_test_case(const Body *body, const char *where, JsonSlice object, TestCase *test) {
        const struct {
                const char *name;
                JsonSlice *value;
                bool required;
        } members[] = {
                { "inputs", &test->inputs, true },
                { "expected_output", &test->expected, true },
                { "test_id", &test->id, true },
                { "metadata", &test->metadata, false },
        };
        g_autofree char *name = NULL;
        JsonSlice value;
        size_t at = 0;

        if (!json_slice_is_object(object))
                return fail(body, where, _("give an object with inputs, expected_output and test_id"));
        while (json_slice_member(object, &at, &name, &value)) {
                g_autofree char *shown = text_printable(name, false), *what = NULL;
                size_t i = 0;

                while (i < G_N_ELEMENTS(members) && strcmp(members[i].name, name) != 0)
                        i++;
                if (i == G_N_ELEMENTS(members) || members[i].value->text) {
                        what = g_strdup_printf(i == G_N_ELEMENTS(members) ? _("there is no key “%s”")
                                                                          : _("“%s” comes twice"),
                                               shown);
                        return fail(body, where, what);
                }
                *members[i].value = value;
                g_clear_pointer(&name, g_free);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
                if (members[i].required && !members[i].value->text) {
                        g_autofree char *what = g_strdup_printf(_("%s is missing"), members[i].name);

                        return fail(body, where, what);
                }
        return 0;
}

/* Ids need not be unique in the original; here a test is known by its name. */
static char *unique_name(GHashTable *names, const char *id) {
        char *name = g_strdup(*id ? id : "#1");

        for (unsigned n = 2; !g_hash_table_add(names, g_strdup(name)); n++) {
                g_free(name);
                name = g_strdup_printf("%s#%u", id, n);
        }
        return name;
}

static int add_test_case(const Body *body, const char *where, const TestCase *test, GHashTable *names) {
        g_autofree char *id = json_slice_string(test->id), *name = NULL;
        g_autoptr(GBytes) input = g_bytes_new(test->inputs.text, test->inputs.size);
        g_autoptr(GBytes) answer = g_bytes_new(test->expected.text, test->expected.size);
        ProblemTest *added;

        if (!id)
                return fail(body, where, _("test_id: give a text"));
        if (test->metadata.text && !json_slice_is_object(test->metadata))
                return fail(body, where, _("metadata: give an object"));
        name = unique_name(names, id);
        added = problem_add_test(body->problem, name, "", input, answer);
        if (test->metadata.text)
                added->metadata = g_strndup(test->metadata.text, test->metadata.size);
        return 0;
}

static int read_tests(const Body *body) {
        g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        JsonSlice array = body->values[BODY_TEST_CASES], object;
        size_t at = 0;

        if (!json_slice_is_array(array))
                return fail(body, "test_cases", _("give a list of test cases"));
        for (unsigned i = 0; json_slice_element(array, &at, &object); i++) {
                g_autofree char *where = g_strdup_printf("test_cases[%u]", i);
                TestCase test = {};
                int r;

                r = read_test_case(body, where, object, &test);
                if (r >= 0)
                        r = add_test_case(body, where, &test, names);
                if (r < 0)
                        return r;
        }
        if (body->problem->tests->len == 0)
                return fail(body, "test_cases", _("at least one test case must be provided"));
        return 0;
}

static bool is_blank(const char *text) {
        return text[strspn(text, " \t\r\n\f\v")] == '\0';
}

static int read_candidate(const Body *body) {
        g_autoptr(Submission) submission = submission_new(CANDIDATE);
        g_autofree char *code = NULL;
        g_autoptr(GBytes) bytes = NULL;
        int r;

        if (!body->values[BODY_CANDIDATE_CODE].text)
                return fail(body, "candidate_code", _("it is missing"));
        r = read_text(body, BODY_CANDIDATE_CODE, &code);
        if (r < 0)
                return r;
        if (is_blank(code))
                return fail(body, "candidate_code", _("it is empty"));
        bytes = g_bytes_new(code, strlen(code));
        submission->language = g_strdup("python3");
        problem_add_file(submission->files, CANDIDATE, bytes, 0644);
        g_ptr_array_add(body->problem->submissions, g_steal_pointer(&submission));
        return 0;
}

static int read_function(const Body *body) {
        RequestFunction *function = body->problem->function = request_function_new();
        g_autofree char *name = NULL;
        double absolute, relative;
        int r;

        r = read_text(body, BODY_FUNCTION_NAME, &name);
        if (r >= 0 && name && is_blank(name))
                r = fail(body, "function_name", _("it is empty"));
        if (r >= 0)
                r = read_number(body, BODY_FLOAT_TOLERANCE, &absolute);
        if (r >= 0)
                r = read_number(body, BODY_RELATIVE_TOLERANCE, &relative);
        if (r >= 0)
                r = read_boolean(body, BODY_CASE_SENSITIVE, &function->string_case_sensitive);
        if (r >= 0)
                r = read_boolean(body, BODY_IGNORE_WHITESPACE, &function->ignore_whitespace);
        if (r >= 0)
                r = read_boolean(body, BODY_ORDER_MATTERS, &function->list_order_matters);
        if (r < 0)
                return r;
        if (name) {
                g_free(function->name);
                function->name = g_steal_pointer(&name);
        }
        if (!isnan(absolute))
                function->float_tolerance = absolute;
        if (!isnan(relative))
                function->relative_tolerance = relative;
        return 0;
}

static void give(Request *request, KeyId key) {
        request->given |= UINT64_C(1) << key;
}

/* What the original calls a timeout is how long a test may take by the clock; a busy program may use all of it. */
static int read_limits(const Body *body) {
        Request *request = body->request;
        double timeout, memory;
        int r;

        r = read_number(body, BODY_TIMEOUT, &timeout);
        if (r >= 0)
                r = read_number(body, BODY_MEMORY, &memory);
        if (r < 0)
                return r;
        request->cpu_limit_usec = request->wall_limit_usec = (uint64_t) timeout * USEC_PER_SEC;
        request->memory_max = (uint64_t) memory * MIB;
        give(request, REQUEST_CPU_LIMIT);
        give(request, REQUEST_WALL_LIMIT);
        give(request, REQUEST_MEMORY_MAX);
        body->problem->cpu_limit_usec = body->problem->wall_limit_usec = request->wall_limit_usec;
        body->problem->memory_max = request->memory_max;
        return 0;
}

static int read_measuring(const Body *body) {
        Request *request = body->request;
        double trials, warmups, core, wait;
        int r;

        r = read_number(body, BODY_TRIALS, &trials);
        if (r >= 0)
                r = read_number(body, BODY_WARMUPS, &warmups);
        if (r >= 0)
                r = read_number(body, BODY_CPU_CORE, &core);
        if (r >= 0)
                r = read_number(body, BODY_THERMAL_WAIT, &wait);
        if (r < 0)
                return r;
        request->trials = (uint32_t) trials;
        request->warmups = (uint32_t) warmups;
        request->thermal_wait_usec = isnan(wait) ? 0 : (uint64_t) llround(wait * (double) USEC_PER_SEC);
        give(request, REQUEST_TRIALS);
        give(request, REQUEST_WARMUPS);
        give(request, REQUEST_THERMAL_WAIT);
        if (!isnan(core))
                g_ptr_array_add(body->problem->notes,
                                g_strdup_printf(_("cpu_core %.0f is left out: the service chooses among its reserved "
                                                  "cores"),
                                                core));
        return 0;
}

static int read_label(const Body *body, BodyKey key, KeyId id) {
        g_autofree char *text = NULL, *what = NULL;
        int r;

        r = read_text(body, key, &text);
        if (r < 0 || !text)
                return r;
        if (request_set_text(body->request, id, NULL, text, &what) < 0)
                return fail(body, keys[key].name, what);
        return 0;
}

static int read_body(Body *body, JsonSlice root) {
        g_autofree char *name = NULL;
        JsonSlice value;
        size_t at = 0;

        while (json_slice_member(root, &at, &name, &value)) {
                int key = find_key(body, name);

                if (key < 0)
                        return unknown_key(body, name);
                if (body->values[key].text)
                        return fail(body, name, _("it comes twice"));
                body->values[key] = value;
                g_clear_pointer(&name, g_free);
        }
        return 0;
}

int problem_load_request(const char *name, const char *text, size_t size, JobKind kind, Problem **ret,
                         Request *request, char **ret_problem) {
        g_autoptr(Problem) problem = problem_new(path_name(name), "request");
        Body body = { .name = name, .kind = kind, .problem = problem, .request = request, .ret_problem = ret_problem };
        JsonSlice root;
        size_t at;
        int r;

        r = json_slice_parse(text, size, &root, &at);
        if (r < 0 || !json_slice_is_object(root)) {
                *ret_problem = g_strdup_printf(_("%s: byte %zu: %s"), name, at + 1,
                                               r < 0 ? json_slice_explain(r) : _("no JSON object"));
                return -EINVAL;
        }
        (void) problem_add_validator(problem, problem_validator_new());
        r = read_body(&body, root);
        if (r >= 0)
                r = read_candidate(&body);
        if (r >= 0)
                r = read_tests(&body);
        if (r >= 0)
                r = read_function(&body);
        if (r >= 0)
                r = read_limits(&body);
        if (r >= 0 && kind == JOB_MEASURE)
                r = read_measuring(&body);
        if (r >= 0)
                r = read_label(&body, BODY_CANDIDATE_ID, REQUEST_CANDIDATE_ID);
        if (r >= 0)
                r = read_label(&body, BODY_PROBLEM_NAME, REQUEST_PROBLEM_NAME);
        if (r >= 0)
                r = problem_check(problem, ret_problem);
        if (r < 0)
                return r;
        *ret = g_steal_pointer(&problem);
        return 0;
}

bool problem_is_request(const char *text, size_t size) {
        g_autofree char *name = NULL;
        JsonSlice root, value;
        size_t at = 0;

        if (json_slice_parse(text, size, &root, NULL) < 0)
                return false;
        while (json_slice_member(root, &at, &name, &value)) {
                if (strcmp(name, "candidate_code") == 0)
                        return true;
                g_clear_pointer(&name, g_free);
        }
        return false;
}
