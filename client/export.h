/* SPDX-License-Identifier: MIT */
#pragma once

/* Records for other programs. */

#include <glib.h>

#include "report-read.h"

/* The header line of export_csv()'s columns. */
void export_csv_header(GString *out);

/* One line per trial: RFC 4180 with \n, numbers with dots whatever the locale, unknown ones empty. A report without
 * trials gives one line with the job's columns only. */
void export_csv(GString *out, const Report *report);
