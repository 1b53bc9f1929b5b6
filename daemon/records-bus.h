/* SPDX-License-Identifier: MIT */
#pragma once

/* The Manager's methods about records: sd_bus_message_handler_t, userdata is the Manager. */

#include <systemd/sd-bus.h>

int records_bus_get_report(sd_bus_message *m, void *userdata, sd_bus_error *error);
int records_bus_list_records(sd_bus_message *m, void *userdata, sd_bus_error *error);
int records_bus_forget(sd_bus_message *m, void *userdata, sd_bus_error *error);
