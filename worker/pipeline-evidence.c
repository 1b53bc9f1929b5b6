/* SPDX-License-Identifier: MIT */

/* What of the evidence belongs to the job as a whole: the collector, and what trials are held against. */

#include <string.h>
#include <sys/socket.h>

#include "log.h"
#include "pipeline-internal.h"

#define QUIET_WAIT_USEC (2U * USEC_PER_SEC) /* for one trial; with a load that stays it is made all the same */

/* 0: not known. */
static pid_t pid_behind(int fd) {
        struct ucred peer = {};
        socklen_t size = sizeof(peer);

        return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) >= 0 ? peer.pid : 0;
}

void pipeline_open_collector(Pipeline *pipeline, const Containment *containment, int daemon_fd) {
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
        else
                collector_add_servant(pipeline->collector, pid_behind(daemon_fd));
        for (size_t i = 0; i < pipeline->n_candidates; i++)
                pipeline->candidates[i].record->power_limit_uw =
                                power_limits_read(pipeline->root, pipeline->topology, pipeline->meter);
}

static QualityLimits limits_of(const Pipeline *pipeline) {
        return (QualityLimits){ .foreign_load = pipeline->context->foreign_load_limit,
                                .frequency = pipeline->context->frequency_limit,
                                .strict_start = pipeline->context->thermal_strict };
}

void pipeline_judge_trials(Pipeline *pipeline) {
        const QualityLimits limits = limits_of(pipeline);

        quality_judge(pipeline->candidate->record, &limits);
}

void pipeline_judge_floor(Pipeline *pipeline, TrialRecord *floor) {
        const QualityLimits limits = limits_of(pipeline);

        quality_judge_floor(pipeline->candidate->record, floor, &limits);
}

bool pipeline_waits_for_quiet(Pipeline *pipeline, const TrialEvidence *idle) {
        const QualityLimits limits = limits_of(pipeline);
        const uint64_t now_usec = now_monotonic_usec();

        if (!quality_foreign_load(pipeline->candidate->record, idle, &limits)) {
                pipeline->quiet_deadline_usec = 0;
                return false;
        }
        if (pipeline->quiet_deadline_usec == 0)
                pipeline->quiet_deadline_usec = now_usec + QUIET_WAIT_USEC;
        if (now_usec < pipeline->quiet_deadline_usec)
                return true;
        pipeline->quiet_deadline_usec = 0;
        return false;
}
