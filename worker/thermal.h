/* SPDX-License-Identifier: MIT */
#pragma once

/* How hot the packages are: thermal zones of type x86_pkg_temp, else the coretemp and k10temp sensors of hwmon. */

#include "fs.h"

#define THERMAL_BAND_MC 3000 /* a trial starts within ±3 °C of the job's first */

typedef struct Thermal Thermal;

/* -ENOENT when this host shows no package temperature. root must outlive the object. */
int thermal_open(const Sysroot *root, Thermal **ret);

/* The hottest package, in thousandths of a degree Celsius; the error of the read when no sensor answers. */
int thermal_read(const Thermal *thermal, int64_t *ret_mc);

/* The lowest temperature at which a zone throttles or shuts down (trip points passive, hot, critical); -ENODATA. */
int thermal_limit(const Thermal *thermal, int64_t *ret_mc);

Thermal *thermal_free(Thermal *thermal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Thermal, thermal_free)
