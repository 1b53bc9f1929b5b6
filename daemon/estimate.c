/* SPDX-License-Identifier: MIT */
#include "manager.h"

/* The records as they were within the last second: whoever cancels one job after the other and looks at the last one
 * would have the whole queue estimated anew each time. */
static uint64_t recent_generation(Manager *manager) {
        const uint64_t now = now_monotonic_usec();

        if (manager->estimated_usec == 0 || now >= manager->estimated_usec + USEC_PER_SEC) {
                manager->estimated_usec = now;
                manager->estimated_generation = records_generation(manager->records);
        }
        return manager->estimated_generation;
}

static uint64_t expected_usec(Manager *manager, Job *job) {
        uint64_t generation = recent_generation(manager);

        if (job->expected_generation != generation) {
                const Record *record = job->record;

                if (records_estimate(manager->records, record->digest, record->uid, record->expected_usec,
                                     &job->expected_usec) < 0)
                        job->expected_usec = record->expected_usec;
                job->expected_generation = generation;
        }
        return job->expected_usec;
}

typedef struct Estimate {
        Manager *manager;
        uint32_t id;
        uint64_t usec;
} Estimate;

static bool add_expected(uint32_t id, unsigned position, void *userdata) {
        Estimate *estimate = userdata;

        estimate->usec += expected_usec(estimate->manager, manager_find(estimate->manager, id));
        return id != estimate->id;
}

uint64_t manager_estimate(Manager *manager, Job *job) {
        Estimate estimate = { .manager = manager, .id = job->record->id, .usec = now_realtime_usec() };

        if (job_has_ended(job))
                return 0;
        if (manager->running && manager->running->run)
                estimate.usec += run_remaining_usec(manager->running->run, expected_usec(manager, manager->running));
        if (job != manager->running)
                queue_visit(manager->queue, add_expected, &estimate);
        return estimate.usec;
}
