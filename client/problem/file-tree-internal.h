/* SPDX-License-Identifier: MIT */
#pragma once

/* What tree.c and the reader of archives share. */

#include "file-tree.h"

struct Tree {
        char *name;
        int fd;              /* of the directory; -1: an archive's contents are all in memory */
        GPtrArray *entries;  /* TreeEntry, in the order of their paths once the tree is open */
        GHashTable *by_path; /* the same; keys belong to the entries */
        uint64_t bytes;      /* in memory */
};

/* Whether it can be the name of a file anywhere: UTF-8 text without control characters, at most 255 bytes, neither
 * empty nor "." nor "..". */
bool tree_component_ok(const char *name);

/* Takes over path and why. -EEXIST when the path is there already, -E2BIG beyond TREE_ENTRIES_MAX. */
int tree_add(Tree *tree, char *path, TreeKind kind, uint32_t mode, char *why, GBytes *bytes);

/* Unpacks what fd holds. */
int tree_read_archive(Tree *tree, int fd, char **ret_problem);
