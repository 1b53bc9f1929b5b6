/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include <glib.h>

#include "compare.h"
#include "order.h"
#include "plan.h"
#include "simulated.h"
#include "summary.h"

/* Whole jobs with noise and drift from a fixed seed: what the comparison says of programs whose change is known. */

#define CANDIDATES_MAX 4
#define ROUNDS_MAX 32
#define SIGMA_PAIR 0.015

typedef double (*Noise)(Prng *prng);

typedef struct Job {
        size_t candidates, rounds;
        double energies[CANDIDATES_MAX][ROUNDS_MAX]; /* by candidate and round */
} Job;

/* Candidate c takes 20·change[c] J, more by `drift` from the first run to the last, with noise of relative size sigma.
 */
static void run(Job *job, uint64_t seed, const double *change, double drift, double sigma, Noise noise, Prng *prng) {
        uint32_t order[CANDIDATES_MAX * ROUNDS_MAX];
        const size_t runs = job->candidates * job->rounds;

        g_assert_cmpint(order_make(seed, job->candidates, job->rounds, order), ==, 0);
        for (size_t i = 0; i < runs; i++)
                job->energies[order[i]][i / job->candidates] = 20 * (1 + change[order[i]]) *
                                                               (1 + drift * (double) i / (double) (runs - 1)) *
                                                               exp(sigma * noise(prng));
}

static Comparison compare(const Job *job, size_t candidate) {
        Comparison comparison;

        g_assert_cmpint(comparison_of_pairs(job->energies[0], job->energies[candidate], job->rounds, 0, &comparison),
                        ==, 0);
        return comparison;
}

/* 1,000 jobs of a program with itself while the host drifts by 2 %. Without noise beside it the drift decides every
 * pair, so that only the order of the runs keeps it from being significant. */
static void test_same_under_drift(void) {
        static const double sigmas[] = { SIGMA_PAIR / M_SQRT2, 0.001, 0.00001 };
        static const size_t rounds[] = { 17, 20 };
        static const Noise noises[] = { simulated_gauss, simulated_skewed };
        static const double none[2] = {};
        Prng prng = { .state = 4 };

        for (size_t i = 0; i < 12; i++) {
                Job job = { .candidates = 2, .rounds = rounds[i / 6] };
                size_t named = 0, significant = 0;

                for (uint64_t seed = 0; seed < 1000; seed++) {
                        Comparison comparison;

                        run(&job, seed, none, 0.02, sigmas[i % 3], noises[i / 3 % 2], &prng);
                        comparison = compare(&job, 1);
                        named += comparison.word == COMPARISON_IMPROVED || comparison.word == COMPARISON_REGRESSED;
                        significant += comparison.p <= 0.05;
                }
                g_assert_cmpuint(named, <=, 50);
                g_assert_cmpuint(significant, <=, 70); /* 50 and three standard deviations of the simulation */
        }
}

/* A true 3 %, either way, in 200 jobs of 17 pairs with a noise of 1.5 % a pair and the same drift. */
static void test_true_change(void) {
        static const struct {
                double change;
                ComparisonWord word, wrong;
        } cases[] = {
                { 0.03, COMPARISON_REGRESSED, COMPARISON_IMPROVED },
                { -0.03, COMPARISON_IMPROVED, COMPARISON_REGRESSED },
        };
        Prng prng = { .state = 5 };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const double change[2] = { 0, cases[i].change };
                Job job = { .candidates = 2, .rounds = 17 };
                size_t right = 0, wrong = 0;

                for (uint64_t seed = 0; seed < 200; seed++) {
                        Comparison comparison;

                        run(&job, seed, change, 0.02, SIGMA_PAIR / M_SQRT2, simulated_gauss, &prng);
                        comparison = compare(&job, 1);
                        right += comparison.word == cases[i].word;
                        wrong += comparison.word == cases[i].wrong;
                }
                g_assert_cmpuint(right, >=, 160);
                g_assert_cmpuint(wrong, ==, 0);
        }
}

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

/* 2,000 jobs of skewed noise for each number of pairs whose order-statistic interval has a coverage of 95.9 to 96.1 %,
 * by its tabulated ranks. The interval covers the true change in 95 of 100 and is not wider than the table's, nor
 * narrower. */
static void test_coverage(void) {
        static const struct { size_t n, low, high; } ranks[] = { { 9, 2, 8 }, { 12, 3, 10 }, { 20, 6, 15 } };
        const double change = 0.03;
        Prng prng = { .state = 6 };

        for (size_t i = 0; i < G_N_ELEMENTS(ranks); i++) {
                size_t covered = 0, covered_trials = 0;
                double width = 0, width_exact = 0;

                for (size_t job = 0; job < 2000; job++) {
                        double a[ROUNDS_MAX], b[ROUNDS_MAX], ratios[ROUNDS_MAX];
                        Comparison comparison;
                        Summary summary;

                        for (size_t j = 0; j < ranks[i].n; j++) {
                                a[j] = 20;
                                b[j] = 20 * (1 + change) * exp(SIGMA_PAIR * simulated_skewed(&prng));
                                ratios[j] = b[j] / a[j];
                        }
                        g_assert_cmpint(comparison_of_pairs(a, b, ranks[i].n, 0, &comparison), ==, 0);
                        covered += comparison.low <= change && change <= comparison.high;
                        width += comparison.high - comparison.low;
                        qsort(ratios, ranks[i].n, sizeof(double), compare_doubles);
                        width_exact += ratios[ranks[i].high - 1] - ratios[ranks[i].low - 1];

                        g_assert_cmpint(summary_compute(b, ranks[i].n, &summary), ==, 0);
                        covered_trials += summary.ci_low <= 20 * (1 + change) && 20 * (1 + change) <= summary.ci_high;
                }
                g_assert_cmpuint(covered, >=, 1900);
                g_assert_cmpuint(covered_trials, >=, 1900);
                g_assert_cmpfloat(width / width_exact, <=, 1.05);
                g_assert_cmpfloat(width / width_exact, >=, 0.999999);
        }
}

/* 1,000 jobs of four equal programs, drifting: one of the three words is wrong in at most 5 of 100. Without Holm it
 * would be in more than twice as many. */
static void test_several(void) {
        static const double none[CANDIDATES_MAX] = {};
        Prng prng = { .state = 7 };
        Job job = { .candidates = 4, .rounds = 20 };
        size_t wrong = 0, wrong_alone = 0;

        for (uint64_t seed = 0; seed < 1000; seed++) {
                Comparison comparisons[3];
                bool adjusted = false, alone = false;

                run(&job, seed, none, 0.02, SIGMA_PAIR / M_SQRT2, simulated_gauss, &prng);
                for (size_t i = 0; i < 3; i++)
                        comparisons[i] = compare(&job, i + 1);
                comparison_adjust(comparisons, 3);
                for (size_t i = 0; i < 3; i++) {
                        adjusted |= comparisons[i].p_adjusted <= 0.05;
                        alone |= comparisons[i].p <= 0.05;
                }
                wrong += adjusted;
                wrong_alone += alone;
        }
        g_assert_cmpuint(wrong, <=, 50);
        g_assert_cmpuint(wrong_alone, >=, 2 * wrong);
}

/* As many pairs as plan_pairs() says find the change as often as plan_power() says. */
static void test_planned(void) {
        static const struct {
                double effect, sigma, threshold; /* 0: to be significant is all that is asked for */
        } cases[] = { { 0.01, 0.01, 0 },
                      { -0.02, 0.015, 0 },
                      { 0.03, SIGMA_PAIR, 0 },
                      { 0.012, 0.01, COMPARE_THRESHOLD_MIN },
                      { -0.015, 0.01, COMPARE_THRESHOLD_MIN },
                      { 0.02, 0.02, COMPARE_THRESHOLD_MIN } };
        Prng prng = { .state = 8 };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                const double change[2] = { 0, cases[i].effect };
                size_t n, found = 0;
                double power;
                Job job = { .candidates = 2 };

                g_assert_cmpint(plan_pairs(cases[i].effect, cases[i].sigma, cases[i].threshold, &n), ==, 0);
                g_assert_cmpuint(n, <=, ROUNDS_MAX);
                g_assert_cmpint(plan_power(cases[i].effect, cases[i].sigma, cases[i].threshold, n, &power), ==, 0);
                g_assert_cmpfloat(power, >=, 0.8);
                job.rounds = n;
                for (uint64_t seed = 0; seed < 2000; seed++) {
                        Comparison comparison;

                        run(&job, seed, change, 0, cases[i].sigma / M_SQRT2, simulated_gauss, &prng);
                        comparison = compare(&job, 1);
                        if (cases[i].threshold > 0)
                                found += comparison.word ==
                                         (cases[i].effect > 0 ? COMPARISON_REGRESSED : COMPARISON_IMPROVED);
                        else
                                found += comparison.p <= 0.05 && (comparison.change > 0) == (cases[i].effect > 0);
                }
                g_assert_cmpfloat_with_epsilon((double) found / 2000, power, 0.027); /* three standard deviations */
        }
}

/* Different programs' results of one host: Mann–Whitney's word is wrong in at most 5 of 100 of 1,000 for equal
 * programs, and names a change of two standard deviations. */
static void test_stored(void) {
        Prng prng = { .state = 9 };
        size_t significant = 0, right = 0;

        for (size_t job = 0; job < 1000; job++) {
                double a[9], b[12], c[12];
                Comparison comparison;

                for (size_t i = 0; i < 9; i++)
                        a[i] = 20 * exp(SIGMA_PAIR * simulated_skewed(&prng));
                for (size_t i = 0; i < 12; i++) {
                        b[i] = 20 * exp(SIGMA_PAIR * simulated_skewed(&prng));
                        c[i] = b[i] * 1.03;
                }
                g_assert_cmpint(comparison_of_stored(a, 9, b, 12, 0, &comparison), ==, 0);
                significant += comparison.p <= 0.05;
                g_assert_cmpint(comparison_of_stored(a, 9, c, 12, 0, &comparison), ==, 0);
                right += comparison.word == COMPARISON_REGRESSED;
        }
        g_assert_cmpuint(significant, <=, 65); /* 45, the level of 9 and 12, and three standard deviations */
        g_assert_cmpuint(right, >=, 900);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/compare-simulated/same-under-drift", test_same_under_drift);
        g_test_add_func("/compare-simulated/true-change", test_true_change);
        g_test_add_func("/compare-simulated/coverage", test_coverage);
        g_test_add_func("/compare-simulated/several", test_several);
        g_test_add_func("/compare-simulated/planned", test_planned);
        g_test_add_func("/compare-simulated/stored", test_stored);
        return g_test_run();
}
