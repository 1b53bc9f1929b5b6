/* SPDX-License-Identifier: MIT */
#pragma once

/* polkit, asked over D-Bus without its library: asynchronous, by running the handler again (call.h). */

#include <stdbool.h>

#include "call.h"
#include "caller.h"

typedef struct Authority Authority;

/* What a call may need to be allowed. The table from here to polkit's action is in authority.c; what is not in it
 * cannot be asked for. */
typedef enum Permission {
        PERMIT_MEASURE,
        PERMIT_VALIDATE,
        PERMIT_FINE_RESULTS,
        PERMIT_TUNE,
        PERMIT_CALIBRATE,
        PERMIT_MANAGE_JOBS,
        PERMIT_READ_RECORDS,
        N_PERMISSIONS,
} Permission;

/* bus NULL: embedded, where everything is allowed since everything is the caller's own. always: ask polkit for root
 * and for our own uid too. */
Authority *authority_new(sd_bus *bus, Peers *peers, bool always);
Authority *authority_free(Authority *authority);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Authority, authority_free)

Calls *authority_calls(Authority *authority);

/* 1: allowed. 0: polkit was asked, return 1 from the handler and it runs again. Else AccessDenied, or
 * InteractiveAuthorizationRequired when the caller may be asked but did not let us; also when polkit is not there. */
int authority_check(Authority *authority, sd_bus_message *m, const Caller *caller, Permission permission,
                    sd_bus_error *error);
