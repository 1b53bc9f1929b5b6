/* SPDX-License-Identifier: MIT */
#include "account.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "json-read.h"
#include "render-comparison.h"
#include "render.h"
#include "units.h"

#define TEXT_WIDTH 76

/* What there is to tell it from, and where it goes. */
typedef struct Account {
        GString *out;
        const Report *report;
        JsonObject *measurement, *absent;
        const char *prefix; /* of its paths in absent */
        const Style *style;
} Account;

static void say_line(const Account *account, const char *text) {
        g_autofree char *shown = text_printable(text, false);

        g_string_append(account->out, account->style->ascii ? "  - " : "  · ");
        text_append_wrapped(account->out, shown, TEXT_WIDTH, 4);
        g_string_append_c(account->out, '\n');
}

static void tell(const Account *account, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void tell(const Account *account, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list arguments;

        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        say_line(account, text);
}

/* Why the report has not got it, in the service's words; NULL: it does not say. */
static const char *why_absent(const Account *account, const char *path) {
        g_autofree char *whole = g_strconcat(account->prefix, path, NULL);

        return json_string(account->absent, whole);
}

/* A modelled one says so. */
static char *energy(const Account *account, double j) {
        const Scale scale = scale_energy(fabs(j), account->report->precision_j, account->style->ascii);
        g_autofree char *text = scale_format(&scale, j);

        return account->report->simulated ? g_strdup_printf("%s %s", text, _("(modelled)")) : g_steal_pointer(&text);
}

static char *duration(const Account *account, double s) {
        const Scale scale = scale_time(s, account->style->ascii);

        return scale_format(&scale, s);
}

static char *power(const Account *account, double w) {
        const Scale scale = scale_power(w, account->style->ascii);

        return scale_format(&scale, w);
}

/* ---- where it comes from ---- */

static void tell_windows(const Account *account) {
        const Report *report = account->report;
        const size_t valid = report->n_trials - report->n_invalid;
        g_autofree char *least =
                        duration(account, json_double(json_object(account->measurement, "window"), "min_ns") / 1e9);
        const char *total = json_string(json_object(account->measurement, "meter"), "total");

        tell(account,
             ngettext("The figures are medians of %zu trial that counts, each a window of %s or more.",
                      "The figures are medians of %zu trials that count, each a window of %s or more.", valid),
             valid, least);
        if (report->n_per_test == 0 && report->iterations > 1)
                tell(account,
                     _("A window held %u runs, so that it lasts long enough for the counters; figures are of one "
                       "run."),
                     (unsigned) report->iterations);
        if (report->simulated)
                tell(account, _("No counter was read: joules are CPU time times a configured power."));
        else if (total)
                tell(account, _("Energy is what the counters %s moved by between the readings around a window."),
                     total);
}

static void count_aligned(const Account *account, unsigned *ret_aligned, unsigned *ret_n) {
        JsonArray *trials = json_array(account->measurement, "trials");

        *ret_aligned = *ret_n = 0;
        for (unsigned i = 0; trials && i < json_array_get_length(trials); i++) {
                JsonArray *windows = json_array(json_element(trials, i), "windows");

                for (unsigned k = 0; windows && k < json_array_get_length(windows); k++) {
                        *ret_aligned += json_true(json_element(windows, k), "aligned");
                        (*ret_n)++;
                }
        }
}

static void tell_tick(const Account *account) {
        JsonObject *meter = json_object(account->measurement, "meter");
        const double tick_s = json_double(meter, "tick_ns") / 1e9;
        const char *why = why_absent(account, "measurement.meter.tick_ns");
        g_autofree char *period = NULL, *jitter = NULL;
        unsigned aligned, n;

        if (account->report->simulated || !report_has_energy(account->report))
                return;
        if (!isfinite(tick_s)) {
                tell(account, _("The counters were read as they came: when they move is not known (%s)."), why ?: "?");
                return;
        }
        period = duration(account, tick_s);
        jitter = duration(account, json_double(meter, "tick_jitter_ns") / 1e9);
        count_aligned(account, &aligned, &n);
        tell(account,
             ngettext("The counters move every %s, give or take %s; %u of %u window begins and ends at such a move.",
                      "The counters move every %s, give or take %s; %u of %u windows begin and end at such a move.",
                      n),
             period, jitter, aligned, n);
}

static void tell_baseline(const Account *account) {
        JsonObject *baseline = json_object(account->measurement, "baseline");
        JsonArray *windows = json_array(baseline, "windows"), *ci = json_array(baseline, "ci95_w");
        const unsigned n = windows ? json_array_get_length(windows) : 0;
        const double w = json_double(baseline, "power_w");
        const char *no_net = why_absent(account, "measurement.summary.net_j");
        g_autofree char *idle = NULL, *interval = NULL;

        if (!report_has_energy(account->report) || account->report->simulated)
                return;
        if (isfinite(w)) {
                const Scale scale = scale_power(w, account->style->ascii);

                idle = power(account, w);
                if (ci && json_array_get_length(ci) == 2)
                        interval = render_interval(&scale, json_array_get_double_element(ci, 0),
                                                   json_array_get_double_element(ci, 1), account->style);
                tell(account,
                     ngettext("The idle machine drew %s%s%s%s in %u window between the trials.",
                              "The idle machine drew %s%s%s%s in %u windows between the trials.", n),
                     idle, interval ? " (" : "", interval ?: "", interval ? ")" : "", n);
        }
        if (isfinite(account->report->net.median))
                tell(account, _("“Above idle” is the energy less that power over the same time; it may be negative."));
        else if (no_net)
                tell(account, _("There is no figure above idle: %s."), no_net);
}

static void tell_floor(const Account *account) {
        JsonObject *floor = json_object(account->measurement, "floor");
        const double floor_j = json_double(floor, "total_j"), median = account->report->total.median;
        const size_t starts = MAX(account->report->n_per_test, 1);
        g_autofree char *text = NULL;

        if (!report_has_energy(account->report) || !isfinite(floor_j) || floor_j <= 0)
                return;
        text = energy(account, floor_j);
        tell(account,
             _("Starting /bin/true in the same place took %s, and that is in the figure; it is %.1f times as much."),
             text, median / (floor_j * (double) starts));
}

/* ---- how far off it may be ---- */

static const struct {
        const char *member, *what, *remedy;
} parts[] = {
        { "spread", N_("how the trials differ"), N_("more trials (--careful) narrow it") },
        { "tick", N_("when the counters moved"), N_("longer windows (--min-window) make less of it") },
        { "quantisation", N_("what the counters count in"), N_("longer windows (--min-window) make less of it") },
        { "tail", N_("what was taken off before and after the program"),
          N_("longer windows (--min-window) make less of it") },
        { "baseline", N_("the idle machine's power"), N_("a machine where less goes on would be steadier") },
};

/* The largest, and how much of the whole it makes, which is the root of the squares. */
static size_t largest_part(JsonObject *uncertainty, double *ret_share) {
        double squares = 0, largest = 0;
        size_t which = G_N_ELEMENTS(parts);

        for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
                const double part = json_double(uncertainty, parts[i].member);

                if (!isfinite(part) || part <= 0)
                        continue;
                squares += part * part;
                if (part <= largest)
                        continue;
                largest = part;
                which = i;
        }
        *ret_share = squares > 0 ? largest * largest / squares : 0;
        return which;
}

static void tell_uncertainty(const Account *account, const char *figure, double median, const char *name) {
        JsonObject *summary = json_object(account->measurement, "summary");
        JsonObject *uncertainty = json_object(json_object(json_object(account->measurement, "summary"), figure),
                                              "uncertainty_j");
        const double whole = json_double(json_object(summary, figure), "median");
        const double total = json_double(uncertainty, "total"), part_of = whole != 0 ? median / whole : 1;
        g_autofree char *amount = NULL;
        double share;
        size_t which;

        if (!uncertainty || !isfinite(median))
                return;
        which = largest_part(uncertainty, &share);
        if (isfinite(total)) {
                amount = energy(account, total * part_of);
                if (fabs(total) < fabs(whole)) {
                        const double percent = fabs(100 * total / whole);
                        g_autofree char *of_whole = g_strdup_printf(percent < 10 ? "%.2g %%" : "%.0f %%", percent);

                        tell(account, _("%s: give or take %s (%s), with 95 %% confidence."), name, amount, of_whole);
                } else
                        tell(account, _("%s: give or take %s, with 95 %% confidence."), name, amount);
        } else
                tell(account, _("%s: how far off it may be cannot be told from fewer than 6 trials."), name);
        if (which < G_N_ELEMENTS(parts))
                tell(account, _("What limits it most is %s (%.0f %% of the uncertainty): %s."), _(parts[which].what),
                     100 * share, _(parts[which].remedy));
}

/* ---- what happened ---- */

static void tell_reruns(const Account *account) {
        JsonArray *trials = json_array(account->measurement, "trials");

        if (account->report->n_invalid == 0)
                return;
        tell(account,
             ngettext("%zu trial did not count, and was made again as far as that goes:",
                      "%zu trials did not count, and were made again as far as that goes:",
                      account->report->n_invalid),
             account->report->n_invalid);
        for (unsigned i = 0; trials && i < json_array_get_length(trials); i++) {
                JsonObject *trial = json_element(trials, i);
                const char *reason = json_string(trial, "reason");
                g_auto(GStrv) words = json_strings(trial, "quality");
                g_autofree char *path = g_strdup_printf("measurement.trials[%u].total_uj", i);

                if (json_true(trial, "valid"))
                        continue;
                tell(account, _("trial %u: %s"), i + 1,
                     reason                      ? reason
                     : why_absent(account, path) ? why_absent(account, path)
                     : words && words[0]         ? render_evidence(words[0])
                                                 : _("the report gives no reason"));
        }
}

static void tell_grade(const Account *account) {
        static const struct {
                const char *grade, *text;
        } grades[] = {
                { "A", N_("Grade A: nothing speaks against it.") },
                { "B", N_("Grade B: it stands, with the remarks above.") },
                { "C", N_("Grade C: it stands, but trials had to be made again.") },
                { "F", N_("Grade F: no result came of it.") },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(grades); i++)
                if (g_strcmp0(account->report->grade, grades[i].grade) == 0)
                        tell(account, "%s", _(grades[i].text));
}

static void tell_rounding(const Account *account) {
        if (report_has_energy(account->report) && !account->report->simulated && account->report->precision_j >= 1e-3)
                tell(account,
                     _("Energies are rounded to what is certain of them, so that they tell nothing of what others "
                       "did on the same processor."));
}

static void append_one(const Account *account) {
        g_autoptr(GPtrArray) notes = NULL;

        if (!isfinite(account->report->wall.median))
                return;
        g_string_append_printf(account->out, "\n  %s\n", _("How this came about"));
        tell_windows(account);
        tell_tick(account);
        tell_baseline(account);
        tell_floor(account);
        g_string_append_printf(account->out, "\n  %s\n", _("What limits it"));
        tell_uncertainty(account, "total_j", account->report->total.median, _("Energy"));
        tell_uncertainty(account, "net_j", account->report->net.median, _("above idle"));
        tell_rounding(account);
        tell_reruns(account);
        notes = render_notes(account->report);
        for (guint i = 0; i < notes->len; i++)
                tell(account, "%s", (const char *) g_ptr_array_index(notes, i));
        tell_grade(account);
}

/* ---- of a comparison ---- */

static void tell_rounds(const Account *account, JsonObject *comparison) {
        const unsigned rounds = (unsigned) account->report->n_rounds;
        uint64_t seed = 0;
        g_autofree char *number = NULL;

        if (rounds == 0)
                return;
        (void) json_u64(comparison, "seed", &seed);
        number = g_strdup_printf("%" G_GUINT64_FORMAT, seed);
        tell(account,
             ngettext("Each candidate had one turn in %u round, in an order drawn with the seed %s, so that a machine "
                      "that warms up or slows down favours none.",
                      "Each candidate had one turn in each of %u rounds, in an order drawn with the seed %s, so that "
                      "a machine that warms up or slows down favours none.",
                      rounds),
             rounds, number);
}

/* The limit of what is of note, and where it is from. */
static void tell_threshold(const Account *account, JsonObject *comparison) {
        const double threshold = json_double(comparison, "threshold"), floor = json_double(comparison, "noise_floor");
        const char *why = why_absent(account, "comparison.noise_floor");

        if (!isfinite(threshold))
                return;
        if (isfinite(floor))
                tell(account,
                     _("A change is of note above %.1f %%: of pairs of runs of one program 19 in 20 differed by at "
                       "most %.1f %% when this machine was calibrated, and less than 1 %% never is."),
                     100 * threshold, 100 * floor);
        else
                tell(account,
                     _("A change is of note above %.1f %%; how much two runs of one program differ on this machine is "
                       "not known (%s)."),
                     100 * threshold, why ?: "?");
}

/* The verdict on one candidate, with the p that decided. */
static void tell_change(const Account *account, JsonObject *object, unsigned i) {
        const double p = json_double(object, "p"), adjusted = json_double(object, "p_adjusted");
        const ReportChange *change = &account->report->changes[i + 1];
        g_autofree char *together = NULL;
        uint64_t pairs = 0;

        (void) json_u64(object, "pairs", &pairs);
        if (!change->word) {
                tell(account, _("%u: cannot be compared: %s."), i + 2, change->absent ?: "?");
                return;
        }
        if (account->report->n_candidates > 2)
                together = g_strdup_printf(_(" (%.2g for all candidates together)"), adjusted);
        tell(account,
             ngettext("%u: %u pair; if nothing differed, so uneven ones came with probability %.2g%s: %s.",
                      "%u: %u pairs; if nothing differed, so uneven ones came with probability %.2g%s: %s.",
                      (unsigned) pairs),
             i + 2, (unsigned) pairs, p, together ?: "", render_change_word(change->word));
}

static void tell_comparison(const Account *account, JsonObject *comparison) {
        JsonArray *changes = json_array(comparison, "changes");

        g_string_append_printf(account->out, "\n  %s\n", _("How the changes came about"));
        tell_rounds(account, comparison);
        tell(account,
             _("Two trials of one round make a pair. A change is the median of the pairs' ratios to the first; its "
               "interval is of that median."));
        tell_threshold(account, comparison);
        tell(account,
             _("It is called one when the pairs fall so unevenly to one side that chance does that in at most 5 "
               "of 100 comparisons (sign test, for several candidates with Holm's correction)."));
        for (unsigned i = 0; changes && i < json_array_get_length(changes) && i + 1 < account->report->n_candidates;
             i++)
                tell_change(account, json_element(changes, i), i);
}

void account_append(GString *out, const Report *report, const char *text, const Style *style) {
        g_autoptr(JsonNode) node = NULL;
        Account account = { .out = out, .report = report, .prefix = "", .style = style };
        JsonArray *candidates;
        JsonObject *root;

        if (json_parse(text, strlen(text), &node) < 0)
                return;
        root = json_node_get_object(node);
        account.measurement = json_object(root, "measurement");
        account.absent = json_object(root, "absent");
        if (report->n_candidates == 0) {
                append_one(&account);
                return;
        }
        tell_comparison(&account, json_object(root, "comparison"));
        candidates = json_array(json_object(root, "comparison"), "candidates");
        for (unsigned i = 0; i < report->n_candidates && candidates && i < json_array_get_length(candidates); i++) {
                g_autofree char *prefix = g_strdup_printf("comparison.candidates[%u].", i);
                g_autofree char *subject = render_subject(report->candidates[i]);
                g_autofree char *shown = text_printable(subject, false);

                account.report = report->candidates[i];
                account.prefix = prefix;
                account.measurement = json_object(json_element(candidates, i), "measurement");
                g_string_append_printf(out, "\n  %u. %s\n", i + 1, shown);
                append_one(&account);
        }
}
