/* SPDX-License-Identifier: MIT */
#pragma once

/* Writing JSON text without json-glib, for the daemon's envelope. Numbers have dots whatever the locale. */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Appends text as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. NULL is null. */
void json_append_string(GString *json, const char *text);

/* Whether text is one JSON object by its outer braces (newlines may follow) and valid UTF-8 without NUL, of at most
 * max bytes; contents are not parsed. */
bool json_body_plausible(const char *text, size_t length, size_t max);
