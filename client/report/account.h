/* SPDX-License-Identifier: MIT */
#pragma once

/* How a number came about and what limits it, in words: show --explain. */

#include <glib.h>

#include "report-read.h"
#include "text.h"

/* Of a report that was read from this text; of a comparison, of each candidate. Nothing where nothing was measured. */
void account_append(GString *out, const Report *report, const char *text, const Style *style);
