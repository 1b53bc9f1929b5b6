/* SPDX-License-Identifier: MIT */
#include "base.h"
#include "sender.h"

bool sent_by(sd_bus_message *m, const char *name) {
        return g_strcmp0(sd_bus_message_get_sender(m), name) == 0;
}

bool sent_by_bus(sd_bus_message *m) {
        return sent_by(m, "org.freedesktop.DBus");
}
