/* SPDX-License-Identifier: MIT */
#pragma once

/* Trees of /sys and /proc files that a test makes, and changes while it reads them. */

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "fs.h"

/* Writes in place: a descriptor that is open on the file sees the new text. */
static inline void tree_put(const char *tree, const char *file, const char *text) {
        g_autofree char *path = g_build_filename(tree, file, NULL);
        g_autofree char *directory = g_path_get_dirname(path);
        autofd fd = -1;

        g_assert_cmpint(g_mkdir_with_parents(directory, 0755), ==, 0);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write(fd, text, strlen(text)), ==, (gssize) strlen(text));
}

static inline void tree_put_u64(const char *tree, const char *file, uint64_t value) {
        g_autofree char *text = g_strdup_printf("%" PRIu64 "\n", value);

        tree_put(tree, file, text);
}

static inline void tree_zone(const char *tree, const char *id, const char *name, uint64_t energy_uj,
                             uint64_t range_uj) {
        g_autofree char *name_file = g_strdup_printf("sys/class/powercap/%s/name", id);
        g_autofree char *energy_file = g_strdup_printf("sys/class/powercap/%s/energy_uj", id);
        g_autofree char *range_file = g_strdup_printf("sys/class/powercap/%s/max_energy_range_uj", id);

        tree_put(tree, name_file, name);
        tree_put_u64(tree, energy_file, energy_uj);
        tree_put_u64(tree, range_file, range_uj);
}

static inline void tree_energy(const char *tree, const char *id, uint64_t energy_uj) {
        g_autofree char *file = g_strdup_printf("sys/class/powercap/%s/energy_uj", id);

        tree_put_u64(tree, file, energy_uj);
}

/* A tree with two CPUs and nothing else. */
static inline char *tree_new(void) {
        char *tree = g_dir_make_tmp("jt-tree-XXXXXX", NULL);

        g_assert_nonnull(tree);
        tree_put(tree, "sys/devices/system/cpu/online", "0-1\n");
        return tree;
}

static inline int tree_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        return remove(path);
}

static inline void tree_free(char *tree) {
        g_assert_cmpint(nftw(tree, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
        g_free(tree);
}

typedef char Tree;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)
