/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "value-node.h"

#define BYTES_PER_WORK 64 /* of a text that is compared */

/* Lists in any order. Sorted lists that are the same without tolerances are so element by element, and nearly always
 * with them. What is left is a matching in a bipartite graph: tolerance is not transitive, so which element belongs to
 * which can be more than one question. */

static void spend(Matching *matching, uint64_t work) {
        matching->work -= MIN(matching->work, work);
}

typedef struct Pairs {
        const Node *expected, *actual;
        uint32_t n;
        uint32_t *owner; /* of an actual element: which expected one has it */
        uint32_t *held;  /* by an expected element: which actual one */
} Pairs;

#define NOBODY UINT32_MAX

/* Breadth first from one expected element to an actual one that nobody has, by pairs that match; then each element on
 * the way takes the next one's and gives its own away. */
static bool augment(Matching *matching, Pairs *pairs, uint32_t start) {
        g_autofree uint32_t *queue = g_new(uint32_t, pairs->n), *reached_by = g_new(uint32_t, pairs->n);
        uint32_t head = 0, tail = 0;

        spend(matching, pairs->n);
        memset(reached_by, 0xff, pairs->n * sizeof(uint32_t));
        queue[tail++] = start;
        while (head < tail) {
                const uint32_t e = queue[head++];

                /* From its own place on: in sorted lists its partner is near. */
                for (uint32_t i = 0, a = e; i < pairs->n; i++, a = a + 1 == pairs->n ? 0 : a + 1) {
                        if (reached_by[a] != NOBODY || !node_matches(matching, &pairs->expected[e], &pairs->actual[a]))
                                continue;
                        reached_by[a] = e;
                        if (pairs->owner[a] != NOBODY) {
                                queue[tail++] = pairs->owner[a];
                                continue;
                        }
                        while (a != NOBODY) {
                                const uint32_t taker = reached_by[a], given = pairs->held[taker];

                                pairs->owner[a] = taker;
                                pairs->held[taker] = a;
                                a = given;
                        }
                        return true;
                }
        }
        return false;
}

static bool match_any_order(Matching *matching, const Node *expected, const Node *actual) {
        const uint32_t n = expected->size;
        g_autofree uint32_t *owner = g_new(uint32_t, n), *held = g_new(uint32_t, n);
        Pairs pairs = { expected->nodes, actual->nodes, n, owner, held };

        /* Most have their partner in their own place; the search is for the others. */
        for (uint32_t i = 0; i < n; i++)
                owner[i] = held[i] = node_matches(matching, &expected->nodes[i], &actual->nodes[i]) ? i : NOBODY;
        for (uint32_t e = 0; e < n; e++)
                if (held[e] == NOBODY && !augment(matching, &pairs, e))
                        return false;
        return true;
}

static bool pairs_match(Matching *matching, const Node *expected, const Node *actual) {
        for (uint32_t i = 0; i < expected->size; i++)
                if (!node_matches(matching, &expected->nodes[i], &actual->nodes[i]))
                        return false;
        return true;
}

static bool tolerances_count(const Matching *matching, const Node *expected, const Node *actual) {
        return (matching->options->float_tolerance > 0 || matching->options->relative_tolerance > 0) &&
               (expected->has_float || actual->has_float);
}

bool node_matches(Matching *matching, const Node *expected, const Node *actual) {
        if (matching->work == 0)
                return false;
        spend(matching, 1 + (node_is_container(expected) ? 0 : expected->size / BYTES_PER_WORK));
        if (node_kind(expected) != node_kind(actual))
                return false;
        if (node_is_number(expected))
                return node_numbers_match(expected, actual, matching->options);
        if (expected->type == NODE_STRING)
                return node_compare_strings(expected, actual, matching->options) == 0;
        if (expected->type == NODE_NULL)
                return true;
        if (expected->size != actual->size)
                return false;
        if (expected->type == NODE_LIST)
                return pairs_match(matching, expected, actual) ||
                       (tolerances_count(matching, expected, actual) && match_any_order(matching, expected, actual));
        for (uint32_t i = 0; i < expected->size; i += 2)
                if (node_compare_bytes(&expected->nodes[i], &actual->nodes[i]) != 0 ||
                    !node_matches(matching, &expected->nodes[i + 1], &actual->nodes[i + 1]))
                        return false;
        return true;
}
