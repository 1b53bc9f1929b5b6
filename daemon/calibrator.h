/* SPDX-License-Identifier: MIT */
#pragma once

/* The calibration of this host: kept over restarts, shown to everybody, and cited by each job. */

#include "calibration-file.h"
#include "context.h"

typedef struct Calibrator Calibrator;

/* It was made, or does not hold any more, or holds again. */
typedef void (*CalibratorChanged)(void *userdata);

/* Reads what is stored in state_dir; a file that cannot be read is logged, and as good as none. */
Calibrator *calibrator_new(sd_event *event, const char *state_dir, CalibratorChanged changed, void *userdata);
Calibrator *calibrator_free(Calibrator *calibrator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Calibrator, calibrator_free)

/* The host as it is now, before anything else, and whenever it may have changed. Takes the fingerprint. */
void calibrator_set_host(Calibrator *calibrator, HostFingerprint *host, uint64_t max_age_usec);

/* A calibration starts: it will be of the host as it is now, whatever is configured meanwhile. */
void calibrator_begin(Calibrator *calibrator);

/* It is done. Holds from now on, even when it cannot be stored, which is the error returned. Takes the figures. */
int calibrator_keep(Calibrator *calibrator, Calibration *figures);

/* The Manager's property, as a{sv}: empty when the host was never calibrated. */
int calibrator_append(const Calibrator *calibrator, sd_bus_message *m);

/* The noise floor that holds for a job of this meter, or why there is none. tuned: it is measured with settings of the
 * processor that are not the configured ones. */
void calibrator_cite(const Calibrator *calibrator, const char *meter, bool tuned, JobContext *ret);
