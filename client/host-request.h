/* SPDX-License-Identifier: MIT */
#pragma once

/* A program of the user's own in a request: what it is, where it starts and what it finds in its environment. */

#include <stdbool.h>

#include "request.h"

/* The command line. Returns 0, or EXIT_USAGE after having said which argument cannot travel. */
int host_command(const char *verb, Request *request, char **args);

/* The working directory. Returns 0, or EXIT_USAGE after having said what is wrong. */
int host_directory(const char *verb, Request *request);

/* The environment of joulectl. quiet: does not name the variables that are left out. */
void host_environment(Request *request, bool quiet);
