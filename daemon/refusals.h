/* SPDX-License-Identifier: MIT */
#pragma once

/* Which refusals are logged: a few of each user a minute, or whoever is refused again and again fills the journal.
 * What was not logged is counted, and the number told. Pure but for the time the caller gives. */

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"

#define REFUSALS_LOGGED_MAX 10U
#define REFUSALS_PERIOD_USEC (60 * USEC_PER_SEC)

typedef struct Refusals Refusals;

Refusals *refusals_new(void);
Refusals *refusals_free(Refusals *refusals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Refusals, refusals_free)

/* One of uid: whether it may be logged. A user's minute begins with the first one. */
bool refusals_count(Refusals *refusals, uid_t uid, uint64_t now_usec);

/* Forgets the minutes that are over; calls visit for each in which some were not logged. Returns when the next one is
 * over, UINT64_MAX when none is under way. To be called then, and before refusals_count(). */
typedef void (*RefusalsVisit)(uid_t uid, uint64_t n_unlogged, void *userdata);
uint64_t refusals_expire(Refusals *refusals, uint64_t now_usec, RefusalsVisit visit, void *userdata);
