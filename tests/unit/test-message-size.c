/* SPDX-License-Identifier: MIT */
#include "message-size.h"
#include "offline-bus.h"

static uint64_t size_of(sd_bus_message *m) {
        uint64_t size;

        offline_message_turn(m);
        g_assert_cmpint(message_body_size(m, &size), ==, 0);
        return size;
}

/* Each size is added up by hand from the specification's marshalling. */
static void test_types(void) {
        g_auto(OfflineBus) offline = {};
        sd_bus_message *m;

        offline_bus_init(&offline);

        m = offline_message_new(&offline);
        g_assert_cmpuint(size_of(m), ==, 0);
        sd_bus_message_unref(m);

        m = offline_message_new(&offline);
        g_assert_cmpint(sd_bus_message_append(m, "ysgobtd", 1, "abc", "a{sv}", "/a", true, UINT64_C(1), 0.5), >=, 0);
        /* y 1, to 4, s 8, g 7 = 19, to 20, o 7 = 27, to 28, b 4 = 32, t 8, d 8 */
        g_assert_cmpuint(size_of(m), ==, 48);
        sd_bus_message_unref(m);

        m = offline_message_new(&offline);
        g_assert_cmpint(sd_bus_message_append(m, "a{sv}", 1, "ab", "t", UINT64_C(1)), >=, 0);
        /* length 4, to 8, key 7 = 15, signature 3 = 18, to 24, t 8 */
        g_assert_cmpuint(size_of(m), ==, 32);
        sd_bus_message_unref(m);

        m = offline_message_new(&offline);
        g_assert_cmpint(sd_bus_message_append(m, "a(sq)as(yx)", 2, "", 1, "", 2, 2, "x", "yz", 3, INT64_C(4)), >=, 0);
        /* 4, to 8, (5, to 6, 2), to 16, (8) = 24; 4, s 6 = 34, to 36, s 7 = 43; to 48, y 1, to 56, x 8 */
        g_assert_cmpuint(size_of(m), ==, 64);
        sd_bus_message_unref(m);
}

/* Of what is large, and of where the message stands: the same as before, its beginning. */
static void test_blob(void) {
        g_auto(OfflineBus) offline = {};
        g_autofree uint8_t *bytes = g_malloc0(1 << 20);
        const char *first;
        sd_bus_message *m;
        uint64_t size;

        offline_bus_init(&offline);
        m = offline_message_new(&offline);
        g_assert_cmpint(sd_bus_message_append(m, "s", "first"), >=, 0);
        g_assert_cmpint(sd_bus_message_append_array(m, 'y', bytes, 1 << 20), >=, 0);
        offline_message_turn(m);
        g_assert_cmpint(sd_bus_message_skip(m, "s"), >=, 0);
        g_assert_cmpint(message_body_size(m, &size), ==, 0);
        g_assert_cmpuint(size, ==, 10 + 2 + 4 + (1 << 20));
        g_assert_cmpint(sd_bus_message_read(m, "s", &first), >, 0);
        g_assert_cmpstr(first, ==, "first");
        sd_bus_message_unref(m);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/message-size/types", test_types);
        g_test_add_func("/message-size/blob", test_blob);
        return g_test_run();
}
