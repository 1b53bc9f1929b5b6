/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "line.h"
#include "summary.h"

static size_t parameters(size_t n) {
        return n >= LINE_SLOPE_MIN ? 2 : 1;
}

static double fit_slope(const double *x, const double *y, size_t n) {
        g_autofree double *slopes = g_new(double, n *n / 2 + 1);
        double slope = 0;
        size_t n_slopes = 0;

        for (size_t i = 0; i < n; i++)
                for (size_t j = i + 1; j < n; j++)
                        if (x[i] != x[j])
                                slopes[n_slopes++] = (y[j] - y[i]) / (x[j] - x[i]);
        (void) stats_median(slopes, n_slopes, &slope);
        return slope;
}

int line_fit(const double *x, const double *y, size_t n, Line *ret) {
        double left[LINE_POINTS_MAX], squares = 0;
        Line line = { .n = n };

        if (n < LINE_POINTS_MIN)
                return -ENODATA;
        if (n > LINE_POINTS_MAX)
                return -EINVAL;
        for (size_t i = 0; i < n; i++) {
                if (!isfinite(x[i]) || !isfinite(y[i]))
                        return -EINVAL;
                line.centre += x[i] / (double) n;
        }
        if (n >= LINE_SLOPE_MIN)
                line.slope = fit_slope(x, y, n);
        for (size_t i = 0; i < n; i++) {
                left[i] = y[i] - line.slope * (x[i] - line.centre);
                line.spread_x += (x[i] - line.centre) * (x[i] - line.centre);
        }
        (void) stats_median(left, n, &line.level);
        for (size_t i = 0; i < n; i++)
                squares += (left[i] - line.level) * (left[i] - line.level);
        line.deviation = sqrt(squares / (double) (n - parameters(n)));
        *ret = line;
        return 0;
}

double line_at(const Line *line, double x) {
        return line->level + line->slope * (x - line->centre);
}

double line_half_width(const Line *line, double x, double noise) {
        const double n = (double) line->n, away = x - line->centre;
        double share = G_PI_2 / n + noise * noise;

        if (line->n >= LINE_SLOPE_MIN && line->spread_x > 0)
                share += away * away / line->spread_x;
        return stats_t_quantile(line->n - parameters(line->n)) * line->deviation * sqrt(share);
}
