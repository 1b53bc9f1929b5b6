/* SPDX-License-Identifier: MIT */
#pragma once

/* A temporary directory to be filled with files. */

#include <ftw.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static inline char *temporary_new(void) {
        char *top = g_dir_make_tmp("jouletrace-test-XXXXXX", NULL);

        g_assert_nonnull(top);
        return top;
}

static inline char *temporary_path(const char *top, const char *path) {
        char *whole = g_build_filename(top, path, NULL);
        g_autofree char *parent = g_path_get_dirname(whole);

        g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
        return whole;
}

static inline void temporary_write(const char *top, const char *path, const char *text) {
        g_autofree char *whole = temporary_path(top, path);

        g_assert_true(g_file_set_contents(whole, text, -1, NULL));
}

static inline void temporary_chmod(const char *top, const char *path, mode_t mode) {
        g_autofree char *whole = temporary_path(top, path);

        g_assert_cmpint(chmod(whole, mode), ==, 0);
}

static inline void temporary_link(const char *top, const char *path, const char *target) {
        g_autofree char *whole = temporary_path(top, path);

        g_assert_cmpint(symlink(target, whole), ==, 0);
}

static inline void temporary_unlink(const char *top, const char *path) {
        g_autofree char *whole = temporary_path(top, path);

        g_assert_cmpint(unlink(whole), ==, 0);
}

static inline int temporary_remove(const char *path, const struct stat *st, int flag, struct FTW *walk) {
        return remove(path);
}

static inline void temporary_free(const char *top) {
        g_assert_cmpint(nftw(top, temporary_remove, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
}
