/* SPDX-License-Identifier: MIT */

/* Build-time tool: fills the placeholder lines of the completions and the manual from the tables joulectl itself
 * reads, so that they cannot list what is not understood, nor miss what is. */

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "config.h"
#include "request.h"

static bool is_file(const Option *option) {
        return option->metavar && strcmp(option->metavar, "FILE") == 0;
}

static bool is_directory(const Option *option) {
        return option->metavar && strcmp(option->metavar, "DIR") == 0;
}

/* Appends text with a backslash before each of the characters. */
static void append_escaped(GString *out, const char *text, const char *characters) {
        for (; *text; text++) {
                if (strchr(characters, *text))
                        g_string_append_c(out, '\\');
                g_string_append_c(out, *text);
        }
}

/* In single quotes for a shell: ' becomes '\'' */
static void append_quoted(GString *out, const char *text) {
        g_auto(GStrv) parts = g_strsplit(text, "'", -1);
        g_autofree char *joined = g_strjoinv("'\\''", parts);

        g_string_append_printf(out, "'%s'", joined);
}

static char *choices(const Option *option) {
        return option->choices ? g_strjoinv(" ", (char **) option->choices) : NULL;
}

static void bash_words(GString *out, const Option *options, bool with_value) {
        for (const Option *o = options; o->name; o++) {
                if (with_value && !o->metavar)
                        continue;
                if (o->letter)
                        g_string_append_printf(out, " -%c", o->letter);
                g_string_append_printf(out, " --%s", o->name);
        }
}

#define LANGUAGES                                                         \
        "$(_joulectl_languages " JT_SYSCONFDIR "/jouletrace/languages.d " \
        "\"${JOULETRACE_DATADIR:-" JT_DATADIR "}/languages.d\")"

/* Words that only the machine or the package knows: functions of the completion say them. */
static const struct {
        const char *option, *bash;
} asked_for[] = {
        { "language", LANGUAGES },
        { "validator-language", LANGUAGES },
        { "submission", "$(_joulectl_submissions)" },
};

/* What may stand for the option's value, in double quotes; NULL: any. */
static char *bash_choices(const Option *option) {
        for (size_t i = 0; i < G_N_ELEMENTS(asked_for); i++)
                if (strcmp(option->name, asked_for[i].option) == 0)
                        return g_strdup(asked_for[i].bash);
        if (strcmp(option->name, "validator") == 0)
                return g_strjoinv(" ", (char **) request_validator_types);
        return choices(option);
}

static void bash_values(GString *out, const char *verb, const Option *options) {
        for (const Option *o = options; o->name; o++) {
                g_autofree char *values = bash_choices(o);

                if (!values && !is_file(o) && !is_directory(o))
                        continue;
                g_string_append_printf(out, "        %s:--%s", verb, o->name);
                if (o->letter)
                        g_string_append_printf(out, " | %s:-%c", verb, o->letter);
                g_string_append_printf(out, ") %s", values ? "words=\"" : is_file(o) ? "kind=file" : "kind=directory");
                g_string_append_printf(out, "%s%s ;;\n", values ?: "", values ? "\"" : "");
        }
}

/* options=… and valued=… of each verb */
static void bash_options(GString *out) {
        for (const Verb *v = verbs; v->name; v++) {
                g_string_append_printf(out, "        %s) options='", v->name);
                bash_words(out, v->options(), false);
                g_string_append(out, "' valued='");
                bash_words(out, v->options(), true);
                g_string_append(out, " ' ;;\n");
        }
}

static void bash_globals(GString *out) {
        g_string_append(out, "        local globals='");
        bash_words(out, global_options, false);
        g_string_append(out, "' global_valued='");
        bash_words(out, global_options, true);
        g_string_append(out, " '\n        local verbs='");
        for (const Verb *v = verbs; v->name; v++)
                g_string_append_printf(out, "%s%s", v == verbs ? "" : " ", v->name);
        g_string_append(out, "'\n");
}

static void bash_all_values(GString *out) {
        for (const Verb *v = verbs; v->name; v++)
                bash_values(out, v->name, v->options());
        bash_values(out, "*", global_options);
}

static void zsh_options(GString *out, const Option *options) {
        for (const Option *o = options; o->name; o++) {
                g_autoptr(GString) spec = g_string_new(NULL);
                g_autofree char *values = choices(o);

                g_string_append_printf(spec, "--%s%s[", o->name, o->metavar ? "=" : "");
                append_escaped(spec, o->doc, "[]\\");
                g_string_append_c(spec, ']');
                if (o->metavar)
                        g_string_append_printf(spec, ":%s:%s%s%s", o->metavar,
                                               values            ? "("
                                               : is_file(o)      ? "_files"
                                               : is_directory(o) ? "_files -/"
                                                                 : "",
                                               values ?: "", values ? ")" : "");
                g_string_append(out, "                ");
                if (o->letter)
                        g_string_append_printf(out, "{-%c%s,}", o->letter, o->metavar ? "+" : "");
                append_quoted(out, spec->str);
                g_string_append_c(out, '\n');
        }
}

static void zsh_verbs(GString *out) {
        for (const Verb *v = verbs; v->name; v++) {
                g_autofree char *text = g_strdup_printf("%s:%s", v->name, v->doc);

                g_string_append(out, "                ");
                append_quoted(out, text);
                g_string_append_c(out, '\n');
        }
}

static void zsh_cases(GString *out) {
        for (const Verb *v = verbs; v->name; v++) {
                if (!v->options()->name)
                        continue;
                g_string_append_printf(out, "        %s)\n                options+=(\n", v->name);
                zsh_options(out, v->options());
                g_string_append(out, "                )\n                ;;\n");
        }
}

static void fish_description(GString *out, const char *doc) {
        g_string_append(out, " -d '");
        append_escaped(out, doc, "'\\");
        g_string_append(out, "'\n");
}

static void fish_options(GString *out, const char *condition, const Option *options) {
        for (const Option *o = options; o->name; o++) {
                g_autofree char *values = choices(o);

                g_string_append_printf(out, "complete -c joulectl%s -l %s", condition, o->name);
                if (o->letter)
                        g_string_append_printf(out, " -s %c", o->letter);
                if (o->metavar)
                        g_string_append(out, is_file(o) || is_directory(o) ? " -r -F" : " -x");
                if (values)
                        g_string_append_printf(out, " -a '%s'", values);
                fish_description(out, o->doc);
        }
}

static void fish_all(GString *out) {
        for (const Verb *v = verbs; v->name; v++) {
                g_string_append_printf(out, "complete -c joulectl -n __fish_use_subcommand -a %s", v->name);
                fish_description(out, v->doc);
        }
        fish_options(out, "", global_options);
        for (const Verb *v = verbs; v->name; v++) {
                g_autofree char *condition = g_strdup_printf(" -n '__fish_seen_subcommand_from %s'", v->name);

                fish_options(out, condition, v->options());
        }
}

static void man_options(GString *out, const Option *options) {
        for (const Option *o = options; o->name; o++) {
                g_autofree char *values = choices(o);

                if (o->letter)
                        g_string_append_printf(out, "*-%c*, ", o->letter);
                g_string_append_printf(out, "*--%s*", o->name);
                if (o->metavar)
                        g_string_append_printf(out, " _%s_", o->metavar);
                g_string_append_printf(out, "\n\t%c", g_ascii_toupper(*o->doc));
                append_escaped(out, o->doc + 1, "\\_*");
                if (values)
                        g_string_append_printf(out, " (%s)", values);
                if (o->fallback)
                        g_string_append_printf(out, "; without it %s", o->fallback);
                g_string_append(out, ".\n\n");
        }
}

static void fill(GString *out, const char *line) {
        if (strcmp(line, "@BASH_GLOBALS@") == 0)
                bash_globals(out);
        else if (strcmp(line, "@BASH_OPTIONS@") == 0)
                bash_options(out);
        else if (strcmp(line, "@BASH_VALUES@") == 0)
                bash_all_values(out);
        else if (strcmp(line, "@ZSH_VERBS@") == 0)
                zsh_verbs(out);
        else if (strcmp(line, "@ZSH_GLOBALS@") == 0)
                zsh_options(out, global_options);
        else if (strcmp(line, "@ZSH_OPTIONS@") == 0)
                zsh_cases(out);
        else if (strcmp(line, "@FISH@") == 0)
                fish_all(out);
        else if (strcmp(line, "@MAN_GLOBALS@") == 0)
                man_options(out, global_options);
        else if (g_str_has_prefix(line, "@MAN_") && g_str_has_suffix(line, "@")) {
                for (const Verb *v = verbs; v->name; v++) {
                        g_autofree char *upper = g_ascii_strup(v->name, -1);
                        g_autofree char *name = g_strdup_printf("@MAN_%s@", upper);

                        if (strcmp(line, name) == 0)
                                man_options(out, v->options());
                }
        } else
                g_string_append_printf(out, "%s\n", line);
}

/* generate TEMPLATE OUTPUT */
int main(int argc, char **argv) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *template = NULL;
        g_auto(GStrv) lines = NULL;

        if (argc != 3 || !g_file_get_contents(argv[1], &template, NULL, &error)) {
                fprintf(stderr, "generate TEMPLATE OUTPUT: %s\n", error ? error->message : "two arguments are needed");
                return EXIT_USAGE;
        }
        lines = g_strsplit(template, "\n", -1);
        for (char **line = lines; *line && (line[1] || **line); line++)
                fill(out, *line);
        if (!g_file_set_contents(argv[2], out->str, -1, &error)) {
                fprintf(stderr, "%s\n", error->message);
                return EXIT_INFRASTRUCTURE;
        }
        return EXIT_DONE;
}
