/* SPDX-License-Identifier: MIT */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>

#include "text.h"
#include "file-tree-internal.h"

#define BLOCK (64 * 1024)
/* macOS keeps resource forks there, one for each file */
#define FORKS "__MACOSX"

typedef struct archive Archive;

static void archive_close(Archive *archive) {
        (void) archive_read_free(archive);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Archive, archive_close)

/* The entry's path without "./" and doubled slashes; NULL when it is none that may be unpacked. */
static char *clean_path(const char *raw) {
        g_autoptr(GPtrArray) kept = g_ptr_array_new();
        g_auto(GStrv) components = NULL;

        if (!raw || *raw == '/' || !g_utf8_validate(raw, -1, NULL))
                return NULL;
        components = g_strsplit(raw, "/", -1);
        for (char **component = components; *component; component++) {
                if (**component == '\0' || strcmp(*component, ".") == 0)
                        continue;
                if (!tree_component_ok(*component))
                        return NULL;
                g_ptr_array_add(kept, *component);
        }
        if (kept->len > TREE_DEPTH_MAX)
                return NULL;
        g_ptr_array_add(kept, NULL);
        return g_strjoinv("/", (char **) kept->pdata);
}

static int refuse(const Tree *tree, const char *path, const char *why, char **ret_problem) {
        g_autofree char *shown = text_printable(path ?: "?", false);

        *ret_problem = g_strdup_printf("%s: %s: %s", tree->name, shown, why);
        return -EINVAL;
}

/* Directories need no entry of their own in an archive. */
static int add_parents(Tree *tree, const char *path) {
        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                g_autofree char *parent = g_strndup(path, (size_t) (slash - path));
                const TreeEntry *entry = tree_find(tree, parent);
                int r;

                if (entry && entry->kind != TREE_DIRECTORY)
                        return -EEXIST;
                r = entry ? 0 : tree_add(tree, g_steal_pointer(&parent), TREE_DIRECTORY, 0755, NULL, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What the header says about the size is not believed. */
static int unpack(Tree *tree, Archive *archive, GBytes **ret) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_autofree uint8_t *buffer = g_malloc(BLOCK);

        for (;;) {
                ssize_t n = archive_read_data(archive, buffer, BLOCK);

                if (n < 0)
                        return -EBADMSG;
                if (n == 0)
                        break;
                tree->bytes += (uint64_t) n;
                if (tree->bytes > TREE_BYTES_MAX)
                        return -EFBIG;
                g_byte_array_append(bytes, buffer, (unsigned) n);
        }
        *ret = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
        return 0;
}

static int add_entry(Tree *tree, Archive *archive, struct archive_entry *entry, char **ret_problem) {
        const char *raw = archive_entry_pathname_utf8(entry) ?: archive_entry_pathname(entry);
        g_autofree char *path = clean_path(raw);
        g_autoptr(GBytes) bytes = NULL;
        int r;

        if (!path)
                return refuse(tree, raw, _("such a name is not unpacked"), ret_problem);
        if (*path == '\0' || strcmp(path, FORKS) == 0 || g_str_has_prefix(path, FORKS "/"))
                return 0;
        if (archive_entry_symlink(entry) || archive_entry_hardlink(entry))
                return refuse(tree, path, _("links are not unpacked"), ret_problem);
        r = add_parents(tree, path);
        if (r >= 0 && archive_entry_filetype(entry) == AE_IFDIR)
                return tree_has_directory(tree, path)
                                       ? 0
                                       : tree_add(tree, g_steal_pointer(&path), TREE_DIRECTORY, 0755, NULL, NULL);
        if (r >= 0 && archive_entry_filetype(entry) != AE_IFREG)
                return refuse(tree, path, _("no regular file"), ret_problem);
        if (r >= 0)
                r = unpack(tree, archive, &bytes);
        if (r >= 0)
                r = tree_add(tree, g_strdup(path), TREE_FILE, archive_entry_mode(entry), NULL, bytes);
        if (r == -EEXIST)
                return refuse(tree, path, _("the archive has it twice"), ret_problem);
        if (r == -EFBIG)
                return refuse(tree, path, _("more than 256 MiB altogether"), ret_problem);
        if (r == -E2BIG)
                return refuse(tree, path, _("too many files"), ret_problem);
        return r < 0 ? refuse(tree, path, archive_error_string(archive) ?: g_strerror(-r), ret_problem) : 0;
}

/* Everything lies in one directory, as in most archives: that is the package. */
static void strip_root(Tree *tree) {
        const char *root = NULL;
        size_t length;

        for (unsigned i = 0; i < tree->entries->len; i++) {
                TreeEntry *entry = g_ptr_array_index(tree->entries, i);

                if (strchr(entry->path, '/'))
                        continue;
                if (root || entry->kind != TREE_DIRECTORY)
                        return;
                root = entry->path;
        }
        if (!root)
                return;
        length = strlen(root) + 1;
        g_hash_table_remove_all(tree->by_path);
        for (unsigned i = 0; i < tree->entries->len;) {
                TreeEntry *entry = g_ptr_array_index(tree->entries, i);

                if (!strchr(entry->path, '/')) {
                        g_ptr_array_remove_index_fast(tree->entries, i);
                        continue;
                }
                memmove(entry->path, entry->path + length, strlen(entry->path + length) + 1);
                g_hash_table_insert(tree->by_path, entry->path, entry);
                i++;
        }
}

int tree_read_archive(Tree *tree, int fd, char **ret_problem) {
        g_autoptr(Archive) archive = archive_read_new();
        struct archive_entry *entry;
        int r;

        if (!archive)
                return -ENOMEM;
        /* by name, not "all": some of those start other programs */
        (void) archive_read_support_filter_gzip(archive);
        (void) archive_read_support_format_zip_seekable(archive);
        (void) archive_read_support_format_tar(archive);
        if (archive_read_open_fd(archive, fd, BLOCK) != ARCHIVE_OK) {
                *ret_problem = g_strdup_printf(_("%s: neither a directory nor an archive (.zip, .tar.gz)"),
                                               tree->name);
                return -EINVAL;
        }
        while ((r = archive_read_next_header(archive, &entry)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
                r = add_entry(tree, archive, entry, ret_problem);
                if (r < 0)
                        return r;
        }
        if (r != ARCHIVE_EOF || tree->entries->len == 0) {
                *ret_problem = g_strdup_printf(_("%s: not a whole archive: %s"), tree->name,
                                               archive_error_string(archive) ?: _("nothing in it"));
                return -EBADMSG;
        }
        strip_root(tree);
        return 0;
}
