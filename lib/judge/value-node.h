/* SPDX-License-Identifier: MIT */
#pragma once

/* Inside of value.h. */

#include <glib.h>
#include <stdint.h>

#include "value.h"

typedef enum NodeType {
        NODE_NULL,
        NODE_FALSE,
        NODE_TRUE,
        NODE_INT,
        NODE_FLOAT, /* with a fraction, an exponent, or not finite */
        NODE_STRING,
        NODE_LIST,
        NODE_OBJECT,
} NodeType;

/* 16 bytes, because a text may hold five million of them. */
typedef struct Node {
        uint8_t type;
        bool has_float; /* a NODE_FLOAT is here or below */
        uint32_t size;  /* of text in bytes; of nodes: elements, or keys and values together */
        union {
                const char *text;   /* integers as written, strings decoded */
                double number;      /* of NODE_FLOAT: infinite, as Python reads it, when beyond a double */
                struct Node *nodes; /* of an object: key, value, key, value, sorted by key */
        };
} Node;

struct Value {
        char *text; /* what the nodes point into */
        Node root;
};

void node_clear(Node *node);

static inline bool node_is_container(const Node *node) {
        return node->type == NODE_LIST || node->type == NODE_OBJECT;
}

static inline bool node_is_number(const Node *node) {
        return node->type >= NODE_FALSE && node->type <= NODE_FLOAT;
}

/* Bytes first by length, then by value: an order for keys, not one for people. */
int node_compare_bytes(const Node *a, const Node *b);

/* How two numbers, booleans among them, stand to each other, exactly; NaN is behind all others and equals itself. */
int node_compare_numbers(const Node *a, const Node *b);

/* The same number exactly, or within the tolerances where value_equal() lets them count. */
bool node_numbers_match(const Node *expected, const Node *actual, const ValueOptions *options);

/* As the options see them. */
int node_compare_strings(const Node *a, const Node *b, const ValueOptions *options);

/* null, number, string, list, object: values of two kinds are never the same. */
int node_kind(const Node *node);

/* A total order that agrees with equality without tolerances; lists in the order they have. */
int node_order(const Node *a, const Node *b, const ValueOptions *options);

/* A copy whose lists are sorted by node_order() at each level; texts are borrowed from the original. */
Node node_sorted_copy(const Node *node, const ValueOptions *options);

/* The comparison of two sorted copies. */
typedef struct Matching {
        const ValueOptions *options;
        uint64_t work; /* comparisons of nodes that may still be made */
} Matching;

#define MATCHING_WORK_MAX (UINT64_C(20) * 1000 * 1000) /* seconds, and several times the nodes a text can hold */

/* Whether two sorted copies are the same, their lists in any order; false when the work has run out, too. */
bool node_matches(Matching *matching, const Node *expected, const Node *actual);
