/* SPDX-License-Identifier: MIT */
#pragma once

/* The Manager object on the bus. */

#include "manager.h"

/* In place of an owner: of any, or none of the caller's business. */
#define ANY_UID UINT32_MAX

/* Manager and Job objects, and the watch of the peer in embedded mode. */
int manager_bus_attach(Manager *manager);

extern const sd_bus_vtable manager_vtable[];

void manager_bus_emit_job_new(Manager *manager, const Job *job);
void manager_bus_emit_job_removed(Manager *manager, const Job *job);
void manager_bus_emit_queue(Manager *manager);
void manager_bus_emit_capabilities(Manager *manager);
void manager_bus_emit_cores(Manager *manager);
void manager_bus_emit_ready(Manager *manager);
void manager_bus_emit_calibration(void *manager); /* CalibratorChanged; also before there is a bus */

/* Whether the caller may do with a job or record of this user what only its owner may without asking. As
 * authority_check(). */
int manager_bus_authorize(Manager *manager, sd_bus_message *m, uid_t owner, Permission permission,
                          sd_bus_error *error);
