/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "calibrating.h"
#include "pipeline-internal.h"

void pipeline_finish(Pipeline *pipeline) {
        if (pipeline->is_over)
                return;
        pipeline->is_over = true;
        pipeline->trial = trial_free(pipeline->trial);
        pipeline->idle = idle_free(pipeline->idle);
        pipeline->tool = solo_free(pipeline->tool);
        pipeline->next_source = sd_event_source_disable_unref(pipeline->next_source);
        pipeline->job_timer = sd_event_source_disable_unref(pipeline->job_timer);
        pipeline->watchdog_timer = sd_event_source_disable_unref(pipeline->watchdog_timer);
        pipeline->launcher_source = sd_event_source_disable_unref(pipeline->launcher_source);
        pipeline->material.errand = errand_free(pipeline->material.errand);
        pipeline_report(pipeline, JOB_FINISHING, 0, 0);
        job_settle(pipeline->record);
        if (pipeline->request->kind != JOB_VALIDATE)
                quality_collect_reasons(pipeline->record);
        if (pipeline->request->kind == JOB_CALIBRATE)
                calibration_conclude(pipeline->record);
        pipeline->record->program = pipeline->material.program;
        pipeline->material.program = (ProgramRecord){};
        pipeline->record->output_problem = g_steal_pointer(&pipeline->material.output_problem);
        pipeline->calls.over(pipeline->record, pipeline->calls.userdata);
}

/* Tests until all are found right, then trials. */
static char *describe_done(const Pipeline *pipeline) {
        const JobRecord *record = pipeline->record;
        unsigned done = 0;

        if (pipeline->step == PIPELINE_MEASURE || pipeline->workload->n_tests == 0)
                return g_strdup_printf("%zu of %u trials", job_valid_trials(record), pipeline->wanted);
        for (guint i = 0; i < record->tests->len; i++)
                done += ((const TestRecord *) g_ptr_array_index(record->tests, i))->verdict != VERDICT_CANCELLED;
        return g_strdup_printf("%u of %zu tests", done, pipeline->workload->n_tests);
}

void pipeline_finish_cancelled(Pipeline *pipeline) {
        const char *error = pipeline->cancel_error;
        JobResult result = RESULT_CANCELLED;
        g_autofree char *done = describe_done(pipeline), *message = NULL;

        if (g_str_equal(error, JT_ERROR_JOB_LIMIT)) {
                result = RESULT_TIMEOUT;
                message = g_strdup_printf("The job took longer than its job-limit of %.3f s; %s were done",
                                          (double) pipeline->request->job_limit_usec / 1e6, done);
        } else
                message = g_strdup_printf("The job was cancelled after %s", done);
        job_record_set_end(pipeline->record, result, STATUS_INCOMPLETE, error, message);
        pipeline->record->verdict = VERDICT_CANCELLED;
        pipeline_finish(pipeline);
}

void pipeline_finish_refused(Pipeline *pipeline, const char *why) {
        job_record_set_end(pipeline->record, RESULT_FAILED, STATUS_INCOMPLETE, JT_ERROR_INVALID_REQUEST, why);
        pipeline->record->verdict = VERDICT_CANCELLED; /* none: nothing was run */
        pipeline_finish(pipeline);
}

void pipeline_finish_measured(Pipeline *pipeline) {
        JobRecord *record = pipeline->record;
        const JobStatus status = quality_status(record);
        g_autofree char *message = NULL;

        if (status == STATUS_UNSTABLE)
                message = g_strdup_printf("The trials did not do the same work: their instructions differ by %.1f %%, "
                                          "more than %.0f %%",
                                          100 * (quality_work_ratio(record) - 1), 100 * (WORK_MAX - 1));
        else if (status == STATUS_TIME_ONLY)
                message = g_strdup_printf("Time only: %s", record->meter_absent);
        job_record_set_end(record, status == STATUS_UNSTABLE ? RESULT_UNSTABLE : RESULT_DONE, status, NULL, message);
        record->verdict = record->tests->len > 0 ? VERDICT_AC : VERDICT_OK;
        pipeline_finish(pipeline);
}

/* There is one, or nothing would be unstable. */
static const TrialRecord *last_invalid(const JobRecord *record) {
        guint i = record->trials->len - 1;

        while (i > 0 && ((const TrialRecord *) g_ptr_array_index(record->trials, i))->valid)
                i--;
        return g_ptr_array_index(record->trials, i);
}

void pipeline_finish_unstable(Pipeline *pipeline) {
        const JobStatus status = job_status_without_result(pipeline->record);
        const TrialRecord *last = last_invalid(pipeline->record);
        g_autofree char *message = NULL;

        message = g_strdup_printf("%zu of %u trials are valid after %u reruns; the last that is not: %s",
                                  job_valid_trials(pipeline->record), pipeline->wanted,
                                  job_invalid_trials(pipeline->record) - 1,
                                  last->invalid ?: last->energy_absent ?: "no reason known");
        job_record_set_end(pipeline->record, RESULT_UNSTABLE, status, NULL, message);
        pipeline->record->verdict = pipeline->record->tests->len > 0 ? VERDICT_AC : VERDICT_OK;
        pipeline_finish(pipeline);
}

static char *program_name(const Pipeline *pipeline) {
        const Request *request = pipeline->request;

        if (request->argv && request->argv[0])
                return g_utf8_make_valid(request->argv[0], -1);
        return g_strdup(g_array_index(request->files, RequestFile, 0).name);
}

static char *describe_failure(const Pipeline *pipeline, const RunFailure *failure) {
        const bool excerpt = failure->excerpt && failure->exec_error >= 0;
        g_autofree char *name = program_name(pipeline);

        return g_strdup_printf("\"%s\" %s%s%s", name, failure->description,
                               excerpt ? "; its standard error ends: " : "", excerpt ? failure->excerpt : "");
}

/* The program was right on every test when it was validated. Whatever a run that is to be measured does otherwise, its
 * energy is not that of the program that was found right. */
static void finish_diverged(Pipeline *pipeline, const RunFailure *failure) {
        const JobRecord *record = pipeline->record;
        g_autofree char *what = describe_failure(pipeline, failure);
        g_autofree char *message = g_strdup_printf(
                        "In %s %u, test \"%s\", which had been right: %s", pipeline->warming ? "warm-up" : "trial",
                        pipeline->warming ? record->warmups->len : record->trials->len, failure->test->name, what);
        Fact decisive;

        pipeline->record->verdict = facts_verdict(failure->facts, &decisive);
        job_record_set_end(pipeline->record, RESULT_FAILED, STATUS_DIVERGED, JT_ERROR_DIVERGED, message);
        pipeline_finish(pipeline);
}

void pipeline_finish_failed_run(Pipeline *pipeline, const RunFailure *failure) {
        Fact decisive;
        const Verdict verdict = facts_verdict(failure->facts, &decisive);
        g_autofree char *message = NULL;

        if (failure->test && !(decisive & (FACT_OUR_FAULT | FACT_JUDGE_FAULT | FACT_ENERGY_LIMIT))) {
                finish_diverged(pipeline, failure);
                return;
        }
        message = describe_failure(pipeline, failure);
        if (decisive == FACT_OUR_FAULT || decisive == FACT_JUDGE_FAULT)
                job_record_set_end(pipeline->record, RESULT_INFRASTRUCTURE, STATUS_INCOMPLETE,
                                   decisive == FACT_OUR_FAULT ? JT_ERROR_SCOPE_FAILED : JT_ERROR_WORKER_FAILED,
                                   message);
        else if (decisive == FACT_EXEC_FAILED)
                job_record_set_end(pipeline->record, RESULT_FAILED, STATUS_INCOMPLETE, JT_ERROR_EXEC_FAILED, message);
        else if (decisive == FACT_ENERGY_LIMIT)
                job_record_set_end(pipeline->record, RESULT_FAILED, STATUS_ENERGY_LIMIT, JT_ERROR_ENERGY_LIMIT,
                                   message);
        else
                job_record_set_end(pipeline->record, RESULT_FAILED, STATUS_INCOMPLETE, JT_ERROR_RUN_FAILED, message);
        pipeline->record->verdict = verdict;
        pipeline_finish(pipeline);
}

/* A program that does not compile has failed; a validator that does not is the fault of whoever sent the problem. */
void pipeline_finish_compile(Pipeline *pipeline, bool validator) {
        JobRecord *record = pipeline->record;
        const bool ended_well = !(record->compiler->facts & ~(unsigned) FACTS_HARMLESS);
        g_autofree char *how = ended_well ? NULL : evidence_describe(&record->compiler->evidence);
        g_autofree char *message =
                        g_strdup_printf("The %s does not compile: the compiler %s%s%s",
                                        validator ? "validator" : "program", how ?: "made no program",
                                        record->compiler_words ? "; it said: " : "", record->compiler_words ?: "");

        job_record_set_end(record, validator ? RESULT_INFRASTRUCTURE : RESULT_FAILED, STATUS_INCOMPLETE,
                           JT_ERROR_COMPILE_FAILED, message);
        record->verdict = validator ? VERDICT_IE : VERDICT_CE;
        pipeline_finish(pipeline);
}

void pipeline_finish_validated(Pipeline *pipeline) {
        JobRecord *record = pipeline->record;
        const TestRecord *failed = job_decisive_test(record);
        g_autofree char *message = NULL;
        size_t passed = 0;

        if (!failed) {
                job_record_set_end(record, RESULT_DONE, STATUS_INCOMPLETE, NULL, NULL);
                record->verdict = VERDICT_AC;
                pipeline_finish(pipeline);
                return;
        }
        for (guint i = 0; i < record->tests->len; i++)
                passed += ((const TestRecord *) g_ptr_array_index(record->tests, i))->verdict == VERDICT_AC;
        message = g_strdup_printf("%zu of %u tests are right; \"%s\": %s", passed, record->tests->len, failed->name,
                                  failed->message ?: verdict_to_string(failed->verdict));
        record->verdict = failed->verdict;
        if (failed->verdict == VERDICT_IE)
                job_record_set_end(record, RESULT_INFRASTRUCTURE, STATUS_INCOMPLETE, JT_ERROR_WORKER_FAILED, message);
        else
                job_record_set_end(record, RESULT_FAILED, STATUS_INCOMPLETE,
                                   failed->verdict == VERDICT_WA   ? JT_ERROR_WRONG_ANSWER
                                   : failed->verdict == VERDICT_XF ? JT_ERROR_EXEC_FAILED
                                                                   : JT_ERROR_RUN_FAILED,
                                   message);
        pipeline_finish(pipeline);
}

void pipeline_finish_not_built(Pipeline *pipeline, int r, BoxStage stage, const char *why) {
        const char *error = JT_ERROR_WORKER_FAILED;
        JobResult result = RESULT_INFRASTRUCTURE;

        if (stage == BOX_STAGE_CHDIR) {
                error = JT_ERROR_EXEC_FAILED;
                result = RESULT_FAILED;
        } else if (r == -ENOTRECOVERABLE)
                error = JT_ERROR_SCOPE_FAILED;
        else if (r == -ENOTSUP)
                error = JT_ERROR_BOX_UNAVAILABLE;
        job_record_set_end(pipeline->record, result, STATUS_INCOMPLETE, error, why ?: g_strerror(-r));
        pipeline->record->verdict = VERDICT_IE;
        pipeline_finish(pipeline);
}
