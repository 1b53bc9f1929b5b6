/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "value-node.h"

#define ELLIPSIS "…"
#define PATH_KEY_MAX 32 /* bytes of a key shown in a path */

typedef struct Walk {
        const ValueOptions *options;
        Matching matching; /* when the order of lists does not matter */
        GString *path;
        Difference *difference;
} Walk;

static void append_string(GString *out, const Node *node) {
        g_string_append_c(out, '"');
        for (size_t at = 0; at < node->size && out->len <= EXCERPT_MAX;)
                at += excerpt_append(out, node->text + at, node->size - at);
        g_string_append_c(out, '"');
}

/* As json.dumps() writes it: the fewest digits that read back as the same number. */
static void append_float(GString *out, double number) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        if (isnan(number))
                g_string_append(out, "NaN");
        else if (isinf(number))
                g_string_append(out, number < 0 ? "-Infinity" : "Infinity");
        else {
                for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
                        char format[8];

                        (void) snprintf(format, sizeof(format), "%%.%dg", digits);
                        if (g_ascii_strtod(g_ascii_formatd(text, sizeof(text), format, number), NULL) == number)
                                break;
                }
                g_string_append(out, text);
                if (!strpbrk(text, ".e"))
                        g_string_append(out, ".0");
        }
}

/* Stops some bytes beyond EXCERPT_MAX. */
static void append_node(GString *out, const Node *node) {
        switch ((NodeType) node->type) {
        case NODE_NULL:
                g_string_append(out, "null");
                return;
        case NODE_FALSE:
                g_string_append(out, "false");
                return;
        case NODE_TRUE:
                g_string_append(out, "true");
                return;
        case NODE_FLOAT:
                append_float(out, node->number);
                return;
        case NODE_INT:
                g_string_append_len(out, node->text, (gssize) MIN(node->size, EXCERPT_MAX + 1));
                return;
        case NODE_STRING:
                append_string(out, node);
                return;
        case NODE_LIST:
        case NODE_OBJECT:
                break;
        }
        g_string_append_c(out, node->type == NODE_LIST ? '[' : '{');
        for (uint32_t i = 0; i < node->size && out->len <= EXCERPT_MAX; i++) {
                if (i > 0)
                        g_string_append(out, node->type == NODE_OBJECT && i % 2 == 1 ? ": " : ", ");
                append_node(out, &node->nodes[i]);
        }
        g_string_append_c(out, node->type == NODE_LIST ? ']' : '}');
}

static void cut(GString *text, size_t max) {
        size_t length = max - strlen(ELLIPSIS);

        if (text->len <= max)
                return;
        while (length > 0 && ((guchar) text->str[length] & 0xc0) == 0x80)
                length--;
        g_string_truncate(text, length);
        g_string_append(text, ELLIPSIS);
}

static char *node_excerpt(const Node *node) {
        GString *out = g_string_new(NULL);

        append_node(out, node);
        cut(out, EXCERPT_MAX);
        return g_string_free(out, FALSE);
}

/* Takes what. */
static bool differ(Walk *walk, const Node *expected, const Node *got, char *what) {
        Difference *difference = walk->difference;
        g_autofree char *taken = what;

        difference->path = g_strdup(walk->path->str);
        difference->expected = expected ? node_excerpt(expected) : NULL;
        difference->got = got ? node_excerpt(got) : NULL;
        if (!taken)
                taken = g_strdup_printf("expected %s, got %s", difference->expected, difference->got);
        difference->message = walk->path->len > 0 ? g_strdup_printf("%s: %s", walk->path->str, taken)
                                                  : g_steal_pointer(&taken);
        return false;
}

/* .name where that reads well, else ["…"]. */
static void append_key(GString *path, const Node *key) {
        g_autoptr(GString) text = g_string_new(NULL);
        bool plain = key->size > 0 && !g_ascii_isdigit(key->text[0]);

        for (uint32_t i = 0; plain && i < key->size; i++)
                plain = g_ascii_isalnum(key->text[i]) || key->text[i] == '_';
        for (size_t at = 0; at < key->size && text->len <= PATH_KEY_MAX;)
                at += excerpt_append(text, key->text + at, key->size - at);
        cut(text, PATH_KEY_MAX);
        g_string_append_printf(path, plain ? ".%s" : "[\"%s\"]", text->str);
}

static bool walk_values(Walk *walk, const Node *expected, const Node *actual);

static bool walk_list(Walk *walk, const Node *expected, const Node *actual) {
        for (uint32_t i = 0; i < expected->size; i++) {
                const gsize length = walk->path->len;

                g_string_append_printf(walk->path, "[%u]", i);
                if (!walk_values(walk, &expected->nodes[i], &actual->nodes[i]))
                        return false;
                g_string_truncate(walk->path, length);
        }
        return true;
}

static bool walk_any_order(Walk *walk, const Node *expected, const Node *actual) {
        g_autofree char *e = NULL, *a = NULL;

        if (node_matches(&walk->matching, expected, actual))
                return true;
        if (walk->matching.work == 0)
                return differ(walk, expected, actual,
                              g_strdup("the elements could not be matched in any order within bounds"));
        for (uint32_t i = 0; i < expected->size; i++)
                if (!node_matches(&walk->matching, &expected->nodes[i], &actual->nodes[i])) {
                        e = node_excerpt(&expected->nodes[i]);
                        a = node_excerpt(&actual->nodes[i]);
                        return differ(walk, &expected->nodes[i], &actual->nodes[i],
                                      g_strdup_printf("in any order, expected %s, got %s", e, a));
                }
        g_assert_not_reached(); /* lists whose pairs all match do match */
}

static bool walk_object(Walk *walk, const Node *expected, const Node *actual) {
        for (uint32_t e = 0, a = 0; e < expected->size || a < actual->size; e += 2, a += 2) {
                const Node *expected_key = e < expected->size ? &expected->nodes[e] : NULL;
                const Node *actual_key = a < actual->size ? &actual->nodes[a] : NULL;
                const int r = !expected_key ? 1 : !actual_key ? -1 : node_compare_bytes(expected_key, actual_key);
                const gsize length = walk->path->len;

                if (r < 0) {
                        g_autofree char *key = node_excerpt(expected_key);

                        return differ(walk, expected_key, NULL, g_strdup_printf("the key %s is missing", key));
                }
                if (r > 0) {
                        g_autofree char *key = node_excerpt(actual_key);

                        return differ(walk, NULL, actual_key, g_strdup_printf("the key %s is not expected", key));
                }
                append_key(walk->path, expected_key);
                if (!walk_values(walk, &expected->nodes[e + 1], &actual->nodes[a + 1]))
                        return false;
                g_string_truncate(walk->path, length);
        }
        return true;
}

static bool walk_values(Walk *walk, const Node *expected, const Node *actual) {
        if (node_kind(expected) != node_kind(actual))
                return differ(walk, expected, actual, NULL);
        if (node_is_number(expected))
                return node_numbers_match(expected, actual, walk->options) || differ(walk, expected, actual, NULL);
        if (expected->type == NODE_STRING)
                return node_compare_strings(expected, actual, walk->options) == 0 ||
                       differ(walk, expected, actual, NULL);
        if (expected->type == NODE_NULL)
                return true;
        if (expected->type == NODE_OBJECT)
                return walk_object(walk, expected, actual);
        if (expected->size != actual->size)
                return differ(walk, expected, actual,
                              g_strdup_printf("expected a list of %u, got one of %u", expected->size, actual->size));
        return walk->options->list_order_matters ? walk_list(walk, expected, actual)
                                                 : walk_any_order(walk, expected, actual);
}

bool value_equal(const Value *expected, const Value *actual, const ValueOptions *options, Difference *ret) {
        Walk walk = { .options = options, .matching = { options, MATCHING_WORK_MAX }, .difference = ret };
        Node e, a;
        bool equal;

        *ret = (Difference){};
        walk.path = g_string_new(NULL);
        if (options->list_order_matters)
                equal = walk_values(&walk, &expected->root, &actual->root);
        else {
                e = node_sorted_copy(&expected->root, options);
                a = node_sorted_copy(&actual->root, options);
                equal = walk_values(&walk, &e, &a);
                node_clear(&e);
                node_clear(&a);
        }
        g_string_free(walk.path, TRUE);
        return equal;
}
