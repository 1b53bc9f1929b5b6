/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <errno.h>
#include <math.h>

#include "binomial.h"
#include "summary.h"

int plan_power(double effect, double sigma_pair, size_t n, double *ret) {
        const size_t rank = summary_rank(n);
        double wrong;

        if (!isfinite(effect) || effect <= -1 || effect == 0 || !isfinite(sigma_pair) || sigma_pair < 0 ||
            n > PLAN_PAIRS_MAX)
                return -EINVAL;
        /* The chance that one pair has the wrong sign, and then that less than k of them do. */
        wrong = sigma_pair > 0 ? erfc(fabs(log1p(effect)) / sigma_pair / M_SQRT2) / 2 : 0;
        *ret = rank > 0 ? (double) binomial_cdf(rank - 1, n, wrong) : 0;
        return 0;
}

int plan_pairs(double effect, double sigma_pair, size_t *ret) {
        double power;
        int r;

        for (size_t n = 1; n <= PLAN_PAIRS_MAX; n++) {
                r = plan_power(effect, sigma_pair, n, &power);
                if (r < 0)
                        return r;
                if (power >= PLAN_POWER) {
                        *ret = n;
                        return 0;
                }
        }
        return -ERANGE;
}
