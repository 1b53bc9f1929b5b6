/* SPDX-License-Identifier: MIT */
#pragma once

/* The list of what is not used, and why. Private to this folder. */

#include "topology.h"

GArray *dropped_new(void);

/* Takes the three strings. */
void dropped_add(GArray *dropped, char *name, char *source, char *reason);

/* Ends the array and gives its elements away. */
DroppedDomain *dropped_steal(GArray *dropped, size_t *ret_n);

void dropped_free(DroppedDomain *dropped, size_t n);
