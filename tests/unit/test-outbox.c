/* SPDX-License-Identifier: MIT */
#include "outbox.h"

#define MIB (UINT64_C(1) << 20)

static void test_share(void) {
        g_autoptr(Outbox) outbox = outbox_new();

        g_assert_cmpint(outbox_charge(outbox, 1, 8 * MIB, 0), ==, 0);
        for (unsigned i = 1; i < 4; i++)
                g_assert_cmpint(outbox_charge(outbox, 1, 8 * MIB, i), ==, 0);
        g_assert_cmpint(outbox_charge(outbox, 1, 1, 4), ==, -ENOBUFS);
        g_assert_cmpint(outbox_charge(outbox, 2, 8 * MIB, 4), ==, 0);
        /* What was refused is not charged. */
        g_assert_cmpint(outbox_charge(outbox, 2, 24 * MIB, 5), ==, 0);
}

static void test_all(void) {
        g_autoptr(Outbox) outbox = outbox_new();

        for (uid_t uid = 0; uid < OUTBOX_MAX / (16 * MIB); uid++)
                g_assert_cmpint(outbox_charge(outbox, uid, 16 * MIB, uid), ==, 0);
        g_assert_cmpint(outbox_charge(outbox, 99, 1, 8), ==, -ENOBUFS);
        g_assert_cmpint(outbox_charge(outbox, 99, 1, 0), ==, 0);
        g_assert_cmpint(outbox_charge(outbox, 0, 16 * MIB, 1), ==, 0);
}

/* One answer is larger than a share: who has nothing waiting gets it. */
static void test_large(void) {
        g_autoptr(Outbox) outbox = outbox_new();

        g_assert_cmpint(outbox_charge(outbox, 1, OUTBOX_USER_MAX + 1, 3), ==, 0);
        g_assert_cmpint(outbox_charge(outbox, 1, 1, 3), ==, -ENOBUFS);
        g_assert_cmpint(outbox_charge(outbox, 1, OUTBOX_MAX + 1, 0), ==, -ENOBUFS);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/outbox/share", test_share);
        g_test_add_func("/outbox/all", test_all);
        g_test_add_func("/outbox/large", test_large);
        return g_test_run();
}
