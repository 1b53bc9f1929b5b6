/* SPDX-License-Identifier: MIT */
#pragma once

/* Private to this folder. */

#include "topology.h"

/* A close-on-exec descriptor of one energy event on its CPU, in the group of group_fd unless that is -1; negative
 * errno otherwise. It is read with PERF_FORMAT_GROUP. Opening reads no counter. */
int perf_open(const PerfSource *source, int group_fd);
