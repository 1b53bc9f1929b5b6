/* SPDX-License-Identifier: MIT */
#pragma once

/* How hot the packages are: thermal zones of type x86_pkg_temp, else the coretemp and k10temp sensors of hwmon. A
 * package that is hotter leaks more, and one that throttles does other work: so a trial waits at a gate. */

#include <stdbool.h>

#include "fs.h"

typedef struct Thermal Thermal;

/* band_mc: how far from the job's first trial another may start. limit_mc: where none starts, if that is lower than
 * the machine's own limit; 0: that one. -ENOENT when this host shows no package temperature. root must outlive the
 * object. */
int thermal_open(const Sysroot *root, int64_t band_mc, int64_t limit_mc, Thermal **ret);

/* The hottest package, in thousandths of a degree Celsius; the error of the read when no sensor answers. */
int thermal_read(const Thermal *thermal, int64_t *ret_mc);

/* Where no trial starts: the lowest temperature at which a zone shuts down (trip points hot, critical) or that the
 * sensor's driver calls critical; or less, as configured. -ENODATA: there is none. */
int thermal_limit(const Thermal *thermal, int64_t *ret_mc);

typedef enum ThermalGate {
        THERMAL_OPEN,
        THERMAL_HOT,  /* worth waiting for */
        THERMAL_COLD, /* waiting makes it colder */
} ThermalGate;

/* Whether a trial may start at now_mc. reference_mc: where the first one started; NULL: this is it. */
ThermalGate thermal_look(const Thermal *thermal, int64_t now_mc, const int64_t *reference_mc);

Thermal *thermal_free(Thermal *thermal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Thermal, thermal_free)
