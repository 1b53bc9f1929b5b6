/* SPDX-License-Identifier: MIT */
#pragma once

/* Getting reports from the service and putting them on standard output, as the user asked. */

#include "report-read.h"
#include "service.h"

/* Prints the report of one job: as the service gave it with --json, else for people. Returns 0, or an exit code.
 * ret may be NULL. */
int report_print(const Arguments *arguments, Service *service, uint32_t id, Report **ret);

/* The same, with what is known here about the tests (see failures.h); metadata may be NULL. */
int report_print_tests(const Arguments *arguments, Service *service, uint32_t id, GHashTable *metadata, Report **ret);

/* The exit code of a job that ended with the code: what is refused when it is looked at more closely is wrong usage as
 * what is refused at once. */
int report_exit_code(const Report *report, int code);

/* Fetches and reads a report; says what is wrong otherwise. ret_text may be NULL. */
int report_fetch(Service *service, uint32_t id, char **ret_text, Report **ret);
int report_fetch_tests(Service *service, uint32_t id, GHashTable *metadata, char **ret_text, Report **ret);

/* The report that an operand means: a job's number, or a file. Opens the service when it is needed first. Returns 0,
 * or an exit code after having said what is wrong. ret_text may be NULL. */
int report_operand(const char *verb, const Arguments *arguments, Service **service, const char *operand,
                   char **ret_text, Report **ret);

/* The same as report_print(), into memory, from what report_fetch() gave. */
void report_append(GString *out, const Arguments *arguments, const Report *report, const char *text);

/* Writes what report_append() gathered. */
void report_put(const Arguments *arguments, const GString *out);
