/* SPDX-License-Identifier: MIT */
#include "net.h"

#include <errno.h>
#include <math.h>

#include <glib.h>

#include "trend.h"

/* Student's t for a two-sided 95 % interval. The table, and beyond it Cornish and Fisher's expansion about the normal
 * distribution's quantile (Abramowitz & Stegun 26.7.5), which is right to four digits there. */
static double student(size_t freedom) {
        static const double table[] = {
                12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281
        };
        const double z = UNCERTAINTY_COVERAGE, n = (double) freedom;

        if (freedom <= G_N_ELEMENTS(table))
                return table[freedom - 1];
        return z + (pow(z, 3) + z) / (4 * n) + (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96 * n * n) +
               (3 * pow(z, 7) + 19 * pow(z, 5) + 17 * pow(z, 3) - 15 * z) / (384 * n * n * n);
}

/* The standard deviation over √n. */
static double standard_error(const double *values, size_t n, double mean) {
        double squares = 0;

        for (size_t i = 0; i < n; i++)
                squares += (values[i] - mean) * (values[i] - mean);
        return sqrt(squares / (double) (n - 1) / (double) n);
}

int baseline_compute(const double *power_w, size_t n, Baseline *ret) {
        Baseline baseline = { .n = n };
        Summary summary;
        Trend trend;
        double half;
        int r;

        r = trend_compute(power_w, n, &trend);
        if (r == 0)
                r = summary_compute(power_w, n, &summary);
        if (r < 0)
                return r;
        baseline.power_w = summary.mean;
        if (trend.found)
                baseline.drift_w = trend.drift;
        half = hypot(student(n - 1) * standard_error(power_w, n, summary.mean),
                     UNCERTAINTY_COVERAGE * baseline.drift_w / sqrt(12));
        baseline.low_w = summary.mean - half;
        baseline.high_w = summary.mean + half;
        baseline.uncertainty_w = half / UNCERTAINTY_COVERAGE;
        *ret = baseline;
        return 0;
}

int net_compute(double gross_j, const Uncertainty *gross, double wall_s, const Baseline *baseline, double *ret_j,
                Uncertainty *ret) {
        Uncertainty net = *gross;

        if (!isfinite(gross_j) || !isfinite(wall_s) || gross_j <= 0 || wall_s <= 0)
                return -EINVAL;
        if ((baseline->high_w - baseline->low_w) * wall_s > NET_BASELINE_MAX * gross_j)
                return -ERANGE;
        net.baseline += baseline->uncertainty_w * wall_s;
        uncertainty_combine(&net);
        *ret_j = gross_j - baseline->power_w * wall_s;
        *ret = net;
        return 0;
}

int floor_compare(double energy_j, double floor_j, double *ret_times, bool *ret_near) {
        if (!isfinite(energy_j) || !isfinite(floor_j) || floor_j <= 0)
                return -EINVAL;
        *ret_times = energy_j / floor_j;
        *ret_near = *ret_times < FLOOR_TIMES;
        return 0;
}
