/* SPDX-License-Identifier: MIT */
#pragma once

/* Who a signal is from. On the system bus anybody may send any signal to any connection, and sd-bus gives it to the
 * handlers of a match whatever sender the match names: of a name that is not unique it cannot tell who owns it
 * (bus-match.c: "let's just hope"). So every handler of a signal asks here first. */

#include <stdbool.h>
#include <systemd/sd-bus.h>

/* Whether its sender is this one, by unique name. NULL: a peer without a bus, whose messages name no sender. */
bool sent_by(sd_bus_message *m, const char *name);

/* The bus itself is the one sender whose name is no unique one: it lets nobody have it, and each message's sender is
 * what it says it is. */
bool sent_by_bus(sd_bus_message *m);
