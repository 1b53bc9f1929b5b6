/* SPDX-License-Identifier: MIT */
#pragma once

/* Verdicts for people: one line for all, a table of the tests, and the first failures in full. */

#include "report-read.h"
#include "text.h"

/* Appends nothing when the report has no tests. */
void render_validation(GString *out, const Report *report, const Style *style);

/* What each test takes, where it was measured. */
void render_per_test(GString *out, const Report *report, double resolution_j, const Style *style);
