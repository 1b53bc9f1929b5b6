/* SPDX-License-Identifier: MIT */
#include "pipeline-internal.h"

#define WORDS_BYTES 4096U

#define COMPILER_LIMITS                                   \
        ((RunLimits){ .cpu_usec = 60 * USEC_PER_SEC,      \
                      .wall_usec = 120 * USEC_PER_SEC,    \
                      .output_max = UINT64_C(256) << 20,  \
                      .capture_max = UINT64_C(256) << 20, \
                      .memory_max = UINT64_C(2) << 30,    \
                      .tasks_max = 128,                   \
                      .errors_free = true })

/* ---- reading ---- */

/* One test at a time: each may be long, and a cancelled job does not wait for the others. */
void pipeline_read(Pipeline *pipeline) {
        const Workload *workload = pipeline->candidate->workload;
        g_autofree char *why = NULL;

        if (!pipeline->candidate->request->function || pipeline->candidate->n_read == workload->n_tests)
                pipeline->step++;
        else if (work_test_check(&workload->tests[pipeline->candidate->n_read++], &why) < 0) {
                pipeline_finish_refused(pipeline, why);
                return;
        }
        pipeline_advance_later(pipeline);
}

/* ---- compiling ---- */

static bool compiles_validator(const Pipeline *pipeline) {
        return pipeline->step == PIPELINE_COMPILE_VALIDATOR;
}

static void on_compiler_over(Solo *solo, void *userdata) {
        pipeline_advance_later(userdata);
}

/* The product, whole and unchanged from here on: what is validated is what is measured. */
static int take_product(Pipeline *pipeline) {
        int *product_fd = compiles_validator(pipeline) ? &pipeline->candidate->validator_product_fd
                                                       : &pipeline->candidate->product_fd;
        const ProgramId compiler = compiles_validator(pipeline) ? PROGRAM_VALIDATOR_COMPILER : PROGRAM_COMPILER;
        const Capture *output = solo_output(pipeline->tool);

        if (!programs_makes_product(pipeline->candidate->programs, compiler))
                return 0;
        if (output->bytes == 0 || output->bytes < output->seen)
                return -ENODATA;
        if (!compiles_validator(pipeline)) {
                ProgramRecord *program = &pipeline->candidate->material.program;

                g_free(program->sha256);
                program->sha256 = capture_sha256(output);
                program->size = output->bytes;
        }
        *product_fd = capture_memfd(output);
        return MIN(*product_fd, 0);
}

/* False when that was the end. */
static bool take_compiled(Pipeline *pipeline) {
        JobRecord *record = pipeline->candidate->record;
        const Capture *words = solo_error_output(pipeline->tool);
        const unsigned facts = solo_record(pipeline->tool)->facts & ~(unsigned) FACTS_HARMLESS;
        const int r = facts != 0 ? 0 : take_product(pipeline);
        g_autofree char *fault =
                        facts & FACT_OUR_FAULT ? evidence_describe(&solo_record(pipeline->tool)->evidence) : NULL;

        if (facts != 0 || r < 0 || !compiles_validator(pipeline)) {
                run_record_free(record->compiler);
                g_free(record->compiler_words);
                record->compiler = solo_take_record(pipeline->tool);
                record->compiler_words = words->bytes > 0 ? capture_tail(words, WORDS_BYTES) : NULL;
        }
        pipeline->tool = solo_free(pipeline->tool);
        if (fault) {
                g_autofree char *why = g_strconcat("The compiler: ", fault, NULL);

                pipeline_finish_not_built(pipeline, -ENOTRECOVERABLE, BOX_STAGE_SETUP, why);
        } else if (r < 0 && r != -ENODATA)
                pipeline_finish_not_built(pipeline, r, BOX_STAGE_SETUP, "The compiler's product cannot be kept");
        else if (facts != 0 || r < 0)
                pipeline_finish_compile(pipeline, compiles_validator(pipeline));
        else
                return true;
        return false;
}

static void start_compiler(Pipeline *pipeline, ProgramId id) {
        g_autofree char *why = NULL;
        int r;

        pipeline_report(pipeline, JOB_VALIDATING, (uint32_t) candidates_tests_done(pipeline),
                        (uint32_t) candidates_tests(pipeline));
        r = solo_start(pipeline->event, &programs_specs(pipeline->candidate->programs)[id], &COMPILER_LIMITS,
                       on_compiler_over, pipeline, &pipeline->tool, &why);
        if (r < 0)
                pipeline_finish_not_built(pipeline, r, BOX_STAGE_SETUP, why);
}

void pipeline_compile(Pipeline *pipeline) {
        const ProgramId id = compiles_validator(pipeline) ? PROGRAM_VALIDATOR_COMPILER : PROGRAM_COMPILER;

        if (!pipeline->tool && programs_has(pipeline->candidate->programs, id)) {
                start_compiler(pipeline, id);
                return;
        }
        if (pipeline->tool && !take_compiled(pipeline))
                return;
        pipeline->step++;
        pipeline_advance_later(pipeline);
}

/* ---- validating ---- */

static void on_validated(Trial *trial, int r, void *userdata) {
        Pipeline *pipeline = userdata;

        if (r < 0) {
                BoxStage stage;
                const char *why = trial_why(trial, &stage);

                pipeline_finish_not_built(pipeline, r, stage, why);
                return;
        }
        pipeline_take_validated(pipeline, trial_take_record(trial), trial_failure(trial));
        pipeline_advance_later(pipeline);
}

static TestRecord *next_record(Pipeline *pipeline) {
        TestRecord *test = g_new0(TestRecord, 1);

        test->test = &pipeline->candidate->workload->tests[pipeline->candidate->record->tests->len];
        test->name = test->test->name;
        g_ptr_array_add(pipeline->candidate->record->tests, test);
        return test;
}

void pipeline_take_validated(Pipeline *pipeline, TrialRecord *record, const RunFailure *failure) {
        g_autoptr(TrialRecord) trial = record;
        const WindowRecord *window = trial->windows->len > 0 ? g_ptr_array_index(trial->windows, 0) : NULL;
        TestRecord *test;
        Fact decisive;

        if (!window || window->runs->len == 0)
                return; /* it was cancelled before it began */
        pipeline->settled_cpu_usec += window->whole.cpu_usec;
        pipeline_learn(pipeline, pipeline->candidate->record->tests->len, window);
        test = next_record(pipeline);
        test->run = g_ptr_array_steal_index(window->runs, 0);
        test->facts = test->run->facts;
        test->verdict = facts_verdict(test->facts, &decisive);
        if (failure) {
                test->message = g_strdup(failure->description);
                test->excerpt = g_strdup(failure->excerpt);
        }
}

static void skip_rest(Pipeline *pipeline) {
        while (pipeline->candidate->record->tests->len < pipeline->candidate->workload->n_tests) {
                TestRecord *test = next_record(pipeline);

                test->facts = FACT_SKIPPED;
                test->verdict = VERDICT_SKIPPED;
        }
}

/* One run in a window of its own, as all that follow but that nothing is made of its energy. */
static int start_test(Pipeline *pipeline) {
        const guint next = pipeline->candidate->record->tests->len;
        const TrialSpec spec = { .window = pipeline_window(pipeline),
                                 .tasks = &pipeline->candidate->tasks[next],
                                 .n_tasks = 1,
                                 .judging = pipeline->candidate->judging };

        pipeline_report(pipeline, JOB_VALIDATING, (uint32_t) candidates_tests_done(pipeline) + 1,
                        (uint32_t) candidates_tests(pipeline));
        return trial_start(&spec, on_validated, pipeline, &pipeline->trial);
}

static bool any_failed(const JobRecord *record) {
        for (guint i = 0; i < record->tests->len; i++)
                if (((const TestRecord *) g_ptr_array_index(record->tests, i))->verdict != VERDICT_AC)
                        return true;
        return false;
}

/* Nothing is measured before each of them is known to be right. */
static void prepare_next(Pipeline *pipeline) {
        int r;

        pipeline->candidate++;
        pipeline->step = PIPELINE_READ;
        r = candidate_fetch(pipeline);
        if (r < 0)
                pipeline_finish_not_built(pipeline, r, BOX_STAGE_SETUP, NULL);
}

void pipeline_validate(Pipeline *pipeline) {
        const bool failed = any_failed(pipeline->candidate->record);

        if (failed && g_str_equal(pipeline->candidate->request->on_failure, "stop"))
                skip_rest(pipeline);
        if (pipeline->candidate->record->tests->len < pipeline->candidate->workload->n_tests) {
                if (start_test(pipeline) < 0)
                        pipeline_finish_not_built(pipeline, -ENOMEM, BOX_STAGE_SETUP, NULL);
                return;
        }
        if (failed || pipeline->request->kind == JOB_VALIDATE) {
                pipeline_finish_validated(pipeline);
                return;
        }
        if (pipeline->candidate + 1 < pipeline->candidates + pipeline->n_candidates) {
                prepare_next(pipeline);
                return;
        }
        if (pipeline_checks(pipeline))
                pipeline_report(pipeline, JOB_SETTLING, 0, 0);
        pipeline->step = PIPELINE_MEASURE;
        pipeline_advance_later(pipeline);
}
