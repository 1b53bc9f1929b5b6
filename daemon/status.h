/* SPDX-License-Identifier: MIT */
#pragma once

/* The STATUS= line of systemctl status. sd_notify(3) waits when systemd's socket is full, and systemd may be busy; a
 * line that says how long the queue is must not stop the service, nor be sent for each job of a hundred. systemd tells
 * it to all who watch units, which takes CPU time of half a dozen processes: none of that belongs into a window. */

#include <stdbool.h>

#include "base.h"

/* How long what can wait does, while a job measures, for the next moment between two windows. */
#define QUIET_USEC (2 * USEC_PER_SEC)

typedef struct Status Status;

Status *status_new(sd_event *event);
Status *status_free(Status *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Status, status_free)

/* Sent at once, or a second after the last one; where a window may be open, with the first flush after that, or
 * QUIET_USEC later. The latest text wins, and is not sent again. Takes the text. */
void status_set(Status *status, char *text);

/* No window is open now: what is due is sent. measures: from here on one may be, until the next flush. */
void status_flush(Status *status, bool measures);
