/* SPDX-License-Identifier: MIT */
#pragma once

/* In which order the candidates of a comparison run, so that a host that warms up or slows down meanwhile does not
 * favour one of them. */

#include <stddef.h>
#include <stdint.h>

/* Fills ret[rounds × candidates]: in each round every candidate runs once, entry r·candidates + i being the one that
 * runs i-th in round r. The same seed gives the same order.
 *
 * Two candidates: ABBA BAAB ABBA …, each group of four rounds that way or with A and B swapped, as the seed says.
 * Within two rounds a linear drift cancels, within four a quadratic one. More: cyclic Latin squares, one after the
 * other, with their rows and the candidates' places in them shuffled: within as many rounds as there are candidates,
 * each runs once at each place. The last group or square may stay incomplete. -EINVAL when there are fewer than two
 * candidates. Source: Cox, Planning of Experiments (1958), §3.4 and §10.3; Montgomery, Design and Analysis of
 * Experiments, §4.2. */
int order_make(uint64_t seed, size_t candidates, size_t rounds, uint32_t *ret);
