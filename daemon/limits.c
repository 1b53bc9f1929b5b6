/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "manager.h"

/* What one user's queued requests may take of our memory. */
#define QUEUED_SIZE_MAX (32U << 20)

static size_t queued_size(Manager *manager, uid_t uid) {
        GHashTableIter iterator;
        size_t size = 0;
        void *value;

        g_hash_table_iter_init(&iterator, manager->jobs);
        while (g_hash_table_iter_next(&iterator, NULL, &value)) {
                const Job *job = value;

                if (job->request && job->record->uid == uid)
                        size += job->size;
        }
        return size;
}

static int refuse_rate(const Config *config, uint64_t wait_usec, char **ret_message) {
        *ret_message = g_strdup_printf("You submit more than CallsPerMinute=%" PRIu64
                                       " jobs a minute. Submit again in %" PRIu64 " s.",
                                       config->calls_per_minute, wait_usec / USEC_PER_SEC + 1);
        return -EDQUOT;
}

int manager_check_rate(Manager *manager, uid_t uid, char **ret_message) {
        const Config *config = manager->config;
        uint64_t wait;

        if (quota_check(manager->quota, uid, config->calls_per_minute, now_monotonic_usec(), &wait) < 0)
                return refuse_rate(config, wait, ret_message);
        return 0;
}

void manager_count_invalid(Manager *manager, uid_t uid) {
        uint64_t wait;

        (void) quota_take(manager->quota, uid, manager->config->calls_per_minute, now_monotonic_usec(), &wait);
}

int manager_check_limits(Manager *manager, uid_t uid, const Request *request, char **ret_message) {
        const Config *config = manager->config;
        unsigned jobs = queue_length_of(manager->queue, uid) +
                        (manager->running && manager->running->record->uid == uid ? 1 : 0);
        uint64_t wait;

        if (queue_length(manager->queue) >= config->max_queued) {
                *ret_message = g_strdup_printf("The queue is full: MaxQueued=%" PRIu64
                                               " jobs wait. Submit again when one has started.",
                                               config->max_queued);
                return -EUSERS;
        }
        if (jobs >= config->max_jobs_per_user) {
                *ret_message = g_strdup_printf("You have %u jobs queued or running, and MaxJobsPerUser=%" PRIu64
                                               ". Submit again when one has ended.",
                                               jobs, config->max_jobs_per_user);
                return -EUSERS;
        }
        if (queued_size(manager, uid) + job_request_size(request) > QUEUED_SIZE_MAX) {
                *ret_message = g_strdup_printf(
                                "The arguments, environments, inputs and lists of tests of your queued jobs would be "
                                "larger "
                                "than %u MiB. Submit again when one has started, or pass large input as a "
                                "file.",
                                QUEUED_SIZE_MAX >> 20);
                return -EUSERS;
        }
        if (quota_take(manager->quota, uid, config->calls_per_minute, now_monotonic_usec(), &wait) < 0)
                return refuse_rate(config, wait, ret_message);
        return 0;
}
