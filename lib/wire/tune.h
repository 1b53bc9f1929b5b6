/* SPDX-License-Identifier: MIT */
#pragma once

/* How the machine is to be set while a job is measured, as a request's tune key says it:
 * "governor=performance,turbo=off". Names and values are a closed list, the same that jouletraced.conf has. */

#include <stdint.h>

/* NULL-terminated; the first is "keep". */
extern const char *const tune_governors[], *const tune_preferences[], *const tune_turbos[];

#define TUNE_KHZ_MAX UINT64_C(100000000)

/* Strings are those of the lists; NULL and 0: as it is configured. "keep" goes before what is configured. */
typedef struct Tune {
        const char *governor, *epp, *turbo;
        uint64_t min_khz, max_khz;
} Tune;

/* Comma-separated NAME=VALUE of governor, epp, turbo, min-frequency and max-frequency (kHz), each once. -EINVAL, with
 * a message that names what is wrong and what would be right. */
int tune_parse(const char *text, Tune *ret, char **ret_message);
