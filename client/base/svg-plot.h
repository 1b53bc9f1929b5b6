/* SPDX-License-Identifier: MIT */
#pragma once

/* Small plots as SVG inside a page: nothing is fetched, nothing runs, colours come from the page's classes. Numbers
 * for people are in the locale's spelling, those of the drawing have dots. Text given here is escaped here. */

#include <glib.h>
#include <stdbool.h>

/* What an axis spans, and where it has marks: 1, 2 or 5 times a power of ten apart. */
typedef struct PlotAxis {
        double low, high;
        double step; /* 0: no marks */
        int decimals;
} PlotAxis;

/* An axis over [low, high] with at most `marks` + 1 marks; a span of nothing gets one around it. Its ends are those of
 * the data with a twentieth of room, or exact ones. */
PlotAxis plot_axis(double low, double high, unsigned marks, bool exact);

typedef struct Plot {
        GString *out;
        PlotAxis x, y;
} Plot;

/* A figure with its title, its frame, and the axes' marks and names. */
void plot_open(const Plot *plot, const char *title, const char *x_name, const char *y_name);
void plot_close(const Plot *plot);

/* A mark beside the frame that is no number of the axis. */
void plot_mark(const Plot *plot, double y, const char *text);

/* Each draws with the page's class `class`; what leaves the axes is drawn at their end. tip (may be NULL) is shown by
 * what is pointed at. */
void plot_dot(const Plot *plot, double x, double y, const char *class, const char *tip);
void plot_band(const Plot *plot, double y_low, double y_high, const char *class);
void plot_level(const Plot *plot, double y, const char *class);
void plot_upright(const Plot *plot, double x, const char *class);
void plot_bar(const Plot *plot, double x_low, double x_high, double y, const char *class, const char *tip);
void plot_span(const Plot *plot, double x_low, double x_high, double y, const char *class);

/* A line through n points; one that is not finite interrupts it. */
void plot_path(const Plot *plot, const double *x, const double *y, size_t n, const char *class);

/* Text for an element or an attribute: control characters as \xNN, markup escaped; g_free(). */
char *markup_text(const char *text);
