/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "calibrating.h"
#include "pipeline-internal.h"

static void close_record(const Pipeline *pipeline, Candidate *candidate) {
        JobRecord *record = candidate->record;

        job_settle(record);
        if (pipeline->request->kind != JOB_VALIDATE)
                quality_collect_reasons(record);
        if (pipeline->request->kind == JOB_CALIBRATE)
                calibration_conclude(record);
        record->program = candidate->material.program;
        candidate->material.program = (ProgramRecord){};
        record->output_problem = g_steal_pointer(&candidate->material.output_problem);
}

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
        pipeline->candidate->material.errand = errand_free(pipeline->candidate->material.errand);
        pipeline_report(pipeline, JOB_FINISHING, 0, 0);
        for (size_t i = 0; i < pipeline->n_candidates; i++)
                close_record(pipeline, &pipeline->candidates[i]);
        if (pipeline->judged)
                compare_record_judge(pipeline->compare, job_step_uj(pipeline->request));
        pipeline->calls.over(pipeline->candidate->record, pipeline->compare, pipeline->calls.userdata);
}

/* The end that the program whose turn it is brings about, as its record has it. */
static void finish_program(Pipeline *pipeline) {
        if (pipeline->compare)
                compare_record_end_by(pipeline->compare, (size_t) (pipeline->candidate - pipeline->candidates));
        pipeline_finish(pipeline);
}

/* An end that no program has to do with. */
static void finish_job(Pipeline *pipeline, JobResult result, Verdict verdict, const char *error, const char *message) {
        JobRecord *record = pipeline->candidate->record;

        if (pipeline->compare)
                compare_record_set_end(pipeline->compare, result, error, message);
        job_record_set_end(record, result, STATUS_INCOMPLETE, error, message);
        record->verdict = verdict;
        pipeline_finish(pipeline);
}

void pipeline_finish_broken(Pipeline *pipeline, const char *why) {
        finish_job(pipeline, RESULT_INFRASTRUCTURE, VERDICT_IE, JT_ERROR_WORKER_FAILED, why);
}

/* Tests until all are found right, then trials. */
static char *describe_done(const Pipeline *pipeline) {
        unsigned done = 0;

        if (pipeline->step == PIPELINE_MEASURE || candidates_tests(pipeline) == 0)
                return g_strdup_printf("%zu of %zu trials", candidates_valid_trials(pipeline),
                                       pipeline->wanted * pipeline->n_candidates);
        for (size_t i = 0; i < pipeline->n_candidates; i++) {
                const JobRecord *record = pipeline->candidates[i].record;

                for (guint t = 0; t < record->tests->len; t++)
                        done += ((const TestRecord *) g_ptr_array_index(record->tests, t))->verdict !=
                                VERDICT_CANCELLED;
        }
        return g_strdup_printf("%u of %zu tests", done, candidates_tests(pipeline));
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
        finish_job(pipeline, result, VERDICT_CANCELLED, error, message);
}

void pipeline_finish_refused(Pipeline *pipeline, const char *why) {
        job_record_set_end(pipeline->candidate->record, RESULT_FAILED, STATUS_INCOMPLETE, JT_ERROR_INVALID_REQUEST,
                           why);
        pipeline->candidate->record->verdict = VERDICT_CANCELLED; /* none: nothing was run */
        finish_program(pipeline);
}

/* There is one, or nothing would be unstable. */
static const TrialRecord *last_invalid(const JobRecord *record) {
        guint i = record->trials->len - 1;

        while (i > 0 && ((const TrialRecord *) g_ptr_array_index(record->trials, i))->valid)
                i--;
        return g_ptr_array_index(record->trials, i);
}

static void end_unstable(JobRecord *record, uint32_t wanted) {
        const TrialRecord *last = last_invalid(record);
        g_autofree char *message = NULL;

        message = g_strdup_printf("%zu of %u trials are valid after %u reruns; the last that is not: %s",
                                  job_valid_trials(record), wanted, job_invalid_trials(record) - 1,
                                  last->invalid ?: last->energy_absent ?: "no reason known");
        job_record_set_end(record, RESULT_UNSTABLE, job_status_without_result(record), NULL, message);
        record->verdict = record->tests->len > 0 ? VERDICT_AC : VERDICT_OK;
}

void pipeline_finish_unstable(Pipeline *pipeline) {
        end_unstable(pipeline->candidate->record, pipeline->wanted);
        pipeline_finish(pipeline);
}

static void end_measured(JobRecord *record) {
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
}

void pipeline_finish_measured(Pipeline *pipeline) {
        end_measured(pipeline->candidate->record);
        pipeline_finish(pipeline);
}

void pipeline_finish_unsteady(Pipeline *pipeline) {
        for (size_t i = 0; i < pipeline->n_candidates; i++) {
                JobRecord *record = pipeline->candidates[i].record;

                if (job_invalid_trials(record) == 0)
                        end_measured(record);
                else
                        end_unstable(record, pipeline->wanted);
        }
        compare_record_end_unsteady(pipeline->compare);
        pipeline_finish(pipeline);
}

/* What one of them took is no figure to hold others against, when its trials were not of the same work. */
void pipeline_finish_compared(Pipeline *pipeline) {
        Candidate *unstable = NULL;

        for (size_t i = 0; i < pipeline->n_candidates; i++) {
                Candidate *candidate = &pipeline->candidates[i];

                end_measured(candidate->record);
                if (candidate->record->result == RESULT_UNSTABLE && !unstable)
                        unstable = candidate;
        }
        pipeline->judged = !unstable;
        if (unstable) {
                pipeline->candidate = unstable;
                finish_program(pipeline);
        } else
                pipeline_finish(pipeline);
}

static char *program_name(const Pipeline *pipeline) {
        const Request *request = pipeline->candidate->request;

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
        const JobRecord *record = pipeline->candidate->record;
        g_autofree char *what = describe_failure(pipeline, failure);
        g_autofree char *message = g_strdup_printf(
                        "In %s %u, test \"%s\", which had been right: %s", pipeline->warming ? "warm-up" : "trial",
                        pipeline->warming ? record->warmups->len : record->trials->len, failure->test->name, what);
        Fact decisive;

        pipeline->candidate->record->verdict = facts_verdict(failure->facts, &decisive);
        job_record_set_end(pipeline->candidate->record, RESULT_FAILED, STATUS_DIVERGED, JT_ERROR_DIVERGED, message);
        finish_program(pipeline);
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
                job_record_set_end(pipeline->candidate->record, RESULT_INFRASTRUCTURE, STATUS_INCOMPLETE,
                                   decisive == FACT_OUR_FAULT ? JT_ERROR_SCOPE_FAILED : JT_ERROR_VALIDATOR_FAILED,
                                   message);
        else if (decisive == FACT_EXEC_FAILED)
                job_record_set_end(pipeline->candidate->record, RESULT_FAILED, STATUS_INCOMPLETE, JT_ERROR_EXEC_FAILED,
                                   message);
        else if (decisive == FACT_ENERGY_LIMIT)
                job_record_set_end(pipeline->candidate->record, RESULT_FAILED, STATUS_ENERGY_LIMIT,
                                   JT_ERROR_ENERGY_LIMIT, message);
        else
                job_record_set_end(pipeline->candidate->record, RESULT_FAILED, STATUS_INCOMPLETE, JT_ERROR_RUN_FAILED,
                                   message);
        pipeline->candidate->record->verdict = verdict;
        finish_program(pipeline);
}

/* A program that does not compile has failed; a validator that does not is the fault of whoever sent the problem. */
void pipeline_finish_compile(Pipeline *pipeline, bool validator) {
        JobRecord *record = pipeline->candidate->record;
        const bool ended_well = !(record->compiler->facts & ~(unsigned) FACTS_HARMLESS);
        g_autofree char *how = ended_well ? NULL : evidence_describe(&record->compiler->evidence);
        g_autofree char *message =
                        g_strdup_printf("The %s does not compile: the compiler %s%s%s",
                                        validator ? "validator" : "program", how ?: "made no program",
                                        record->compiler_words ? "; it said: " : "", record->compiler_words ?: "");

        job_record_set_end(record, validator ? RESULT_INFRASTRUCTURE : RESULT_FAILED, STATUS_INCOMPLETE,
                           validator ? JT_ERROR_VALIDATOR_FAILED : JT_ERROR_COMPILE_FAILED, message);
        record->verdict = validator ? VERDICT_IE : VERDICT_CE;
        finish_program(pipeline);
}

void pipeline_finish_validated(Pipeline *pipeline) {
        JobRecord *record = pipeline->candidate->record;
        const TestRecord *failed = job_decisive_test(record);
        g_autofree char *message = NULL;
        size_t passed = 0;

        if (!failed) {
                job_record_set_end(record, RESULT_DONE, STATUS_INCOMPLETE, NULL, NULL);
                record->verdict = VERDICT_AC;
                finish_program(pipeline);
                return;
        }
        for (guint i = 0; i < record->tests->len; i++)
                passed += ((const TestRecord *) g_ptr_array_index(record->tests, i))->verdict == VERDICT_AC;
        message = g_strdup_printf("%zu of %u tests are right; \"%s\": %s", passed, record->tests->len, failed->name,
                                  failed->message ?: verdict_to_string(failed->verdict));
        record->verdict = failed->verdict;
        if (failed->verdict == VERDICT_IE)
                job_record_set_end(record, RESULT_INFRASTRUCTURE, STATUS_INCOMPLETE,
                                   failed->facts & FACT_OUR_FAULT ? JT_ERROR_WORKER_FAILED : JT_ERROR_VALIDATOR_FAILED,
                                   message);
        else
                job_record_set_end(record, RESULT_FAILED, STATUS_INCOMPLETE,
                                   failed->verdict == VERDICT_WA   ? JT_ERROR_WRONG_ANSWER
                                   : failed->verdict == VERDICT_XF ? JT_ERROR_EXEC_FAILED
                                                                   : JT_ERROR_RUN_FAILED,
                                   message);
        finish_program(pipeline);
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
        job_record_set_end(pipeline->candidate->record, result, STATUS_INCOMPLETE, error, why ?: g_strerror(-r));
        pipeline->candidate->record->verdict = VERDICT_IE;
        finish_program(pipeline);
}
