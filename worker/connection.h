/* SPDX-License-Identifier: MIT */
#pragma once

/* The bus face of the worker: org.jouletrace.Worker1 on the connection to the daemon. One job, then the process ends:
 * after Run's reply is out, when the daemon goes away, or on SIGTERM. */

#include "base.h"

typedef struct Connection Connection;

/* Takes fd, a connected socket. The peer has to be root or our own user: -EPERM. */
int connection_new(sd_event *event, int fd, Connection **ret);

/* Kills what runs. */
Connection *connection_free(Connection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Connection, connection_free)
