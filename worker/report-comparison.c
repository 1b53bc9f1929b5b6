/* SPDX-License-Identifier: MIT */

/* The report's comparison{}: what each candidate took, and whether that is another energy than the first one's. */

#include "report-internal.h"

/* Candidates count from 1, as in messages and in the manual. */
static void write_order(Body *body, const CompareRecord *compare) {
        const size_t n = compare->candidates->len, rounds = compare_rounds(compare);

        body_open_array(body, "order");
        for (size_t round = 0; round < rounds; round++) {
                json_builder_begin_array(body->builder);
                for (size_t i = 0; i < n; i++)
                        body_int(body, NULL, compare->order[round * n + i] + 1U);
                body_close_array(body);
        }
        body_close_array(body);
}

static void write_interval(Body *body, const Comparison *comparison, size_t i) {
        g_autofree char *path = g_strdup_printf("comparison.changes[%zu].ci95", i);

        if (!comparison->has_ci) {
                body_absent(body, "ci95", path, "fewer than 6 pairs have no 95 % interval");
                return;
        }
        body_open_array(body, "ci95");
        json_builder_add_double_value(body->builder, comparison->low);
        json_builder_add_double_value(body->builder, comparison->high);
        body_close_array(body);
}

static void write_comparison(Body *body, const Comparison *comparison, size_t i) {
        body_int(body, "pairs", comparison->n);
        body_double(body, "change", comparison->change);
        write_interval(body, comparison, i);
        body_double(body, "sigma_pair", comparison->sigma_pair);
        body_double(body, "p", comparison->p);
        body_double(body, "p_adjusted", comparison->p_adjusted);
        body_string(body, "word", comparison_word_to_string(comparison->word));
}

static void write_no_comparison(Body *body, int error, size_t i) {
        static const char *const members[] = { "change", "ci95", "sigma_pair", "p", "p_adjusted", "word" };
        const char *reason = error == -ENODATA ? "no pair of trials is valid"
                                               : "an energy is 0 at the resolution it may be told with";

        body_int(body, "pairs", 0);
        for (size_t k = 0; k < G_N_ELEMENTS(members); k++) {
                g_autofree char *path = g_strdup_printf("comparison.changes[%zu].%s", i, members[k]);

                body_absent(body, members[k], path, reason);
        }
}

static void write_changes(Body *body, const CompareSummary *summary) {
        body_open_array(body, "changes");
        for (size_t i = 0; i < summary->n; i++) {
                const Change *change = &summary->changes[i];

                body_open(body, NULL);
                body_int(body, "candidate", i + 2);
                body_int(body, "against", 1);
                if (change->error < 0)
                        write_no_comparison(body, change->error, i);
                else
                        write_comparison(body, &change->comparison, i);
                body_close(body);
        }
        body_close_array(body);
}

static void write_candidates(const Body *body, const CompareRecord *compare) {
        Body all = *body;

        body_open_array(&all, "candidates");
        for (guint i = 0; i < compare->candidates->len; i++) {
                g_autofree char *prefix = g_strdup_printf("comparison.candidates[%u].", i);
                Body one = *body;

                one.record = g_ptr_array_index(compare->candidates, i);
                one.prefix = prefix;
                body_open(&one, NULL);
                body_program(&one);
                body_request(&one);
                body_validation(&one);
                body_measurement(&one);
                body_filter(&one);
                body_languages(&one);
                body_close(&one);
        }
        body_close_array(&all);
}

void body_comparison(Body *body, const CompareRecord *compare) {
        CompareSummary summary;

        compare_summarise(compare, body->step_uj, &summary);
        body_open(body, "comparison");
        body_string(body, "of", summary.has_energy ? "total_j" : "wall_s");
        body_int(body, "seed", compare->request->seed);
        write_order(body, compare);
        body_double(body, "threshold", MAX(COMPARE_THRESHOLD_MIN, compare->noise_floor));
        if (compare->noise_floor > 0)
                body_double(body, "noise_floor", compare->noise_floor);
        else
                body_absent(body, "noise_floor", "comparison.noise_floor", body->record->context->noise_floor_absent);
        body_string(body, "test", "sign test");
        if (summary.n > 1)
                body_string(body, "adjustment", "Holm");
        else
                body_absent(body, "adjustment", "comparison.adjustment", "one change needs none");
        write_changes(body, &summary);
        write_candidates(body, compare);
        body_close(body);
}
