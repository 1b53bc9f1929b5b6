/* SPDX-License-Identifier: MIT */
#pragma once

/* The report's body: every member but schema and job. What is unknown is null, and absent says why. */

#include "comparing.h"
#include "record.h"
#include "result.h"

#define REPORT_MAX_BYTES (8U * 1024U * 1024U)

typedef enum ReportView {
        REPORT_PUBLIC, /* energies rounded to 1 mJ, unless the job was granted fine results */
        REPORT_FULL,
} ReportView;

/* JSON text, newline at its end. Without the windows' details when it would be larger than REPORT_MAX_BYTES. */
char *report_body(const JobRecord *record, ReportView view);

/* The same of a comparison: comparison{} has what one program's report has at its top, for each candidate. */
char *report_compare_body(const CompareRecord *record, ReportView view);

/* The same in a sealed memfd. Returns the descriptor or negative errno. */
int report_memfd(const JobRecord *record, ReportView view);
int report_compare_memfd(const CompareRecord *record, ReportView view);

/* The few figures of GetResult: of one run, with the public rounding. */
Result *report_result(const JobRecord *record);

/* Of a comparison: the trials of all candidates together, and no energy, which is each one's own. */
Result *report_compare_result(const CompareRecord *record);
