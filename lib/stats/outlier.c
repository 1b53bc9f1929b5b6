/* SPDX-License-Identifier: MIT */
#include "outlier.h"

#include <errno.h>
#include <math.h>

#include <glib.h>

#include "summary.h"

#define UPPER_QUARTILE 0.6745

int outlier_scores(const double *values, size_t n, double unit, double *ret) {
        Summary summary;
        double scale;
        int r;

        if (!isfinite(unit) || unit < 0)
                return -EINVAL;
        r = summary_compute(values, n, &summary);
        if (r < 0)
                return r;
        scale = MAX(summary.mad, unit);
        for (size_t i = 0; i < n; i++) {
                const double distance = fabs(values[i] - summary.median);

                ret[i] = distance > 0 ? UPPER_QUARTILE * distance / scale : 0;
        }
        return 0;
}

OutlierLevel outlier_level(double score) {
        if (score > OUTLIER_WARN_SCORE)
                return OUTLIER_WARN;
        return score > OUTLIER_NOTE_SCORE ? OUTLIER_NOTE : OUTLIER_NONE;
}
