/* SPDX-License-Identifier: MIT */
#pragma once

/* What the program reads and writes, as descriptors that can be handed to the service. */

#include <stdbool.h>

#include "text.h"

/* Standard input as what every run may read from its start: the file itself, a pipe's whole contents in a sealed
 * memfd, or -1 for nothing (a terminal, a device, closed). On failure *ret_problem says what to do. hint: say so when
 * a pipe keeps us waiting. */
int spool_stdin(int fd, bool hint, int *ret, char **ret_problem);

/* An empty memfd for the service to write to. */
int spool_new(const char *name, int *ret);

/* Copies all of it to another descriptor. */
int spool_copy(int spool, int to);

/* Its last lines, at most max_lines and 4 KiB, printable; NULL when it is empty. */
char *spool_tail(int spool, unsigned max_lines);
