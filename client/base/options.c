/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

#include "text.h"

#define HELP_COLUMN 32

typedef struct Match {
        const Option *option;
        const OptionGroup *group;
} Match;

static bool find_option(const OptionGroup *groups, size_t n_groups, const char *name, size_t length, char letter,
                        Match *ret) {
        for (size_t i = 0; i < n_groups; i++)
                for (const Option *o = groups[i].options; o->name; o++)
                        if (name ? strlen(o->name) == length && strncmp(o->name, name, length) == 0
                                 : letter && o->letter == letter) {
                                *ret = (Match){ o, &groups[i] };
                                return true;
                        }
        return false;
}

static char *unknown_option(const OptionGroup *groups, size_t n_groups, const char *arg) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        g_autofree char *word = g_strndup(arg + 2, strcspn(arg + 2, "=")), *shown = text_printable(arg, false);
        const char *closest;

        for (size_t i = 0; i < n_groups; i++)
                for (const Option *o = groups[i].options; o->name; o++)
                        g_ptr_array_add(names, (char *) o->name);
        g_ptr_array_add(names, NULL);

        closest = g_str_has_prefix(arg, "--") ? text_closest(word, (const char *const *) names->pdata) : NULL;
        if (closest)
                return g_strdup_printf(_("unknown option %s; did you mean --%s?"), shown, closest);
        return g_strdup_printf(_("unknown option %s"), shown);
}

static int set_option(const Match *match, const char *value, char **ret_problem) {
        g_autofree char *shown = value ? text_printable(value, false) : NULL;
        const char *const *choices = match->option->choices;

        if (value && choices && !g_strv_contains(choices, value)) {
                g_autofree char *list = g_strjoinv(", ", (char **) choices);

                *ret_problem = g_strdup_printf(_("--%s cannot be “%s”; choose one of: %s"), match->option->name, shown,
                                               list);
                return -EINVAL;
        }
        return match->group->set(match->group->userdata, match->option->id, value, ret_problem);
}

/* Handles args[0] (and args[1], its value). Returns how many were used. */
static int parse_one(char **args, const OptionGroup *groups, size_t n_groups, char **ret_problem) {
        const char *arg = args[0], *value = NULL;
        bool is_long = arg[1] == '-';
        size_t length = is_long ? strcspn(arg + 2, "=") : 0;
        Match match;
        int r;

        if (!find_option(groups, n_groups, is_long ? arg + 2 : NULL, length, arg[1], &match)) {
                *ret_problem = unknown_option(groups, n_groups, arg);
                return -EINVAL;
        }

        if (is_long ? arg[2 + length] == '=' : arg[2] != '\0')
                value = is_long ? arg + 3 + length : arg + 2;

        if (!match.option->metavar) {
                if (value) {
                        *ret_problem = is_long ? g_strdup_printf(_("--%s takes no value"), match.option->name)
                                               : unknown_option(groups, n_groups, arg);
                        return -EINVAL;
                }
                r = set_option(&match, NULL, ret_problem);
                return r < 0 ? r : 1;
        }

        if (!value && !args[1]) {
                *ret_problem = g_strdup_printf(_("--%s needs a value: %s"), match.option->name, match.option->metavar);
                return -EINVAL;
        }
        r = set_option(&match, value ?: args[1], ret_problem);
        return r < 0 ? r : value ? 1 : 2;
}

int options_parse(char **args, const OptionGroup *groups, size_t n_groups, bool leading, char ***ret_operands,
                  char **ret_problem) {
        g_autoptr(GPtrArray) operands = g_ptr_array_new();
        bool ended = false;

        while (*args) {
                int used;

                if (ended || (*args)[0] != '-' || (*args)[1] == '\0') {
                        ended = ended || leading;
                        g_ptr_array_add(operands, *args++);
                        continue;
                }
                if (strcmp(*args, "--") == 0) {
                        ended = true;
                        args++;
                        continue;
                }
                used = parse_one(args, groups, n_groups, ret_problem);
                if (used < 0)
                        return used;
                args += used;
        }
        g_ptr_array_add(operands, NULL);
        *ret_operands = (char **) g_ptr_array_free(g_steal_pointer(&operands), FALSE);
        return 0;
}

char *option_spelling(const Option *option) {
        return g_strdup_printf("%s%c%s--%s%s%s", option->letter ? "-" : "  ", option->letter ?: ' ',
                               option->letter ? ", " : " ", option->name, option->metavar ? " " : "",
                               option->metavar ?: "");
}

void options_append_help(GString *out, const Option *options) {
        for (const Option *o = options; o->name; o++) {
                g_autofree char *spelling = option_spelling(o);
                g_autofree char *doc =
                                o->fallback ? g_strdup_printf("%s [%s]", _(o->doc), o->fallback) : g_strdup(_(o->doc));

                g_string_append(out, "  ");
                text_append_padded(out, spelling, HELP_COLUMN - 4, false);
                if (text_width(spelling) > HELP_COLUMN - 4)
                        g_string_append_printf(out, "\n%*s", HELP_COLUMN, "");
                else
                        g_string_append(out, "  ");
                text_append_wrapped(out, doc, HELP_WIDTH - HELP_COLUMN, HELP_COLUMN);
                g_string_append_c(out, '\n');
        }
}
