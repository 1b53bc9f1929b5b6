/* SPDX-License-Identifier: MIT */
#pragma once

/* Whether program B takes another energy than program A. Pure functions on arrays of energies, in any unit that is the
 * same for both; a change is a fraction: 0.03 for 3 % more. Nothing is dropped, whatever it looks like.
 *
 * One number says how likely the trials are when nothing changed, and for pairs that is the sign test: it is the
 * interval the other way round (p ≤ 0.05 exactly when the interval leaves out 0), it asks about the median that is
 * reported, and it holds for noise of every shape. The permutation of the signs of the mean, which would find a change
 * of one σ with 12 pairs of Gaussian noise in 88 of 100 jobs where the sign test does in 71, takes the noise to be
 * symmetric: with exponential noise of median 0 it calls 6, 10 and 12 of 100 jobs of 9, 12 and 17 pairs changed that
 * are not (the sign test 4, 4 and 4), and with one disturbed pair in twenty it is the weaker one at 17 pairs (74
 * beside 82 of 100). A second p beside the first would only invite choosing. */

#include <stdbool.h>
#include <stddef.h>

/* No change smaller than this is worth a word, on however quiet a host. */
#define COMPARE_THRESHOLD_MIN 0.01

/* What is called significant: 1 − the confidence of the intervals. */
#define COMPARE_ALPHA 0.05

typedef enum ComparisonWord {
        COMPARISON_TOO_FEW,   /* not even B above A in every pair would be significant: n < 6 */
        COMPARISON_NO_CHANGE, /* not significant */
        COMPARISON_WITHIN,    /* significant, and not larger than the threshold */
        COMPARISON_IMPROVED,  /* significant and larger than the threshold: B takes less */
        COMPARISON_REGRESSED, /* … B takes more */
        _COMPARISON_WORD_MAX,
} ComparisonWord;

/* "improved", "regressed", "change within the noise threshold", "no change detected", "too few pairs to tell" */
const char *comparison_word_to_string(ComparisonWord word);

typedef struct Comparison {
        size_t n;         /* pairs; of stored results: trials of the one that has fewer */
        double change;    /* of B against A */
        double low, high; /* of the change, at least 95 %; only when has_ci */
        bool has_ci;
        double sigma_pair; /* 1.4826·MAD of ln(B/A), a robust standard deviation: what plan_pairs() asks for; NaN for
                            * stored results, which have no pairs */
        double p;          /* two-sided */
        double p_least;    /* the smallest p that so many trials can give */
        double p_adjusted; /* p, after comparison_adjust() for several comparisons: this one decides */
        double threshold;  /* what a change must be larger than to be improved or regressed */
        ComparisonWord word;
} Comparison;

/* Interleaved trials: a[i] and b[i] ran beside each other, as order_make() has it. With d = ln(b/a) the change is
 * exp(median d) − 1 and its interval the order-statistic interval of the median of d (summary_rank()). p is that of
 * the exact sign test, 2·P(Bin(n, ½) ≤ T) where T pairs are not on the side on which most are; a pair of equal
 * energies is on neither, so that many equal pairs do not make a few others significant. noise_floor is what
 * comparison_noise_floor() gave for this host, 0 when it is unknown; the threshold is max(1 %, noise_floor). -ENODATA
 * when n is 0; -EINVAL when an energy is not finite or not above 0 (a net energy may be: compare gross ones) or the
 * noise floor is not finite or negative.
 * Source: Conover, Practical Nonparametric Statistics, 3rd ed., §3.2 and §3.4. */
int comparison_of_pairs(const double *a, const double *b, size_t n, double noise_floor, Comparison *ret);

/* Results that were not interleaved: a drift of the host between them looks like a change, which whoever shows this
 * has to say. The change is exp(median of all ln(b_j/a_i)) − 1 (Hodges and Lehmann), p that of the Mann–Whitney test,
 * and the interval is made of the same n_a·n_b differences. Exact when both have at most 30 trials and no two are
 * equal; else with the normal distribution, corrected for ties and continuity. Errors as above. Source: Mann &
 * Whitney, Ann. Math. Stat. 18 (1947) 50; Hollander, Wolfe & Chicken, Nonparametric Statistical Methods, 3rd ed.,
 * §4.1–4.3. */
int comparison_of_stored(const double *a, size_t n_a, const double *b, size_t n_b, double noise_floor,
                         Comparison *ret);

/* Several comparisons told at once: sets p_adjusted by Holm's procedure, p(i)·(n + 1 − i) of the i-th smallest and no
 * smaller than those before it, so that the chance of one false word among all stays 5 %; and the words by it. The
 * intervals stay those of each comparison alone.
 * Source: Holm, Scand. J. Statist. 6 (1979) 65. */
void comparison_adjust(Comparison *comparisons, size_t n);

typedef enum ComparisonGate {
        COMPARISON_PASSED,
        COMPARISON_ABOVE,  /* B takes more, beyond fail_above */
        COMPARISON_BELOW,  /* B takes less, beyond fail_below */
        COMPARISON_UNTOLD, /* there are too few trials to tell */
} ComparisonGate;

/* Whether to stop at a change. Limits are fractions above 0, 0 for none; a change at the limit passes. Only one that
 * is improved or regressed is stopped at: what is not significant, or within the threshold, is no change, however
 * small the limits. */
ComparisonGate comparison_gate(const Comparison *comparison, double fail_above, double fail_below);

/* The 95th percentile of the change between pairs of one program with itself, exp(|ln(b/a)|) − 1: the smallest of the
 * values that at least 95 % do not exceed (Hyndman & Fan, Am. Stat. 50 (1996) 361, definition 1), with fewer than 20
 * pairs the largest. It is of single pairs: the median of many finds smaller changes, which are called within the
 * threshold. Errors as comparison_of_pairs(). */
int comparison_noise_floor(const double *a, const double *b, size_t n, double *ret);
