/* SPDX-License-Identifier: MIT */
#pragma once

/* The jobs on record, as the service lists them. */

#include <json-glib/json-glib.h>

#include "service.h"

typedef struct RecordFilter {
        bool has_uid;
        uint32_t uid;
        const char *label, *result; /* NULL: any */
        uint32_t limit;             /* 0: all */
} RecordFilter;

/* Newest first: an array of objects with the keys of ListRecords. Returns 0, or an exit code. */
int records_list(Service *service, const RecordFilter *filter, JsonNode **ret);

/* Only their ids. */
int records_ids(Service *service, const RecordFilter *filter, GArray **ret);
