/* SPDX-License-Identifier: MIT */
#pragma once

/* What large answers take of our memory until the bus has taken them: whoever asks faster than that is refused, each
 * user at a share, all together at a bound. Pure but for the number of unsent messages the caller gives. */

#include <sys/types.h>

#include "base.h"

#define OUTBOX_USER_MAX (UINT64_C(32) << 20)
#define OUTBOX_MAX (UINT64_C(128) << 20)

typedef struct Outbox Outbox;

Outbox *outbox_new(void);
Outbox *outbox_free(Outbox *outbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outbox, outbox_free)

/* Charges an answer of so many bytes to uid. n_unsent is how many messages wait to be written just now
 * (sd_bus_get_n_queued_write()): with none, nothing is charged any more. An answer to one who has nothing waiting is
 * bounded by OUTBOX_MAX alone. -ENOBUFS: not now. */
int outbox_charge(Outbox *outbox, uid_t uid, uint64_t bytes, uint64_t n_unsent);
