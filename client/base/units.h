/* SPDX-License-Identifier: MIT */
#pragma once

/* Physical quantities for people: one scale shared by a median, its interval and its range, so that they compare. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Scale {
        const char *unit;
        double factor; /* the unit in J, s or W */
        int decimals;
} Scale;

/* The unit in which reference has one to three digits before the point, with four significant digits; never finer than
 * resolution (in J; 0: unknown), since digits below it would be invented. ascii writes u for µ. */
Scale scale_energy(double reference_j, double resolution_j, bool ascii);

/* For a figure whose report is not at hand: one of a single run is told in whole millijoules, one of many runs finer.
 */
Scale scale_energy_told(double told_j, bool ascii);
Scale scale_time(double reference_s, bool ascii);
Scale scale_power(double reference_w, bool ascii);

/* "12.35", in the locale's spelling; "?" for what is not finite. */
char *scale_number(const Scale *scale, double value);

/* "12.35 J" */
char *scale_format(const Scale *scale, double value);

/* "1 h 5 min", "2 min 5 s", "12 s", "< 1 s": for waiting, not for results. */
char *format_span(uint64_t usec);

/* "256 MiB"; whole units when they divide, else one decimal. */
char *format_bytes(uint64_t bytes);

/* Local date and time, "2024-05-01 13:45:12"; "?" for 0. */
char *format_time(uint64_t realtime_usec);
