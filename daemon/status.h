/* SPDX-License-Identifier: MIT */
#pragma once

/* The STATUS= line of systemctl status. sd_notify(3) waits when systemd's socket is full, and systemd may be busy; a
 * line that says how long the queue is must not stop the service, nor be sent for each job of a hundred. */

#include "base.h"

typedef struct Status Status;

Status *status_new(sd_event *event);
Status *status_free(Status *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Status, status_free)

/* Sent at once, or a second after the last one; the latest text wins. Takes the text. */
void status_set(Status *status, char *text);
