/* SPDX-License-Identifier: MIT */
#include "svg-plot.h"

#include <math.h>

#include "text.h"

/* The drawing's own units; the page stretches it. */
#define WIDTH 640.0
#define HEIGHT 240.0
#define LEFT 64.0
#define RIGHT 12.0
#define TOP 10.0
#define BOTTOM 40.0
#define MARKS_MAX 50

char *markup_text(const char *text) {
        g_autofree char *printable = text_printable(text, false);

        return g_markup_escape_text(printable, -1);
}

PlotAxis plot_axis(double low, double high, unsigned marks, bool exact) {
        const double span = high - low;
        PlotAxis axis = { .low = low, .high = high };
        double power, wanted;

        if (span <= 0) {
                const double room = low != 0 ? fabs(low) / 100 : 1;

                axis.low = low - room;
                axis.high = high + room;
        } else if (!exact) {
                axis.low = low - span / 20;
                axis.high = high + span / 20;
        }
        wanted = (axis.high - axis.low) / MAX(marks, 1);
        power = pow(10, floor(log10(wanted)));
        wanted /= power;
        axis.step = power * (wanted <= 1 ? 1 : wanted <= 2 ? 2 : wanted <= 5 ? 5 : 10);
        axis.decimals = (int) CLAMP(-floor(log10(axis.step) + 1e-9), 0, 9);
        return axis;
}

static double along(const PlotAxis *axis, double value) {
        return (CLAMP(value, axis->low, axis->high) - axis->low) / (axis->high - axis->low);
}

static double across(const Plot *plot, double x) {
        return LEFT + along(&plot->x, x) * (WIDTH - LEFT - RIGHT);
}

static double up(const Plot *plot, double y) {
        return HEIGHT - BOTTOM - along(&plot->y, y) * (HEIGHT - TOP - BOTTOM);
}

static void attribute(GString *out, const char *name, double value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        g_string_append_printf(out, " %s=\"%s\"", name, g_ascii_formatd(text, sizeof(text), "%.1f", value));
}

/* Ends an element, with what is to be shown when it is pointed at. */
static void close_element(GString *out, const char *name, const char *tip) {
        g_autofree char *text = tip ? markup_text(tip) : NULL;

        if (text)
                g_string_append_printf(out, "><title>%s</title></%s>\n", text, name);
        else
                g_string_append(out, "/>\n");
}

static void line(GString *out, double x1, double y1, double x2, double y2, const char *class) {
        g_string_append_printf(out, "<line class=\"%s\"", class);
        attribute(out, "x1", x1);
        attribute(out, "y1", y1);
        attribute(out, "x2", x2);
        attribute(out, "y2", y2);
        close_element(out, "line", NULL);
}

static void rectangle(GString *out, double x, double y, double width, double height, const char *class,
                      const char *tip) {
        g_string_append_printf(out, "<rect class=\"%s\"", class);
        attribute(out, "x", x);
        attribute(out, "y", y);
        attribute(out, "width", width);
        attribute(out, "height", height);
        close_element(out, "rect", tip);
}

static void label(GString *out, double x, double y, const char *class, const char *text) {
        g_autofree char *shown = markup_text(text);

        g_string_append_printf(out, "<text class=\"%s\"", class);
        attribute(out, "x", x);
        attribute(out, "y", y);
        g_string_append_printf(out, ">%s</text>\n", shown);
}

void plot_mark(const Plot *plot, double y, const char *text) {
        label(plot->out, LEFT - 6, up(plot, y) + 4, "y", text);
}

static void marks(const Plot *plot, const PlotAxis *axis, bool upright) {
        double value = axis->step > 0 ? ceil(axis->low / axis->step - 1e-9) * axis->step : 0;

        for (unsigned i = 0; axis->step > 0 && i < MARKS_MAX && value <= axis->high + axis->step * 1e-9;
             i++, value += axis->step) {
                g_autofree char *text =
                                g_strdup_printf("%.*f", axis->decimals, fabs(value) < axis->step / 2 ? 0 : value);

                if (upright) {
                        line(plot->out, LEFT, up(plot, value), WIDTH - RIGHT, up(plot, value), "grid");
                        plot_mark(plot, value, text);
                } else {
                        line(plot->out, across(plot, value), HEIGHT - BOTTOM, across(plot, value), HEIGHT - BOTTOM + 4,
                             "tick");
                        label(plot->out, across(plot, value), HEIGHT - BOTTOM + 16, "x", text);
                }
        }
}

void plot_open(const Plot *plot, const char *title, const char *x_name, const char *y_name) {
        g_autofree char *text = markup_text(title), *y_text = markup_text(y_name);

        g_string_append_printf(plot->out,
                               "<figure>\n<figcaption>%s</figcaption>\n<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
                               "aria-label=\"%s\">\n",
                               text, WIDTH, HEIGHT, text);
        marks(plot, &plot->y, true);
        marks(plot, &plot->x, false);
        line(plot->out, LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "tick");
        label(plot->out, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "x", x_name);
        g_string_append_printf(plot->out, "<text class=\"x\" transform=\"translate(14 %.0f) rotate(-90)\">%s</text>\n",
                               (TOP + HEIGHT - BOTTOM) / 2, y_text);
}

void plot_close(const Plot *plot) {
        g_string_append(plot->out, "</svg>\n</figure>\n");
}

void plot_dot(const Plot *plot, double x, double y, const char *class, const char *tip) {
        g_string_append_printf(plot->out, "<circle class=\"%s\"", class);
        attribute(plot->out, "cx", across(plot, x));
        attribute(plot->out, "cy", up(plot, y));
        g_string_append(plot->out, " r=\"4\"");
        close_element(plot->out, "circle", tip);
}

void plot_band(const Plot *plot, double y_low, double y_high, const char *class) {
        rectangle(plot->out, LEFT, up(plot, y_high), WIDTH - LEFT - RIGHT, up(plot, y_low) - up(plot, y_high), class,
                  NULL);
}

void plot_level(const Plot *plot, double y, const char *class) {
        line(plot->out, LEFT, up(plot, y), WIDTH - RIGHT, up(plot, y), class);
}

void plot_upright(const Plot *plot, double x, const char *class) {
        line(plot->out, across(plot, x), TOP, across(plot, x), HEIGHT - BOTTOM, class);
}

void plot_bar(const Plot *plot, double x_low, double x_high, double y, const char *class, const char *tip) {
        const double width = across(plot, x_high) - across(plot, x_low);

        rectangle(plot->out, across(plot, x_low) + 1, up(plot, y), MAX(width - 2, 1), HEIGHT - BOTTOM - up(plot, y),
                  class, tip);
}

void plot_span(const Plot *plot, double x_low, double x_high, double y, const char *class) {
        line(plot->out, across(plot, x_low), up(plot, y), across(plot, x_high), up(plot, y), class);
}

void plot_path(const Plot *plot, const double *x, const double *y, size_t n, const char *class) {
        bool drawing = false;

        g_string_append_printf(plot->out, "<path class=\"%s\" d=\"", class);
        for (size_t i = 0; i < n; i++) {
                char across_text[G_ASCII_DTOSTR_BUF_SIZE], up_text[G_ASCII_DTOSTR_BUF_SIZE];

                if (!isfinite(x[i]) || !isfinite(y[i])) {
                        drawing = false;
                        continue;
                }
                g_string_append_printf(plot->out, "%s%s %s ", drawing ? "L" : "M",
                                       g_ascii_formatd(across_text, sizeof(across_text), "%.1f", across(plot, x[i])),
                                       g_ascii_formatd(up_text, sizeof(up_text), "%.1f", up(plot, y[i])));
                drawing = true;
        }
        g_string_append(plot->out, "\"/>\n");
}
