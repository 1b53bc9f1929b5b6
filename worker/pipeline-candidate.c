/* SPDX-License-Identifier: MIT */

/* The programs a job is about: one, or those of a comparison. Each is prepared as if it were alone. */

#include "pipeline-internal.h"
#include "root.h"

#define ERRAND_TIMEOUT_USEC (30U * USEC_PER_SEC)

static int fail(const Pipeline *pipeline, size_t i, int r, char **why) {
        g_autofree char *plain = *why;

        *why = pipeline->compare && plain ? g_strdup_printf("candidate %zu: %s", i + 1, plain)
                                          : g_steal_pointer(&plain);
        return r;
}

static int open_candidate(Pipeline *pipeline, size_t i, char **ret_why) {
        const JobContext *context = pipeline->context;
        Candidate *candidate = &pipeline->candidates[i];
        const bool fine = g_str_equal(pipeline->request->resolution, "fine");

        candidate->product_fd = candidate->validator_product_fd = -1;
        candidate->material.stdin_fd = -1;
        candidate->request = request_program(pipeline->request, i);
        candidate->record = pipeline->compare ? g_ptr_array_index(pipeline->compare->candidates, i)
                                              : job_record_new(candidate->request, context);
        candidate->record->min_window_usec = fine ? candidate->request->min_window_usec
                                                  : MAX(candidate->request->min_window_usec, context->region_min_usec);
        return workload_open(candidate->request, context->max_blobs, &candidate->workload, ret_why);
}

int candidates_open(Pipeline *pipeline, char **ret_why) {
        const size_t n = request_n_programs(pipeline->request);

        if (pipeline->request->kind == JOB_COMPARE)
                pipeline->compare = compare_record_new(pipeline->request, pipeline->context);
        pipeline->candidates = g_new0(Candidate, n);
        pipeline->candidate = pipeline->candidates;
        while (pipeline->n_candidates < n) {
                const size_t i = pipeline->n_candidates++;
                const int r = open_candidate(pipeline, i, ret_why);

                if (r < 0)
                        return fail(pipeline, i, r, ret_why);
        }
        return 0;
}

void candidates_show_machine(Pipeline *pipeline, const char *meter_absent, const char *tick_absent) {
        for (size_t i = 0; i < pipeline->n_candidates; i++) {
                JobRecord *record = pipeline->candidates[i].record;

                record->root = pipeline->root;
                record->topology = pipeline->topology;
                record->meter = pipeline->meter;
                record->meter_absent = g_strdup(meter_absent);
                record->tick = pipeline->ticker.tick;
                record->tick_absent = g_strdup(tick_absent);
        }
}

/* What the program has, which is what the report names: a box has its own, whoever asked for it. */
static char **environment_of(const Request *request, const Identity *identity) {
        if (request->env)
                return g_strdupv(request->env);
        return g_str_equal(request->profile, "box") ? g_strdupv((char **) box_environment)
                                                    : identity_environment(identity);
}

/* The gate of a measurement is to look like its trials. A job that only validates has none, and wants one call. */
static uint64_t wanted_usec(const Candidate *candidate) {
        return candidate->request->kind == JOB_VALIDATE ? 0 : window_wanted_usec(candidate->record->min_window_usec);
}

static int plan_candidate(Pipeline *pipeline, Candidate *candidate, const PipelineBase *base, char **ret_why) {
        JobRecord *record = candidate->record;
        ProgramsBase programs = { .request = candidate->request,
                                  .context = pipeline->context,
                                  .workload = candidate->workload,
                                  .caller = base->identity,
                                  .cpus = &pipeline->cpus,
                                  .containment = base->containment,
                                  .region_usec = wanted_usec(candidate) };
        int r;

        record->containment = base->containment->kind;
        record->env = environment_of(candidate->request, base->identity);
        programs.env = record->env;
        r = programs_new(&programs, &candidate->programs, ret_why);
        if (r < 0)
                return r;
        record->filter_sha256 = programs_filter_sha256(candidate->programs);
        material_init(&candidate->material, pipeline->event, candidate->request, record->env);
        return 0;
}

int candidates_plan(Pipeline *pipeline, const PipelineBase *base, char **ret_why) {
        for (size_t i = 0; i < pipeline->n_candidates; i++) {
                const int r = plan_candidate(pipeline, &pipeline->candidates[i], base, ret_why);

                if (r < 0)
                        return fail(pipeline, i, r, ret_why);
        }
        return 0;
}

/* The launcher knows all boxes and errands by their numbers. */
typedef struct Table {
        BoxSpec boxes[REQUEST_CANDIDATES_MAX][N_PROGRAMS];
        ErrandSpec errands[REQUEST_CANDIDATES_MAX][MATERIAL_ERRANDS];
        int kept_fds[REQUEST_CANDIDATES_MAX][MATERIAL_FDS];
} Table;

void candidates_launch(Pipeline *pipeline, LauncherSpec *spec, void **ret_memory) {
        Table *table = g_new0(Table, 1);
        const size_t n = pipeline->n_candidates;

        for (size_t i = 0; i < n; i++) {
                Candidate *candidate = &pipeline->candidates[i];
                BoxSpec *boxes = programs_specs(candidate->programs);

                material_launch(&candidate->material, (uint32_t) i * MATERIAL_ERRANDS, table->errands[i],
                                table->kept_fds[i]);
                for (ProgramId id = 0; id < N_PROGRAMS; id++) {
                        boxes[id].number = (uint32_t) i * N_PROGRAMS + id;
                        table->boxes[i][id] = boxes[id];
                }
        }
        spec->boxes = table->boxes[0];
        spec->n_boxes = n * N_PROGRAMS;
        spec->errands = table->errands[0];
        spec->n_errands = n * MATERIAL_ERRANDS;
        spec->kept_fds = table->kept_fds[0];
        spec->n_kept_fds = n * MATERIAL_FDS;
        *ret_memory = table;
}

void candidates_launched(Pipeline *pipeline) {
        for (size_t i = 0; i < pipeline->n_candidates; i++) {
                Candidate *candidate = &pipeline->candidates[i];
                BoxSpec *boxes = programs_specs(candidate->programs);

                candidate->material.launcher = pipeline->launcher;
                for (ProgramId id = 0; id < N_PROGRAMS; id++)
                        boxes[id].launcher = pipeline->launcher;
                if (!programs_makes_product(candidate->programs, PROGRAM_COMPILER))
                        continue;
                boxes[PROGRAM_CANDIDATE].handed = boxes[PROGRAM_FLOOR].handed = &candidate->product_fd;
                boxes[PROGRAM_CANDIDATE].n_handed = boxes[PROGRAM_FLOOR].n_handed = 1;
        }
}

static void make_tasks(Pipeline *pipeline, Candidate *candidate) {
        const Workload *workload = candidate->workload;
        const size_t n = MAX(workload->n_tests, 1);

        candidate->tasks = g_new0(TrialTask, n);
        candidate->paces = g_new0(Pace, n);
        candidate->n_tasks = n;
        for (size_t i = 0; i < n; i++) {
                candidate->tasks[i] = (TrialTask){ .test = workload->n_tests > 0 ? &workload->tests[i] : NULL,
                                                   .stdin_fd = candidate->material.stdin_fd,
                                                   .plan = { 1, 1 } };
                candidate->paces[i].fastest_ns = UINT64_MAX;
        }
        candidate->judging = judging_new(pipeline->event, candidate->request, candidate->programs,
                                         &candidate->validator_product_fd);
}

static void on_fetched(int r, const char *why, void *userdata) {
        Pipeline *pipeline = userdata;

        if (r < 0) {
                pipeline_finish_refused(pipeline, why);
                return;
        }
        make_tasks(pipeline, pipeline->candidate);
        pipeline_advance_later(pipeline);
}

int candidate_fetch(Pipeline *pipeline) {
        return material_fetch(&pipeline->candidate->material, pipeline->candidate->workload,
                              MIN(ERRAND_TIMEOUT_USEC, pipeline->request->job_limit_usec), on_fetched, pipeline);
}

void candidates_stop(Pipeline *pipeline) {
        for (size_t i = 0; i < pipeline->n_candidates; i++) {
                pipeline->candidates[i].judging = judging_free(pipeline->candidates[i].judging);
                material_clear(&pipeline->candidates[i].material);
        }
}

void candidates_free(Pipeline *pipeline) {
        for (size_t i = 0; i < pipeline->n_candidates; i++) {
                Candidate *candidate = &pipeline->candidates[i];

                if (!pipeline->compare)
                        job_record_free(candidate->record);
                programs_free(candidate->programs);
                workload_free(candidate->workload);
                safe_close(candidate->product_fd);
                safe_close(candidate->validator_product_fd);
                g_free(candidate->tasks);
                g_free(candidate->paces);
        }
        compare_record_free(pipeline->compare);
        g_free(pipeline->candidates);
}

size_t candidates_tests(const Pipeline *pipeline) {
        size_t n = 0;

        for (size_t i = 0; i < pipeline->n_candidates; i++)
                n += pipeline->candidates[i].workload->n_tests;
        return n;
}

size_t candidates_tests_done(const Pipeline *pipeline) {
        size_t n = 0;

        for (size_t i = 0; i < pipeline->n_candidates; i++)
                n += pipeline->candidates[i].record->tests->len;
        return n;
}

size_t candidates_warmups(const Pipeline *pipeline) {
        size_t n = 0;

        for (size_t i = 0; i < pipeline->n_candidates; i++)
                n += pipeline->candidates[i].record->warmups->len;
        return n;
}

guint candidates_trials_so_far(const Pipeline *pipeline) {
        guint n = 0;

        for (size_t i = 0; i < pipeline->n_candidates; i++)
                n += pipeline->candidates[i].record->warmups->len + pipeline->candidates[i].record->trials->len;
        return n;
}

size_t candidates_valid_trials(const Pipeline *pipeline) {
        size_t n = 0;

        for (size_t i = 0; i < pipeline->n_candidates; i++)
                n += job_valid_trials(pipeline->candidates[i].record);
        return n;
}
