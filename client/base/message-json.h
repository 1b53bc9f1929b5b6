/* SPDX-License-Identifier: MIT */
#pragma once

/* Values of the bus as JSON: one form for --json and for the tables that are drawn from it. */

#include <json-glib/json-glib.h>
#include <systemd/sd-bus.h>

/* The next complete value: a{s*} becomes an object, other arrays and structures an array, numbers that are not finite
 * null, integers beyond int64 doubles. -ENXIO at the end, -EOPNOTSUPP for descriptors. */
int message_to_json(sd_bus_message *m, JsonNode **ret);

/* Prints it with two spaces of indentation and a newline; numbers have dots whatever the locale. */
void json_print(JsonNode *node);
