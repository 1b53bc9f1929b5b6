/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "config.h"
#include "errors.h"
#include "fs.h"
#include "say.h"

#define VERB_COLUMN 14

enum {
        GLOBAL_LOCAL,
        GLOBAL_METER,
        GLOBAL_SYSROOT,
        GLOBAL_HOST,
        GLOBAL_JSON,
        GLOBAL_PROGRESS,
        GLOBAL_NO_COLOUR,
        GLOBAL_ASCII,
        GLOBAL_QUIET,
        GLOBAL_VERSION,
        GLOBAL_HELP,
};

static const char *const progress_choices[] = { "auto", "json", "none", NULL };
static const char *const meter_choices[] = { "auto", "perf", "powercap", "model", "none", NULL };

const Option global_options[] = {
        { "local", 0, NULL, N_("measure without the system service: no reserved cores, only counters you may read"),
          GLOBAL_LOCAL },
        { "meter", 0, "METER", N_("which counters to read; model computes joules from CPU time"), GLOBAL_METER,
          meter_choices },
        { "sysroot", 0, "DIR", N_("with --local, read every file of /sys and /proc below DIR"), GLOBAL_SYSROOT },
        { "host", 'H', "HOST", N_("ask the service of another machine, over ssh"), GLOBAL_HOST },
        { "json", 0, NULL, N_("print JSON on standard output"), GLOBAL_JSON },
        { "progress", 0, "HOW", N_("progress on standard error: auto, json (one object a line) or none"),
          GLOBAL_PROGRESS, progress_choices },
        { "no-color", 0, NULL, N_("no colours; so does the variable NO_COLOR"), GLOBAL_NO_COLOUR },
        { "ascii", 0, NULL, N_("no symbols beyond ASCII"), GLOBAL_ASCII },
        { "quiet", 'q', NULL, N_("no progress and no hints"), GLOBAL_QUIET },
        { "version", 0, NULL, N_("print the version"), GLOBAL_VERSION },
        { "help", 'h', NULL, N_("print this help"), GLOBAL_HELP },
        {},
};

const Verb verbs[] = {
        { "measure", N_("[OPTION…] [--] COMMAND [ARGUMENT…]"), N_("measure how many joules a command takes"),
          measure_options, true, verb_measure },
        { "validate", N_("[OPTION…] [--] [COMMAND [ARGUMENT…]]"),
          N_("run a program on tests, in a box, and say whether its answers are right"), validate_options, true,
          verb_validate },
        { "show", N_("[OPTION…] [ID…]"), N_("show finished jobs, or watch a running one"), show_options, false,
          verb_show },
        { "jobs", N_("[OPTION…]"), N_("list the jobs that wait and run, or those on record"), jobs_options, false,
          verb_jobs },
        { "cancel", N_("ID…"), N_("end jobs that wait or run"), no_options, false, verb_cancel },
        { "forget", N_("ID…"), N_("delete the records of finished jobs"), no_options, false, verb_forget },
        { "export", N_("[OPTION…] [ID…]"), N_("write records in one of six forms; all of yours without an ID"),
          export_options, false, verb_export },
        { "package", N_("list|verify [OPTION…] PACKAGE"),
          N_("show a problem package, or run its submissions and compare their verdicts"), package_options, false,
          verb_package },
        { "batch", N_("[OPTION…] FILE"), N_("run the requests of a file one by one; goes on where it was left"),
          batch_options, false, verb_batch },
        { "score", N_("[OPTION…] ID|FILE…"), N_("score finished jobs between 0 and 1 by energy and time"),
          score_options, false, verb_score },
        { "compare", N_("[OPTION…] COMMAND COMMAND… | --stored ID|FILE ID|FILE…"),
          N_("say whether programs, or finished jobs, take more or less energy than the first of them"),
          compare_options, false, verb_compare },
        { "calibrate", N_("[OPTION…]"), N_("measure how much measurements vary on this machine"), calibrate_options,
          false, verb_calibrate },
        { "plan", N_("--effect PERCENT [OPTION…]"),
          N_("say how many pairs of runs a comparison needs to find a change"), plan_options, false, verb_plan },
        { "selftest", N_("[--quick] | --hostile [OPTION…] [ROW…]"),
          N_("see whether this machine's numbers can be trusted, or whether hostile programs are kept in"),
          selftest_options, false, verb_selftest },
        { "status", "", N_("show whether the service can measure, and what keeps it from that"), no_options, false,
          verb_status },
        { "doctor", N_("[OPTION…]"), N_("show what keeps this machine from measuring well, and what mends it"),
          doctor_options, false, verb_doctor },
        { "topology", "", N_("show the energy counters of this machine"), no_options, false, verb_topology },
        {},
};

const Option *no_options(void) {
        static const Option none[] = { {} };

        return none;
}

static int set_global(void *userdata, int id, const char *value, char **ret_problem) {
        Arguments *a = userdata;

        switch (id) {
        case GLOBAL_LOCAL:
                a->local = true;
                break;
        case GLOBAL_METER:
                a->meter = value;
                break;
        case GLOBAL_SYSROOT:
                a->sysroot = value;
                break;
        case GLOBAL_HOST:
                if (*value == '\0' || *value == '-') {
                        *ret_problem = g_strdup_printf(_("“%s” is no host; write [USER@]HOST"), value);
                        return -EINVAL;
                }
                a->host = value;
                break;
        case GLOBAL_JSON:
                a->json = true;
                break;
        case GLOBAL_PROGRESS:
                a->progress = strcmp(value, "json") == 0   ? PROGRESS_JSON
                              : strcmp(value, "none") == 0 ? PROGRESS_NONE
                                                           : PROGRESS_AUTO;
                break;
        case GLOBAL_NO_COLOUR:
                a->no_colour = true;
                break;
        case GLOBAL_ASCII:
                a->ascii = true;
                say_in_ascii();
                break;
        case GLOBAL_QUIET:
                a->quiet = true;
                break;
        case GLOBAL_VERSION:
                a->version = true;
                break;
        case GLOBAL_HELP:
                a->help = true;
                break;
        }
        return 0;
}

static void style_decide(Arguments *arguments) {
        const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

        arguments->style.colour = !arguments->no_colour && !(no_colour && *no_colour) && isatty(STDOUT_FILENO) &&
                                  term && strcmp(term, "dumb") != 0;
        arguments->style.ascii = arguments->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

static int check_combination(const char *verb, const Arguments *arguments) {
        if (arguments->local && arguments->host)
                return usage_error(verb, _("--local and --host exclude each other: --local needs no service"));
        if (arguments->sysroot && !arguments->local)
                return usage_error(verb, _("--sysroot only goes with --local: the service reads its own machine"));
        if (arguments->meter && !arguments->local && g_strcmp0(verb, "measure") != 0)
                return usage_error(verb, _("--meter only goes with --local or “measure”"));
        return 0;
}

static void print_verb_help(const Verb *verb) {
        g_autoptr(GString) out = g_string_new(NULL);
        const Option *options = verb->options();

        g_string_append_printf(out, "joulectl %s%s%s\n\n", verb->name, *verb->synopsis ? " " : "",
                               *verb->synopsis ? _(verb->synopsis) : "");
        text_append_wrapped(out, _(verb->doc), HELP_WIDTH, 0);
        g_string_append_c(out, '\n');
        if (options->name) {
                g_string_append_printf(out, "\n%s\n", _("Options:"));
                options_append_help(out, options);
        }
        g_string_append_printf(out, "\n%s\n", _("Options of every verb:"));
        options_append_help(out, global_options);
        say(stdout, "%s", out->str);
}

static void print_help(void) {
        g_autoptr(GString) out = g_string_new(NULL);

        g_string_append_printf(out, "%s\n\n%s\n%s\n", _("joulectl [OPTION…] VERB …"),
                               _("Asks how many joules a command takes. The first thing to try:"),
                               "  joulectl measure gzip -9 -k -c /usr/share/common-licenses/GPL-3");
        g_string_append_printf(out, "\n%s\n", _("Verbs:"));
        for (const Verb *v = verbs; v->name; v++) {
                g_string_append(out, "  ");
                text_append_padded(out, v->name, VERB_COLUMN - 2, false);
                text_append_wrapped(out, _(v->doc), HELP_WIDTH - VERB_COLUMN, VERB_COLUMN);
                g_string_append_c(out, '\n');
        }
        g_string_append_printf(out, "\n%s\n", _("Options of every verb:"));
        options_append_help(out, global_options);
        g_string_append_c(out, '\n');
        text_append_wrapped(out,
                            _("Exit status: 0 done, 1 the job failed, 2 wrong usage, 3 not authorised, 4 the "
                              "service could\n"
                              "not do it, 5 no stable number, 124 out of time, 130 cancelled. More: man joulectl"),
                            HELP_WIDTH, 0);
        g_string_append_c(out, '\n');
        say(stdout, "%s", out->str);
}

int verb_parse(const char *verb, Arguments *arguments, const Option *options, OptionSet set, void *userdata,
               char **args, char ***ret_operands) {
        const OptionGroup groups[] = {
                { options, set, userdata },
                { global_options, set_global, arguments },
        };
        g_autofree char *problem = NULL;
        bool leading = false;
        int r;

        for (const Verb *v = verbs; v->name; v++)
                if (strcmp(v->name, verb) == 0)
                        leading = v->takes_command;

        r = options_parse(args, groups, G_N_ELEMENTS(groups), leading, ret_operands, &problem);
        return r < 0 ? usage_error(verb, "%s", problem) : 0;
}

static int ignore_option(void *userdata, int id, const char *value, char **ret_problem) {
        return 0;
}

/* What has to be known before the verb runs, since it may stand on either side of it: --help and the style. */
static int peek_globals(const Verb *verb, Arguments *arguments, char **args) {
        g_autofree char **operands = NULL;
        int r;

        r = verb_parse(verb->name, arguments, verb->options(), ignore_option, NULL, args, &operands);
        if (r != 0)
                return r;
        style_decide(arguments);
        return arguments->help ? 0 : check_combination(verb->name, arguments);
}

static const Verb *find_verb(const char *name) {
        for (const Verb *v = verbs; v->name; v++)
                if (strcmp(v->name, name) == 0)
                        return v;
        return NULL;
}

static int unknown_verb(const char *name) {
        const char *names[32] = {}, *closest;
        g_autofree char *shown = text_printable(name, false);
        size_t n = 0;

        for (const Verb *v = verbs; v->name && n + 1 < G_N_ELEMENTS(names); v++)
                names[n++] = v->name;
        closest = text_closest(name, names);
        if (closest)
                return usage_error(NULL, _("there is no verb “%s”; did you mean “%s”?"), shown, closest);
        return usage_error(NULL, _("there is no verb “%s”"), shown);
}

static void locale_init(void) {
        const char *directory = getenv("JOULETRACE_LOCALEDIR");

        (void) setlocale(LC_ALL, "");
        (void) bindtextdomain(GETTEXT_PACKAGE, directory && *directory ? directory : JT_LOCALEDIR);
        (void) textdomain(GETTEXT_PACKAGE);
        if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
                say_in_ascii();
}

static int run(char **argv) {
        Arguments arguments = {};
        const OptionGroup group = { global_options, set_global, &arguments };
        g_autofree char *problem = NULL;
        g_autofree char **operands = NULL;
        const Verb *verb;
        int r;

        locale_init();
        r = errors_register();
        if (r < 0)
                return EXIT_INFRASTRUCTURE;

        r = options_parse(argv + 1, &group, 1, true, &operands, &problem);
        if (r < 0)
                return usage_error(NULL, "%s", problem);
        if (arguments.version) {
                printf("joulectl %s\n", JT_VERSION);
                return EXIT_DONE;
        }
        if (!operands[0]) {
                if (!arguments.help)
                        return usage_error(NULL, _("a verb is missing: what shall be done?"));
                print_help();
                return EXIT_DONE;
        }

        verb = find_verb(operands[0]);
        if (!verb)
                return unknown_verb(operands[0]);
        r = peek_globals(verb, &arguments, operands + 1);
        if (r != 0)
                return r;
        if (arguments.help) {
                print_verb_help(verb);
                return EXIT_DONE;
        }
        if (arguments.version) {
                printf("joulectl %s\n", JT_VERSION);
                return EXIT_DONE;
        }
        return verb->run(&arguments, operands + 1);
}

int joulectl_main(char **argv) {
        int code = run(argv);

        /* a result that did not get out is none */
        if (fflush(stdout) != 0 || ferror(stdout)) {
                say(stderr, _("joulectl: standard output cannot be written: %s\n"), g_strerror(errno));
                return code ?: EXIT_INFRASTRUCTURE;
        }
        return code;
}

int parse_ids(const char *verb, char **args, size_t min, size_t max, GArray **ret) {
        g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));

        for (; *args; args++) {
                uint64_t value;
                uint32_t id;

                if (parse_u64(*args, &value) < 0 || value == 0 || value >= UINT32_MAX) {
                        g_autofree char *shown = text_printable(*args, false);

                        return usage_error(verb,
                                           _("“%s” is no job; give its number, as “joulectl jobs --all” lists it"),
                                           shown);
                }
                id = (uint32_t) value;
                g_array_append_val(ids, id);
        }
        if (ids->len < min)
                return usage_error(verb, _("which job? Give its number, as “joulectl jobs --all” lists it"));
        if (ids->len > max)
                return usage_error(verb, ngettext("give at most %zu job", "give at most %zu jobs", max), max);
        *ret = g_steal_pointer(&ids);
        return 0;
}
