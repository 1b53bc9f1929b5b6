/* SPDX-License-Identifier: MIT */
#include "comparing.h"

#include "dbus/names.h"
#include "evaluate.h"
#include "order.h"

static void free_job_record(void *record) {
        job_record_free(record);
}

static size_t reruns_of(const Request *request) {
        return (request->trials + 1) / 2;
}

/* A round may have to be made again, half of them in all, and the first ones may be there to find out how long windows
 * have to be; each candidate may find out once more. */
static size_t rounds_of(const Request *request) {
        return request->trials + reruns_of(request) + PLANNING_TRIALS * (1 + request_n_programs(request));
}

CompareRecord *compare_record_new(const Request *request, const JobContext *context) {
        CompareRecord *record = g_new0(CompareRecord, 1);
        const size_t n = request->candidates->len;

        record->request = request;
        record->candidates = g_ptr_array_new_with_free_func(free_job_record);
        for (size_t i = 0; i < n; i++)
                g_ptr_array_add(record->candidates,
                                job_record_new(g_ptr_array_index(request->candidates, i), context));
        record->rounds = rounds_of(request);
        record->order = g_new0(uint32_t, record->rounds * n);
        (void) order_make(request->seed, n, record->rounds, record->order); /* fails with one candidate only */
        record->noise_floor = context->noise_floor;
        record->result = RESULT_INFRASTRUCTURE;
        return record;
}

CompareRecord *compare_record_free(CompareRecord *record) {
        if (!record)
                return NULL;
        g_ptr_array_unref(record->candidates);
        g_free(record->order);
        g_free(record->error);
        g_free(record->message);
        g_free(record);
        return NULL;
}

static const JobRecord *candidate_at(const CompareRecord *record, size_t i) {
        return g_ptr_array_index(record->candidates, i);
}

size_t compare_rounds(const CompareRecord *record) {
        size_t rounds = 0;

        for (size_t i = 0; i < record->candidates->len; i++)
                rounds = MAX(rounds, candidate_at(record, i)->trials->len);
        return MIN(rounds, record->rounds);
}

RoundCount compare_count_rounds(const CompareRecord *record) {
        RoundCount count = {};
        guint whole = G_MAXUINT;

        for (size_t i = 0; i < record->candidates->len; i++)
                whole = MIN(whole, candidate_at(record, i)->trials->len);
        for (guint round = 0; round < whole; round++) {
                bool valid = true, planning = false;

                for (size_t i = 0; i < record->candidates->len; i++) {
                        const TrialRecord *trial = g_ptr_array_index(candidate_at(record, i)->trials, round);

                        valid = valid && trial->valid;
                        planning = planning || trial->planning;
                }
                count.valid += valid;
                count.invalid += !valid && !planning;
        }
        return count;
}

bool compare_may_rerun(const CompareRecord *record) {
        return compare_count_rounds(record).invalid <= reruns_of(record->request);
}

static bool any_has_energy(const CompareRecord *record) {
        for (size_t i = 0; i < record->candidates->len; i++)
                if (!candidate_at(record, i)->meter_absent)
                        return true;
        return false;
}

/* False when the trial is no half of a pair. */
static bool value_of(const TrialRecord *trial, bool energy, uint64_t step_uj, double *ret) {
        Once once;

        if (!trial->valid || (energy && trial->energy_absent))
                return false;
        trial_once(trial, step_uj, &once);
        *ret = energy ? once.total_j : once.wall_s;
        return true;
}

static Change compare_two(const JobRecord *first, const JobRecord *other, bool energy, uint64_t step_uj,
                          double noise_floor) {
        const size_t rounds = MIN(first->trials->len, other->trials->len);
        g_autofree double *a = g_new(double, rounds + 1), *b = g_new(double, rounds + 1);
        Change change = {};
        size_t n = 0;

        for (guint i = 0; i < rounds; i++)
                if (value_of(g_ptr_array_index(first->trials, i), energy, step_uj, &a[n]) &&
                    value_of(g_ptr_array_index(other->trials, i), energy, step_uj, &b[n]))
                        n++;
        change.error = comparison_of_pairs(a, b, n, noise_floor, &change.comparison);
        return change;
}

/* Holm's family are the changes that there are. */
static void adjust(CompareSummary *summary) {
        Comparison known[G_N_ELEMENTS(summary->changes)];
        size_t n = 0;

        for (size_t i = 0; i < summary->n; i++)
                if (summary->changes[i].error == 0)
                        known[n++] = summary->changes[i].comparison;
        if (n > 0)
                comparison_adjust(known, n);
        for (size_t i = summary->n; i > 0; i--)
                if (summary->changes[i - 1].error == 0)
                        summary->changes[i - 1].comparison = known[--n];
}

void compare_summarise(const CompareRecord *record, uint64_t step_uj, CompareSummary *ret) {
        CompareSummary summary = { .has_energy = any_has_energy(record), .n = record->candidates->len - 1 };

        for (size_t i = 0; i < summary.n; i++)
                summary.changes[i] = compare_two(candidate_at(record, 0), candidate_at(record, i + 1),
                                                 summary.has_energy, step_uj, record->noise_floor);
        adjust(&summary);
        *ret = summary;
}

static ComparisonGate gate_of(const Change *change, double fail_above, double fail_below) {
        return change->error < 0 ? COMPARISON_UNTOLD : comparison_gate(&change->comparison, fail_above, fail_below);
}

ComparisonGate compare_gate(const CompareSummary *summary, double fail_above, double fail_below, size_t *ret) {
        ComparisonGate found = COMPARISON_PASSED;

        for (size_t i = 0; i < summary->n; i++) {
                const ComparisonGate gate = gate_of(&summary->changes[i], fail_above, fail_below);

                if (gate == COMPARISON_PASSED || (gate == COMPARISON_UNTOLD && found == COMPARISON_UNTOLD))
                        continue;
                *ret = i;
                found = gate;
                if (gate != COMPARISON_UNTOLD)
                        break;
        }
        return found;
}

static char *name_of(const CompareRecord *record, size_t i) {
        const char *const id = candidate_at(record, i)->request->candidate_id;
        g_autofree char *valid = id ? g_utf8_make_valid(id, -1) : NULL;

        return valid ? g_strdup_printf("candidate %zu (%s)", i + 1, valid) : g_strdup_printf("candidate %zu", i + 1);
}

void compare_record_set_end(CompareRecord *record, JobResult result, const char *error, const char *message) {
        record->result = result;
        g_free(record->error);
        record->error = g_strdup(error);
        g_free(record->message);
        record->message = g_strdup(message);
}

void compare_record_end_by(CompareRecord *record, size_t i) {
        const JobRecord *candidate = candidate_at(record, i);
        g_autofree char *name = name_of(record, i), *message = NULL;

        message = g_strdup_printf("%s: %s", name, candidate->message ?: verdict_to_string(candidate->verdict));
        compare_record_set_end(record, candidate->result, candidate->error, message);
}

/* The last trial that is not valid, in the order they were made in; NULL: each is. */
static const TrialRecord *last_invalid(const CompareRecord *record, size_t *ret) {
        const size_t n = record->candidates->len;

        for (size_t at = compare_rounds(record) * n; at > 0; at--) {
                const size_t i = record->order[at - 1], round = (at - 1) / n;
                const GPtrArray *trials = candidate_at(record, i)->trials;
                const TrialRecord *trial = round < trials->len ? g_ptr_array_index(trials, round) : NULL;

                if (!trial || trial->valid)
                        continue;
                *ret = i;
                return trial;
        }
        return NULL;
}

void compare_record_end_unsteady(CompareRecord *record) {
        const RoundCount count = compare_count_rounds(record);
        size_t i = 0;
        const TrialRecord *last = last_invalid(record, &i);
        g_autofree char *name = name_of(record, i), *message = NULL;

        message = g_strdup_printf("%zu of %u rounds are valid after %zu reruns; the last trial that is not: %s: %s",
                                  count.valid, record->request->trials, count.invalid - 1, name,
                                  last ? last->invalid ?: last->energy_absent ?: "no reason known" : "none");
        compare_record_set_end(record, RESULT_UNSTABLE, NULL, message);
}

char *compare_describe(const CompareRecord *record, const CompareSummary *summary, size_t i) {
        const Comparison *comparison = &summary->changes[i].comparison;
        g_autofree char *name = name_of(record, i + 1), *interval = NULL;

        if (summary->changes[i].error == -ENODATA)
                return g_strdup_printf("%s: no pair of trials is valid", name);
        if (summary->changes[i].error < 0)
                return g_strdup_printf("%s: an energy is 0 at the resolution it may be told with", name);
        if (comparison->has_ci)
                interval = g_strdup_printf("95 %% interval %+.1f %% to %+.1f %%, ", comparison->low * 100,
                                           comparison->high * 100);
        return g_strdup_printf("%s: %s, %+.1f %% (%s%zu pairs)", name, comparison_word_to_string(comparison->word),
                               comparison->change * 100, interval ?: "", comparison->n);
}

static char *describe_all(const CompareRecord *record, const CompareSummary *summary) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (size_t i = 0; i < summary->n; i++) {
                g_autofree char *one = compare_describe(record, summary, i);

                g_string_append_printf(text, "%s%s", i > 0 ? "; " : "", one);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
}

void compare_record_judge(CompareRecord *record, uint64_t step_uj) {
        const Request *request = record->request;
        g_autofree char *what = NULL, *message = NULL;
        CompareSummary summary;
        ComparisonGate gate;
        size_t decisive = 0;

        compare_summarise(record, step_uj, &summary);
        gate = compare_gate(&summary, request->fail_above, request->fail_below, &decisive);
        if (gate == COMPARISON_PASSED || gate == COMPARISON_UNTOLD) {
                message = describe_all(record, &summary);
                compare_record_set_end(record, gate == COMPARISON_PASSED ? RESULT_DONE : RESULT_UNSTABLE, NULL,
                                       message);
                return;
        }
        what = compare_describe(record, &summary, decisive);
        message = gate == COMPARISON_ABOVE ? g_strdup_printf("%s; more than fail-above, %g %%, allows", what,
                                                             request->fail_above * 100)
                                           : g_strdup_printf("%s; less than fail-below, %g %%, allows", what,
                                                             request->fail_below * 100);
        compare_record_set_end(record, RESULT_FAILED, JT_ERROR_CHANGE_LIMIT, message);
}
