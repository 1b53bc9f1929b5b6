/* SPDX-License-Identifier: MIT */
#pragma once

/* Shared by the files that fill in a Request. Each sets *ret_message to the sentence for the caller when it refuses;
 * what a command line can be refused for is translated, in a process that has set its locale. */

#include <glib/gi18n-lib.h>

#include "request.h"

static inline void *request_member(Request *request, KeyId key) {
        return (uint8_t *) request + request_keys[key].offset;
}

static inline const void *request_member_const(const Request *request, KeyId key) {
        return (const uint8_t *) request + request_keys[key].offset;
}

/* The text in quotes for a message: valid UTF-8, no control characters, shortened. */
char *request_quote(const char *text);

/* Sets the member after checking it against the limits (NULL: against what no knob moves). min-window's lower bound is
 * left to request_finish(), which knows the resolution. -ERANGE, -EINVAL. */
int request_set_number(Request *request, KeyId key, const RequestLimits *limits, uint64_t value, char **ret_message);
int request_set_double(Request *request, KeyId key, double value, char **ret_message);
int request_set_string(Request *request, KeyId key, const char *value, char **ret_message);

/* What needs more than one key: wall-limit's default, trials' with rel-ci, and, where the limits are known,
 * min-window's lower bound.
 * -ERANGE. */
int request_finish(Request *request, const RequestLimits *limits, char **ret_message);
