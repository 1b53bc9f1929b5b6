/* SPDX-License-Identifier: MIT */
#include "quota.h"

#define HOUR (3600 * USEC_PER_SEC)

static void test_bucket(void) {
        g_autoptr(Quota) quota = quota_new();
        uint64_t now = 5 * USEC_PER_SEC, wait = 0;

        for (unsigned i = 0; i < 6; i++)
                g_assert_cmpint(quota_take(quota, 1000, 6, now, &wait), ==, 0);
        g_assert_cmpint(quota_take(quota, 1000, 6, now, &wait), ==, -EDQUOT);
        g_assert_cmpuint(wait, >, 9 * USEC_PER_SEC);
        g_assert_cmpuint(wait, <, 11 * USEC_PER_SEC);

        /* Another user has a bucket of its own. */
        g_assert_cmpint(quota_take(quota, 1001, 6, now, &wait), ==, 0);

        now += 10 * USEC_PER_SEC + 1;
        g_assert_cmpint(quota_take(quota, 1000, 6, now, &wait), ==, 0);
        g_assert_cmpint(quota_take(quota, 1000, 6, now, &wait), ==, -EDQUOT);
}

/* A day without a call does not save up more than one minute's. */
static void test_full(void) {
        g_autoptr(Quota) quota = quota_new();
        uint64_t wait;

        g_assert_cmpint(quota_take(quota, 1, 2, 0, &wait), ==, 0);
        g_assert_cmpint(quota_take(quota, 1, 2, 24 * HOUR, &wait), ==, 0);
        g_assert_cmpint(quota_take(quota, 1, 2, 24 * HOUR, &wait), ==, 0);
        g_assert_cmpint(quota_take(quota, 1, 2, 24 * HOUR, &wait), ==, -EDQUOT);
}

/* A smaller limit after a reload counts at once. */
static void test_reload(void) {
        g_autoptr(Quota) quota = quota_new();
        uint64_t wait;

        g_assert_cmpint(quota_take(quota, 1, 100, 0, &wait), ==, 0);
        g_assert_cmpint(quota_take(quota, 1, 1, 0, &wait), ==, 0);
        g_assert_cmpint(quota_take(quota, 1, 1, 0, &wait), ==, -EDQUOT);
}

static void test_refused(void) {
        g_autoptr(Quota) quota = quota_new();
        uint64_t now = 1000 * HOUR;

        quota_count_refused(quota, now);
        quota_count_refused(quota, now + HOUR);
        g_assert_cmpuint(quota_refused(quota, now + 2 * HOUR), ==, 2);
        g_assert_cmpuint(quota_refused(quota, now + 24 * HOUR), ==, 1);
        g_assert_cmpuint(quota_refused(quota, now + 25 * HOUR), ==, 0);
        quota_count_refused(quota, now + 90 * HOUR);
        g_assert_cmpuint(quota_refused(quota, now + 90 * HOUR), ==, 1);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/quota/bucket", test_bucket);
        g_test_add_func("/quota/full", test_full);
        g_test_add_func("/quota/reload", test_reload);
        g_test_add_func("/quota/refused", test_refused);
        return g_test_run();
}
