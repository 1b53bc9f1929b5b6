/* SPDX-License-Identifier: MIT */
#include "package-judge.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "package-glob.h"

static char *words(unsigned bits) {
        static const struct {
                unsigned bits;
                const char *word;
        } table[] = {
                { VERDICT_BIT_AC, "AC" },        { VERDICT_BIT_WA, "WA" },   { VERDICT_BITS_SLOW, "TLE" },
                { VERDICT_BITS_CRASHED, "RTE" }, { VERDICT_BIT_TLE, "TLE" }, { VERDICT_BIT_WTL, "WTL" },
                { VERDICT_BIT_MLE, "MLE" },      { VERDICT_BIT_OLE, "OLE" }, { VERDICT_BIT_RTE, "RTE" },
                { VERDICT_BIT_SV, "SV" },        { VERDICT_BIT_XF, "XF" },   { VERDICT_BIT_CE, "CE" },
        };
        GString *out = g_string_new(NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
                if ((bits & table[i].bits) == table[i].bits) {
                        g_string_append_printf(out, "%s%s", out->len ? "|" : "", table[i].word);
                        bits &= ~table[i].bits;
                }
        return g_string_free(out, FALSE);
}

char *expectation_text(const Submission *submission) {
        g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        GString *out = g_string_new(NULL);

        for (unsigned i = 0; i < submission->rules->len; i++) {
                const ProblemRule *rule = &g_array_index(submission->rules, ProblemRule, i);
                g_autofree char *text = words(rule->required ?: rule->permitted);
                char *whole = rule->tests ? g_strdup_printf("%s: %s", rule->tests, text) : g_strdup(text);

                /* what its directory says, submissions.yaml may say again */
                if (g_hash_table_add(said, whole))
                        g_string_append_printf(out, "%s%s", out->len ? ", " : "", whole);
        }
        if (out->len == 0)
                g_string_append(out, _("any"));
        return g_string_free(out, FALSE);
}

bool submission_bounds_below(const Submission *submission) {
        for (unsigned i = 0; i < submission->rules->len; i++)
                if (g_array_index(submission->rules, ProblemRule, i).lower)
                        return true;
        return false;
}

bool submission_bounds_above(const Submission *submission) {
        for (unsigned i = 0; i < submission->rules->len; i++)
                if (g_array_index(submission->rules, ProblemRule, i).upper)
                        return true;
        return false;
}

static bool concerns(const ProblemRule *rule, const TestResult *test) {
        return !rule->tests || (test->name && glob_covers(rule->tests, test->name));
}

static unsigned bits_of(const TestResult *test, uint64_t limit_usec) {
        unsigned bit = verdict_bit(test->verdict);

        if (limit_usec > 0 && test->cpu_usec != UINT64_MAX && test->cpu_usec > limit_usec &&
            bit & (VERDICT_BIT_AC | VERDICT_BIT_WA))
                return VERDICT_BIT_TLE;
        return bit;
}

/* Nothing but the validator can end in IE between a compiler and the first test. */
static bool validator_not_compiled(const GPtrArray *runs) {
        for (unsigned i = 0; i < runs->len; i++) {
                const Validation *run = g_ptr_array_index(runs, i);

                if (run->n_tests == 0 && run->compiler_end && verdict_bit(run->verdict) == VERDICT_BIT_IE)
                        return true;
        }
        return false;
}

/* The verdicts of the tests a rule is about. A program that was not even run has its job's verdict. */
static unsigned seen_by(const ProblemRule *rule, const GPtrArray *runs, uint64_t limit_usec) {
        unsigned seen = 0;

        for (unsigned i = 0; i < runs->len; i++) {
                const Validation *run = g_ptr_array_index(runs, i);

                if (run->n_tests == 0)
                        seen |= verdict_bit(run->verdict);
                for (size_t j = 0; j < run->n_tests; j++)
                        if (concerns(rule, &run->tests[j]))
                                seen |= bits_of(&run->tests[j], limit_usec);
        }
        return seen & ~(unsigned) VERDICT_BIT_SKIPPED;
}

static void count(Outcome *outcome, const Validation *run, uint64_t limit_usec) {
        if (run->n_tests == 0 && run->verdict && (!outcome->verdict || strcmp(outcome->verdict, "AC") == 0))
                outcome->verdict = run->verdict;
        for (size_t i = 0; i < run->n_tests; i++) {
                const TestResult *test = &run->tests[i];
                unsigned bit = bits_of(test, limit_usec);
                const char *verdict = bit == VERDICT_BIT_TLE ? "TLE" : test->verdict;

                outcome->total++;
                outcome->passed += bit == VERDICT_BIT_AC;
                if (verdict && (!outcome->verdict || strcmp(outcome->verdict, "AC") == 0))
                        outcome->verdict = verdict;
                if (test->cpu_usec != UINT64_MAX && (!outcome->slowest || test->cpu_usec > outcome->slowest_usec)) {
                        outcome->slowest = test->name;
                        outcome->slowest_usec = test->cpu_usec;
                }
        }
}

static char *rule_broken(const ProblemRule *rule, const GPtrArray *runs, uint64_t limit_usec) {
        unsigned seen = seen_by(rule, runs, limit_usec);
        g_autofree char *wrong = words(seen & ~rule->permitted), *required = words(rule->required);

        if (rule->permitted && seen & ~rule->permitted)
                return g_strdup_printf(_("%s is not permitted"), *wrong ? wrong : "IE");
        if (rule->required && !(seen & rule->required))
                return g_strdup_printf(_("no test got %s"), required);
        return NULL;
}

/* Margins are about the time limit, not about the verdict: a note, no failure. */
static char *margin_note(const Problem *problem, const Submission *submission, const GPtrArray *runs,
                         uint64_t limit_usec) {
        uint64_t slowest = outcome_lower_bound(problem, submission, runs);
        unsigned seen = 0;

        if (limit_usec == 0)
                return NULL;
        if ((double) slowest * problem->ac_to_limit > (double) limit_usec)
                return g_strdup_printf(_("the limit is %.2f times its time; the package asks for %g"),
                                       (double) limit_usec / (double) slowest, problem->ac_to_limit);
        if (!submission_bounds_above(submission))
                return NULL;
        for (unsigned i = 0; i < submission->rules->len; i++)
                seen |= seen_by(&g_array_index(submission->rules, ProblemRule, i), runs, 0);
        if (seen & VERDICT_BITS_SLOW)
                return NULL;
        return g_strdup_printf(_("with %g times the limit it is not too slow any more"), problem->limit_to_tle);
}

void outcome_judge(Outcome *outcome, const Problem *problem, const Submission *submission, const GPtrArray *runs,
                   uint64_t limit_usec) {
        const ProblemRule all = {};

        for (unsigned i = 0; i < runs->len; i++)
                count(outcome, g_ptr_array_index(runs, i), limit_usec);
        outcome->seen = seen_by(&all, runs, limit_usec);
        if (!outcome->verdict || outcome->seen == 0) {
                outcome->why = g_strdup(_("it was not run"));
                return;
        }
        if (validator_not_compiled(runs))
                outcome->why = g_strdup(_("the validator does not compile"));
        else if (outcome->seen & VERDICT_BIT_IE)
                outcome->why = g_strdup(_("the service could not judge it"));
        for (unsigned i = 0; !outcome->why && i < submission->rules->len; i++)
                outcome->why = rule_broken(&g_array_index(submission->rules, ProblemRule, i), runs, limit_usec);
        outcome->as_expected = !outcome->why;
        if (outcome->as_expected)
                outcome->note = margin_note(problem, submission, runs, limit_usec);
}

uint64_t outcome_lower_bound(const Problem *problem, const Submission *submission, const GPtrArray *runs) {
        uint64_t slowest = 0;

        for (unsigned i = 0; i < submission->rules->len; i++) {
                const ProblemRule *rule = &g_array_index(submission->rules, ProblemRule, i);

                for (unsigned j = 0; rule->lower && j < runs->len; j++) {
                        const Validation *run = g_ptr_array_index(runs, j);

                        for (size_t k = 0; k < run->n_tests; k++)
                                if (concerns(rule, &run->tests[k]) && run->tests[k].cpu_usec != UINT64_MAX)
                                        slowest = MAX(slowest, run->tests[k].cpu_usec);
                }
        }
        return slowest;
}

uint64_t time_limit_for(const Problem *problem, uint64_t slowest_usec) {
        double wanted = (double) slowest_usec * problem->ac_to_limit,
               resolution = (double) problem->time_resolution_usec;

        return MAX((uint64_t) ceil(wanted / resolution), 1) * problem->time_resolution_usec;
}

void outcome_clear(Outcome *outcome) {
        g_clear_pointer(&outcome->why, g_free);
        g_clear_pointer(&outcome->note, g_free);
}
