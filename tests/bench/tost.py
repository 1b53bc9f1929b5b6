# SPDX-License-Identifier: MIT
"""Equivalence by two one-sided t tests (Schuirmann 1987), as a pure function."""

import math
import statistics
from typing import NamedTuple

N_MIN = 10


class Equivalence(NamedTuple):
    """low, high: of the mean, the interval of 1 - 2 × alpha; equivalent: it lies within ± margin."""

    mean: float
    low: float
    high: float
    equivalent: bool


def t_quantile(share: float, degrees: int) -> float:
    """Of Student's distribution, by the series of Cornish and Fisher (Abramowitz and Stegun 26.7.5): off by less than 0.001 from 9
    degrees of freedom and shares up to 0.99 on."""
    z = statistics.NormalDist().inv_cdf(share)
    terms = (z, (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384)
    return sum(term / degrees**power for power, term in enumerate(terms))


def tost(differences: list[float], margin: float, alpha: float = 0.05) -> Equivalence:
    """Both tests reject at alpha just where the interval of 1 - 2 × alpha lies within the margins."""
    n = len(differences)
    if n < N_MIN:
        raise ValueError(f'{n} differences are too few, {N_MIN} is the least')
    mean = statistics.fmean(differences)
    half = t_quantile(1 - alpha, n - 1) * statistics.stdev(differences) / math.sqrt(n)
    return Equivalence(mean, mean - half, mean + half, -margin < mean - half and mean + half < margin)
