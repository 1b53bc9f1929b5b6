/* SPDX-License-Identifier: MIT */
#include "log.h"
#include "manager.h"
#include "names.h"

const char *manager_meter(const Manager *manager) {
        return manager->options->meter ?: manager->config->meter;
}

void manager_look_at_host(Manager *manager) {
        g_autofree char *cpus = cores_list(manager->cores);

        calibrator_set_host(manager->calibrator,
                            host_fingerprint_new(manager->root, manager->topology->cpu, manager->config,
                                                 manager_meter(manager), cpus),
                            manager->config->calibration_max_age_usec);
}

void manager_keep_calibration(Manager *manager, const Job *job, Result *result) {
        const LogContext context = { .job = job->record->id,
                                     .uid = job->record->uid,
                                     .message_id = JT_MESSAGE_CALIBRATED };
        double noise_floor;
        int r;

        if (job->record->kind != JOB_CALIBRATE || result->result != RESULT_DONE || !result->calibration)
                return;
        noise_floor = result->calibration->noise_floor;
        r = calibrator_keep(manager->calibrator, g_steal_pointer(&result->calibration));
        if (r < 0)
                log_errno(LOG_ERR, r, "The calibration cannot be stored in %s, and holds until the service ends",
                          manager->options->state_dir);
        (void) log_at(LOG_INFO, &context, "calibrated: the noise floor is %.2f %%", noise_floor * 100);
}
