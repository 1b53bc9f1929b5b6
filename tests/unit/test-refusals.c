/* SPDX-License-Identifier: MIT */
#include "refusals.h"

static void add_up(uid_t uid, uint64_t n, void *userdata) {
        GString *text = userdata;

        g_string_append_printf(text, "%u:%u ", (unsigned) uid, (unsigned) n);
}

static unsigned count(Refusals *refusals, uid_t uid, unsigned n, uint64_t now) {
        unsigned logged = 0;

        for (unsigned i = 0; i < n; i++)
                logged += refusals_count(refusals, uid, now);
        return logged;
}

static void test_flood(void) {
        g_autoptr(Refusals) refusals = refusals_new();
        g_autoptr(GString) text = g_string_new(NULL);
        uint64_t now = 7;

        g_assert_cmpuint(refusals_expire(refusals, now, add_up, text), ==, UINT64_MAX);
        g_assert_cmpuint(count(refusals, 1000, 1010, now), ==, REFUSALS_LOGGED_MAX);
        g_assert_cmpuint(count(refusals, 1001, 3, now + 5), ==, 3);
        g_assert_cmpuint(count(refusals, 1002, 11, now + 6), ==, REFUSALS_LOGGED_MAX);

        g_assert_cmpuint(refusals_expire(refusals, now + REFUSALS_PERIOD_USEC - 1, add_up, text), ==,
                         now + REFUSALS_PERIOD_USEC);
        g_assert_cmpstr(text->str, ==, "");
        g_assert_cmpuint(refusals_expire(refusals, now + REFUSALS_PERIOD_USEC + 5, add_up, text), ==,
                         now + 6 + REFUSALS_PERIOD_USEC);
        g_assert_cmpstr(text->str, ==, "1000:1000 ");
        g_assert_cmpuint(refusals_expire(refusals, now + REFUSALS_PERIOD_USEC + 6, add_up, text), ==, UINT64_MAX);
        g_assert_cmpstr(text->str, ==, "1000:1000 1002:1 ");
}

/* Those that come later have a minute of their own. */
static void test_again(void) {
        g_autoptr(Refusals) refusals = refusals_new();
        g_autoptr(GString) text = g_string_new(NULL);

        for (uint64_t minute = 0; minute < 3; minute++) {
                uint64_t now = minute * REFUSALS_PERIOD_USEC;

                (void) refusals_expire(refusals, now, add_up, text);
                g_assert_cmpuint(count(refusals, 1, 15, now), ==, REFUSALS_LOGGED_MAX);
        }
        g_assert_cmpstr(text->str, ==, "1:5 1:5 ");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/refusals/flood", test_flood);
        g_test_add_func("/refusals/again", test_again);
        return g_test_run();
}
