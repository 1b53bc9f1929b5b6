/* SPDX-License-Identifier: MIT */
#pragma once

/* What a calibration found out about a machine: what the worker tells the daemon, and the Manager's property. */

#include <stdbool.h>

#include <glib.h>
#include <systemd/sd-bus.h>

#include "base.h"

#define CALIBRATION_DOMAINS_MAX 256U

typedef struct CalibrationIdle {
        char *domain; /* by the meter's name of it */
        double watts;
} CalibrationIdle;

typedef struct Calibration {
        /* Fractions: the change that 95 % of the pairs of trials of one and the same program keep within. The host's
         * is the larger of the two programs'. */
        double noise_floor, noise_spin, noise_memory;
        uint32_t pairs; /* of each program */
        bool simulated; /* of the model meter: of no counter */
        char *meter;
        uint64_t tick_ns, tick_jitter_ns;        /* tick_ns 0: the counter has no tick, or nobody saw it */
        double tick_step_uj;                     /* NAN: not known; as the next */
        double floor_j, floor_net_j;             /* what starting a program in a box takes, and of that above idle */
        double floor_error_j, floor_net_error_j; /* half the widths of their 95 % intervals */
        GArray *idle;                            /* CalibrationIdle: of the machine while nothing is measured */
} Calibration;

/* Nothing is known. */
Calibration *calibration_new(void);
Calibration *calibration_free(Calibration *calibration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Calibration, calibration_free)

Calibration *calibration_copy(const Calibration *calibration);

/* Copies the name. */
void calibration_add_idle(Calibration *calibration, const char *domain, double watts);

/* -EINVAL when it lacks a number it must have, or has one that cannot be: a noise floor below 0, no pair. */
int calibration_check(const Calibration *calibration);

/* As a{sv}; what is not known is left out. */
int calibration_append(sd_bus_message *m, const Calibration *calibration);

/* The same keys into an a{sv} that is open already. */
int calibration_append_members(sd_bus_message *m, const Calibration *calibration);

/* -EINVAL for a key that is unknown, there twice or of another type, and as calibration_check(). */
int calibration_from_message(sd_bus_message *m, Calibration **ret);

/* As a group of a key file, and back. -EINVAL as above, and for a number that cannot be read. */
#define CALIBRATION_GROUP "Calibration"
void calibration_to_keys(const Calibration *calibration, GKeyFile *keys);
int calibration_from_keys(GKeyFile *keys, Calibration **ret);
