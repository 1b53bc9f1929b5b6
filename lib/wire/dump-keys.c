/* SPDX-License-Identifier: MIT */

/* At build time: the table of request keys in the forms the manual, the completions and the tests need.
 *
 *   dump-keys options   scdoc: joulectl measure's options
 *   dump-keys keys      scdoc: the keys of Measure's dictionary
 *   dump-keys bash      the options, then for each with choices the line of a case statement
 *   dump-keys zsh       arguments of _arguments
 *   dump-keys fish      complete commands
 *   dump-keys json      everything */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "request.h"

static const char *const signatures[] = {
        [KEY_STRINGS] = "as",
        [KEY_STRING] = "s",
        [KEY_CHOICE] = "s",
        [KEY_UINT32] = "u",
        [KEY_UINT64] = "t",
        [KEY_USEC] = "t",
        [KEY_BYTES] = "t",
        [KEY_DOUBLE] = "d",
        [KEY_BOOLEAN] = "b",
        [KEY_FD] = "h",
        [KEY_FD_OR_BYTES] = "h or ay",
};

static bool is_number(KeyType type) {
        return type == KEY_UINT32 || type == KEY_UINT64 || type == KEY_USEC || type == KEY_BYTES;
}

static bool is_flag(const RequestKey *key) {
        return key->metavar && key->metavar[0] == '\0';
}

/* With a backslash before each of the characters that mean something there. */
static char *escaped(const char *text, const char *special) {
        GString *out = g_string_new(NULL);

        for (const char *p = text; *p != '\0'; p++) {
                if (strchr(special, *p))
                        g_string_append_c(out, '\\');
                g_string_append_c(out, *p);
        }
        return g_string_free(out, FALSE);
}

/* "Default 9. 1 to 1000; MaxTrials in jouletraced.conf(5) raises the limit." */
static char *explain_bounds(KeyId id) {
        const RequestKey *key = &request_keys[id];
        GString *out = g_string_new(NULL);
        g_autofree char *range = request_key_range(id, &key->bounds);
        g_autofree char *fallback = request_format_number(key->type, key->bounds.fallback);

        if (id == REQUEST_MIN_WINDOW)
                g_string_append(out, "Default _MinWindow_ of *jouletraced.conf*(5), 100ms; up to 10s, and shorter "
                                     "only with "
                                     "*resolution* fine, down to 1ms.");
        else if (id == REQUEST_MEMORY_MAX)
                g_string_append_printf(out, "Default %s. From 4M to half of the machine's memory;", fallback);
        else if (id == REQUEST_CPUS)
                g_string_append(out, "Default 1. Up to as many as are reserved;");
        else if (id == REQUEST_SEED)
                g_string_append_printf(out, "Less than 2^53.");
        else if (is_number(key->type) && id != REQUEST_WALL_LIMIT)
                g_string_append_printf(out, "Default %s. %s%s", fallback, range, key->knob ? ";" : ".");
        else if (key->type == KEY_CHOICE)
                g_string_append_printf(out, "One of %s; default %s.", range, key->choices[0]);
        else if (key->type != KEY_BOOLEAN && key->type != KEY_STRINGS) {
                range[0] = g_ascii_toupper(range[0]);
                g_string_append_printf(out, "%s%s", range, key->knob ? ";" : ".");
        }

        if (id == REQUEST_CPUS)
                g_string_append(out, " see _ReservedCPUs_ in *jouletraced.conf*(5).");
        else if (key->knob && id != REQUEST_MIN_WINDOW)
                g_string_append_printf(out, " _%s_ in *jouletraced.conf*(5) moves the upper limit.", key->knob);
        return g_string_free(out, FALSE);
}

static void print_explanation(KeyId id) {
        g_autofree char *doc = escaped(request_keys[id].doc, "*_\\");
        g_autofree char *bounds = explain_bounds(id);

        doc[0] = g_ascii_toupper(doc[0]);
        printf("\t%s.%s%s\n\n", doc, bounds[0] != '\0' ? " " : "", bounds);
}

static void print_option(KeyId id) {
        const RequestKey *key = &request_keys[id];

        if (!key->metavar)
                return;
        if (is_flag(key))
                printf("*--%s*\n", key->name);
        else
                printf("*--%s* _%s_\n", key->name, key->metavar);
        print_explanation(id);
}

static void print_key(KeyId id) {
        const RequestKey *key = &request_keys[id];
        const char *unit = key->type == KEY_USEC ? ", µs" : key->type == KEY_BYTES ? ", bytes" : "";

        printf("*%s* (%s%s)\n", key->name, signatures[key->type], unit);
        print_explanation(id);
}

static void print_bash(void) {
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++)
                if (request_keys[id].metavar)
                        printf("--%s ", request_keys[id].name);
        putchar('\n');
        for (KeyId id = 0; id < N_REQUEST_KEYS; id++)
                if (request_keys[id].metavar && request_keys[id].choices) {
                        g_autofree char *choices = g_strjoinv(" ", (char **) request_keys[id].choices);

                        printf("--%s) words='%s' ;;\n", request_keys[id].name, choices);
                }
}

static void print_zsh(KeyId id) {
        const RequestKey *key = &request_keys[id];
        g_autofree char *doc = escaped(key->doc, "[]:");
        g_auto(GStrv) quoted = g_strsplit(doc, "'", -1);
        g_autofree char *text = g_strjoinv("'\\''", quoted);
        g_autofree char *choices = key->choices ? g_strjoinv(" ", (char **) key->choices) : NULL;

        if (!key->metavar)
                return;
        if (is_flag(key))
                printf("'--%s[%s]'\n", key->name, text);
        else if (choices)
                printf("'--%s=[%s]:%s:(%s)'\n", key->name, text, key->metavar, choices);
        else
                printf("'--%s=[%s]:%s: '\n", key->name, text, key->metavar);
}

static void print_fish(KeyId id) {
        const RequestKey *key = &request_keys[id];
        g_autofree char *text = escaped(key->doc, "'\\");
        g_autofree char *choices = key->choices ? g_strjoinv(" ", (char **) key->choices) : NULL;

        if (!key->metavar)
                return;
        printf("complete -c joulectl -n '__fish_seen_subcommand_from measure' -l %s", key->name);
        if (!is_flag(key))
                printf(" -x");
        if (choices)
                printf(" -a '%s'", choices);
        printf(" -d '%s'\n", text);
}

static void print_json(KeyId id) {
        const RequestKey *key = &request_keys[id];
        const char *unit = key->type == KEY_USEC ? "us" : key->type == KEY_BYTES ? "bytes" : "";
        g_autoptr(GString) json = g_string_new(id == 0 ? "[" : ",\n ");

        g_string_append_printf(json, "{\"name\": \"%s\", \"type\": \"%s\"", key->name, signatures[key->type]);
        if (is_number(key->type))
                g_string_append_printf(json,
                                       ", \"min\": %" PRIu64 ", \"max\": %" PRIu64 ", \"default\": %" PRIu64
                                       ", \"unit\": \"%s\"",
                                       key->bounds.min, key->bounds.max, key->bounds.fallback, unit);
        g_string_append(json, ", \"choices\": [");
        for (const char *const *choice = key->choices; choice && *choice; choice++) {
                if (choice != key->choices)
                        g_string_append(json, ", ");
                json_append_string(json, *choice);
        }
        g_string_append(json, "], \"knob\": ");
        json_append_string(json, key->knob);
        g_string_append(json, ", \"metavar\": ");
        json_append_string(json, key->metavar);
        g_string_append(json, ", \"doc\": ");
        json_append_string(json, key->doc);
        g_string_append_printf(json, "}%s", id == N_REQUEST_KEYS - 1 ? "]" : "");
        fputs(json->str, stdout);
        if (id == N_REQUEST_KEYS - 1)
                putchar('\n');
}

int main(int argc, char **argv) {
        static const struct {
                const char *name;
                void (*print)(KeyId id);
        } forms[] = {
                { "options", print_option }, { "keys", print_key },  { "zsh", print_zsh },
                { "fish", print_fish },      { "json", print_json },
        };

        if (argc == 2 && strcmp(argv[1], "bash") == 0) {
                print_bash();
                return EXIT_SUCCESS;
        }
        for (size_t i = 0; argc == 2 && i < G_N_ELEMENTS(forms); i++) {
                if (strcmp(argv[1], forms[i].name) != 0)
                        continue;
                for (KeyId id = 0; id < N_REQUEST_KEYS; id++)
                        forms[i].print(id);
                return EXIT_SUCCESS;
        }
        fputs("usage: dump-keys options|keys|bash|zsh|fish|json\n", stderr);
        return EXIT_FAILURE;
}
