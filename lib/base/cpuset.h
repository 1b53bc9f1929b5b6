/* SPDX-License-Identifier: MIT */
#pragma once

/* Sets of CPU numbers in the kernel's three spellings: list ("0-3,8"), bit mask, systemd's byte array. */

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "base.h"

/* Parses a kernel CPU list; the empty string is the empty set. -EINVAL for anything else that is not a list,
 * -ERANGE for a CPU number >= CPU_SETSIZE (1024). */
int cpulist_parse(const char *text, cpu_set_t *ret);

/* "0-3,8"; the empty set is "". */
char *cpulist_format(const cpu_set_t *set);

/* The bytes of systemd's AllowedCPUs (bit n of byte n/8 is CPU n), without trailing zero bytes. */
uint8_t *cpulist_to_bytes(const cpu_set_t *set, size_t *ret_length);

/* The lowest, or highest, CPU of the set; -ENOENT when it is empty. */
int cpulist_first(const cpu_set_t *set);
int cpulist_last(const cpu_set_t *set);

/* Whether every CPU of a is in b. */
bool cpulist_subset(const cpu_set_t *a, const cpu_set_t *b);
