/* SPDX-License-Identifier: MIT */
#pragma once

/* What measure, compare and validate have in common: options that are keys of a request, and handing the request in.
 */

#include "client.h"
#include "request.h"
#include "service.h"

/* Appends an option for each key such a job takes; returns how many there are then. */
size_t key_options(JobKind kind, Option *options, size_t n);

/* The table's bounds, without those that a service's configuration may raise: the service knows them. */
void key_limits_init(RequestLimits *limits);

/* Hands the request in and prints the job's number. Returns an exit code. */
int submit_detached(const Arguments *arguments, Service *service, const char *method, Request *request);

/* Hands the request in and waits until the job has ended. Returns the job's exit code with *ret_id, or, with an id of
 * 0, one that has been explained: there is nothing to show then. */
int submit_and_wait(const Arguments *arguments, Service *service, const char *method, Request *request,
                    uint32_t *ret_id);
