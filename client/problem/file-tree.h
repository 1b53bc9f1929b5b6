/* SPDX-License-Identifier: MIT */
#pragma once

/* A tree of files somebody else made: a directory, or an archive unpacked into memory. Nothing is ever reached by it
 * that does not lie in it: the kernel resolves each path beneath the directory, and an archive with links, absolute
 * names or ".." is refused. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What may be read out of one tree altogether, and how many entries and levels it may have. */
#define TREE_BYTES_MAX (UINT64_C(256) * 1024 * 1024)
#define TREE_ENTRIES_MAX 65536
#define TREE_DEPTH_MAX 16

typedef enum TreeKind {
        TREE_FILE,
        TREE_DIRECTORY,
        TREE_REFUSED, /* a link out of the tree, a device, a name that is no text: an error for whoever needs it */
} TreeKind;

typedef struct TreeEntry {
        char *path; /* relative to the root, components parted by single slashes */
        TreeKind kind;
        uint32_t mode; /* 0755 when the owner may execute it, else 0644 */
        char *why;     /* TREE_REFUSED: the reason */
        GBytes *bytes; /* a file of an archive, or one that was read before; NULL: not in memory */
} TreeEntry;

typedef struct Tree Tree;

/* path is a directory or an archive (.zip, .tar, .tar.gz). When all of an archive lies in one directory, that is the
 * root. Hidden directories (".git") are left out. On failure *ret_problem is a sentence that names the path. */
int tree_open(const char *path, Tree **ret, char **ret_problem);

/* What the tree was opened by, for messages. */
const char *tree_name(const Tree *tree);

/* NULL when there is none. */
const TreeEntry *tree_find(const Tree *tree, const char *path);

bool tree_has_file(const Tree *tree, const char *path);
bool tree_has_directory(const Tree *tree, const char *path);

/* What lies directly in a directory ("" is the root), in the order of strcmp, without hidden names. An entry that is
 * TREE_REFUSED fails the whole with its reason. *ret holds const TreeEntry pointers of the tree. */
int tree_children(const Tree *tree, const char *directory, GPtrArray **ret, char **ret_problem);

/* The whole file. */
int tree_read(Tree *tree, const char *path, GBytes **ret, char **ret_problem);

/* The last component of a path; "" of a path that ends with a slash. */
const char *path_name(const char *path);

/* Orders names as people do: runs of digits by their value, so 2 before 10. */
int natural_compare(const char *a, const char *b);

Tree *tree_free(Tree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)
