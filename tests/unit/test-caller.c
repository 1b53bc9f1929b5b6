/* SPDX-License-Identifier: MIT */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"

#define HOST_MOUNTS "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n28 27 0:21 / /proc rw - proc proc rw\n"
#define OTHER_MOUNTS "127 60 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
/* A mount over the root: what the process sees is the later one. */
#define COVERED_MOUNTS HOST_MOUNTS "90 27 0:40 / / rw - tmpfs tmpfs rw\n"
#define HOST_STATUS "Name:\tsh\nNSpid:\t42\nUid:\t1000\t1000\t1000\t1000\nSeccomp:\t0\nSeccomp_filters:\t0\n"
#define OTHERS_STATUS "Name:\tsh\nUid:\t1001\t1001\t1001\t1001\nSeccomp:\t0\n"
#define FILTERED_STATUS "Name:\tsh\nUid:\t1000\t1000\t1000\t1000\nSeccomp:\t2\nSeccomp_filters:\t1\n"
#define NESTED_STATUS "Name:\tsh\nNSpid:\t42\t2\nUid:\t1000\t1000\t1000\t1000\nSeccomp:\t0\n"
#define HOST_MAP "         0          0 4294967295\n"
#define OTHER_MAP "         0       1000          1\n"

static const struct {
        const char *name, *mounts, *map, *label;
        int r;
        const char *status; /* NULL: HOST_STATUS */
        bool own_network;
} table[] = {
        { "host", HOST_MOUNTS, HOST_MAP, NULL, 0 },
        { "host-apparmor", HOST_MOUNTS, HOST_MAP, "unconfined", 0 },
        { "host-selinux", HOST_MOUNTS, HOST_MAP, "unconfined_u:unconfined_r:unconfined_t:s0", 0 },
        { "profile", HOST_MOUNTS, HOST_MAP, "snap.firefox.firefox (enforce)", 1 },
        { "selinux-confined", HOST_MOUNTS, HOST_MAP, "system_u:system_r:httpd_t:s0", 1 },
        { "mount-namespace", OTHER_MOUNTS, HOST_MAP, NULL, 1 },
        { "covered-root", COVERED_MOUNTS, HOST_MAP, NULL, 1 },
        { "user-namespace", HOST_MOUNTS, OTHER_MAP, NULL, 1 },
        { "network-namespace", HOST_MOUNTS, HOST_MAP, NULL, 1, NULL, true },
        { "pid-namespace", HOST_MOUNTS, HOST_MAP, NULL, 1, NESTED_STATUS },
        { "filter", HOST_MOUNTS, HOST_MAP, NULL, 1, FILTERED_STATUS },
        { "another-users", HOST_MOUNTS, HOST_MAP, NULL, -ESRCH, OTHERS_STATUS },
        { "no-mounts", "", HOST_MAP, NULL, -ENODATA },
        { "gone", NULL, NULL, NULL, -ESRCH },
};

static void write_proc(const char *root, const char *pid, const char *mounts, const char *map, const char *status) {
        g_autofree char *directory = g_build_filename(root, "proc", pid, NULL);
        g_autofree char *mountinfo = g_build_filename(directory, "mountinfo", NULL);
        g_autofree char *uid_map = g_build_filename(directory, "uid_map", NULL);
        g_autofree char *status_file = g_build_filename(directory, "status", NULL);

        g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
        g_assert_true(g_file_set_contents(mountinfo, mounts, -1, NULL));
        g_assert_true(g_file_set_contents(uid_map, map, -1, NULL));
        g_assert_true(g_file_set_contents(status_file, status, -1, NULL));
}

/* A network namespace is known by the inode of its files. */
static void write_network(const char *root, const char *pid, const char *same_as) {
        g_autofree char *directory = g_build_filename(root, "proc", pid, "net", NULL);
        g_autofree char *dev = g_build_filename(directory, "dev", NULL);

        g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
        if (same_as) {
                g_autofree char *other = g_build_filename(root, "proc", same_as, "net", "dev", NULL);

                g_assert_cmpint(link(other, dev), ==, 0);
        } else
                g_assert_true(g_file_set_contents(dev, "", -1, NULL));
}

static void remove_tree(const char *path) {
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *child = g_build_filename(path, name, NULL);

                remove_tree(child);
        }
        (void) g_remove(path);
}

static void test_confined(gconstpointer data) {
        size_t i = GPOINTER_TO_SIZE(data);
        g_autofree char *directory = g_dir_make_tmp("caller-XXXXXX", NULL), *reason = NULL;
        g_autoptr(Sysroot) root = NULL;

        write_proc(directory, "1", HOST_MOUNTS, HOST_MAP, HOST_STATUS);
        write_network(directory, "1", NULL);
        if (table[i].mounts) {
                write_proc(directory, "42", table[i].mounts, table[i].map, table[i].status ?: HOST_STATUS);
                write_network(directory, "42", table[i].own_network ? NULL : "1");
        }
        g_assert_cmpint(sysroot_open(directory, &root), >=, 0);
        g_assert_cmpint(caller_is_confined(root, 42, 1000, table[i].label, &reason), ==, table[i].r);
        g_assert_true((reason != NULL) == (table[i].r == 1));
        remove_tree(directory);
}

static void test_unknown_process(void) {
        g_autofree char *reason = NULL;
        g_autoptr(Sysroot) root = NULL;

        g_assert_cmpint(sysroot_open(NULL, &root), >=, 0);
        g_assert_cmpint(caller_is_confined(root, 0, 1000, NULL, &reason), ==, -ESRCH);
}

/* The files are there, and mean what we think, on the running kernel. */
static void test_host(void) {
        g_autofree char *reason = NULL;
        g_autoptr(Sysroot) root = NULL;

        g_assert_cmpint(sysroot_open(NULL, &root), >=, 0);
        g_assert_cmpint(caller_is_confined(root, 1, 0, NULL, &reason), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *path = g_strconcat("/caller/confined/", table[i].name, NULL);

                g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_confined);
        }
        g_test_add_func("/caller/unknown-process", test_unknown_process);
        g_test_add_func("/caller/host", test_host);
        return g_test_run();
}
