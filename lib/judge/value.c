/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "value-node.h"

typedef struct Parser {
        char *text; /* NUL-terminated copy, in which strings are decoded in place */
        size_t size, at;
        size_t depth;
        GArray *stack; /* of Node: what is complete, but not yet in a list or object */
        char *error;
} Parser;

void node_clear(Node *node) {
        if (!node_is_container(node))
                return;
        for (uint32_t i = 0; i < node->size; i++)
                node_clear(&node->nodes[i]);
        g_free(node->nodes);
}

Value *value_free(Value *value) {
        if (!value)
                return NULL;
        node_clear(&value->root);
        g_free(value->text);
        g_free(value);
        return NULL;
}

int node_compare_bytes(const Node *a, const Node *b) {
        if (a->size != b->size)
                return a->size < b->size ? -1 : 1;
        return memcmp(a->text, b->text, a->size);
}

static int fail_at(Parser *parser, size_t at, int r, const char *what) {
        parser->error = g_strdup_printf("byte %zu: %s", at, what);
        return r;
}

static int fail(Parser *parser, const char *what) {
        g_autofree char *got = NULL, *excerpt = NULL;

        if (parser->at >= parser->size)
                got = g_strdup_printf("%s, but the text ends", what);
        else {
                excerpt = excerpt_new(parser->text + parser->at, MIN(parser->size - parser->at, 12), 0);
                got = g_strdup_printf("%s, not \"%s\"", what, excerpt);
        }
        return fail_at(parser, parser->at, -EBADMSG, got);
}

static void skip_space(Parser *parser) {
        while (parser->at < parser->size && strchr(" \t\n\r", parser->text[parser->at]) &&
               parser->text[parser->at] != '\0')
                parser->at++;
}

/* The text is NUL-terminated, so that looking at the byte behind its end is allowed. */
static char peek(const Parser *parser) {
        return parser->text[parser->at];
}

static bool take_char(Parser *parser, char c) {
        if (parser->at == parser->size || peek(parser) != c)
                return false;
        parser->at++;
        return true;
}

static bool take_word(Parser *parser, const char *word) {
        const size_t length = strlen(word);

        if (parser->size - parser->at < length || memcmp(parser->text + parser->at, word, length) != 0)
                return false;
        parser->at += length;
        return true;
}

static bool take_digits(Parser *parser) {
        const size_t start = parser->at;

        while (g_ascii_isdigit(peek(parser)))
                parser->at++;
        return parser->at > start;
}

static Node float_node(double number) {
        return (Node){ .type = NODE_FLOAT, .has_float = true, .number = number };
}

static int parse_number(Parser *parser, Node *ret) {
        const size_t start = parser->at;
        const bool negative = take_char(parser, '-');
        NodeType type = NODE_INT;

        if (take_word(parser, "Infinity")) {
                *ret = float_node(negative ? -INFINITY : INFINITY);
                return 0;
        }
        if (!take_char(parser, '0') && !take_digits(parser))
                return fail(parser, "expected a digit");
        if (take_char(parser, '.')) {
                type = NODE_FLOAT;
                if (!take_digits(parser))
                        return fail(parser, "expected a digit after the point");
        }
        if (take_char(parser, 'e') || take_char(parser, 'E')) {
                type = NODE_FLOAT;
                if (!take_char(parser, '+'))
                        (void) take_char(parser, '-');
                if (!take_digits(parser))
                        return fail(parser, "expected a digit in the exponent");
        }
        if (type == NODE_FLOAT) /* ends here for strtod too, or the text is no JSON */
                *ret = float_node(g_ascii_strtod(parser->text + start, NULL));
        else
                *ret = (Node){ .type = NODE_INT,
                               .size = (uint32_t) (parser->at - start),
                               .text = parser->text + start };
        return 0;
}

/* Four hexadecimal digits behind "\u". */
static int parse_hex(Parser *parser, gunichar *ret) {
        gunichar c = 0;

        for (int i = 0; i < 4; i++, parser->at++) {
                if (!g_ascii_isxdigit(peek(parser)))
                        return fail(parser, "expected four hexadecimal digits");
                c = c * 16 + (gunichar) g_ascii_xdigit_value(peek(parser));
        }
        *ret = c;
        return 0;
}

/* The escape behind its backslash, decoded to *out, which moves on. What is written is never longer than what was
 * read. A lone surrogate is written as UTF-8 would write it if it might, so that it equals only itself. */
static int parse_escape(Parser *parser, char **out) {
        static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
        const char *name = peek(parser) != '\0' ? strchr(names, peek(parser)) : NULL;
        gunichar c, low;
        int r;

        if (name) {
                parser->at++;
                *(*out)++ = values[name - names];
                return 0;
        }
        if (!take_char(parser, 'u'))
                return fail(parser, "expected an escape of JSON");
        r = parse_hex(parser, &c);
        if (r < 0)
                return r;
        if (c >= 0xd800 && c < 0xdc00 && parser->text[parser->at] == '\\' && parser->text[parser->at + 1] == 'u') {
                const size_t before = parser->at;

                parser->at += 2;
                r = parse_hex(parser, &low);
                if (r < 0)
                        return r;
                if (low >= 0xdc00 && low < 0xe000)
                        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                else
                        parser->at = before; /* two escapes that have nothing to do with each other */
        }
        *out += g_unichar_to_utf8(c, *out);
        return 0;
}

static int parse_string(Parser *parser, Node *ret) {
        char *start, *out;
        int r;

        if (!take_char(parser, '"'))
                return fail(parser, "expected a string");
        start = out = parser->text + parser->at;
        while (!take_char(parser, '"')) {
                if (parser->at == parser->size)
                        return fail(parser, "expected the end of a string");
                if ((guchar) peek(parser) < 0x20)
                        return fail(parser, "expected no control character in a string");
                if (!take_char(parser, '\\')) {
                        *out++ = parser->text[parser->at++];
                        continue;
                }
                r = parse_escape(parser, &out);
                if (r < 0)
                        return r;
        }
        *ret = (Node){ .type = NODE_STRING, .size = (uint32_t) (out - start), .text = start };
        return 0;
}

static int compare_keys(const void *a, const void *b) {
        return node_compare_bytes(a, b);
}

/* Makes what stands on the stack from first on a list or object, which takes its place. */
static int close_container(Parser *parser, NodeType type, guint first) {
        const guint n = parser->stack->len - first;
        Node node = { .type = (uint8_t) type, .size = n };

        if (n > 0) {
                Node *nodes = &g_array_index(parser->stack, Node, first);

                if (type == NODE_OBJECT)
                        qsort(nodes, n / 2, 2 * sizeof(Node), compare_keys);
                for (guint i = 2; type == NODE_OBJECT && i < n; i += 2)
                        if (node_compare_bytes(&nodes[i - 2], &nodes[i]) == 0) {
                                g_autofree char *key = excerpt_new(nodes[i].text, nodes[i].size, 0);
                                g_autofree char *what = g_strdup_printf("the key \"%s\" is there twice", key);

                                return fail_at(parser, parser->at - 1, -EBADMSG, what);
                        }
                for (guint i = 0; i < n; i++)
                        node.has_float |= nodes[i].has_float;
                node.nodes = g_memdup2(nodes, n * sizeof(Node));
                g_array_set_size(parser->stack, first);
        }
        g_array_append_val(parser->stack, node);
        return 0;
}

static int parse_value(Parser *parser);

static int parse_container(Parser *parser, NodeType type, char end) {
        const guint first = parser->stack->len;
        int r;

        if (++parser->depth > VALUE_DEPTH_MAX)
                return fail_at(parser, parser->at, -ELOOP, "lists and objects are nested deeper than 64");
        parser->at++;
        skip_space(parser);
        if (!take_char(parser, end))
                for (;;) {
                        if (type == NODE_OBJECT) {
                                Node key;

                                r = parse_string(parser, &key);
                                if (r < 0)
                                        return r;
                                g_array_append_val(parser->stack, key);
                                skip_space(parser);
                                if (!take_char(parser, ':'))
                                        return fail(parser, "expected a colon");
                        }
                        r = parse_value(parser);
                        if (r < 0)
                                return r;
                        if (take_char(parser, end))
                                break;
                        if (!take_char(parser, ','))
                                return fail(parser,
                                            type == NODE_LIST ? "expected a comma or ]" : "expected a comma or }");
                        skip_space(parser);
                }
        parser->depth--;
        return close_container(parser, type, first);
}

static int parse_scalar(Parser *parser, Node *ret) {
        static const struct {
                const char *word;
                NodeType type;
        } words[] = { { "null", NODE_NULL }, { "true", NODE_TRUE }, { "false", NODE_FALSE } };

        if (parser->at < parser->size) {
                if (peek(parser) == '"')
                        return parse_string(parser, ret);
                if (peek(parser) == '-' || peek(parser) == 'I' || g_ascii_isdigit(peek(parser)))
                        return parse_number(parser, ret);
                for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
                        if (take_word(parser, words[i].word)) {
                                *ret = (Node){ .type = (uint8_t) words[i].type };
                                return 0;
                        }
                if (take_word(parser, "NaN")) {
                        *ret = float_node(NAN);
                        return 0;
                }
        }
        return fail(parser, "expected a value");
}

/* With the white space around it; puts it on the stack. */
static int parse_value(Parser *parser) {
        Node node;
        int r;

        skip_space(parser);
        if (parser->at < parser->size && peek(parser) == '[')
                r = parse_container(parser, NODE_LIST, ']');
        else if (parser->at < parser->size && peek(parser) == '{')
                r = parse_container(parser, NODE_OBJECT, '}');
        else {
                r = parse_scalar(parser, &node);
                if (r >= 0)
                        g_array_append_val(parser->stack, node);
        }
        skip_space(parser);
        return r;
}

static int parse_text(Parser *parser) {
        const char *invalid;
        int r;

        /* Before its time: most of what is refused, cheaply. g_utf8_validate_len() takes no NUL. */
        if (!g_utf8_validate_len(parser->text, parser->size, &invalid))
                return fail_at(parser, (size_t) (invalid - parser->text), -EBADMSG, "not UTF-8, or NUL");
        r = parse_value(parser);
        if (r < 0)
                return r;
        return parser->at < parser->size ? fail(parser, "expected the end of the text") : 0;
}

int value_parse(const char *text, size_t size, Value **ret, char **ret_error) {
        Parser parser = { .size = size };
        Value *value;
        int r;

        if (size > VALUE_SIZE_MAX) {
                *ret_error = g_strdup_printf("%zu bytes; at most %zu are read", size, VALUE_SIZE_MAX);
                return -E2BIG;
        }
        parser.text = g_malloc(size + 1);
        if (size > 0)
                memcpy(parser.text, text, size);
        parser.text[size] = '\0';
        parser.stack = g_array_new(FALSE, FALSE, sizeof(Node));
        r = parse_text(&parser);
        if (r < 0) {
                for (guint i = 0; i < parser.stack->len; i++)
                        node_clear(&g_array_index(parser.stack, Node, i));
                g_free(parser.text);
                *ret_error = parser.error;
        } else {
                value = g_new0(Value, 1);
                value->text = parser.text;
                value->root = g_array_index(parser.stack, Node, 0);
                *ret = value;
        }
        g_array_free(parser.stack, TRUE);
        return r;
}
