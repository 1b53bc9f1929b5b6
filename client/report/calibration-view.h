/* SPDX-License-Identifier: MIT */
#pragma once

/* The Manager's property Calibration, for people. */

#include <json-glib/json-glib.h>
#include <stdint.h>

#include "text.h"

/* "3 %": a noise floor. */
char *format_noise(double fraction);

/* One line: the noise floor and its age, that it has expired and why, or that there is none. now_usec is realtime. */
char *calibration_line(JsonObject *calibration, uint64_t now_usec);

/* What a calibration found out, as far as it is known. */
void calibration_view_append(GString *out, JsonObject *calibration, const Style *style);
