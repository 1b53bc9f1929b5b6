/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "tree.h"
#include "uids.h"

static void test_range(void) {
        const struct {
                const char *text, *subids;
                int r;
        } cases[] = {
                { BOX_UID_RANGE_DEFAULT, NULL, 0 },
                { BOX_UID_RANGE_DEFAULT, "ann:100000:65536\nbob:165536:65536\n", 0 },
                { BOX_UID_RANGE_DEFAULT, "ann:2099999999:2\n", -ERANGE },
                { BOX_UID_RANGE_DEFAULT, "ann:2099999999:1\n", 0 },
                { BOX_UID_RANGE_DEFAULT, "ann:2100000999:1\n", -ERANGE },
                { BOX_UID_RANGE_DEFAULT, "what is this\nann:2100000999:x\n", 0 },
                { "70000-70001", NULL, 0 },
                { "70000-70000", NULL, 0 },
                { "0-10", NULL, -ERANGE },
                { "1000-1010", NULL, -ERANGE },
                { "61184-65519", NULL, -ERANGE },
                { "70000-524288", NULL, -ERANGE },
                { "1879048191-1900000000", NULL, -ERANGE },
                { "2147483647-2147483648", NULL, -ERANGE },
                { "4294967295-4294967295", NULL, -ERANGE },
                { "70001-70000", NULL, -EINVAL },
                { "70000", NULL, -EINVAL },
                { "70000-", NULL, -EINVAL },
                { "70000-80000-90000", NULL, -EINVAL },
                { "-70000", NULL, -EINVAL },
                { "70000-4294967296", NULL, -EINVAL },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *why = NULL;
                UidRange range = {};

                g_test_message("%s", cases[i].text);
                g_assert_cmpint(uid_range_parse(cases[i].text, cases[i].subids, NULL, &range, &why), ==, cases[i].r);
                g_assert_true((why != NULL) == (cases[i].r < 0));
                g_assert_true((range.last > 0) == (cases[i].r == 0));
                g_clear_pointer(&why, g_free);
                g_assert_cmpint(uid_range_parse(cases[i].text, NULL, cases[i].subids, &range, &why), ==, cases[i].r);
        }
}

/* No two living leases share a uid; one whose stub still has the lock is not given out. */
static void test_lease(void) {
        const UidRange range = { .first = 70000, .last = 70001 };
        g_autoptr(Tree) directory = tree_new();
        autofd dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), stub_fd = -1;
        UidLease *first = NULL, *second = NULL, *third = NULL;

        g_assert_cmpint(uid_lease(dir_fd, &range, &first), ==, 0);
        g_assert_cmpuint(first->uid, ==, 70000);
        g_assert_cmpint(uid_lease(dir_fd, &range, &second), ==, 0);
        g_assert_cmpuint(second->uid, ==, 70001);
        g_assert_cmpint(uid_lease(dir_fd, &range, &third), ==, -EUSERS);

        stub_fd = fcntl(first->fd, F_DUPFD_CLOEXEC, 3);
        uid_lease_free(first);
        g_assert_cmpint(uid_lease(dir_fd, &range, &third), ==, -EUSERS);
        stub_fd = safe_close(stub_fd);
        g_assert_cmpint(uid_lease(dir_fd, &range, &third), ==, 0);
        g_assert_cmpuint(third->uid, ==, 70000);

        uid_lease_free(second);
        uid_lease_free(third);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/uids/range", test_range);
        g_test_add_func("/uids/lease", test_lease);
        return g_test_run();
}
