/* SPDX-License-Identifier: MIT */
#include "doctor.h"

#include <stdio.h>
#include <string.h>

#include "json-read.h"
#include "message-json.h"
#include "say.h"

#define INDENT 2
#define GAP 2

enum {
        OPTION_FIX,
};

static const struct {
        const char *verdict, *word;
        Colour colour;
} verdicts[] = {
        { "ok", N_("ok"), COLOUR_ENERGY },
        { "note", N_("note"), COLOUR_WARNING },
        { "problem", N_("problem"), COLOUR_BAD },
};

const Option *doctor_options(void) {
        static const Option options[] = {
                { "fix", 0, NULL, N_("as root, change the settings that can be taken back, until the next boot"),
                  OPTION_FIX },
                {},
        };

        return options;
}

static int set_option(void *userdata, int id, const char *value, char **ret_problem) {
        *(bool *) userdata = true;
        return 0;
}

/* Findings say in English what they say; where our catalogue has the sentence, in the user's language. */
static char *words(JsonObject *object, const char *member) {
        const char *text = json_string(object, member);

        return text_printable(text && *text ? _(text) : "", false); /* gettext("") is the catalogue's header */
}

/* What is the same in every language: names and commands. */
static char *printable(JsonObject *object, const char *member) {
        return text_printable(json_string(object, member) ?: "", false);
}

static size_t verdict_index(JsonObject *check) {
        const char *verdict = json_string(check, "verdict");

        for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++)
                if (g_strcmp0(verdicts[i].verdict, verdict) == 0)
                        return i;
        return 0;
}

static unsigned count(JsonArray *checks, const char *verdict) {
        unsigned n = 0;

        for (unsigned i = 0; i < json_array_get_length(checks); i++)
                n += g_strcmp0(json_string(json_element(checks, i), "verdict"), verdict) == 0;
        return n;
}

static void append_arrow(GString *out, size_t indent, const Style *style) {
        g_string_append_printf(out, "%*s%s ", (int) indent, "", style->ascii ? "->" : "→");
}

/* Below what is not well: why it matters, and what mends it. A command stands on one line, to be copied. */
static void append_remedy(GString *out, JsonObject *check, size_t indent, const Style *style) {
        g_autofree char *why = words(check, "why"), *advice = words(check, "advice"),
                        *command = printable(check, "command");
        size_t arrow = indent + (style->ascii ? 3 : 2);

        if (*why) {
                g_string_append_printf(out, "%*s", (int) indent, "");
                text_append_wrapped(out, why, HELP_WIDTH - indent, indent);
                g_string_append_c(out, '\n');
        }
        if (*command) {
                append_arrow(out, indent, style);
                text_append_coloured(out, style, COLOUR_STRONG, command);
                g_string_append_c(out, '\n');
        }
        if (*advice) {
                append_arrow(out, indent, style);
                text_append_wrapped(out, advice, HELP_WIDTH - arrow, arrow);
                g_string_append_c(out, '\n');
        }
}

static void append_check(GString *out, JsonObject *check, size_t word_width, size_t name_width, const Style *style) {
        const size_t i = verdict_index(check), indent = INDENT + word_width + GAP;
        g_autofree char *name = printable(check, "name"), *value = words(check, "value"),
                        *limit = words(check, "limit");
        const char *word = _(verdicts[i].word);

        g_string_append_printf(out, "%*s", INDENT, "");
        text_append_coloured(out, style, verdicts[i].colour, word);
        g_string_append_printf(out, "%*s", (int) (word_width - text_width(word) + GAP), "");
        text_append_padded(out, name, name_width + GAP, false);
        g_string_append(out, value);
        if (*limit && i > 0)
                g_string_append_printf(out, _(" (should be %s)"), limit);
        g_string_append_c(out, '\n');
        if (i > 0)
                append_remedy(out, check, indent, style);
}

static void append_checks(GString *out, JsonArray *checks, const Style *style) {
        size_t word_width = 0, name_width = 0;
        const char *group = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++)
                word_width = MAX(word_width, text_width(_(verdicts[i].word)));
        for (unsigned i = 0; i < json_array_get_length(checks); i++) {
                g_autofree char *name = printable(json_element(checks, i), "name");

                name_width = MAX(name_width, text_width(name));
        }
        for (unsigned i = 0; i < json_array_get_length(checks); i++) {
                JsonObject *check = json_element(checks, i);

                if (g_strcmp0(group, json_string(check, "group")) != 0) {
                        group = json_string(check, "group");
                        text_append_coloured(out, style, COLOUR_STRONG, _(group));
                        g_string_append_c(out, '\n');
                }
                append_check(out, check, word_width, name_width, style);
        }
}

/* One line per file, then the command that takes all of the check's back. */
static void append_change(GString *out, JsonObject *change, const Style *style) {
        JsonArray *settings = json_array(change, "settings");
        g_autofree char *name = printable(change, "check"), *error = words(change, "error"),
                        *undo = printable(change, "undo");

        for (unsigned i = 0; i < json_array_get_length(settings); i++) {
                JsonObject *setting = json_element(settings, i);

                g_string_append_printf(out, _("Changed %s from %s to %s\n"), json_string(setting, "path"),
                                       json_string(setting, "from"), json_string(setting, "to"));
        }
        if (*undo) {
                g_string_append_printf(out, "  %s ", _("to undo:"));
                text_append_coloured(out, style, COLOUR_STRONG, undo);
                g_string_append_c(out, '\n');
        }
        if (*error) {
                text_append_coloured(out, style, COLOUR_BAD, name);
                g_string_append_printf(out, _(": not mended: %s\n"), error);
        }
}

static void append_sum(GString *out, JsonArray *checks, bool fix, const Style *style) {
        const unsigned problems = count(checks, "problem"), notes = count(checks, "note");
        g_autoptr(GString) fixable = g_string_new(NULL);

        for (unsigned i = 0; i < json_array_get_length(checks); i++)
                if (json_true(json_element(checks, i), "fixable"))
                        g_string_append_printf(fixable, "%s%s", fixable->len ? ", " : "",
                                               json_string(json_element(checks, i), "name"));
        g_string_append_c(out, '\n');
        if (problems == 0 && notes == 0)
                text_append_coloured(out, style, COLOUR_ENERGY, _("Nothing keeps this machine from measuring well."));
        else {
                g_string_append_printf(out, ngettext("%u problem", "%u problems", problems), problems);
                g_string_append(out, ", ");
                g_string_append_printf(out, ngettext("%u note", "%u notes", notes), notes);
        }
        g_string_append_c(out, '\n');
        if (fixable->len && !fix)
                g_string_append_printf(out, _("“joulectl doctor --fix” changes, as root: %s\n"), fixable->str);
}

static void print(const Arguments *arguments, JsonObject *all, bool fix) {
        JsonArray *checks = json_array(all, "checks"), *changes = json_array(all, "changes");
        g_autoptr(GString) out = g_string_new(NULL);

        for (unsigned i = 0; i < json_array_get_length(changes); i++)
                append_change(out, json_element(changes, i), &arguments->style);
        if (json_array_get_length(changes) > 0)
                g_string_append_c(out, '\n');
        else if (fix)
                g_string_append_printf(out, "%s\n\n", _("There was nothing that --fix changes."));
        append_checks(out, checks, &arguments->style);
        append_sum(out, checks, fix, &arguments->style);
        say(stdout, "%s", out->str);
}

/* A change that did not come about is no success, however little it matters to measuring. */
static int exit_code(JsonObject *all) {
        JsonArray *changes = json_array(all, "changes");

        for (unsigned i = 0; i < json_array_get_length(changes); i++)
                if (json_string(json_element(changes, i), "error"))
                        return EXIT_JOB_FAILED;
        return count(json_array(all, "checks"), "problem") > 0 ? EXIT_JOB_FAILED : EXIT_DONE;
}

int verb_doctor(Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        g_autoptr(JsonNode) node = NULL;
        bool fix = false;
        int r;

        r = verb_parse("doctor", arguments, doctor_options(), set_option, &fix, args, &operands);
        if (r != 0)
                return r;
        if (operands[0])
                return usage_error("doctor", _("“doctor” takes no operand"));
        if (arguments->host)
                return usage_error("doctor", _("“doctor” reads the files of this machine: ssh %s joulectl doctor"),
                                   arguments->host);
        r = doctor_collect(arguments, fix, &node);
        if (r != 0)
                return r;
        if (arguments->json)
                json_print(node);
        else
                print(arguments, json_node_get_object(node), fix);
        return exit_code(json_node_get_object(node));
}
