/* SPDX-License-Identifier: MIT */
#pragma once

/* Our error names and their errno, both ways. */

#include <systemd/sd-bus.h>

typedef struct ErrorName {
        const char *name; /* full D-Bus error name */
        int error;        /* positive errno, each used by one name only */
} ErrorName;

/* Terminated by an entry without name. */
extern const ErrorName error_names[];

/* Makes sd_bus_error_get_errno() know our names. Call once at start. */
int errors_register(void);

/* Positive errno of one of our names; 0 when it is not ours. */
int error_to_errno(const char *name);

/* Our name for a positive errno; NULL when none has it. */
const char *error_from_errno(int error);
