/* SPDX-License-Identifier: MIT */
#pragma once

/* The patterns of problem packages: * stands for anything but a slash, {a,b} for either; nothing else is special.
 * Not fnmatch(3), in which brackets are. */

#include <stdbool.h>

/* Whether the pattern matches the path or a directory above it. Patterns whose braces stand for more than 256
 * combinations match nothing. */
bool glob_covers(const char *pattern, const char *path);
