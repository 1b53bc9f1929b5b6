/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "tree.h"
#include "uids.h"

/* No two living leases share a uid; one whose stub still has the lock is not given out. */
static void test_lease(void) {
        g_autoptr(Tree) directory = tree_new();
        autofd dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), stub_fd = -1;
        UidLease *first = NULL, *second = NULL, *third = NULL;

        g_assert_cmpint(uid_lease(dir_fd, 70000, 70001, &first), ==, 0);
        g_assert_cmpuint(first->uid, ==, 70000);
        g_assert_cmpint(uid_lease(dir_fd, 70000, 70001, &second), ==, 0);
        g_assert_cmpuint(second->uid, ==, 70001);
        g_assert_cmpint(uid_lease(dir_fd, 70000, 70001, &third), ==, -EUSERS);

        stub_fd = fcntl(first->fd, F_DUPFD_CLOEXEC, 3);
        uid_lease_free(first);
        g_assert_cmpint(uid_lease(dir_fd, 70000, 70001, &third), ==, -EUSERS);
        stub_fd = safe_close(stub_fd);
        g_assert_cmpint(uid_lease(dir_fd, 70000, 70001, &third), ==, 0);
        g_assert_cmpuint(third->uid, ==, 70000);

        uid_lease_free(second);
        uid_lease_free(third);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/uids/lease", test_lease);
        return g_test_run();
}
