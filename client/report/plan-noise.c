/* SPDX-License-Identifier: MIT */
#include "plan-noise.h"

#include <errno.h>
#include <math.h>

#include "summary.h"

#define GAUSS_95 1.959963984540054 /* two-sided */
#define MAD_TO_SIGMA 1.4826
#define TRIALS_MIN 6

int noise_of_floor(double floor, double *ret) {
        if (!isfinite(floor) || floor <= 0)
                return -EINVAL;
        *ret = log1p(floor) / GAUSS_95;
        return 0;
}

int noise_of_report(const Report *report, double *ret) {
        g_autoptr(GArray) logs = g_array_new(FALSE, FALSE, sizeof(double));
        Summary summary;
        int r;

        for (size_t i = 0; i < report->n_trials; i++) {
                const Trial *trial = &report->trials[i];
                double value = log(trial->total_j / (double) MAX(trial->iterations, 1));

                if (trial->valid && isfinite(value))
                        g_array_append_val(logs, value);
        }
        if (logs->len < TRIALS_MIN)
                return -ENODATA;
        r = summary_compute(&g_array_index(logs, double, 0), logs->len, &summary);
        if (r < 0)
                return r;
        if (summary.mad <= 0)
                return -ENODATA;
        *ret = M_SQRT2 * MAD_TO_SIGMA * summary.mad;
        return 0;
}
