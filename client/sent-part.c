/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "sent.h"
#include "text.h"

typedef struct PartText {
        const char *option;
        const PartKey *keys; /* the first one is the word before the first comma */
        void *part;
        unsigned type; /* bit of the validator's type; 0: a function */
        char **ret_problem;
} PartText;

static int refuse(const PartText *text, const char *what, const char *value) {
        g_autofree char *shown = text_printable(value, false);

        *text->ret_problem = g_strdup_printf("--%s: %s: %s", text->option, shown, what);
        return -EINVAL;
}

static void *member(const PartText *text, const PartKey *key) {
        return (uint8_t *) text->part + key->offset;
}

/* Keys whose value is files have options of their own. */
static bool is_usable(const PartText *text, const PartKey *key) {
        return key != text->keys && key->type != PART_FILES && (!text->type || key->types & text->type);
}

static const PartKey *find_key(const PartText *text, const char *name) {
        for (const PartKey *key = text->keys; key->name; key++)
                if (is_usable(text, key) && strcmp(key->name, name) == 0)
                        return key;
        return NULL;
}

static int unknown_key(const PartText *text, const char *name) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        g_autofree char *what = NULL, *list = NULL;

        for (const PartKey *key = text->keys; key->name; key++)
                if (is_usable(text, key))
                        g_ptr_array_add(names, (char *) key->name);
        if (names->len == 0)
                return refuse(text, _("this one takes nothing more"), name);
        g_ptr_array_add(names, NULL);
        list = g_strjoinv(", ", (char **) names->pdata);
        what = g_strdup_printf(_("there is no such key; there are: %s"), list);
        return refuse(text, what, name);
}

static int set_double(const PartText *text, const PartKey *key, const char *whole, const char *value) {
        double number;
        char *end;

        number = value ? g_ascii_strtod(value, &end) : NAN;
        if (!value || end == value || *end != '\0' || !isfinite(number) || number < 0 || strpbrk(value, "xX"))
                return refuse(text, _("give a number of at least 0"), whole);
        *(double *) member(text, key) = number;
        return 0;
}

static int set_boolean(const PartText *text, const PartKey *key, const char *whole, const char *value) {
        bool *flag = member(text, key);

        if (!value || strcmp(value, "yes") == 0 || strcmp(value, "true") == 0)
                *flag = true;
        else if (strcmp(value, "no") == 0 || strcmp(value, "false") == 0)
                *flag = false;
        else
                return refuse(text, _("give yes or no"), whole);
        return 0;
}

static int set_strings(const PartText *text, const PartKey *key, const char *whole, const char *value) {
        char ***strings = member(text, key);
        char **words;

        if (!value || !g_shell_parse_argv(value, NULL, &words, NULL))
                return refuse(text, _("give words as a shell takes them"), whole);
        g_strfreev(*strings);
        *strings = words;
        return 0;
}

static int set_key(const PartText *text, const char *whole) {
        const char *equals = strchr(whole, '='), *value = equals ? equals + 1 : NULL;
        g_autofree char *name = g_strndup(whole, strcspn(whole, "="));
        const PartKey *key = find_key(text, name);

        if (!key)
                return unknown_key(text, *whole ? whole : "\"\"");
        switch (key->type) {
        case PART_DOUBLE:
                return set_double(text, key, whole, value);
        case PART_BOOLEAN:
                return set_boolean(text, key, whole, value);
        case PART_STRINGS:
                return set_strings(text, key, whole, value);
        default:
                if (!value || !*value)
                        return refuse(text, _("give a text"), whole);
                g_free(*(char **) member(text, key));
                *(char **) member(text, key) = g_strdup(value);
                return 0;
        }
}

static int set_first(const PartText *text, const char *value) {
        char **first = member(text, text->keys);

        g_free(*first);
        *first = g_strdup(value);
        return 0;
}

static int set_rest(const PartText *text, char **words) {
        int r = 0;

        for (char **word = words; *word && r >= 0; word++)
                r = set_key(text, *word);
        return r;
}

int sent_parse_validator(const char *value, RequestValidator **ret, char **ret_problem) {
        g_autoptr(RequestValidator) validator = request_validator_new();
        PartText text = { "validator", request_validator_keys, validator, 0, ret_problem };
        g_auto(GStrv) words = g_strsplit(value, ",", -1);
        const char *type = words[0] ?: "";
        int r;

        for (unsigned i = 0; request_validator_types[i]; i++)
                if (strcmp(request_validator_types[i], type) == 0)
                        text.type = 1U << i;
        if (!text.type) {
                g_autofree char *list = g_strjoinv(", ", (char **) request_validator_types);
                g_autofree char *what = g_strdup_printf(_("choose one of: %s"), list);

                return refuse(&text, what, *type ? type : "\"\"");
        }
        (void) set_first(&text, type);
        r = set_rest(&text, words + 1);
        if (r >= 0)
                *ret = g_steal_pointer(&validator);
        return r;
}

int sent_parse_function(const char *value, RequestFunction **ret, char **ret_problem) {
        g_autoptr(RequestFunction) function = request_function_new();
        PartText text = { "function", request_function_keys, function, 0, ret_problem };
        g_auto(GStrv) words = g_strsplit(value, ",", -1);
        int r;

        if (!words[0] || !*words[0])
                return refuse(&text, _("give the name of the function"), "\"\"");
        (void) set_first(&text, words[0]);
        r = set_rest(&text, words + 1);
        if (r >= 0)
                *ret = g_steal_pointer(&function);
        return r;
}
