/* SPDX-License-Identifier: MIT */
#pragma once

/* A straight line through points some of which may be far off: power of the idle machine over time. Pure. */

#include <stddef.h>

#define LINE_POINTS_MIN 3U
#define LINE_SLOPE_MIN 6U /* with fewer points the line is level */
#define LINE_POINTS_MAX 64U

typedef struct Line {
        size_t n;
        double centre; /* mean of the x */
        double level;  /* at the centre */
        double slope;
        double spread_x;  /* Σ (x − centre)² */
        double deviation; /* standard deviation of the points about the line, outliers and all */
} Line;

/* Theil–Sen: slope is the median of the slopes of all pairs, level the median of what is left. Source: Sen, JASA
 * 63(324), 1968. -ENODATA with fewer than LINE_POINTS_MIN points, -EINVAL with more than LINE_POINTS_MAX or when a
 * value is not finite. */
int line_fit(const double *x, const double *y, size_t n, Line *ret);

double line_at(const Line *line, double x);

/* Half the width of the 95 % interval at x (Student's t) of a value that scatters about the line with noise times the
 * points' own deviation: 0 for the line itself, 1 for one more point. The level is a median, whose variance is π/2
 * times that of a mean (of many normal values; Kenney and Keeping, Mathematics of Statistics, part 2, § 7.12). */
double line_half_width(const Line *line, double x, double noise);
