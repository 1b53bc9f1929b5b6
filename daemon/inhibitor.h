/* SPDX-License-Identifier: MIT */
#pragma once

/* Holds off the machine's sleep: logind's Inhibit("sleep", …, "block"), for as long as the object lives. logind takes
 * it back by itself when our descriptor is closed, however we end. */

#include "base.h"

typedef struct Inhibitor Inhibitor;

/* Once, from the event loop: it is held, or inhibitor_why() says why not. The object may be freed in it. */
typedef void (*InhibitorAnswered)(Inhibitor *inhibitor, void *userdata);

/* Asks, and waits for two seconds at most; logind is not started for it. Negative errno when it could not be asked. */
int inhibitor_take(sd_bus *bus, InhibitorAnswered answered, void *userdata, Inhibitor **ret);

Inhibitor *inhibitor_free(Inhibitor *inhibitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inhibitor, inhibitor_free)

/* NULL: it is held. */
const char *inhibitor_why(const Inhibitor *inhibitor);
