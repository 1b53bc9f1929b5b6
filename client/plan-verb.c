/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "compare.h"
#include "json-read.h"
#include "message-json.h"
#include "plan-noise.h"
#include "plan.h"
#include "report-out.h"
#include "say.h"
#include "service.h"
#include "table.h"
#include "units.h"

enum {
        OPTION_EFFECT,
        OPTION_NOISE,
        OPTION_FROM,
};

typedef struct Plan {
        double effect;     /* a fraction; NaN: not given */
        double sigma;      /* of ln(B/A) of a pair; NaN: unknown */
        const char *from;  /* --from */
        double floor;      /* the calibration's, or that which the job cites; NaN: none */
        const char *basis; /* where sigma comes from: option, job, calibration; NULL: unknown */
        bool simulated;    /* the job's energies are the model's */
        uint64_t measured; /* when the calibration was */
        char *expired;     /* why it does not hold any more; NULL: it does, or there is none */
        size_t pairs;      /* 0: unknown, or more than there may be */
        bool named;        /* so many pairs call the change improved or regressed; else they only find it */
} Plan;

static void plan_clear(Plan *plan) {
        g_free(plan->expired);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plan, plan_clear)

const Option *plan_options(void) {
        static const Option options[] = {
                { "effect", 0, "PERCENT", N_("the change to be found, as 1%"), OPTION_EFFECT },
                { "noise", 0, "PERCENT", N_("the standard deviation of the change between two runs, as 0.5%"),
                  OPTION_NOISE },
                { "from", 0, "ID|FILE", N_("take the noise from the trials of a job, or of its report in a file"),
                  OPTION_FROM },
                {},
        };

        return options;
}

/* "1%", "-2.5 %"; without the sign it could be a fraction as well. */
static int parse_percent(const char *text, double low, double *ret) {
        char *end;
        double value = g_ascii_strtod(text, &end);

        if (end == text || strpbrk(text, "xX"))
                return -EINVAL;
        while (*end == ' ')
                end++;
        if (strcmp(end, "%") != 0 || !isfinite(value) || value == 0 || value <= low)
                return -EINVAL;
        *ret = value / 100;
        return 0;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Plan *plan = userdata;
        g_autofree char *shown = text_printable(value, false);

        switch (id) {
        case OPTION_EFFECT:
                if (parse_percent(value, -100, &plan->effect) >= 0)
                        return 0;
                *ret_problem = g_strdup_printf(_("“%s” is no change; write it in percent, as 1%% or -5%%"), shown);
                return -EINVAL;
        case OPTION_NOISE:
                if (parse_percent(value, 0, &plan->sigma) < 0) {
                        *ret_problem = g_strdup_printf(_("“%s” is no noise; write it in percent, as 0.5%%"), shown);
                        return -EINVAL;
                }
                plan->basis = "option";
                return 0;
        default:
                plan->from = value;
                return 0;
        }
}

static int noise_from_job(const Arguments *arguments, Plan *plan) {
        g_autofree char *shown = text_printable(plan->from, false);
        g_autoptr(Service) service = NULL;
        g_autoptr(Report) report = NULL;
        int r;

        r = report_operand("plan", arguments, &service, plan->from, NULL, &report);
        if (r != 0)
                return r;
        if (noise_of_report(report, &plan->sigma) < 0) {
                say(stderr,
                    _("joulectl: “%s” has fewer than 6 trials with different energies: its noise is not known\n"),
                    shown);
                return EXIT_JOB_FAILED;
        }
        plan->basis = "job";
        plan->floor = report->noise_floor;
        plan->simulated = report->simulated;
        return 0;
}

/* The property Calibration, a{sv}: noise-floor d (comparison_noise_floor()), measured t (µs since 1970), expired b. It
 * is not there, or empty, when this host was not calibrated. */
static int noise_from_calibration(const Arguments *arguments, Plan *plan) {
        g_autoptr(JsonNode) properties = NULL;
        g_autoptr(Service) service = NULL;
        JsonObject *calibration;
        int r;

        r = service_open(arguments, &service);
        if (r == 0)
                r = service_properties(service, &properties);
        if (r != 0)
                return r;
        calibration = json_object(json_node_get_object(properties), "Calibration");
        if (json_true(calibration, "expired")) {
                plan->expired = g_strdup(json_string(calibration, "reason") ?: "?");
                return 0;
        }
        plan->floor = json_double(calibration, "noise-floor");
        if (noise_of_floor(plan->floor, &plan->sigma) < 0)
                return 0;
        (void) json_u64(calibration, "measured", &plan->measured);
        plan->basis = "calibration";
        return 0;
}

/* What compare holds a change against, by what is known of the host. */
static double threshold_of(const Plan *plan) {
        return fmax(COMPARE_THRESHOLD_MIN, isfinite(plan->floor) ? plan->floor : 0);
}

/* Pairs that name the change, or where no number of them does, pairs that find it. Errors as plan_pairs(). */
static int count_pairs(const Plan *plan, double sigma, size_t *ret, bool *ret_named) {
        int r;

        r = plan_pairs(plan->effect, sigma, threshold_of(plan), ret);
        *ret_named = r >= 0;
        return r == -ERANGE ? plan_pairs(plan->effect, sigma, 0, ret) : r;
}

static void set_number(JsonObject *object, const char *name, double value) {
        if (isfinite(value))
                json_object_set_double_member(object, name, value);
        else
                json_object_set_null_member(object, name);
}

static void print_json(const Plan *plan) {
        g_autoptr(JsonObject) object = json_object_new();
        g_autoptr(JsonNode) node = NULL;

        set_number(object, "effect", plan->effect);
        set_number(object, "noise", plan->sigma);
        if (plan->basis)
                json_object_set_string_member(object, "noise_from", plan->basis);
        else
                json_object_set_null_member(object, "noise_from");
        json_object_set_boolean_member(object, "simulated", plan->simulated);
        set_number(object, "noise_floor", plan->floor);
        set_number(object, "threshold", threshold_of(plan));
        set_number(object, "power", PLAN_POWER);
        if (plan->pairs > 0) {
                json_object_set_int_member(object, "pairs", (gint64) plan->pairs);
                json_object_set_boolean_member(object, "named", plan->named);
        } else {
                json_object_set_null_member(object, "pairs");
                json_object_set_null_member(object, "named");
        }
        node = json_node_init_object(json_node_alloc(), object);
        json_print(node);
}

static char *percent(double fraction) {
        return g_strdup_printf("%.3g %%", fraction * 100);
}

/* Nobody knows the noise: what various ones would ask for. */
static void append_unknown(GString *out, const Plan *plan, const Style *style) {
        static const double noises[] = { 0.0025, 0.005, 0.01, 0.02, 0.05 };
        g_autoptr(Table) table = table_new("rr");

        if (plan->expired) {
                g_autofree char *reason = text_printable(plan->expired, false);

                g_string_append_printf(out, _("The calibration of this host does not hold any more: %s.\n"), reason);
        }
        text_append_wrapped(
                        out,
                        _("This host is not calibrated, so how much its measurements vary is not known. Say it with "
                          "--noise, or name a job with --from. For orientation:"),
                        HELP_WIDTH, 0);
        g_string_append_c(out, '\n');
        table_cell(table, COLOUR_DIM, _("Noise of a pair"));
        table_cell(table, COLOUR_DIM, _("Pairs"));
        for (size_t i = 0; i < G_N_ELEMENTS(noises); i++) {
                g_autofree char *noise = percent(noises[i]);
                size_t pairs;
                bool named;

                table_cell(table, COLOUR_NONE, noise);
                if (count_pairs(plan, noises[i], &pairs, &named) >= 0)
                        table_cellf(table, COLOUR_STRONG, "%zu", pairs);
                else
                        table_cellf(table, COLOUR_DIM, "> %d", PLAN_PAIRS_MAX);
        }
        table_append(out, table, style, 2);
}

static void append_basis(GString *out, const Plan *plan) {
        g_autofree char *noise = percent(plan->sigma);

        if (strcmp(plan->basis, "calibration") == 0) {
                g_autofree char *floor = percent(plan->floor), *when = format_time(plan->measured);

                g_string_append_printf(out,
                                       _("Noise of a pair: %s, from this host's noise floor of %s (calibrated %s).\n"),
                                       noise, floor, when);
        } else if (strcmp(plan->basis, "job") == 0) {
                g_autofree char *job = text_printable(plan->from, false);

                g_string_append_printf(out, _("Noise of a pair: %s, from the trials of %s%s%s.\n"), noise, job,
                                       plan->simulated ? " " : "", plan->simulated ? _("(modelled)") : "");
        } else
                g_string_append_printf(out, _("Noise of a pair: %s, as given.\n"), noise);
}

/* Why more pairs would not call the change improved or regressed. */
static void append_caveat(GString *out, const Plan *plan) {
        g_autofree char *limit = percent(threshold_of(plan)), *note = NULL;

        if (fabs(plan->effect) <= threshold_of(plan))
                note = g_strdup_printf(
                                _("A change is called improved or regressed beyond the threshold of %s; one that is "
                                  "not "
                                  "larger is mostly called within the noise threshold, however many pairs there are."),
                                limit);
        else if (plan->pairs > 0 && !plan->named)
                note = g_strdup_printf(
                                _("A change is called improved or regressed beyond the threshold of %s; this one is "
                                  "larger by so little that not even %d pairs call it so in 80 %% of comparisons."),
                                limit, PLAN_PAIRS_MAX);
        else
                return;
        text_append_wrapped(out, note, HELP_WIDTH, 0);
        g_string_append_c(out, '\n');
}

static void print(const Arguments *arguments, const Plan *plan) {
        g_autofree char *effect = percent(plan->effect);
        g_autoptr(GString) out = g_string_new(NULL);

        if (!plan->basis)
                append_unknown(out, plan, &arguments->style);
        else {
                if (plan->pairs > 0)
                        g_string_append_printf(
                                        out,
                                        ngettext("%zu pair finds a change of %s in at least 80 %% of comparisons.\n",
                                                 "%zu pairs find a change of %s in at least 80 %% of comparisons.\n",
                                                 plan->pairs),
                                        plan->pairs, effect);
                else
                        g_string_append_printf(out,
                                               _("Not even %d pairs find a change of %s in 80 %% of comparisons.\n"),
                                               PLAN_PAIRS_MAX, effect);
                append_basis(out, plan);
        }
        append_caveat(out, plan);
        say(stdout, "%s", out->str);
}

int verb_plan(Arguments *arguments, char **args) {
        g_auto(Plan) plan = { .effect = NAN, .sigma = NAN, .floor = NAN };
        g_autofree char **operands = NULL;
        int r;

        r = verb_parse("plan", arguments, plan_options(), set_option, &plan, args, &operands);
        if (r != 0)
                return r;
        if (operands[0])
                return usage_error("plan", _("“plan” takes no operand"));
        if (!isfinite(plan.effect))
                return usage_error("plan", _("which change is to be found? Say it with --effect 1%%"));
        if (plan.basis && plan.from)
                return usage_error("plan", _("--noise and --from exclude each other"));
        if (plan.from)
                r = noise_from_job(arguments, &plan);
        else if (!plan.basis)
                r = noise_from_calibration(arguments, &plan);
        if (r != 0)
                return r;
        if (plan.basis) {
                r = count_pairs(&plan, plan.sigma, &plan.pairs, &plan.named);
                if (r < 0 && r != -ERANGE)
                        return usage_error("plan", "%s", g_strerror(-r));
        }
        if (arguments->json)
                print_json(&plan);
        else
                print(arguments, &plan);
        return EXIT_DONE;
}
