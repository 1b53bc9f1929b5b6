/* SPDX-License-Identifier: MIT */
#pragma once

/* Names of jobs and processes that no other one ever has. */

#include <stdbool.h>
#include <sys/types.h>

#include "base.h"

/* Random, version 4. */
char *uuid_new(void);

/* Number and start time name a process for as long as the machine is up. NULL when there is none of that number. */
char *process_name(pid_t pid);
bool process_is_alive(const char *name);
