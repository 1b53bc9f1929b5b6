/* SPDX-License-Identifier: MIT */
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock.h"

static void test_one_at_a_time(void) {
        g_autofree char *dir = g_dir_make_tmp("lock-XXXXXX", NULL), *path = g_build_filename(dir, "lock", NULL);
        g_autoptr(MachineLock) first = NULL, second = NULL;

        g_assert_cmpint(machine_lock_open(path, NULL, &first), ==, 0);
        g_assert_cmpint(machine_lock_open(path, NULL, &second), ==, 0);
        g_assert_cmpstr(machine_lock_path(first), ==, path);
        g_assert_cmpint(machine_lock_holder(second), ==, 0);
        g_assert_cmpint(machine_lock_try(first), ==, 0);
        g_assert_cmpint(machine_lock_try(second), ==, -EAGAIN);
        g_assert_cmpint(machine_lock_holder(second), ==, getpid());
        machine_lock_release(first);
        g_assert_cmpint(machine_lock_try(second), ==, 0);
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_assert_cmpint(g_rmdir(dir), ==, 0);
}

/* Another user must be able to open it, whatever umask its maker had. */
static void test_fallback(void) {
        g_autofree char *dir = g_dir_make_tmp("lock-XXXXXX", NULL);
        g_autoptr(MachineLock) first = NULL, second = NULL;
        struct stat status;
        mode_t mask;

        g_assert_cmpint(machine_lock_open("/nonexistent/lock", NULL, &first), ==, -ENOENT);
        mask = umask(0077);
        g_assert_cmpint(machine_lock_open("/nonexistent/lock", dir, &first), ==, 0);
        (void) umask(mask);
        g_assert_true(g_str_has_prefix(machine_lock_path(first), dir));
        g_assert_cmpint(stat(machine_lock_path(first), &status), ==, 0);
        g_assert_cmpint(status.st_mode & 0777, ==, 0444);
        g_assert_cmpint(machine_lock_open("/nonexistent/lock", dir, &second), ==, 0);
        g_assert_cmpint(machine_lock_try(first), ==, 0);
        g_assert_cmpint(machine_lock_try(second), ==, -EAGAIN);
        g_assert_cmpint(g_unlink(machine_lock_path(first)), ==, 0);
        g_assert_cmpint(g_rmdir(dir), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/lock/one-at-a-time", test_one_at_a_time);
        g_test_add_func("/lock/fallback", test_fallback);
        return g_test_run();
}
