/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "explain.h"
#include "histogram.h"
#include "render-comparison.h"
#include "render-validation.h"
#include "table.h"
#include "units.h"

#define COMMAND_WIDTH 100
#define COMMAND_COLUMN_WIDTH 44
#define TEXT_WIDTH 76

/* xgettext:no-c-format */
static const char interval_head[] = N_("95 % interval");

static const struct {
        const char *word, *text;
} words[] = {
        { "queued", N_("queued") },       { "validating", N_("validating") },
        { "settling", N_("settling") },   { "baseline", N_("baseline") },
        { "warming", N_("warming up") },  { "measuring", N_("measuring") },
        { "finishing", N_("finishing") }, { "completed", N_("completed") },
        { "failed", N_("failed") },       { "cancelled", N_("cancelled") },
        { "done", N_("done") },           { "unstable", N_("unstable") },
        { "timeout", N_("out of time") }, { "infrastructure", N_("could not be measured") },
        { "compare", N_("comparison") },  { "measure", N_("measure") },
        { "validate", N_("validate") },   { "calibrate", N_("calibrate") },
};

static const struct {
        const char *word, *text;
} evidence[] = {
        { "SMT_SHARED", N_("the other hardware thread of its core was not reserved: what ran there counts too") },
        { "SIMULATED", N_("joules are modelled: computed from CPU time, not read from a counter") },
        { "NO_DRAM", N_("this machine has no counter for memory: joules are of the processor package alone") },
        { "TOO_SHORT", N_("the window was shorter than energy is given for") },
        { "WRAP_AMBIGUOUS", N_("a counter may have wrapped more than once") },
        { "REGION", N_("what the program declared is not what was to be measured") },
        { "THROTTLED", N_("the processor was slowed down for its heat") },
        { "FREQ_DEVIATES", N_("the processor ran at another frequency than in the other trials") },
        { "FOREIGN_LOAD", N_("other programs took CPU time whose energy is counted, too") },
        { "IRQ_STORM", N_("its CPUs were interrupted far more often than those of the idle machine") },
        { "CPU_STOLEN", N_("the hypervisor ran other machines on the program's CPUs for a while") },
        { "PSI_CPU", N_("the program waited for a CPU") },
        { "PSI_MEM", N_("the program waited for memory") },
        { "SWAPPED", N_("some of the program's memory was swapped") },
        { "MAJOR_FAULTS", N_("the program waited for pages from a disk") },
        { "MIGRATED", N_("the program could run on CPUs that are not its own") },
        { "SUSPENDED", N_("the machine slept during the trial") },
        { "WORK_VARIES", N_("the trials did not execute the same number of instructions") },
        { "TREND", N_("the energy rises or falls from trial to trial") },
        { "OUTLIER", N_("its energy stands apart from that of the others; it counts all the same") },
        { "FAR_OUTLIER", N_("its energy stands far apart from that of the others; it counts all the same") },
        { "FIRST_TRIAL", N_("the first trial stands apart: one more warm-up (--warmups) would have taken it") },
        { "IDLE_HEAVY", N_("the program did nothing nine tenths of the time: most of this is the idle machine's") },
        { "CAPPED", N_("the processor was at its power limit") },
        { "PARTITION_LOST", N_("the reserved cores were taken away during the trial") },
        { "OUTPUT_DIFFERS", N_("the program's output was not the same in every run") },
        { "NEAR_FLOOR", N_("starting any program takes more than a fifth of this: the report has it as the floor") },
        { "READ_ERROR", N_("a counter could not be read") },
        { "TEMP_START_OFF", N_("the processor was still warmer or colder than at the first trial") },
        { "TIME_ONLY", N_("time alone was measured") },
        { "NO_DOMAIN", N_("there is no energy counter to read") },
        { "UNMEASURABLE", N_("the program ends too soon for the counters' resolution") },
        { "UNSTABLE", N_("the trials differ too much for a number to be given") },
        { "INVALIDATED",
          N_("the machine slept, lost its reserved cores or did not reach its temperature in too many trials") },
        { "DIVERGED", N_("it was right when it was validated and did otherwise when it was measured") },
        { "INCOMPLETE", N_("the job did not come to its end") },
};

const char *render_word(const char *word) {
        for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
                if (g_strcmp0(words[i].word, word) == 0)
                        return _(words[i].text);
        return word ?: "?";
}

const char *render_evidence(const char *word) {
        for (size_t i = 0; i < G_N_ELEMENTS(evidence); i++)
                if (strcmp(evidence[i].word, word) == 0)
                        return _(evidence[i].text);
        return word;
}

const char *render_interval_head(void) {
        return _(interval_head);
}

char *render_interval(const Scale *scale, double low, double high, const Style *style) {
        g_autofree char *from = NULL, *to = NULL;

        if (!isfinite(low) || !isfinite(high))
                return g_strdup("");
        from = scale_number(scale, low);
        to = scale_format(scale, high);
        return g_strdup_printf("%s %s %s", from, style->ascii ? ".." : "…", to);
}

static void figure_row(Table *table, const char *label, Colour colour, const Figure *figure, const Scale *scale,
                       const char *mark, const Style *style) {
        g_autofree char *median = scale_format(scale, figure->median);
        g_autofree char *ci = render_interval(scale, figure->low, figure->high, style);
        g_autofree char *range = render_interval(scale, figure->min, figure->max, style);

        table_cell(table, COLOUR_NONE, label);
        table_cell(table, colour, median);
        table_cell(table, COLOUR_NONE, ci);
        table_cell(table, COLOUR_NONE, range);
        table_cell(table, COLOUR_WARNING, mark);
}

double render_resolution(const Report *report) {
        return report->precision_j / (double) MAX(report->iterations, 1);
}

static void append_figures(GString *out, const Report *report, const Style *style) {
        g_autoptr(Table) table = table_new("lrrrl");
        const char *mark = report->simulated ? _("(modelled)") : "";
        bool has_interval = isfinite(report->wall.low);

        table_cell(table, COLOUR_NONE, "");
        table_cell(table, COLOUR_DIM, _("Median"));
        table_cell(table, COLOUR_DIM, has_interval ? render_interval_head() : "");
        table_cell(table, COLOUR_DIM, style->ascii ? _("Min .. max") : _("Min … max"));
        table_cell(table, COLOUR_NONE, "");

        if (report_has_energy(report)) {
                Scale scale = scale_energy(report->total.median, render_resolution(report), style->ascii);

                figure_row(table, _("Energy"), COLOUR_ENERGY, &report->total, &scale, mark, style);
        }
        if (isfinite(report->net.median)) {
                Scale scale = scale_energy(report->net.median, render_resolution(report), style->ascii);

                figure_row(table, _("above idle"), COLOUR_NONE, &report->net, &scale, mark, style);
        }
        if (isfinite(report->wall.median)) {
                Scale scale = scale_time(report->wall.median, style->ascii);

                figure_row(table, _("Time"), COLOUR_TIME, &report->wall, &scale, "", style);
        }
        if (isfinite(report->cpu.median)) {
                Scale scale = scale_time(report->cpu.median, style->ascii);

                figure_row(table, _("CPU time"), COLOUR_NONE, &report->cpu, &scale, "", style);
        }
        if (isfinite(report->power_w)) {
                Figure power = { report->power_w, NAN, NAN, NAN, NAN };
                Scale scale = scale_power(report->power_w, style->ascii);

                figure_row(table, _("Power"), COLOUR_NONE, &power, &scale, mark, style);
        }
        table_append(out, table, style, 2);
}

/* One run's: of each test once, where there are several. NAN when the report has left the windows out. */
static double once(const Trial *trial, bool energy) {
        double sum = trial->n_tests > 0 ? 0 : NAN;

        for (size_t i = 0; i < trial->n_tests; i++)
                sum += (energy ? trial->tests[i].total_j : trial->tests[i].wall_s) /
                       (double) MAX(trial->tests[i].iterations, 1);
        return sum;
}

static void append_histogram(GString *out, const Report *report, const Style *style) {
        const bool energy = report_has_energy(report);
        g_autofree double *values = g_new(double, report->n_trials + 1);
        g_autofree char *bars = NULL;
        size_t n = 0;

        for (size_t i = 0; i < report->n_trials; i++)
                if (report->trials[i].valid)
                        values[n++] = once(&report->trials[i], energy);
        bars = histogram_draw(values, n, style->ascii);
        if (!bars)
                return;
        g_string_append(out, "  ");
        g_string_append_printf(out,
                               energy ? _("the trials by energy, least to most: %s%s%s")
                                      : _("the trials by time, least to most: %s%s%s"),
                               style->ascii ? "|" : "▕", bars, style->ascii ? "|" : "▏");
        g_string_append_printf(out, "%s%s\n", energy && report->simulated ? " " : "",
                               energy && report->simulated ? _("(modelled)") : "");
}

static void append_split(GString *out, const Report *report, const Style *style) {
        Scale scale = scale_energy(report->total.median, render_resolution(report), style->ascii);
        g_autofree char *package = scale_format(&scale, report->package_j),
                        *dram = scale_format(&scale, report->dram_j);

        if (!report_has_energy(report) || !isfinite(report->package_j))
                return;
        g_string_append(out, "  ");
        if (isfinite(report->dram_j))
                g_string_append_printf(out, _("processor package %s, memory %s"), package, dram);
        else
                g_string_append_printf(out, _("processor package %s, memory not counted"), package);
        g_string_append_printf(out, "%s%s\n", report->simulated ? " " : "", report->simulated ? _("(modelled)") : "");
}

/* Beside what the program said is to be measured, all it took. */
static void append_region(GString *out, const Report *report, const Style *style) {
        Scale time = scale_time(report->whole_s, style->ascii),
              energy = scale_energy(report->whole_j, fmax(render_resolution(report), report->whole_step_j),
                                    style->ascii);
        g_autofree char *span = scale_format(&time, report->whole_s), *joules = scale_format(&energy, report->whole_j);

        if (!report->region || !isfinite(report->whole_s))
                return;
        g_string_append(out, "  ");
        g_string_append(out, report->function ? _("measured: the calls alone")
                                              : _("measured: the part the program declared"));
        if (isfinite(report->whole_j))
                g_string_append_printf(out, _("; the whole runs took %s%s%s and %s\n"), joules,
                                       report->simulated ? " " : "", report->simulated ? _("(modelled)") : "", span);
        else
                g_string_append_printf(out, _("; the whole runs took %s\n"), span);
}

static void append_runs(GString *out, const Report *report) {
        size_t n = report->n_trials;

        g_string_append(out, "  ");
        g_string_append_printf(out, ngettext("%zu trial", "%zu trials", n), n);
        if (report->n_invalid > 0) {
                g_string_append(out, ", ");
                g_string_append_printf(out, ngettext("%zu of them invalid", "%zu of them invalid", report->n_invalid),
                                       report->n_invalid);
        }
        if (report->n_warmups > 0) {
                g_string_append(out, ", ");
                g_string_append_printf(out, ngettext("%zu warm-up before", "%zu warm-ups before", report->n_warmups),
                                       report->n_warmups);
        }
        if (report->n_per_test > 0) {
                g_string_append(out, ", ");
                g_string_append_printf(out,
                                       ngettext("figures are of %zu test, run once",
                                                "figures are of all %zu tests, each run once", report->n_per_test),
                                       report->n_per_test);
        } else if (report->iterations > 1) {
                unsigned runs = (unsigned) report->iterations;

                g_string_append(out, ", ");
                g_string_append_printf(out,
                                       ngettext("%u run in each; figures are of one run",
                                                "%u runs in each; figures are of one run", runs),
                                       runs);
        }
        g_string_append_c(out, '\n');
}

static void append_place(GString *out, const Report *report) {
        g_autoptr(GString) place = g_string_new(NULL);
        const char *isolation = report->isolation ?: "";

        if (report->meter && strcmp(report->meter, "none") != 0)
                g_string_append_printf(place, _("meter %s, "), report->meter);
        if (strcmp(isolation, "reserved") == 0)
                g_string_append_printf(place, _("on reserved cores (%s)"), report->reserved_cpus ?: "?");
        else if (strcmp(isolation, "confined") == 0)
                g_string_append_printf(place, _("kept on its own cores (%s), others were not kept off"),
                                       report->reserved_cpus ?: "?");
        else if (strcmp(isolation, "none") == 0)
                g_string_append(place, _("no cores reserved: whatever else ran counts too"));
        else
                return;
        {
                g_autofree char *shown = text_printable(place->str, false);

                g_string_append_printf(out, "  %s\n", shown);
        }
}

static void append_note(GString *out, const char *text, const Style *style) {
        g_autofree char *shown = text_printable(text, false);

        text_append_coloured(out, style, COLOUR_WARNING, style->ascii ? "  ! " : "  ⚠ ");
        text_append_wrapped(out, shown, TEXT_WIDTH, 4);
        g_string_append_c(out, '\n');
}

static bool has_reason(const Report *report, const char *word) {
        return report->reasons && g_strv_contains((const char *const *) report->reasons, word);
}

static size_t trials_with(const Report *report, const char *word) {
        size_t n = 0;

        for (size_t i = 0; i < report->n_trials; i++)
                n += report->trials[i].quality &&
                     g_strv_contains((const char *const *) report->trials[i].quality, word);
        return n;
}

/* What was noted of single trials, each word once with how many it concerns. */
static void add_trial_notes(GPtrArray *notes, const Report *report) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (size_t i = 0; i < report->n_trials; i++)
                for (char **word = report->trials[i].quality; word && *word; word++) {
                        size_t n;

                        if (!g_hash_table_add(seen, *word))
                                continue;
                        n = trials_with(report, *word);
                        g_ptr_array_add(notes, g_strdup_printf(ngettext("in %zu trial: %s", "in %zu trials: %s", n), n,
                                                               render_evidence(*word)));
                }
}

/* What is said of single trials below is not said here, too. */
static bool is_of_the_job(const Report *report, const char *word) {
        if (!report_has_energy(report) && (strcmp(word, "TIME_ONLY") == 0 || strcmp(word, "NO_DOMAIN") == 0))
                return false;
        return trials_with(report, word) == 0;
}

GPtrArray *render_notes(const Report *report) {
        GPtrArray *notes = g_ptr_array_new_with_free_func(g_free);

        /* of a comparison each candidate has notes of its own */
        if (!report_has_energy(report) && report->n_candidates == 0)
                g_ptr_array_add(notes, g_strdup_printf(_("no joules: %s"),
                                                       report->energy_absent ? render_evidence(report->energy_absent)
                                                                             : _("the report gives no reason")));
        if (report->simulated && !has_reason(report, "SIMULATED"))
                g_ptr_array_add(notes, g_strdup(render_evidence("SIMULATED")));
        for (char **word = report->reasons; word && *word; word++)
                if (is_of_the_job(report, *word))
                        g_ptr_array_add(notes, g_strdup(render_evidence(*word)));
        add_trial_notes(notes, report);
        if (report->output_problem)
                g_ptr_array_add(notes, g_strdup(report->output_problem));
        if (isfinite(report->wall.median) && !isfinite(report->wall.low) && report->n_trials < 6)
                g_ptr_array_add(notes, g_strdup(_("at least 6 trials are needed for an interval")));
        return notes;
}

static void append_notes(GString *out, const Report *report, const Style *style) {
        g_autoptr(GPtrArray) notes = render_notes(report);

        for (guint i = 0; i < notes->len; i++)
                append_note(out, g_ptr_array_index(notes, i), style);
}

/* Of what is too small to be measured. */
static void append_upper_bound(GString *out, const Report *report, const Style *style) {
        const Scale scale = scale_energy_told(report->upper_bound_j, style->ascii);
        g_autofree char *most = scale_format(&scale, report->upper_bound_j);

        if (!(report->upper_bound_j > 0))
                return;
        if (report->validation && report->validation->total > 1)
                g_string_append_printf(out, _("; one run of each test takes %s at most, all together"), most);
        else if (report->function)
                g_string_append_printf(out, _("; a call takes %s at most"), most);
        else
                g_string_append_printf(out, _("; a run takes %s at most"), most);
}

static void append_cause(GString *out, const Report *report, const Style *style) {
        g_autofree char *subject = g_strdup_printf(_("job %u"), report->id);
        g_autoptr(Explanation) cause = NULL;

        if (!report->error_name && (!report->result || strcmp(report->result, "done") == 0))
                return;
        if (!report->error_name) {
                g_string_append(out, "  ");
                text_append_coloured(out, style, COLOUR_BAD, render_word(report->result));
                if (report->status) {
                        g_autofree char *why =
                                        text_printable(report->all_invalid ?: render_evidence(report->status), false);

                        g_string_append_printf(out, ": %s", why);
                        append_upper_bound(out, report, style);
                }
                g_string_append_c(out, '\n');
                return;
        }
        cause = explain(report->error_name, report->error_message, subject, report->error_remedy);
        explanation_name_verb(cause, report->kind);
        explanation_append(out, cause, "  ", style);
}

char *render_subject(const Report *report) {
        g_autofree char *command = text_command(report->argv);
        const char *source = report->source ?: report->language;

        if (report->function)
                return g_strdup_printf("%s(), %s", report->function, source);
        if (report->language)
                return g_strdup_printf("%s%s%s (%s)", source, *command ? " " : "", command, report->language);
        return g_steal_pointer(&command);
}

static void append_language(GString *out, const Report *report, const Style *style) {
        g_autofree char *printable = text_printable(report->language_version ?: "", false),
                        *shown = text_ellipsize(printable, COMMAND_WIDTH, style->ascii);

        if (!*shown)
                return;
        g_string_append(out, "  ");
        g_string_append_printf(out, _("with %s"), shown);
        g_string_append_c(out, '\n');
}

void render_report(GString *out, const Report *report, const Style *style) {
        g_autofree char *command = render_subject(report), *printable = text_printable(command, false),
                        *shown = text_ellipsize(printable, COMMAND_WIDTH, style->ascii);
        g_autofree char *job = report->id ? g_strdup_printf(_("Job %u: "), report->id) : g_strdup("");

        g_string_append(out, job);
        text_append_coloured(out, style, COLOUR_STRONG, *shown ? shown : render_word(report->kind));
        if (report->label) {
                g_autofree char *label = text_printable(report->label, false);

                g_string_append_printf(out, "  [%s]", label);
        }
        g_string_append_c(out, '\n');

        append_language(out, report, style);
        render_validation(out, report, style);
        /* a verdict that is not AC is the cause, and has been told */
        if (!report->validation || !report->validation->verdict || g_strcmp0(report->validation->verdict, "AC") == 0 ||
            g_strcmp0(report->validation->verdict, "IE") == 0 || g_strcmp0(report->result, "failed") != 0)
                append_cause(out, report, style);
        render_candidates(out, report, style);
        if (!isfinite(report->wall.median))
                return;
        append_figures(out, report, style);
        append_histogram(out, report, style);
        append_split(out, report, style);
        append_region(out, report, style);
        append_runs(out, report);
        append_place(out, report);
        append_notes(out, report, style);
        render_per_test(out, report, render_resolution(report), style);
}

/* Whether the comparison is by energy (all have it) or by time. */
static double measure_of(const Report *report, bool energy) {
        return energy ? report->total.median : report->wall.median;
}

typedef struct Comparison {
        bool energy; /* every finished one has joules */
        bool any_energy;
        bool simulated;
        bool mixed; /* modelled and counted joules side by side */
        double lowest;
        Scale energy_scale, time_scale, power_scale;
} Comparison;

static void consider(double value, double *lowest, double *highest) {
        if (!isfinite(value))
                return;
        *lowest = isfinite(*lowest) ? MIN(*lowest, value) : value;
        *highest = isfinite(*highest) ? MAX(*highest, value) : value;
}

/* One unit for the whole column: that of the largest value, with enough decimals for three digits of the smallest. */
static Scale spread(Scale scale, double lowest, double finest) {
        int wanted = isfinite(lowest) && lowest > 0 ? 2 - (int) floor(log10(lowest / scale.factor)) : 0;
        int most = finest > 0 ? MAX((int) ceil(-log10(finest / scale.factor) - 1e-9), 0) : 6;

        scale.decimals = MIN(CLAMP(wanted, scale.decimals, 6), MAX(most, 0));
        return scale;
}

static Comparison compare(Report *const *reports, size_t n, const Style *style) {
        double energy[2] = { NAN, NAN }, time[2] = { NAN, NAN }, power[2] = { NAN, NAN }, finest = INFINITY;
        Comparison c = { .energy = true };
        bool real = false;

        for (size_t i = 0; i < n; i++) {
                if (!isfinite(reports[i]->wall.median))
                        continue;
                consider(reports[i]->total.median, &energy[0], &energy[1]);
                consider(reports[i]->wall.median, &time[0], &time[1]);
                consider(reports[i]->power_w, &power[0], &power[1]);
                c.energy = c.energy && report_has_energy(reports[i]);
                c.any_energy = c.any_energy || report_has_energy(reports[i]);
                c.simulated = c.simulated || reports[i]->simulated;
                real = real || (report_has_energy(reports[i]) && !reports[i]->simulated);
                finest = MIN(finest, render_resolution(reports[i]));
        }
        c.mixed = real && c.simulated;
        c.energy = c.energy && !c.mixed;
        c.lowest = c.energy ? energy[0] : time[0];
        c.energy_scale = spread(scale_energy(energy[1], 0, style->ascii), energy[0], isfinite(finest) ? finest : 0);
        c.time_scale = spread(scale_time(time[1], style->ascii), time[0], 0);
        c.power_scale = scale_power(power[1], style->ascii);
        return c;
}

static void comparison_row(Table *table, const Report *report, const Comparison *c, const Style *style) {
        g_autofree char *command = report->label ? text_printable(report->label, false) : render_subject(report);
        g_autofree char *shown = text_ellipsize(command, COMMAND_COLUMN_WIDTH, style->ascii);
        g_autofree char *energy = NULL, *ci = NULL, *time = NULL, *power = NULL;
        double value = measure_of(report, c->energy);

        table_cellf(table, COLOUR_DIM, "%u", report->id);
        table_cell(table, COLOUR_NONE, shown);
        if (!isfinite(report->wall.median)) {
                table_cell(table, COLOUR_BAD, render_word(report->result ?: report->state));
                for (size_t i = 0; i < 6; i++)
                        table_cell(table, COLOUR_NONE, "");
                return;
        }
        energy = scale_format(&c->energy_scale, report->total.median);
        ci = render_interval(&c->energy_scale, report->total.low, report->total.high, style);
        time = scale_format(&c->time_scale, report->wall.median);
        power = scale_format(&c->power_scale, report->power_w);
        table_cellf(table, COLOUR_NONE, "%zu", report->n_trials);
        table_cell(table, COLOUR_ENERGY, report_has_energy(report) ? energy : style->ascii ? "-" : "–");
        table_cell(table, COLOUR_NONE, ci);
        table_cell(table, COLOUR_WARNING, report->simulated && report_has_energy(report) ? _("(modelled)") : "");
        table_cell(table, COLOUR_TIME, time);
        table_cell(table, COLOUR_NONE, isfinite(report->power_w) ? power : style->ascii ? "-" : "–");
        if (c->lowest > 0 && isfinite(value))
                table_cellf(table, COLOUR_STRONG, "%.*f %s", value / c->lowest < 100 ? 2 : 0, value / c->lowest,
                            style->ascii ? "x" : "×");
        else
                table_cell(table, COLOUR_NONE, "");
}

void render_comparison(GString *out, Report *const *reports, size_t n, const Style *style) {
        g_autoptr(Table) table = table_new("rlrrrlrrr");
        Comparison c = compare(reports, n, style);
        const char *const heads[] = {
                _("Job"),
                _("Command"),
                _("Trials"),
                c.any_energy ? _("Energy") : "",
                c.any_energy ? render_interval_head() : "",
                "",
                _("Time"),
                c.any_energy ? _("Power") : "",
                _("Relative"),
        };

        for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
                table_cell(table, COLOUR_DIM, heads[i]);
        for (size_t i = 0; i < n; i++)
                comparison_row(table, reports[i], &c, style);
        table_append(out, table, style, 2);

        g_string_append_c(out, '\n');
        g_string_append_printf(out, "  %s\n",
                               c.energy ? _("medians of one run each; relative to the lowest energy")
                                        : _("medians of one run each; relative to the shortest time"));
        if (c.simulated)
                append_note(out, render_evidence("SIMULATED"), style);
        if (c.mixed)
                append_note(out, _("modelled and counted joules do not compare: the last column goes by time"), style);
        if (!c.any_energy)
                append_note(out, _("no joules: see each job with “joulectl show ID”"), style);
}
