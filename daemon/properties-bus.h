/* SPDX-License-Identifier: MIT */
#pragma once

/* The Manager's properties: sd_bus_property_get_t, userdata is the Manager. */

#include <systemd/sd-bus.h>

#define PROPERTY_GETTER(name)                                                                               \
        int property_get_##name(sd_bus *bus, const char *path, const char *interface, const char *property, \
                                sd_bus_message *reply, void *userdata, sd_bus_error *error)

PROPERTY_GETTER(version);
PROPERTY_GETTER(api_version);
PROPERTY_GETTER(capabilities);
PROPERTY_GETTER(domains);
PROPERTY_GETTER(ready);
PROPERTY_GETTER(reasons);
PROPERTY_GETTER(reserved_cpus);
PROPERTY_GETTER(isolation);
PROPERTY_GETTER(queue_length);
PROPERTY_GETTER(running_job);
PROPERTY_GETTER(calibration);
