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

/* The bounds in force under these limits, which may be NULL. */
KeyBounds request_bounds(KeyId key, const RequestLimits *limits);

/* Says so; -ERANGE. */
int request_out_of_range(KeyId key, const KeyBounds *bounds, uint64_t value, char **ret_message);

/* Fills in what a dictionary at the message's read pointer gives, each key and value by itself: request_finish() is
 * still to come. -EBADMSG and *ret_message when it is refused, -ENXIO when it is no dictionary. */
int request_read(sd_bus_message *m, Request *request, const RequestLimits *limits, char **ret_message);

/* Appends those of the keys, bits 1 << KeyId, that have a value. */
int request_append_keys(sd_bus_message *m, const Request *request, uint64_t keys);

/* Bits of the keys that such a job, or candidate, takes. */
uint64_t request_keys_of(JobKind kind);

/* -EINVAL for a key that this kind of job does not take. */
int request_check_kind(const Request *request, KeyId key, char **ret_message);

/* -EINVAL for what cannot be the name of a file in languages.d. */
int request_check_language(const char *where, const char *value, char **ret_message);

/* Adds a string of key where to those a request has; -ERANGE beyond REQUEST_STRINGS_MAX. */
int request_count_string(const char *where, const char *text, uint64_t *strings_size, char **ret_message);

/* Where a KEY_FD_OR_BYTES key's bytes are. */
GBytes **request_bytes_member(Request *request, KeyId key);

/* Of the D-Bus form; of its descriptor for KEY_FD_OR_BYTES. */
const char *request_key_signature(KeyType type);

/* The structured keys: reads the value, whose variant is entered, into the member (request-parts-read.c); appends it
 * as a variant (request-parts-append.c). */
int request_read_part(sd_bus_message *m, KeyId key, void *member, uint64_t *strings_size, char **ret_message);
int request_append_part(sd_bus_message *m, KeyType type, const void *part);

/* wall-limit's default, which follows cpu-limit. */
void request_follow_limits(Request *request, const RequestLimits *limits);

/* What needs more than one key: defaults that follow other keys, what goes with what, and, where the limits are known,
 * min-window's lower bound and how large blobs may be. -ERANGE, -EINVAL. */
int request_finish(Request *request, const RequestLimits *limits, char **ret_message);
