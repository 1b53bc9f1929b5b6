/* SPDX-License-Identifier: MIT */
#pragma once

/* What one user may ask for: a bucket of submissions per uid that fills at CallsPerMinute. Pure but for the time the
 * caller gives. How many jobs a user has is the queue's to count. */

#include <sys/types.h>

#include "base.h"

typedef struct Quota Quota;

Quota *quota_new(void);
Quota *quota_free(Quota *quota);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Quota, quota_free)

/* Whether there is a token: as quota_take(), and takes none. */
int quota_check(Quota *quota, uid_t uid, uint64_t per_minute, uint64_t now_usec, uint64_t *ret_wait_usec);

/* Takes one token of uid's bucket, which holds per_minute tokens and fills with per_minute a minute.
 * -EDQUOT when it is empty; *ret_wait_usec says when the next token comes. */
int quota_take(Quota *quota, uid_t uid, uint64_t per_minute, uint64_t now_usec, uint64_t *ret_wait_usec);

/* Refused calls of the last 24 hours, counted by the hour. */
void quota_count_refused(Quota *quota, uint64_t now_usec);
uint64_t quota_refused(Quota *quota, uint64_t now_usec);
