/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calibration-view.h"
#include "client.h"
#include "json-read.h"
#include "message-json.h"
#include "names.h"
#include "say.h"
#include "service.h"
#include "table.h"
#include "units.h"

static int collect(Service *service, JsonNode **ret) {
        g_autoptr(JsonNode) properties = NULL, statistics = NULL, checks = NULL;
        g_autoptr(JsonObject) all = NULL;
        int r;

        r = service_properties(service, &properties);
        if (r != 0)
                return r;
        r = service_ask(service, &(const Call) MANAGER_CALL("GetStatistics"), &statistics);
        if (r == 0)
                r = service_ask(service, &(const Call) MANAGER_CALL("Diagnose"), &checks);
        if (r != 0)
                return r;

        all = json_object_new();
        json_object_set_member(all, "service", g_steal_pointer(&properties));
        json_object_set_member(all, "statistics", g_steal_pointer(&statistics));
        json_object_set_member(all, "checks", g_steal_pointer(&checks));
        *ret = json_node_init_object(json_node_alloc(), all);
        return 0;
}

static void row(Table *table, const char *name, const char *value) {
        g_autofree char *shown = text_printable(value, false);

        table_cell(table, COLOUR_DIM, name);
        table_cell(table, COLOUR_NONE, shown);
}

/* The domains that make up the total. */
static char *counters(JsonArray *domains) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (unsigned i = 0; domains && i < json_array_get_length(domains); i++) {
                JsonObject *domain = json_element(domains, i);
                const char *kind = json_string(domain, "kind"), *dropped = json_string(domain, "dropped");

                if ((dropped && *dropped) || !json_true(domain, "readable") ||
                    (g_strcmp0(kind, "package") != 0 && g_strcmp0(kind, "dram") != 0))
                        continue;
                g_string_append_printf(text, "%s%s", text->len ? ", " : "", json_string(domain, "name") ?: "?");
        }
        return g_strdup(text->len ? text->str : _("no energy counter can be read: time alone is measured"));
}

static char *queue(JsonObject *service) {
        g_autoptr(GString) text = g_string_new(NULL);
        uint64_t length = 0, running = 0;

        (void) json_u64(service, "QueueLength", &length);
        if (json_u64(service, "RunningJob", &running) && running > 0 && running < UINT32_MAX)
                g_string_append_printf(text, _("job %u runs, "), (unsigned) running);
        g_string_append_printf(text, ngettext("%u job waits", "%u jobs wait", (unsigned) length), (unsigned) length);
        return g_strdup(text->str);
}

static char *isolation(JsonObject *service) {
        const char *level = json_string(service, "IsolationLevel") ?: "?",
                   *cpus = json_string(service, "ReservedCPUs");

        if (strcmp(level, "reserved") == 0)
                return g_strdup_printf(_("cores %s are reserved while jobs run"), cpus ?: "?");
        if (strcmp(level, "confined") == 0)
                return g_strdup_printf(_("jobs are kept on cores %s; others are not kept off"),
                                       cpus && *cpus ? cpus : "?");
        return g_strdup(_("no cores are reserved"));
}

static void append_statistics(Table *table, JsonObject *statistics) {
        uint64_t jobs = 0, failed = 0, refused = 0;
        double mean = json_double(statistics, "duration-mean");
        g_autofree char *text = NULL;

        (void) json_u64(statistics, "failed", &failed);
        (void) json_u64(statistics, "refused", &refused);
        if (!json_u64(statistics, "jobs", &jobs))
                return;
        text = g_strdup_printf(_("%u jobs, %u failed, %u refused"), (unsigned) jobs, (unsigned) failed,
                               (unsigned) refused);
        row(table, _("last 24 hours"), text);
        if (isfinite(mean) && mean > 0) {
                g_autofree char *span = format_span((uint64_t) (mean * G_USEC_PER_SEC));

                row(table, _("usual duration"), span);
        }
}

/* What the service says it says in English; where our catalogue has the sentence, in the user's language. */
static char *check_words(JsonObject *check, const char *member) {
        const char *text = json_string(check, member);

        return text_printable(text && *text ? _(text) : "", false); /* gettext("") is the catalogue's header */
}

/* Checks that failed, each with its remedy; then the reasons nobody has a check for. */
static void append_problems(GString *out, JsonArray *checks, const Style *style) {
        for (unsigned i = 0; i < json_array_get_length(checks); i++) {
                JsonObject *check = json_element(checks, i);
                g_autofree char *name = NULL, *value = NULL, *limit = NULL, *remedy = NULL;

                if (json_true(check, "ok"))
                        continue;
                name = text_printable(json_string(check, "name") ?: "?", false);
                value = check_words(check, "value");
                limit = check_words(check, "limit");
                remedy = check_words(check, "remedy");
                text_append_coloured(out, style, COLOUR_WARNING, style->ascii ? "  ! " : "  ⚠ ");
                g_string_append_printf(out, "%s: %s", name, value);
                if (*limit)
                        g_string_append_printf(out, _(" (should be %s)"), limit);
                g_string_append_c(out, '\n');
                if (*remedy) {
                        g_string_append_printf(out, "    %s ", style->ascii ? "->" : "→");
                        text_append_wrapped(out, remedy, HELP_WIDTH - 7, style->ascii ? 7 : 6);
                        g_string_append_c(out, '\n');
                }
        }
}

static void append_reasons(GString *out, JsonObject *service) {
        g_auto(GStrv) reasons = json_strings(service, "NotReadyReasons");

        for (char **reason = reasons; reason && *reason; reason++) {
                g_autofree char *shown = text_printable(*reason, false);

                g_string_append_printf(out, "  %s\n", shown);
        }
}

/* Whether joules come from the model, as somebody asked by name. */
static bool modelled(JsonArray *checks) {
        for (unsigned i = 0; checks && i < json_array_get_length(checks); i++) {
                JsonObject *check = json_element(checks, i);
                const char *value = json_string(check, "value");

                if (g_strcmp0(json_string(check, "name"), "meter") == 0)
                        return value && g_str_has_prefix(value, "model");
        }
        return false;
}

static void append_status(GString *out, JsonObject *all, const Arguments *arguments, const char *name) {
        JsonObject *service = json_object(all, "service");
        g_autofree char *read = counters(json_array(service, "Domains")), *cores = isolation(service),
                        *jobs = queue(service),
                        *calibrated = calibration_line(json_object(service, "Calibration"), now_realtime_usec());
        g_autoptr(Table) table = table_new("ll");
        bool ready = json_true(service, "Ready");

        text_append_coloured(out, &arguments->style, ready ? COLOUR_ENERGY : COLOUR_BAD,
                             ready ? _("Ready to measure") : _("Not ready to measure"));
        g_string_append_printf(out, " (%s, %s)\n", name, json_string(service, "Version") ?: "?");
        if (!ready)
                append_reasons(out, service);
        row(table, _("counters"),
            modelled(json_array(all, "checks")) ? _("none is read: joules are modelled, computed from CPU time")
                                                : read);
        row(table, _("isolation"), cores);
        row(table, _("queue"), jobs);
        row(table, _("calibration"), calibrated);
        append_statistics(table, json_object(all, "statistics"));
        table_append(out, table, &arguments->style, 2);
        if (json_array(all, "checks"))
                append_problems(out, json_array(all, "checks"), &arguments->style);
}

int verb_status(Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(Service) service = NULL;
        g_autoptr(JsonNode) node = NULL;
        int r;

        r = verb_parse("status", arguments, no_options(), NULL, NULL, args, &operands);
        if (r != 0)
                return r;
        if (operands[0])
                return usage_error("status", _("“status” takes no operand; “joulectl show %s” shows one job"),
                                   operands[0]);
        r = service_open(arguments, &service);
        if (r == 0)
                r = collect(service, &node);
        if (r != 0)
                return r;
        if (arguments->json) {
                json_print(node);
                return EXIT_DONE;
        }
        append_status(out, json_node_get_object(node), arguments, service->name);
        say(stdout, "%s", out->str);
        return EXIT_DONE;
}
