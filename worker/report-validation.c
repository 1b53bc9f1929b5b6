/* SPDX-License-Identifier: MIT */

/* The report's validation{}: each test, what became of its run, and the figures that prove it. */

#include <signal.h>
#include <sys/wait.h>

#include "report-internal.h"
#include "printable.h"

#define FULL_FAILURES 10U /* told with what was fed, expected and got; of the others the verdict is enough */
#define INPUT_BYTES 1024U

static void write_facts(Body *body, unsigned facts) {
        body_open_array(body, "facts");
        for (unsigned i = 0; i < N_FACTS; i++)
                if (facts & 1U << i)
                        body_string(body, NULL, fact_to_string((Fact) (1U << i)));
        body_close_array(body);
}

/* How the process ended: one of the two is null. */
static void write_exit(Body *body, const Evidence *evidence) {
        if (evidence->end_code == CLD_EXITED)
                body_int(body, "exit_code", (uint64_t) evidence->end_status);
        else
                body_null(body, "exit_code");
        if (evidence->end_code == CLD_KILLED || evidence->end_code == CLD_DUMPED)
                body_int(body, "signal", (uint64_t) evidence->end_status);
        else
                body_null(body, "signal");
}

static void write_run(Body *body, const RunRecord *run) {
        const Evidence *evidence = &run->evidence;
        g_autofree char *ended_by = evidence_describe(evidence);

        body_int(body, "cpu_usec", evidence->cpu_usec);
        body_int(body, "wall_ns", evidence->wall_ns);
        body_int(body, "memory_peak", evidence->memory_peak);
        body_int(body, "output_bytes", run->output_bytes);
        write_exit(body, evidence);
        body_string(body, "syscall", run->syscall);
        body_string(body, "ended_by", ended_by);
        body_string(body, "validator", run->validator_words);
}

static void write_difference(Body *body, const Difference *difference) {
        if (difference->line == 0 && !difference->path) {
                body_null(body, "where");
        } else {
                body_open(body, "where");
                if (difference->path)
                        body_string(body, "path", difference->path);
                else {
                        body_int(body, "line", difference->line);
                        body_int(body, "column", difference->column);
                }
                body_close(body);
        }
        body_string(body, "expected", difference->expected);
        body_string(body, "got", difference->got);
}

static void write_input(Body *body, const WorkTest *test) {
        g_autofree char *text = text_printable(test->input, MIN(test->input_size, INPUT_BYTES));
        g_autofree char *shown = g_strconcat(text, test->input_size > INPUT_BYTES ? "…" : "", NULL);

        body_string(body, "inputs", shown);
}

/* What is left of the tests when the report is too large: those that decide. */
static bool is_left_out(const Body *body, const TestRecord *test, size_t failures) {
        if (body->brevity < BODY_FAILURES_ONLY)
                return false;
        return test->verdict == VERDICT_AC || test->verdict == VERDICT_SKIPPED || failures > FULL_FAILURES;
}

static void write_test(Body *body, const TestRecord *test, bool full) {
        body_open(body, NULL);
        body_string(body, "name", test->name);
        body_string(body, "verdict", verdict_to_string(test->verdict));
        write_facts(body, test->facts);
        if (test->run)
                write_run(body, test->run);
        body_string(body, "message", test->message);
        if (full) {
                if (test->test)
                        write_input(body, test->test);
                if (test->run)
                        write_difference(body, &test->run->difference);
                body_string(body, "error_output", test->excerpt);
        }
        body_close(body);
}

static void write_compiler(Body *body) {
        const JobRecord *record = body->record;
        g_autofree char *ended_by = NULL;

        if (!record->compiler) {
                body_absent(body, "compiler", "validation.compiler", "the program is not compiled");
                return;
        }
        ended_by = evidence_describe(&record->compiler->evidence);
        body_open(body, "compiler");
        body_string(body, "ended_by", ended_by);
        body_int(body, "cpu_usec", record->compiler->evidence.cpu_usec);
        body_int(body, "wall_ns", record->compiler->evidence.wall_ns);
        body_string(body, "output", record->compiler_words);
        body_close(body);
}

void body_validation(Body *body) {
        const JobRecord *record = body->record;
        const GPtrArray *tests = record->tests;
        Verdict verdict = VERDICT_AC;
        size_t passed = 0, failures = 0;

        if (tests->len == 0 && !record->compiler) {
                body_absent(body, "validation", "validation", "no tests were given");
                return;
        }
        for (guint i = 0; i < tests->len; i++)
                passed += ((const TestRecord *) g_ptr_array_index(tests, i))->verdict == VERDICT_AC;
        verdict = job_validation_verdict(record);
        body_open(body, "validation");
        body_string(body, "verdict", verdict_to_string(verdict));
        body_int(body, "passed", passed);
        body_int(body, "total", tests->len);
        write_compiler(body);
        body_open_array(body, "tests");
        if (body->brevity >= BODY_FAILURES_ONLY)
                body_note(body, "validation.tests[]", REPORT_TOO_LARGE);
        for (guint i = 0; i < tests->len; i++) {
                const TestRecord *test = g_ptr_array_index(tests, i);
                const bool failed = test->verdict != VERDICT_AC && test->verdict != VERDICT_SKIPPED;

                failures += failed;
                if (is_left_out(body, test, failures))
                        continue;
                write_test(body, test, failed && failures <= FULL_FAILURES);
        }
        body_close_array(body);
        body_close(body);
}
