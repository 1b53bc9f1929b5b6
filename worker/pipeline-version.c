/* SPDX-License-Identifier: MIT */

/* The version of a language, from what its file says prints it. It is told beside the result and decides nothing: what
 * could not be learnt is absent, and the job goes on. */

#include "pipeline-internal.h"

#define LINE_BYTES 200U

#define VERSION_LIMITS                                 \
        ((RunLimits){ .cpu_usec = 5 * USEC_PER_SEC,    \
                      .wall_usec = 10 * USEC_PER_SEC,  \
                      .output_max = UINT64_C(1) << 20, \
                      .capture_max = 64U * 1024U,      \
                      .memory_max = UINT64_C(2) << 30, \
                      .tasks_max = 128,                \
                      .errors_free = true })

static ProgramId id_of(const Pipeline *pipeline) {
        return pipeline->step == PIPELINE_VERSION ? PROGRAM_VERSION : PROGRAM_VALIDATOR_VERSION;
}

static VersionRecord *record_of(Pipeline *pipeline) {
        return pipeline->step == PIPELINE_VERSION ? &pipeline->candidate->record->version
                                                  : &pipeline->candidate->record->validator_version;
}

static void on_over(Solo *solo, void *userdata) {
        pipeline_advance_later(userdata);
}

static bool start(Pipeline *pipeline) {
        return solo_start(pipeline->event, &programs_specs(pipeline->candidate->programs)[id_of(pipeline)],
                          &VERSION_LIMITS, on_over, pipeline, &pipeline->tool, &record_of(pipeline)->absent) >= 0;
}

/* Some print it to standard error. One that fails prints its complaint there, which is no version. */
static void take(Pipeline *pipeline) {
        const RunRecord *run = solo_record(pipeline->tool);
        const bool failed = run->facts & ~(unsigned) FACTS_HARMLESS;
        g_autofree char *command =
                        g_strjoinv(" ", (char **) programs_specs(pipeline->candidate->programs)[id_of(pipeline)].argv);
        g_autofree char *end = failed ? evidence_describe(&run->evidence) : NULL;
        VersionRecord *version = record_of(pipeline);

        if (!failed)
                version->line = capture_line(solo_output(pipeline->tool), LINE_BYTES)
                                                ?: capture_line(solo_error_output(pipeline->tool), LINE_BYTES);
        if (!version->line)
                version->absent = g_strdup_printf("\"%s\" %s", command, end ?: "printed nothing");
        pipeline->tool = solo_free(pipeline->tool);
}

void pipeline_version(Pipeline *pipeline) {
        if (pipeline->tool)
                take(pipeline);
        else if (programs_has(pipeline->candidate->programs, id_of(pipeline)) && start(pipeline))
                return;
        if (pipeline->step == PIPELINE_VALIDATOR_VERSION && programs_share_language(pipeline->candidate->programs)) {
                const VersionRecord *asked = &pipeline->candidate->record->version;

                pipeline->candidate->record->validator_version =
                                (VersionRecord){ g_strdup(asked->line), g_strdup(asked->absent) };
        }
        pipeline->step++;
        pipeline_advance_later(pipeline);
}
