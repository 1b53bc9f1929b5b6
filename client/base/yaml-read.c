/* SPDX-License-Identifier: MIT */
#include "yaml-read.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include <yaml.h>

typedef struct Reader {
        yaml_parser_t parser;
        unsigned nodes;
        char *problem;
} Reader;

static void free_node(void *yaml) {
        yaml_value_free(yaml);
}

static int fail(Reader *reader, size_t line, const char *what) {
        if (!reader->problem)
                reader->problem = g_strdup_printf(_("line %zu: %s"), line + 1, what);
        return -EBADMSG;
}

static int next(Reader *reader, yaml_event_t *ret) {
        if (!yaml_parser_parse(&reader->parser, ret))
                return fail(reader, reader->parser.problem_mark.line, reader->parser.problem ?: _("not YAML"));
        return 0;
}

static Yaml *node_new(YamlKind kind, const yaml_event_t *event) {
        Yaml *yaml = g_new0(Yaml, 1);

        yaml->kind = kind;
        yaml->line = (unsigned) event->start_mark.line + 1;
        if (kind != YAML_SCALAR)
                yaml->values = g_ptr_array_new_with_free_func(free_node);
        if (kind == YAML_MAPPING)
                yaml->keys = g_ptr_array_new_with_free_func(g_free);
        return yaml;
}

static int read_node(Reader *reader, yaml_event_t *event, unsigned depth, Yaml **ret);

static int read_scalar(Reader *reader, const yaml_event_t *event, Yaml **ret) {
        const char *value = (const char *) event->data.scalar.value;
        Yaml *yaml;

        if (strlen(value) != event->data.scalar.length)
                return fail(reader, event->start_mark.line, _("a NUL character"));
        yaml = node_new(YAML_SCALAR, event);
        yaml->text = g_strdup(value);
        yaml->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        *ret = yaml;
        return 0;
}

/* The key whose scalar event it is. */
static int read_key(Reader *reader, const yaml_event_t *event, Yaml *mapping) {
        const char *key = (const char *) event->data.scalar.value;

        if (event->type != YAML_SCALAR_EVENT)
                return fail(reader, event->start_mark.line, _("a key that is no text"));
        if (g_ptr_array_find_with_equal_func(mapping->keys, key, g_str_equal, NULL))
                return fail(reader, event->start_mark.line, _("a key that was there before"));
        g_ptr_array_add(mapping->keys, g_strdup(key));
        return 0;
}

static int read_collection(Reader *reader, const yaml_event_t *start, unsigned depth, Yaml **ret) {
        bool mapping = start->type == YAML_MAPPING_START_EVENT;
        g_autoptr(Yaml) yaml = node_new(mapping ? YAML_MAPPING : YAML_SEQUENCE, start);

        if (depth >= YAML_DEPTH_MAX)
                return fail(reader, start->start_mark.line, _("nested too deeply"));
        for (;;) {
                yaml_event_t event;
                Yaml *value = NULL;
                bool end;
                int r;

                r = next(reader, &event);
                if (r < 0)
                        return r;
                end = event.type == (mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT);
                if (!end && mapping) {
                        r = read_key(reader, &event, yaml);
                        yaml_event_delete(&event);
                        if (r >= 0)
                                r = next(reader, &event);
                        if (r < 0)
                                return r;
                }
                if (!end)
                        r = read_node(reader, &event, depth + 1, &value);
                yaml_event_delete(&event);
                if (r < 0)
                        return r;
                if (end)
                        break;
                g_ptr_array_add(yaml->values, value);
        }
        *ret = g_steal_pointer(&yaml);
        return 0;
}

static int read_node(Reader *reader, yaml_event_t *event, unsigned depth, Yaml **ret) {
        if (++reader->nodes > YAML_NODES_MAX)
                return fail(reader, event->start_mark.line, _("too many values"));
        switch (event->type) {
        case YAML_SCALAR_EVENT:
                return read_scalar(reader, event, ret);
        case YAML_SEQUENCE_START_EVENT:
        case YAML_MAPPING_START_EVENT:
                return read_collection(reader, event, depth, ret);
        default:
                return fail(reader, event->start_mark.line, _("aliases (*name) are not read"));
        }
}

/* Reads events up to the first of the document's content; *ret is false when there is none. */
static int find_content(Reader *reader, yaml_event_t *ret_event, bool *ret) {
        for (;;) {
                int r = next(reader, ret_event);

                if (r < 0)
                        return r;
                *ret = ret_event->type != YAML_STREAM_END_EVENT;
                if (!*ret ||
                    (ret_event->type != YAML_STREAM_START_EVENT && ret_event->type != YAML_DOCUMENT_START_EVENT &&
                     ret_event->type != YAML_DOCUMENT_END_EVENT))
                        return 0;
                yaml_event_delete(ret_event);
        }
}

static int read_document(Reader *reader, Yaml **ret) {
        g_autoptr(Yaml) yaml = NULL;
        yaml_event_t event;
        bool found;
        int r;

        r = find_content(reader, &event, &found);
        if (r < 0)
                return r;
        if (found)
                r = read_node(reader, &event, 0, &yaml);
        else
                yaml = node_new(YAML_MAPPING, &event);
        yaml_event_delete(&event);
        if (r < 0 || !found) {
                *ret = g_steal_pointer(&yaml);
                return r;
        }
        r = find_content(reader, &event, &found);
        if (r < 0)
                return r;
        if (found)
                r = fail(reader, event.start_mark.line, _("a second document"));
        yaml_event_delete(&event);
        *ret = r < 0 ? NULL : g_steal_pointer(&yaml);
        return r;
}

int yaml_parse(const char *text, size_t size, Yaml **ret, char **ret_problem) {
        Reader reader = {};
        int r;

        if (size > YAML_SIZE_MAX) {
                *ret_problem = g_strdup(_("larger than 1 MiB"));
                return -E2BIG;
        }
        if (!yaml_parser_initialize(&reader.parser))
                return -ENOMEM;
        yaml_parser_set_input_string(&reader.parser, (const unsigned char *) text, size);
        r = read_document(&reader, ret);
        yaml_parser_delete(&reader.parser);
        *ret_problem = reader.problem;
        return r;
}

static bool is_null(const Yaml *yaml) {
        return yaml->kind == YAML_SCALAR && !yaml->quoted &&
               (*yaml->text == '\0' || strcmp(yaml->text, "~") == 0 || strcmp(yaml->text, "null") == 0);
}

const Yaml *yaml_get(const Yaml *yaml, const char *key) {
        unsigned i;

        if (!yaml || yaml->kind != YAML_MAPPING || !g_ptr_array_find_with_equal_func(yaml->keys, key, g_str_equal, &i))
                return NULL;
        return is_null(g_ptr_array_index(yaml->values, i)) ? NULL : g_ptr_array_index(yaml->values, i);
}

const char *yaml_text(const Yaml *yaml) {
        return yaml && yaml->kind == YAML_SCALAR ? yaml->text : NULL;
}

bool yaml_double(const Yaml *yaml, double *ret) {
        const char *text = yaml_text(yaml);
        char *end;
        double value;

        if (!text || yaml->quoted || !(g_ascii_isdigit(*text) || strchr("+-.", *text)) || strpbrk(text, "xXnN"))
                return false;
        value = g_ascii_strtod(text, &end);
        if (end == text || *end != '\0' || !isfinite(value))
                return false;
        *ret = value;
        return true;
}

bool yaml_u64(const Yaml *yaml, uint64_t *ret) {
        const char *text = yaml_text(yaml);

        return text && !yaml->quoted && g_ascii_string_to_unsigned(text, 10, 0, UINT64_MAX, ret, NULL);
}

bool yaml_bool(const Yaml *yaml, bool *ret) {
        const char *text = yaml_text(yaml);

        if (!text || yaml->quoted)
                return false;
        *ret = g_ascii_strcasecmp(text, "true") == 0;
        return *ret || g_ascii_strcasecmp(text, "false") == 0;
}

char **yaml_strings(const Yaml *yaml) {
        g_autoptr(GPtrArray) strings = NULL;

        if (!yaml || yaml->kind != YAML_SEQUENCE)
                return NULL;
        strings = g_ptr_array_new_with_free_func(g_free);
        for (unsigned i = 0; i < yaml->values->len; i++) {
                const char *text = yaml_text(g_ptr_array_index(yaml->values, i));

                if (!text)
                        return NULL;
                g_ptr_array_add(strings, g_strdup(text));
        }
        g_ptr_array_add(strings, NULL);
        g_ptr_array_set_free_func(strings, NULL);
        return (char **) g_ptr_array_free(g_steal_pointer(&strings), FALSE);
}

Yaml *yaml_value_free(Yaml *yaml) {
        if (!yaml)
                return NULL;
        g_free(yaml->text);
        g_clear_pointer(&yaml->keys, g_ptr_array_unref);
        g_clear_pointer(&yaml->values, g_ptr_array_unref);
        g_free(yaml);
        return NULL;
}
