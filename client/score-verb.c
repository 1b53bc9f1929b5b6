/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "json-read.h"
#include "json.h"
#include "render.h"
#include "report-out.h"
#include "say.h"
#include "score.h"
#include "table.h"
#include "units.h"

/* In the order of score_options(). */
enum {
        OPTION_REFERENCE_ENERGY,
        OPTION_REFERENCE_TIME,
        OPTION_ENERGY_EXPONENT,
        OPTION_TIME_EXPONENT,
        OPTION_BETA,
        OPTION_CUTOFF,
        OPTION_NET,
};

typedef struct Scoring {
        ScoreParameters parameters;
        bool net;
} Scoring;

const Option *score_options(void) {
        static const Option options[] = {
                { "reference-energy", 0, "JOULES", N_("the energy that scores one half"), OPTION_REFERENCE_ENERGY,
                  NULL, "1" },
                { "reference-time", 0, "SECONDS", N_("the time that scores one half"), OPTION_REFERENCE_TIME, NULL,
                  "0.01" },
                { "energy-exponent", 0, "NUMBER", N_("how steeply energy counts around its reference"),
                  OPTION_ENERGY_EXPONENT, NULL, "1.2" },
                { "time-exponent", 0, "NUMBER", N_("how steeply time counts around its reference"),
                  OPTION_TIME_EXPONENT, NULL, "1" },
                { "beta", 0, "NUMBER", N_("how many times time weighs what energy does"), OPTION_BETA, NULL, "1.5" },
                { "cutoff", 0, "NUMBER", N_("how many references of either score nothing at all"), OPTION_CUTOFF, NULL,
                  "50" },
                { "net", 0, NULL, N_("score the energy beyond what the idle machine takes"), OPTION_NET },
                {},
        };

        return options;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Scoring *scoring = userdata;
        double *const members[] = {
                [OPTION_REFERENCE_ENERGY] = &scoring->parameters.reference_j,
                [OPTION_REFERENCE_TIME] = &scoring->parameters.reference_s,
                [OPTION_ENERGY_EXPONENT] = &scoring->parameters.energy_exponent,
                [OPTION_TIME_EXPONENT] = &scoring->parameters.time_exponent,
                [OPTION_BETA] = &scoring->parameters.beta,
                [OPTION_CUTOFF] = &scoring->parameters.cutoff,
        };
        double number;
        char *end;

        if (id == OPTION_NET) {
                scoring->net = true;
                return 0;
        }
        number = g_ascii_strtod(value, &end);
        if (end == value || *end != '\0' || !isfinite(number) || number <= 0 || strpbrk(value, "xX")) {
                g_autofree char *shown = text_printable(value, false);

                *ret_problem = g_strdup_printf(_("--%s: “%s” is no number above 0"), score_options()[id].name, shown);
                return -EINVAL;
        }
        *members[id] = number;
        return 0;
}

typedef struct Scored {
        char *name; /* the operand */
        Report *report;
        double energy_j, time_s, score; /* NaN: unknown */
        const char *why;                /* why there is no score; NULL: there is one */
} Scored;

static void scored_clear(void *p) {
        Scored *scored = p;

        g_free(scored->name);
        report_free(scored->report);
}

/* A job that failed scores 0; of one that did well but could not be measured the score is not known. */
static void score_one(Scored *scored, const Scoring *scoring) {
        const Report *report = scored->report;
        bool correct = g_strcmp0(report->result, "done") == 0;

        scored->energy_j = scoring->net ? report->net.median : report->total.median;
        scored->time_s = report->wall.median;
        scored->score = NAN;
        if (!report->result || strcmp(report->result, "cancelled") == 0 ||
            strcmp(report->result, "infrastructure") == 0)
                scored->why = _("the job did not run to its end");
        else if (g_strcmp0(report->result, "unstable") == 0)
                scored->why = _("the measurement is not stable");
        else if (correct && !isfinite(scored->energy_j))
                scored->why = _("no energy is known");
        else if (correct && !isfinite(scored->time_s))
                scored->why = _("no time is known");
        else
                scored->score = score(&scoring->parameters, correct, fmax(scored->energy_j, 0), scored->time_s);
}

static void append_json_number(GString *out, double value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        g_string_append(out, isfinite(value) ? g_ascii_formatd(text, sizeof(text), "%.9g", value) : "null");
}

static void append_json(GString *out, const GArray *all) {
        g_string_append_c(out, '[');
        for (unsigned i = 0; i < all->len; i++) {
                const Scored *scored = &g_array_index(all, Scored, i);

                g_string_append_printf(out, "%s{\"job\":%u,\"from\":", i ? "," : "", scored->report->id);
                json_append_string(out, scored->name);
                g_string_append(out, ",\"result\":");
                json_append_string(out, scored->report->result);
                g_string_append_printf(
                                out, ",\"simulated\":%s,\"energy_j\":", scored->report->simulated ? "true" : "false");
                append_json_number(out, scored->energy_j);
                g_string_append(out, ",\"time_s\":");
                append_json_number(out, scored->time_s);
                g_string_append(out, ",\"score\":");
                append_json_number(out, scored->score);
                g_string_append(out, ",\"absent\":");
                json_append_string(out, scored->why);
                g_string_append_c(out, '}');
        }
        g_string_append(out, "]\n");
}

static void append_row(Table *table, const Scored *scored, const Style *style) {
        Scale energy = scale_energy(scored->energy_j, render_resolution(scored->report), style->ascii);
        Scale time = scale_time(scored->time_s, style->ascii);
        g_autofree char *name = text_printable(scored->report->label ?: scored->name, false);
        g_autofree char *joules = scale_format(&energy, scored->energy_j);
        g_autofree char *seconds = scale_format(&time, scored->time_s);

        table_cell(table, COLOUR_NONE, name);
        table_cell(table, COLOUR_ENERGY, isfinite(scored->energy_j) ? joules : "");
        table_cell(table, COLOUR_TIME, isfinite(scored->time_s) ? seconds : "");
        if (isfinite(scored->score))
                table_cellf(table, COLOUR_STRONG, "%.4f", scored->score);
        else
                table_cell(table, COLOUR_NONE, "");
        table_cell(table, COLOUR_WARNING,
                   scored->why
                                   ?: scored->report->simulated && isfinite(scored->energy_j) ? _("(modelled)")
                                                                                              : "");
}

static void print(const Arguments *arguments, const GArray *all) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(Table) table = table_new("lrrrl");
        const char *const titles[] = { _("Job"), _("Energy"), _("Time"), _("Score"), "" };

        if (arguments->json) {
                append_json(out, all);
                fputs(out->str, stdout);
                return;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(titles); i++)
                table_cell(table, COLOUR_DIM, titles[i]);
        for (unsigned i = 0; i < all->len; i++)
                append_row(table, &g_array_index(all, Scored, i), &arguments->style);
        table_append(out, table, &arguments->style, 0);
        say(stdout, "%s", out->str);
}

int verb_score(Arguments *arguments, char **args) {
        g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(Scored));
        Scoring scoring = { .parameters = score_defaults };
        g_autofree char **operands = NULL;
        g_autoptr(Service) service = NULL;
        int r;

        g_array_set_clear_func(all, scored_clear);
        r = verb_parse("score", arguments, score_options(), set_option, &scoring, args, &operands);
        if (r != 0)
                return r;
        if (!operands[0])
                return usage_error("score", _("which job? Name its number or the file of its report"));
        for (char **operand = operands; *operand; operand++) {
                Scored scored = { .name = g_strdup(*operand) };

                r = report_operand("score", arguments, &service, *operand, NULL, &scored.report);
                if (r != 0) {
                        g_free(scored.name);
                        return r;
                }
                score_one(&scored, &scoring);
                g_array_append_val(all, scored);
        }
        print(arguments, all);
        return EXIT_DONE;
}
