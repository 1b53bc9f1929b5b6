/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>

#include <glib.h>

#include "line.h"
#include "summary.h"

/* Two-sided 95 % quantiles of Student's t, by degrees of freedom. */
static const double t_quantiles[] = { NAN,   12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                      2.201, 2.179,  2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080,
                                      2.074, 2.069,  2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042 };

static double t_quantile(size_t freedom) {
        /* Beyond the table, 1.96 and the first term of its expansion in 1 ÷ freedom. */
        return freedom < G_N_ELEMENTS(t_quantiles) ? t_quantiles[freedom] : 1.96 + 2.4 / (double) freedom;
}

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
        double share = 1 / n + noise * noise;

        if (line->n >= LINE_SLOPE_MIN && line->spread_x > 0)
                share += away * away / line->spread_x;
        return t_quantile(line->n - parameters(line->n)) * line->deviation * sqrt(share);
}
