/* SPDX-License-Identifier: MIT */
#include "rounding.h"

#include <math.h>

#define STEP_MAX_UJ UINT64_C(1000000000000) /* 1 MJ */

uint64_t told_step_uj(uint64_t least_uj, double uncertainty_uj) {
        static const uint64_t steps[] = { 1, 2, 5 };
        uint64_t step_uj = least_uj;

        if (least_uj <= 1)
                return 1;
        for (uint64_t power = 1; power < STEP_MAX_UJ; power *= 10)
                for (unsigned i = 0; i < 3; i++)
                        if (steps[i] * power > step_uj && (double) (steps[i] * power) <= uncertainty_uj)
                                step_uj = steps[i] * power;
        return step_uj;
}

uint64_t round_uj(uint64_t uj, uint64_t step_uj) {
        if (step_uj <= 1 || uj > UINT64_MAX - step_uj)
                return uj;
        return (uj + step_uj / 2) / step_uj * step_uj;
}

int64_t round_signed_uj(int64_t uj, uint64_t step_uj) {
        return uj < 0 ? -(int64_t) round_uj((uint64_t) -uj, step_uj) : (int64_t) round_uj((uint64_t) uj, step_uj);
}

uint64_t told_uj(uint64_t uj, double uncertainty_uj, uint64_t least_uj) {
        return round_uj(uj, told_step_uj(least_uj, uncertainty_uj));
}

int64_t told_signed_uj(int64_t uj, double uncertainty_uj, uint64_t least_uj) {
        return round_signed_uj(uj, told_step_uj(least_uj, uncertainty_uj));
}

double told_j(double j, double uncertainty_uj, uint64_t least_uj) {
        const uint64_t step_uj = told_step_uj(least_uj, uncertainty_uj);

        return step_uj <= 1 ? j : (double) round_signed_uj(llround(j * 1e6), step_uj) / 1e6;
}

double running_uncertainty_uj(uint64_t uj, uint64_t ns, uint64_t period_ns) {
        return ns > 0 ? (double) uj * (double) period_ns / (double) ns : (double) uj;
}

double told_uncertainty_uj(double uj, uint64_t least_uj) {
        double step_uj;

        if (!isfinite(uj) || uj <= 0)
                return uj;
        step_uj = least_uj <= 1 ? 1 : fmax(1, pow(10, floor(log10(uj)) - 1));
        return ceil(uj / step_uj - 1e-9) * step_uj;
}
