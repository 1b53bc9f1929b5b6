/* SPDX-License-Identifier: MIT */
#pragma once

/* The energy counters of a machine, for people. */

#include <json-glib/json-glib.h>

#include "text.h"

/* domains: the Domains property as JSON. */
void topology_append(GString *out, JsonArray *domains, const Style *style);
