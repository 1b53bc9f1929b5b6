/* SPDX-License-Identifier: MIT */
#include "queue.h"

static uint32_t pop(Queue *queue) {
        uint32_t id = 0;

        g_assert_cmpint(queue_pop(queue, &id), >=, 0);
        return id;
}

static void test_empty(void) {
        g_autoptr(Queue) queue = queue_new();
        uint32_t id;

        g_assert_cmpint(queue_pop(queue, &id), ==, -ENOENT);
        g_assert_cmpint(queue_remove(queue, 1), ==, -ENOENT);
        g_assert_cmpuint(queue_length(queue), ==, 0);
        g_assert_cmpuint(queue_position(queue, 1), ==, 0);
}

static void test_one_user_in_order(void) {
        g_autoptr(Queue) queue = queue_new();

        for (uint32_t id = 1; id <= 3; id++)
                queue_push(queue, id, 1000);
        g_assert_cmpuint(queue_length_of(queue, 1000), ==, 3);
        g_assert_cmpuint(queue_length_of(queue, 1001), ==, 0);
        for (uint32_t id = 1; id <= 3; id++)
                g_assert_cmpuint(pop(queue), ==, id);
}

/* The promise: user 1000 has 100 queued and one running, user 1001's one job starts next. */
static void test_newcomer_is_next(void) {
        g_autoptr(Queue) queue = queue_new();

        for (uint32_t id = 1; id <= 101; id++)
                queue_push(queue, id, 1000);
        g_assert_cmpuint(pop(queue), ==, 1);
        queue_push(queue, 102, 1001);
        g_assert_cmpuint(queue_position(queue, 102), ==, 1);
        g_assert_cmpuint(pop(queue), ==, 102);
        g_assert_cmpuint(pop(queue), ==, 2);
}

/* Someone who submits one job at a time does not shut out the other. */
static void test_one_at_a_time_does_not_starve(void) {
        g_autoptr(Queue) queue = queue_new();
        uint32_t next = 1000;
        unsigned served = 0;

        for (uint32_t id = 1; id <= 10; id++)
                queue_push(queue, id, 1);
        for (unsigned i = 0; i < 10; i++) {
                queue_push(queue, next++, 2);
                served += pop(queue) < 1000;
                if (queue_length_of(queue, 2) > 1)
                        g_assert_cmpuint(queue_length_of(queue, 2), <=, 6);
        }
        g_assert_cmpuint(served, ==, 5);
}

static void test_turns(void) {
        g_autoptr(Queue) queue = queue_new();
        static const uint32_t expected[] = { 1, 4, 6, 2, 5, 3 };

        queue_push(queue, 1, 10);
        queue_push(queue, 2, 10);
        queue_push(queue, 3, 10);
        queue_push(queue, 4, 20);
        queue_push(queue, 5, 20);
        queue_push(queue, 6, 30);
        for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
                g_assert_cmpuint(queue_position(queue, expected[i]), ==, i + 1);
        for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
                g_assert_cmpuint(pop(queue), ==, expected[i]);
        g_assert_cmpuint(queue_length(queue), ==, 0);
}

static bool collect(uint32_t id, unsigned position, void *userdata) {
        GArray *ids = userdata;

        g_array_append_val(ids, id);
        g_assert_cmpuint(position, ==, ids->len);
        return ids->len < 2;
}

static void test_visit_of(void) {
        g_autoptr(Queue) queue = queue_new();
        g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));

        queue_push(queue, 1, 20);
        queue_push(queue, 2, 10);
        queue_push(queue, 3, 20);
        queue_push(queue, 4, 10);
        queue_push(queue, 5, 10);
        queue_visit_of(queue, 10, collect, ids);
        g_assert_cmpuint(ids->len, ==, 2);
        g_assert_cmpuint(g_array_index(ids, uint32_t, 0), ==, 2);
        g_assert_cmpuint(g_array_index(ids, uint32_t, 1), ==, 4);
        queue_visit_of(queue, 30, collect, ids);
        g_assert_cmpuint(ids->len, ==, 2);
}

static void test_remove(void) {
        g_autoptr(Queue) queue = queue_new();

        queue_push(queue, 1, 10);
        queue_push(queue, 2, 10);
        queue_push(queue, 3, 20);
        g_assert_cmpint(queue_remove(queue, 1), ==, 0);
        g_assert_cmpint(queue_remove(queue, 1), ==, -ENOENT);
        g_assert_cmpuint(queue_length(queue), ==, 2);
        g_assert_cmpuint(pop(queue), ==, 2);
        g_assert_cmpuint(pop(queue), ==, 3);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/queue/empty", test_empty);
        g_test_add_func("/queue/one-user-in-order", test_one_user_in_order);
        g_test_add_func("/queue/newcomer-is-next", test_newcomer_is_next);
        g_test_add_func("/queue/one-at-a-time-does-not-starve", test_one_at_a_time_does_not_starve);
        g_test_add_func("/queue/turns", test_turns);
        g_test_add_func("/queue/visit-of", test_visit_of);
        g_test_add_func("/queue/remove", test_remove);
        return g_test_run();
}
