/* SPDX-License-Identifier: MIT */
#pragma once

/* polkit's agent on this terminal, so that a password can be asked for where no desktop does it. */

#include <sys/types.h>

/* Starts pkttyagent and waits until it is registered. Returns 0 without one when standard input is no terminal, when
 * we are root, or when it is not installed: the call then fails with an error that says what to do. *pid is 0 then. */
int agent_start(pid_t *pid);

/* Ends it and gives the terminal back in order. */
void agent_stop(pid_t *pid);
