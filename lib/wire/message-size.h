/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>
#include <systemd/sd-bus.h>

/* How many bytes a message's body has on the wire, and so in our memory while the message is kept: sd-bus knows, and
 * has no function that tells. Of the header only the path is without bound, and whoever offers a path has compared it;
 * unknown fields of the header dbus-daemon takes out (bus/dispatch.c).
 *
 * Reads the message from its beginning, and leaves it there. Negative errno when its contents are not what its
 * signature says. */
int message_body_size(sd_bus_message *m, uint64_t *ret);
