/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value-node.h"

/* An integer without sign. */
typedef struct Digits {
        bool negative; /* never for zero */
        const char *text;
        size_t size;
} Digits;

static Digits digits_of_text(const char *text, size_t size) {
        Digits digits = { .negative = text[0] == '-', .text = text, .size = size };

        if (digits.negative) {
                digits.text++;
                digits.size--;
        }
        digits.negative = digits.negative && digits.text[0] != '0'; /* no other number starts so */
        return digits;
}

static Digits digits_of(const Node *node) {
        if (node->type == NODE_INT)
                return digits_of_text(node->text, node->size);
        return digits_of_text(node->type == NODE_TRUE ? "1" : "0", 1);
}

static int compare_digits(Digits a, Digits b) {
        int sign = 1, r;

        if (a.negative != b.negative)
                return a.negative ? -1 : 1;
        if (a.negative)
                sign = -1;
        if (a.size != b.size)
                return a.size < b.size ? -sign : sign;
        r = memcmp(a.text, b.text, a.size);
        return r < 0 ? -sign : r > 0 ? sign : 0;
}

static double double_of(const Node *node) {
        if (node->type == NODE_FLOAT)
                return node->number;
        if (node->type == NODE_INT)
                return g_ascii_strtod(node->text, NULL); /* what follows in a JSON text is never part of it */
        return node->type == NODE_TRUE;
}

static int compare_doubles(double a, double b) {
        if (isnan(a) || isnan(b))
                return (isnan(a) ? 1 : 0) - (isnan(b) ? 1 : 0);
        return (a > b) - (a < b);
}

/* An integer of any size with a double, without rounding it. */
static int compare_mixed(const Node *whole, double value) {
        char text[DBL_MAX_10_EXP + 8];
        const double below = floor(value);
        int r;

        if (!isfinite(value))
                return value < 0 ? 1 : -1;
        if (whole->type != NODE_INT || whole->size <= DBL_DIG)
                return compare_doubles(double_of(whole), value); /* which holds it exactly */
        r = snprintf(text, sizeof(text), "%.0f", below);         /* exact, and no locale has a say without a point */
        r = compare_digits(digits_of(whole), digits_of_text(text, (size_t) r));
        return r != 0 || value == below ? r : -1;
}

int node_compare_numbers(const Node *a, const Node *b) {
        if (a->type != NODE_FLOAT && b->type != NODE_FLOAT)
                return compare_digits(digits_of(a), digits_of(b));
        if (a->type != NODE_FLOAT)
                return compare_mixed(a, b->number);
        if (b->type != NODE_FLOAT)
                return -compare_mixed(b, a->number);
        return compare_doubles(a->number, b->number);
}

bool node_numbers_match(const Node *expected, const Node *actual, const ValueOptions *options) {
        long double e, error; /* wider than double, so that neither the error nor its bound overflows */
        double e_double, a_double;

        if (node_compare_numbers(expected, actual) == 0)
                return true;
        if (expected->type != NODE_FLOAT && actual->type != NODE_FLOAT)
                return false;
        e_double = double_of(expected);
        a_double = double_of(actual);
        if (!isfinite(e_double) || !isfinite(a_double))
                return false;
        e = e_double;
        error = fabsl(e - (long double) a_double);
        return (options->float_tolerance > 0 && error <= (long double) options->float_tolerance) ||
               (options->relative_tolerance > 0 && error <= (long double) options->relative_tolerance * fabsl(e));
}

/* The next character that counts; 0 at the end, so that the shorter of two strings comes first. U+0000 itself becomes
 * one beyond Unicode. */
static gunichar next_character(const char **at, const char *end, const ValueOptions *options) {
        while (*at < end) {
                gunichar c = g_utf8_get_char(*at);

                *at = g_utf8_next_char(*at);
                if (options->ignore_whitespace && (g_unichar_isspace(c) || c == '\v'))
                        continue;
                if (!options->string_case_sensitive)
                        c = g_unichar_tolower(c);
                return c == 0 ? 0x110000 : c;
        }
        return 0;
}

int node_compare_strings(const Node *a, const Node *b, const ValueOptions *options) {
        const char *at_a = a->text, *at_b = b->text;
        gunichar x, y;

        if (options->string_case_sensitive && !options->ignore_whitespace)
                return node_compare_bytes(a, b);
        do {
                x = next_character(&at_a, a->text + a->size, options);
                y = next_character(&at_b, b->text + b->size, options);
        } while (x == y && x != 0);
        return (x > y) - (x < y);
}

int node_kind(const Node *node) {
        switch ((NodeType) node->type) {
        case NODE_NULL:
                return 0;
        case NODE_FALSE:
        case NODE_TRUE:
        case NODE_INT:
        case NODE_FLOAT:
                return 1;
        case NODE_STRING:
                return 2;
        case NODE_LIST:
                return 3;
        case NODE_OBJECT:
                return 4;
        }
        g_assert_not_reached();
}

static int compare_sizes(uint32_t a, uint32_t b) {
        return (a > b) - (a < b);
}

int node_order(const Node *a, const Node *b, const ValueOptions *options) {
        int r = node_kind(a) - node_kind(b);

        if (r != 0 || a->type == NODE_NULL)
                return r;
        if (node_is_number(a))
                return node_compare_numbers(a, b);
        if (a->type == NODE_STRING)
                return node_compare_strings(a, b, options);
        r = compare_sizes(a->size, b->size);
        if (a->type == NODE_OBJECT)
                for (uint32_t i = 0; r == 0 && i < a->size; i += 2)
                        r = node_compare_bytes(&a->nodes[i], &b->nodes[i]);
        for (uint32_t i = a->type == NODE_OBJECT; r == 0 && i < a->size; i += a->type == NODE_OBJECT ? 2 : 1)
                r = node_order(&a->nodes[i], &b->nodes[i], options);
        return r;
}

static int compare_nodes(const void *a, const void *b, void *options) {
        return node_order(a, b, options);
}

Node node_sorted_copy(const Node *node, const ValueOptions *options) {
        Node copy = *node;

        if (!node_is_container(node) || node->size == 0)
                return copy;
        copy.nodes = g_new(Node, node->size);
        for (uint32_t i = 0; i < node->size; i++)
                copy.nodes[i] = node_sorted_copy(&node->nodes[i], options);
        if (copy.type == NODE_LIST)
                qsort_r(copy.nodes, copy.size, sizeof(Node), compare_nodes, (void *) options);
        return copy;
}
