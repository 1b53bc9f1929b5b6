/* SPDX-License-Identifier: MIT */
#pragma once

/* What whoever made the tests said about them comes back beside the verdicts. The service is not sent it, so it is put
 * into the report here, as it was written: a number in it keeps all its digits. */

#include <glib.h>

#include "problem.h"

/* From a test's name to the JSON text of its metadata; NULL when no test has any. */
GHashTable *metadata_of(const Problem *problem);

/* The report with a member "metadata" in each of validation.tests[] that metadata (may be NULL) knows. NULL when that
 * is no report a reader would take, or there is nothing to be put in. */
char *report_with_metadata(const char *report, GHashTable *metadata);

/* The first FAILURES_MAX of the report's validation.tests[] that are neither AC nor SKIPPED, a JSON list; NULL: none.
 * They are as the report has them. */
#define FAILURES_MAX 10
char *report_failures(const char *report);
