/* SPDX-License-Identifier: MIT */
#pragma once

/* The Job objects on the bus. */

#include "job.h"
#include "manager.h"

/* Below JT_JOB_PATH_PREFIX; slots as sd_bus_add_fallback_vtable() and sd_bus_add_node_enumerator() give them. */
int job_bus_attach(Manager *manager, sd_bus_slot **ret_objects, sd_bus_slot **ret_nodes);

extern const sd_bus_vtable job_vtable[];

/* The job whose object has this very path. NULL */
Job *job_bus_find(Manager *manager, const char *path);

/* Makes the sender a listener and, unless it is detached, the owner whose leaving cancels it. */
int job_bus_track(Job *job, sd_bus_message *m, bool detach);

/* To the listeners only. */
void job_bus_send_progress(Job *job, const WorkerProgress *progress);
void job_bus_send_finished(Job *job);
