/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "json.h"
#include "package-judge.h"
#include "package.h"
#include "problem-send.h"
#include "report-out.h"
#include "say.h"
#include "service.h"
#include "table.h"
#include "watch.h"

/* Enough for what compiles slowly before the first test. */
#define JOB_SPARE_USEC (120 * USEC_PER_SEC)
/* The upper bound of job-limit in the contract. */
#define JOB_LIMIT_MAX_USEC (3600 * USEC_PER_SEC)

typedef struct Attempt {
        GPtrArray *runs;     /* Validation */
        GArray *jobs;        /* uint32_t */
        uint64_t limit_usec; /* what the runs were given; 0: the service's default */
        Outcome outcome;
} Attempt;

typedef struct Verify {
        const Arguments *arguments;
        Service *service;
        Problem *problem;
        const Request *settings;
        uint64_t limit_usec;    /* 0: not known yet */
        const char *limit_from; /* "package", "option", "submissions" */
        Attempt *attempts;      /* one for each submission */
} Verify;

static void free_run(void *p) {
        validation_free(p);
}

static bool given(const Request *request, KeyId key) {
        return request->given & (UINT64_C(1) << key);
}

static void give(Request *request, KeyId key) {
        request->given |= UINT64_C(1) << key;
}

static void copy_settings(const Request *from, Request *to) {
        to->given = from->given;
        to->cpu_limit_usec = from->cpu_limit_usec;
        to->wall_limit_usec = from->wall_limit_usec;
        to->job_limit_usec = from->job_limit_usec;
        to->memory_max = from->memory_max;
        to->output_max = from->output_max;
        to->tasks_max = from->tasks_max;
}

/* A job has all tests: it may take as long as all of them may. */
static void set_job_limit(Request *request) {
        uint64_t limit;

        if (given(request, REQUEST_JOB_LIMIT))
                return;
        limit = JOB_SPARE_USEC + (uint64_t) request->tests->len * request->wall_limit_usec;
        request->job_limit_usec = CLAMP(limit, request->job_limit_usec, JOB_LIMIT_MAX_USEC);
        give(request, REQUEST_JOB_LIMIT);
}

static int make_request(const Verify *verify, const Submission *submission, unsigned validator, uint64_t limit_usec,
                        Request **ret) {
        g_autoptr(Request) request = request_new(JOB_VALIDATE, NULL);
        g_autofree char *problem = NULL;
        int r;

        copy_settings(verify->settings, request);
        if (limit_usec > 0) {
                request->cpu_limit_usec = limit_usec;
                give(request, REQUEST_CPU_LIMIT);
                if (!given(request, REQUEST_WALL_LIMIT))
                        request->wall_limit_usec = 2 * limit_usec + USEC_PER_SEC;
        }
        r = problem_fill_request(verify->problem, submission, validator, verify->arguments->host, request, &problem);
        if (r < 0) {
                say(stderr, "joulectl: %s\n", problem);
                return EXIT_USAGE;
        }
        g_free(request->on_failure);
        request->on_failure = g_strdup("continue");
        give(request, REQUEST_ON_FAILURE);
        request->label = g_strndup(submission->path, request_keys[REQUEST_LABEL].bounds.max);
        give(request, REQUEST_LABEL);
        set_job_limit(request);
        *ret = g_steal_pointer(&request);
        return 0;
}

static int fill_request(sd_bus_message *m, void *userdata) {
        return request_append_given(m, userdata);
}

/* The service cannot run this one, nor will it the others. */
static int say_unable(uint32_t id, const Report *report) {
        g_autofree char *message = text_printable(report->error_message ?: "", false);

        say(stderr, _("joulectl: the service could not run job %u: %s\n"), id, message);
        return EXIT_INFRASTRUCTURE;
}

static int read_run(const Verify *verify, Attempt *attempt, uint32_t id) {
        g_autoptr(Report) report = NULL;
        g_autofree char *text = NULL;
        Validation *run = NULL;
        int r;

        r = report_fetch(verify->service, id, &text, &report);
        if (r != 0)
                return r;
        r = validation_parse(text, strlen(text), &run);
        if (r < 0)
                return explain_errno(r, verify->service->name, &verify->service->style);
        if (!run)
                return g_strcmp0(report->result, "infrastructure") == 0 ? say_unable(id, report) : 0;
        g_ptr_array_add(attempt->runs, run);
        return 0;
}

/* Returns 0 when the job ran, however it went; else an exit code that ends all. */
static int run_job(const Verify *verify, Request *request, unsigned index) {
        g_autoptr(Progress) progress = progress_new(verify->arguments);
        Attempt *attempt = &verify->attempts[index];
        g_autoptr(Watch) watch = NULL;
        uint32_t id;
        int code, r;

        progress_item(progress, index + 1, verify->problem->submissions->len);
        r = watch_new(verify->service, progress, true, &watch);
        if (r != 0)
                return r;
        code = watch_submit(watch, "Validate", fill_request, request);
        /* one that is refused is one that was not run: the others still can be */
        if (!watch_result(watch))
                return code == EXIT_USAGE ? 0 : code;
        if (code == EXIT_INTERRUPTED)
                return code;
        id = watch_id(watch);
        g_array_append_val(attempt->jobs, id);
        return read_run(verify, attempt, id);
}

static int run_submission(const Verify *verify, unsigned index, uint64_t limit_usec) {
        const Submission *submission = g_ptr_array_index(verify->problem->submissions, index);
        Attempt *attempt = &verify->attempts[index];

        attempt->limit_usec = limit_usec;
        if (!submission->language) {
                say(stderr, _("joulectl: %s is not run: its language is not known here\n"), submission->path);
                return 0;
        }
        for (unsigned i = 0; i < verify->problem->validators->len; i++) {
                g_autoptr(Request) request = NULL;
                int r;

                r = make_request(verify, submission, i, limit_usec, &request);
                if (r != 0)
                        return r;
                if (request->tests->len == 0)
                        continue;
                r = run_job(verify, request, index);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* Those who must not be too slow are run first, without the limit that comes from them. */
static int infer_limit(Verify *verify) {
        const Problem *problem = verify->problem;
        uint64_t slowest = 0;

        for (unsigned i = 0; i < problem->submissions->len; i++) {
                const Submission *submission = g_ptr_array_index(problem->submissions, i);
                int r;

                if (!submission_bounds_below(submission))
                        continue;
                r = run_submission(verify, i, 0);
                if (r != 0)
                        return r;
                slowest = MAX(slowest, outcome_lower_bound(problem, submission, verify->attempts[i].runs));
        }
        if (slowest == 0) {
                say(stderr, "%s\n",
                    _("joulectl: no time limit: the package gives none, and no accepted submission ran to set one; "
                      "give --cpu-limit"));
                return EXIT_JOB_FAILED;
        }
        verify->limit_usec = time_limit_for(problem, slowest);
        verify->limit_from = "submissions";
        return 0;
}

/* One that has to be too slow has to be so by the package's margin; what it is at the limit follows from its time. */
static uint64_t limit_of(const Verify *verify, const Submission *submission) {
        return submission_bounds_above(submission)
                               ? (uint64_t) ((double) verify->limit_usec * verify->problem->limit_to_tle)
                               : verify->limit_usec;
}

static int run_all(Verify *verify) {
        const Problem *problem = verify->problem;
        int r = 0;

        verify->limit_usec = given(verify->settings, REQUEST_CPU_LIMIT) ? verify->settings->cpu_limit_usec
                                                                        : problem->cpu_limit_usec;
        verify->limit_from = given(verify->settings, REQUEST_CPU_LIMIT) ? "option" : "package";
        if (verify->limit_usec == 0)
                r = infer_limit(verify);
        for (unsigned i = 0; r == 0 && i < problem->submissions->len; i++) {
                const Submission *submission = g_ptr_array_index(problem->submissions, i);
                Attempt *attempt = &verify->attempts[i];

                if (attempt->jobs->len == 0)
                        r = run_submission(verify, i, limit_of(verify, submission));
                if (r == 0)
                        outcome_judge(&attempt->outcome, problem, submission, attempt->runs, verify->limit_usec);
        }
        return r;
}

static void append_row(Table *table, const Submission *submission, const Outcome *outcome, const Style *style) {
        g_autofree char *path = text_printable(submission->path, false), *expected = expectation_text(submission);
        g_autofree char *shown = text_printable(expected, false);
        g_autofree char *time = package_seconds(outcome->slowest_usec, style->ascii);
        g_autofree char *slowest = text_printable(outcome->slowest ?: "", false);
        Colour colour = outcome->as_expected ? COLOUR_NONE : COLOUR_BAD;
        const char *remark = outcome->why ?: outcome->note;

        table_cell(table, COLOUR_NONE, path);
        table_cell(table, colour, outcome->verdict ?: "?");
        table_cell(table, COLOUR_NONE, shown);
        table_cellf(table, COLOUR_NONE, "%u/%u", outcome->passed, outcome->total);
        table_cell(table, COLOUR_TIME, outcome->slowest ? time : "");
        table_cell(table, COLOUR_DIM, slowest);
        table_cell(table, outcome->as_expected ? COLOUR_WARNING : COLOUR_BAD, remark);
}

static void append_text(GString *out, const Verify *verify, unsigned as_expected) {
        const Style *style = &verify->arguments->style;
        const GPtrArray *submissions = verify->problem->submissions;
        g_autofree char *limit = package_seconds(verify->limit_usec, style->ascii);
        g_autofree char *name = text_printable(verify->problem->name, false);
        g_autoptr(Table) table = table_new("lllrrll");
        const char *const titles[] = {
                _("Submission"), _("Verdict"), _("Expected"), _("Passed"), _("Slowest"), _("Test"), ""
        };

        text_append_coloured(out, style, COLOUR_STRONG, name);
        g_string_append_printf(out, _(", time limit %s"), limit);
        g_string_append(out, strcmp(verify->limit_from, "submissions") == 0 ? _(", from its submissions\n") : "\n");
        for (size_t i = 0; i < G_N_ELEMENTS(titles); i++)
                table_cell(table, COLOUR_DIM, titles[i]);
        for (unsigned i = 0; i < submissions->len; i++)
                append_row(table, g_ptr_array_index(submissions, i), &verify->attempts[i].outcome, style);
        table_append(out, table, style, 2);
        g_string_append_printf(out, _("%u of %u submissions as expected\n"), as_expected, submissions->len);
}

static void append_json_submission(GString *out, const Submission *submission, const Attempt *attempt) {
        const Outcome *outcome = &attempt->outcome;

        package_append_submission(out, submission);
        g_string_append(out, ",\"verdict\":");
        json_append_string(out, outcome->verdict);
        g_string_append_printf(out, ",\"as_expected\":%s,\"why\":", outcome->as_expected ? "true" : "false");
        json_append_string(out, outcome->why);
        g_string_append(out, ",\"note\":");
        json_append_string(out, outcome->note);
        g_string_append_printf(out, ",\"passed\":%u,\"total\":%u,\"slowest\":", outcome->passed, outcome->total);
        if (outcome->slowest) {
                g_string_append(out, "{\"test\":");
                json_append_string(out, outcome->slowest);
                g_string_append_printf(out, ",\"cpu_usec\":%" G_GUINT64_FORMAT "}", outcome->slowest_usec);
        } else {
                g_string_append(out, "null");
        }
        g_string_append(out, ",\"jobs\":[");
        for (unsigned i = 0; i < attempt->jobs->len; i++)
                g_string_append_printf(out, "%s%u", i ? "," : "", g_array_index(attempt->jobs, uint32_t, i));
        g_string_append(out, "]}");
}

static void append_json(GString *out, const Verify *verify) {
        const GPtrArray *submissions = verify->problem->submissions;

        g_string_append(out, "{\"name\":");
        json_append_string(out, verify->problem->name);
        g_string_append_printf(out,
                               ",\"cpu_limit_usec\":%" G_GUINT64_FORMAT ",\"limit_from\":\"%s\",\"submissions\":[",
                               verify->limit_usec, verify->limit_from);
        for (unsigned i = 0; i < submissions->len; i++) {
                g_string_append(out, i ? "," : "");
                append_json_submission(out, g_ptr_array_index(submissions, i), &verify->attempts[i]);
        }
        g_string_append(out, "]}\n");
}

static int print(const Verify *verify) {
        g_autoptr(GString) out = g_string_new(NULL);
        unsigned n = verify->problem->submissions->len, as_expected = 0;

        for (unsigned i = 0; i < n; i++)
                as_expected += verify->attempts[i].outcome.as_expected;
        if (verify->arguments->json) {
                append_json(out, verify);
                fputs(out->str, stdout);
        } else {
                append_text(out, verify, as_expected);
                say(stdout, "%s", out->str);
        }
        return as_expected == n ? EXIT_DONE : EXIT_JOB_FAILED;
}

int package_verify(const Arguments *arguments, Problem *problem, const Request *settings) {
        Verify verify = { .arguments = arguments, .problem = problem, .settings = settings };
        g_autoptr(Service) service = NULL;
        unsigned n = problem->submissions->len;
        int r;

        if (n == 0)
                return usage_error("package", _("%s has no submissions to run"), problem->name);
        r = service_open(arguments, &service);
        if (r != 0)
                return r;
        verify.service = service;
        verify.attempts = g_new0(Attempt, n);
        for (unsigned i = 0; i < n; i++) {
                verify.attempts[i].runs = g_ptr_array_new_with_free_func(free_run);
                verify.attempts[i].jobs = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        }
        for (unsigned i = 0; !arguments->quiet && i < problem->notes->len; i++)
                say(stderr, "joulectl: %s\n", (const char *) g_ptr_array_index(problem->notes, i));
        r = run_all(&verify);
        if (r == 0)
                r = print(&verify);
        for (unsigned i = 0; i < n; i++) {
                outcome_clear(&verify.attempts[i].outcome);
                g_ptr_array_unref(verify.attempts[i].runs);
                g_array_unref(verify.attempts[i].jobs);
        }
        g_free(verify.attempts);
        return r;
}
