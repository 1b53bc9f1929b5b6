/* SPDX-License-Identifier: MIT */
#pragma once

/* The one place that lets json-glib near text from outside. json-glib alone dies of deep nesting, reads the wrong type
 * as 0, a large integer as a negative one, and takes "{} {}" for a document. */

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_SIZE_MAX (10 * 1024 * 1024)
#define JSON_DEPTH_MAX 64

/* One object and nothing after it. -E2BIG beyond JSON_SIZE_MAX, -ELOOP beyond JSON_DEPTH_MAX, -EBADMSG else. */
int json_parse(const char *text, size_t size, JsonNode **ret);

/* Typed reads of a member; object may be NULL. A missing member, null and a value of another type are all "unknown":
 * NULL, NaN, false. */
const char *json_string(JsonObject *object, const char *name);
JsonObject *json_object(JsonObject *object, const char *name);
JsonArray *json_array(JsonObject *object, const char *name);
double json_double(JsonObject *object, const char *name);
bool json_u64(JsonObject *object, const char *name, uint64_t *ret); /* false also for negative numbers */
bool json_i64(JsonObject *object, const char *name, int64_t *ret);
bool json_true(JsonObject *object, const char *name);

/* The strings of an array; other elements are left out. NULL when there is no such array. */
char **json_strings(JsonObject *object, const char *name);

/* Element i when it is an object. */
JsonObject *json_element(JsonArray *array, unsigned i);

/* The first object in it whose member "name" is that; NULL: there is none. */
JsonObject *json_named(JsonArray *array, const char *name);
