/* SPDX-License-Identifier: MIT */
#include "score.h"

#include <math.h>

const ScoreParameters score_defaults = {
        .reference_j = 1,
        .reference_s = 0.01,
        .energy_exponent = 1.2,
        .time_exponent = 1,
        .beta = 1.5,
        .cutoff = 50,
};

static double saturate(double value, double reference, double exponent) {
        return 1 / (1 + pow(value / reference, exponent));
}

double score(const ScoreParameters *parameters, bool correct, double energy_j, double time_s) {
        double weight = parameters->beta * parameters->beta;
        double energy, time, mean;

        if (!correct || !(energy_j >= 0) || !(time_s >= 0))
                return 0;
        if (energy_j > parameters->cutoff * parameters->reference_j ||
            time_s > parameters->cutoff * parameters->reference_s)
                return 0;
        energy = saturate(energy_j, parameters->reference_j, parameters->energy_exponent);
        time = saturate(time_s, parameters->reference_s, parameters->time_exponent);
        mean = (1 + weight) * energy * time / (weight * energy + time);
        return isfinite(mean) ? fmin(fmax(mean, 0), 1) : 0;
}
