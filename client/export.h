/* SPDX-License-Identifier: MIT */
#pragma once

/* Records for other programs. */

#include <glib.h>

#include "report-read.h"

/* The header line of export_csv()'s columns. */
void export_csv_header(GString *out);

/* One line for each trial, test and domain; the domains "total" and "net" come first. RFC 4180 with \n, numbers with
 * dots whatever the locale, unknown ones empty. Where no energy is known the line has no domain. A report without
 * trials gives a line for each validated test, or one with the job's columns only. A comparison gives all that for
 * each candidate, whose number is in the last column. */
void export_csv(GString *out, const Report *report);
