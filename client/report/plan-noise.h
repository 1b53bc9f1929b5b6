/* SPDX-License-Identifier: MIT */
#pragma once

/* How much the measurements of a host vary, as plan_pairs() wants it: the standard deviation of ln(B/A) of one pair.
 */

#include "report-read.h"

/* Of a calibration's noise floor, the 95th percentile of the change between two runs of one program
 * (comparison_noise_floor()), its noise taken as Gaussian: 95 % lie within 1.96 σ. -EINVAL when the floor is not
 * finite or not above 0. */
int noise_of_floor(double floor, double *ret);

/* Of the valid trials of a job: √2 × 1.4826 × MAD of the logarithms of their energies. Runs of a pair lie closer to
 * each other in time than those of a job do, so a comparison varies less than this, if anything. -ENODATA with fewer
 * than 6 valid trials that have an energy above 0, or when these do not differ. */
int noise_of_report(const Report *report, double *ret);
