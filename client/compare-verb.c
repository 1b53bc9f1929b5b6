/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compare-run.h"
#include "stored.h"
#include "explain.h"
#include "json.h"
#include "render-comparison.h"
#include "render.h"
#include "report-out.h"
#include "say.h"
#include "states.h"
#include "summary.h"

#define RESULTS_MAX 100

typedef struct Compare {
        bool stored;
        CompareRun run;
} Compare;

const Option *compare_options(void) {
        static Option options[COMPARE_RUN_OPTIONS_MAX + 2];
        size_t n = 0;

        options[n++] = (Option){ "stored", 0, NULL, N_("compare what finished jobs took, without running anything"),
                                 OPTION_STORED };
        n = compare_run_options(options, n);
        options[n] = (Option){};
        return options;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Compare *compare = userdata;

        if (id != OPTION_STORED)
                return compare_run_set_option(&compare->run, id, value, ret_problem);
        compare->stored = true;
        return 0;
}

/* ---- reading ---- */

static void free_stored(void *stored) {
        stored_free(stored);
}

static int read_result(const Arguments *arguments, Service **service, const char *operand, GPtrArray *results) {
        g_autofree char *text = NULL, *shown = text_printable(operand, false);
        g_autoptr(Report) report = NULL;
        const char *obstacle;
        Stored *stored;
        int r;

        r = report_operand("compare", arguments, service, operand, &text, &report);
        if (r != 0)
                return r;
        r = stored_parse(text, strlen(text), &stored);
        if (r < 0) /* it has been read once */
                return explain_errno(r, shown, &arguments->style);
        g_ptr_array_add(results, stored);
        obstacle = stored_obstacle(stored);
        if (!obstacle)
                return 0;
        say(stderr, _("joulectl: %s cannot be compared: %s\n"), shown, obstacle);
        return EXIT_USAGE;
}

/* Says what differs. */
static int check_conditions(char *const *operands, const GPtrArray *results) {
        for (unsigned i = 1; i < results->len; i++) {
                g_autoptr(GPtrArray) differences =
                                stored_differences(g_ptr_array_index(results, 0), g_ptr_array_index(results, i));
                g_autofree char *first = text_printable(operands[0], false);
                g_autofree char *other = text_printable(operands[i], false);

                if (differences->len == 0)
                        continue;
                say(stderr, _("joulectl: %s and %s were not measured under the same conditions:\n"), first, other);
                for (unsigned k = 0; k < differences->len; k++) {
                        g_autofree char *line = text_printable(g_ptr_array_index(differences, k), false);

                        say(stderr, "  %s\n", line);
                }
                say(stderr, "%s\n", _("Measure them again on one machine, one after the other."));
                return EXIT_USAGE;
        }
        return 0;
}

/* ---- writing ---- */

static double median_of(const Stored *stored) {
        double median = NAN;

        (void) stats_median(stored->values, stored->n, &median);
        return median;
}

static void append_number(GString *out, const char *name, double value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        g_string_append_printf(out, ",\"%s\":%s", name,
                               isfinite(value) ? g_ascii_formatd(text, sizeof(text), "%.9g", value) : "null");
}

static void append_json(GString *out, const GPtrArray *results, const Comparison *changes) {
        const Stored *first = g_ptr_array_index(results, 0);

        g_string_append_printf(out, "{\"of\":\"%s\",\"interleaved\":false,\"test\":\"Mann–Whitney\",\"results\":[",
                               first->has_energy ? "total_j" : "wall_s");
        for (unsigned i = 0; i < results->len; i++) {
                const Stored *stored = g_ptr_array_index(results, i);
                const Comparison *change = i > 0 ? &changes[i - 1] : NULL;

                g_string_append_printf(out, "%s{\"job\":%u,\"trials\":%zu", i > 0 ? "," : "", stored->report->id,
                                       stored->n);
                append_number(out, "median", median_of(stored));
                append_number(out, "change", change ? change->change : NAN);
                append_number(out, "low", change && change->has_ci ? change->low : NAN);
                append_number(out, "high", change && change->has_ci ? change->high : NAN);
                append_number(out, "p", change ? change->p : NAN);
                append_number(out, "p_adjusted", change ? change->p_adjusted : NAN);
                append_number(out, "threshold", change ? change->threshold : NAN);
                g_string_append(out, ",\"word\":");
                json_append_string(out, change ? comparison_word_to_string(change->word) : NULL);
                g_string_append_c(out, '}');
        }
        g_string_append(out, "]}\n");
}

static ComparedRow row_of(const Stored *stored, const Comparison *change) {
        ComparedRow row = { .number = stored->report->id,
                            .report = stored->report,
                            .trials = stored->n,
                            .value = median_of(stored),
                            .is_first = !change,
                            .low = NAN,
                            .high = NAN };

        if (!change)
                return row;
        row.change = change->change;
        if (change->has_ci) {
                row.low = change->low;
                row.high = change->high;
        }
        if (change->word == COMPARISON_TOO_FEW) /* there are no pairs */
                row.why = _("too few trials to tell");
        else
                row.word = comparison_word_to_string(change->word);
        return row;
}

static void append_text(GString *out, const GPtrArray *results, const Comparison *changes, const Style *style) {
        const Stored *first = g_ptr_array_index(results, 0);
        g_autofree ComparedRow *rows = g_new(ComparedRow, results->len);

        for (unsigned i = 0; i < results->len; i++)
                rows[i] = row_of(g_ptr_array_index(results, i), i > 0 ? &changes[i - 1] : NULL);
        render_compared_rows(out, _("Job"), rows, results->len, first->has_energy, style);
        g_string_append_c(out, '\n');
        text_append_wrapped(out,
                            _("These were measured one after the other, not in turns: what drifted on the machine "
                              "between them looks like a change of the program."),
                            HELP_WIDTH, 0);
        g_string_append_c(out, '\n');
        if (first->report->simulated)
                g_string_append_printf(out, "%s\n", render_evidence("SIMULATED"));
}

/* A failure goes before what is not known beside it. */
static int exit_code(const Comparison *changes, size_t n, const Request *limits) {
        int code = EXIT_DONE;

        for (size_t i = 0; i < n; i++) {
                const ComparisonGate gate = comparison_gate(&changes[i], limits->fail_above, limits->fail_below);

                if (gate == COMPARISON_UNTOLD)
                        code = job_result_exit_code(RESULT_UNSTABLE);
                else if (gate != COMPARISON_PASSED)
                        return EXIT_JOB_FAILED;
        }
        return code;
}

static int compare_stored(const Arguments *arguments, const Compare *compare, char *const *operands) {
        g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(free_stored);
        g_autoptr(Service) service = NULL;
        g_autoptr(GString) out = g_string_new(NULL);
        Comparison changes[RESULTS_MAX];
        int r;

        for (char *const *operand = operands; *operand; operand++) {
                r = read_result(arguments, &service, *operand, results);
                if (r != 0)
                        return r;
        }
        r = check_conditions(operands, results);
        if (r != 0)
                return r;
        r = stored_compare((const Stored *const *) results->pdata, results->len, changes);
        if (r < 0)
                return explain_errno(r, "compare", &arguments->style);
        if (arguments->json)
                append_json(out, results, changes);
        else
                append_text(out, results, changes, &arguments->style);
        report_put(arguments, out);
        return exit_code(changes, results->len - 1, compare->run.request);
}

static int run(Compare *compare, Arguments *arguments, char **operands) {
        const unsigned n = g_strv_length(operands);

        if (!compare->stored)
                return compare_run(&compare->run, arguments, operands);
        if (compare_run_is_asked(&compare->run))
                return usage_error("compare", _("--stored runs nothing: beside it, only --fail-above and --fail-below "
                                                "mean something"));
        if (n < 2)
                return usage_error("compare",
                                   _("give two jobs or more, each by its number or the file of its report"));
        if (n > RESULTS_MAX)
                return usage_error("compare", _("give at most %d jobs"), RESULTS_MAX);
        return compare_stored(arguments, compare, operands);
}

int verb_compare(Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        Compare compare = {};
        int r;

        compare_run_init(&compare.run);
        r = verb_parse("compare", arguments, compare_options(), set_option, &compare, args, &operands);
        if (r == 0)
                r = run(&compare, arguments, operands);
        compare_run_done(&compare.run);
        return r;
}
