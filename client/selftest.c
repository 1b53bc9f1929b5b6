/* SPDX-License-Identifier: MIT */
#include "selftest.h"

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "config.h"
#include "json-read.h"
#include "message-json.h"
#include "say.h"
#include "table.h"

enum {
        OPTION_HOSTILE,
        OPTION_USER,
        OPTION_LIST,
        OPTION_QUICK,
};

typedef struct Chosen {
        bool hostile, list, quick;
        const char *user;
} Chosen;

static const struct {
        const char *verdict, *word;
        Colour colour;
} verdicts[] = {
        [SELFTEST_OK] = { "ok", N_("ok"), COLOUR_ENERGY },
        [SELFTEST_FAILED] = { "failed", N_("failed"), COLOUR_BAD },
        [SELFTEST_SKIPPED] = { "skipped", N_("skipped"), COLOUR_DIM },
};

const char *selftest_verdict_to_string(SelftestVerdict verdict) {
        return verdicts[verdict].verdict;
}

const Option *selftest_options(void) {
        static const Option options[] = {
                { "quick", 0, NULL, N_("6 trials, the fewest that give an interval"), OPTION_QUICK },
                { "hostile", 0, NULL, N_("run the hostile programs that come with the service, as root"),
                  OPTION_HOSTILE },
                { "user", 0, "USER", N_("who asks the service to run them; else whoever called sudo"), OPTION_USER },
                { "list", 0, NULL, N_("only list them, with the verdict each must get"), OPTION_LIST },
                {},
        };

        return options;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        Chosen *chosen = userdata;

        switch (id) {
        case OPTION_HOSTILE:
                chosen->hostile = true;
                break;
        case OPTION_USER:
                chosen->user = value;
                break;
        case OPTION_QUICK:
                chosen->quick = true;
                break;
        default:
                chosen->list = true;
        }
        return 0;
}

/* ---- gathering ---- */

static void check_clear(void *data) {
        SelftestCheck *check = data;

        g_free(check->value);
        g_free(check->expected);
}

void selftest_init(Selftest *selftest, const Arguments *arguments) {
        *selftest = (Selftest){ .arguments = arguments,
                                .checks = g_array_new(FALSE, FALSE, sizeof(SelftestCheck)),
                                .reports = json_array_new() };
        g_array_set_clear_func(selftest->checks, check_clear);
}

void selftest_done(Selftest *selftest) {
        service_free(selftest->service);
        g_array_unref(selftest->checks);
        json_array_unref(selftest->reports);
        g_clear_pointer(&selftest->before, json_node_unref);
        g_clear_pointer(&selftest->properties, json_node_unref);
        g_clear_pointer(&selftest->host, g_array_unref);
        g_free(selftest->needed);
        g_free(selftest->lacking);
}

void selftest_add(Selftest *selftest, const char *name, SelftestVerdict verdict, uint32_t job, char *value,
                  char *expected) {
        const SelftestCheck check = { name, verdict, value, expected, job };

        g_array_append_val(selftest->checks, check);
}

static unsigned count(const Selftest *selftest, SelftestVerdict verdict) {
        unsigned n = 0;

        for (guint i = 0; i < selftest->checks->len; i++)
                n += g_array_index(selftest->checks, SelftestCheck, i).verdict == verdict;
        return n;
}

/* ---- showing ---- */

static JsonObject *check_object(const SelftestCheck *check) {
        JsonObject *object = json_object_new();

        json_object_set_string_member(object, "name", check->name);
        json_object_set_string_member(object, "verdict", selftest_verdict_to_string(check->verdict));
        json_object_set_string_member(object, "value", check->value);
        json_object_set_string_member(object, "expected", check->expected);
        if (check->job > 0)
                json_object_set_int_member(object, "job", check->job);
        else
                json_object_set_null_member(object, "job");
        return object;
}

static void set_text(JsonObject *object, const char *name, const char *value) {
        if (value)
                json_object_set_string_member(object, name, value);
        else
                json_object_set_null_member(object, name);
}

/* Whole: what somebody else needs to see what is wrong here. */
static void print_json(const Selftest *selftest) {
        g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), json_object_new());
        const bool failed = count(selftest, SELFTEST_FAILED) > 0;
        JsonObject *all = json_node_get_object(node);
        JsonArray *checks = json_array_new();

        for (guint i = 0; i < selftest->checks->len; i++)
                json_array_add_object_element(checks,
                                              check_object(&g_array_index(selftest->checks, SelftestCheck, i)));
        json_object_set_string_member(all, "verdict", selftest->lacking ? "nothing" : failed ? "failed" : "ok");
        json_object_set_boolean_member(all, "simulated", selftest->simulated);
        set_text(all, "lacking", selftest->lacking);
        set_text(all, "needed", selftest->needed);
        json_object_set_array_member(all, "checks", checks);
        json_object_set_member(all, "service", json_node_copy(selftest->properties));
        json_object_set_array_member(all, "reports", json_array_ref(selftest->reports));
        json_print(node);
}

static void append_checks(GString *out, const Selftest *selftest) {
        g_autoptr(Table) table = table_new("llll");

        table_cell(table, COLOUR_DIM, "");
        table_cell(table, COLOUR_DIM, _("Check"));
        table_cell(table, COLOUR_DIM, _("Value"));
        table_cell(table, COLOUR_DIM, _("Expected"));
        for (guint i = 0; i < selftest->checks->len; i++) {
                const SelftestCheck *check = &g_array_index(selftest->checks, SelftestCheck, i);

                table_cell(table, verdicts[check->verdict].colour, _(verdicts[check->verdict].word));
                table_cell(table, COLOUR_NONE, check->name);
                table_cell(table, COLOUR_NONE, check->value);
                table_cell(table, COLOUR_DIM, check->expected);
        }
        table_append(out, table, &selftest->arguments->style, 2);
}

static void append_sum(GString *out, const Selftest *selftest) {
        const unsigned failed = count(selftest, SELFTEST_FAILED);
        const Style *style = &selftest->arguments->style;

        if (failed > 0)
                text_append_coloured(out, style, COLOUR_BAD,
                                     _("Do not trust this machine's numbers before this is understood."));
        else if (selftest->simulated)
                text_append_coloured(out, style, COLOUR_WARNING,
                                     _("The joules are modelled: this says nothing about the machine."));
        else
                text_append_coloured(out, style, COLOUR_ENERGY, _("This machine's numbers can be trusted."));
        g_string_append_c(out, '\n');
        if (failed > 0)
                g_string_append_printf(out, "%s\n",
                                       _("“joulectl doctor” shows what keeps it from measuring well; “joulectl show "
                                         "--explain” tells of a job."));
}

static void append_lack(GString *out, const Selftest *selftest) {
        g_string_append_printf(out, _("There is nothing to test: %s.\n"), selftest->lacking);
        text_append_wrapped(out, selftest->needed, HELP_WIDTH, 0);
        g_string_append_c(out, '\n');
}

static int show(const Selftest *selftest) {
        g_autoptr(GString) out = g_string_new(NULL);

        if (selftest->arguments->json) {
                print_json(selftest);
        } else {
                if (selftest->lacking) {
                        append_lack(out, selftest);
                } else {
                        append_checks(out, selftest);
                        g_string_append_c(out, '\n');
                        append_sum(out, selftest);
                }
                say(stdout, "%s", out->str);
        }
        if (selftest->lacking)
                return EXIT_INFRASTRUCTURE;
        return count(selftest, SELFTEST_FAILED) > 0 ? EXIT_JOB_FAILED : EXIT_DONE;
}

/* ---- the verb ---- */

static int check_usage(const Arguments *arguments, const Chosen *chosen, char **operands) {
        if (chosen->hostile && (arguments->local || arguments->host || arguments->json))
                return usage_error("selftest", _("--hostile looks at the service of this machine and prints a table: "
                                                 "it takes neither --local, --host nor --json"));
        if (chosen->hostile && chosen->quick)
                return usage_error("selftest", _("--quick does not go with --hostile, which measures nothing"));
        if (!chosen->hostile && (chosen->list || chosen->user || operands[0]))
                return usage_error("selftest", _("rows, --list and --user are of --hostile"));
        if (arguments->host)
                return usage_error("selftest", _("“selftest” runs programs of this machine: ssh %s joulectl selftest"),
                                   arguments->host);
        return 0;
}

int verb_selftest(Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        Selftest selftest;
        Chosen chosen = {};
        int r;

        r = verb_parse("selftest", arguments, selftest_options(), set_option, &chosen, args, &operands);
        if (r == 0)
                r = check_usage(arguments, &chosen, operands);
        if (r != 0)
                return r;
        if (chosen.hostile)
                return selftest_hostile(chosen.user, chosen.list, operands);

        selftest_init(&selftest, arguments);
        selftest.quick = chosen.quick;
        r = selftest_run(&selftest);
        if (r == 0)
                r = show(&selftest);
        selftest_done(&selftest);
        return r;
}
