/* SPDX-License-Identifier: MIT */
#pragma once

/* How trials are distributed, in a line of text. Pure functions. */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Fewer make no shape. */
#define HISTOGRAM_VALUES_MIN 6U

/* One column for each bin from the least value to the largest, twice as many as the root of n; as high as the share of
 * the fullest bin, and a space where there is none: " ▂█▅ ▁", or in ASCII ". #+ .". NULL when there are too few
 * values, one is not finite, or all are equal. */
char *histogram_draw(const double *values, size_t n, bool ascii);
