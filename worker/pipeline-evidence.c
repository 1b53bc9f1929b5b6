/* SPDX-License-Identifier: MIT */

/* What of the evidence belongs to the job as a whole: the collector, and what trials are held against. */

#include <string.h>

#include "log.h"
#include "pipeline-internal.h"

void pipeline_open_collector(Pipeline *pipeline, const Containment *containment) {
        CollectorSpec spec = { .root = pipeline->root,
                               .cpu = pipeline->topology->cpu,
                               .own = &pipeline->cpus,
                               .cgroup_fd = sysroot_is_host(pipeline->root) ? containment->fd : -1,
                               .partition = pipeline->context->partition };
        cpu_set_t reserved;
        int r;

        CPU_ZERO(&reserved);
        if (strcmp(pipeline->context->isolation, "reserved") == 0)
                (void) cpulist_parse(pipeline->context->reserved_cpus, &reserved);
        spec.reserved = &reserved;
        r = collector_open(&spec, &pipeline->collector);
        if (r < 0)
                log_debug("No evidence can be collected: %s", g_strerror(-r));
        for (size_t i = 0; i < pipeline->n_candidates; i++)
                pipeline->candidates[i].record->power_limit_uw =
                                power_limits_read(pipeline->root, pipeline->topology, pipeline->meter);
}

void pipeline_judge_trials(Pipeline *pipeline) {
        const QualityLimits limits = { .foreign_load = pipeline->context->foreign_load_limit,
                                       .frequency = pipeline->context->frequency_limit };

        quality_judge(pipeline->candidate->record, &limits);
}
