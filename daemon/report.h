/* SPDX-License-Identifier: MIT */
#pragma once

/* The envelope of a report: schema and job from the record, then the worker's body word for word. */

#include "records.h"

/* Largest body a worker may send. */
#define REPORT_BODY_MAX (8U * 1024 * 1024)

/* A body as the worker sent it in a sealed memfd, checked for seals, size and UTF-8 only. -EBADMSG, -EFBIG. */
int report_read_body(int memfd, char **ret);

/* body NULL: the job never had a worker, and every member of the body is absent for that reason. */
char *report_build(const Record *record, const char *body);

/* What a person can do about a cause a job ended with; NULL for an unknown one. */
const char *report_remedy(const char *error);
