/* SPDX-License-Identifier: MIT */
#include "file-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base.h"
#include "text.h"
#include "file-tree-internal.h"

static void entry_free(void *p) {
        TreeEntry *entry = p;

        g_free(entry->path);
        g_free(entry->why);
        g_clear_pointer(&entry->bytes, g_bytes_unref);
        g_free(entry);
}

bool tree_component_ok(const char *name) {
        if (*name == '\0' || strlen(name) > 255 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return false;
        if (!g_utf8_validate(name, -1, NULL))
                return false;
        for (; *name; name = g_utf8_next_char(name))
                if (g_unichar_iscntrl(g_utf8_get_char(name)))
                        return false;
        return true;
}

int tree_add(Tree *tree, char *path, TreeKind kind, uint32_t mode, char *why, GBytes *bytes) {
        TreeEntry *entry = g_new(TreeEntry, 1);

        *entry = (TreeEntry){ path, kind, mode & 0100 ? 0755 : 0644, why, bytes ? g_bytes_ref(bytes) : NULL };
        if (g_hash_table_contains(tree->by_path, path) || tree->entries->len >= TREE_ENTRIES_MAX) {
                int r = tree->entries->len >= TREE_ENTRIES_MAX ? -E2BIG : -EEXIST;

                entry_free(entry);
                return r;
        }
        g_ptr_array_add(tree->entries, entry);
        g_hash_table_insert(tree->by_path, entry->path, entry);
        return 0;
}

/* Never leaves the tree, whatever links lie in it and whoever exchanges them meanwhile. */
static int open_beneath(const Tree *tree, const char *path, int flags) {
        struct open_how how = {
                .flags = (uint64_t) (flags | O_CLOEXEC),
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
        };
        long fd = syscall(SYS_openat2, tree->fd, *path ? path : ".", &how, sizeof(how));

        return fd < 0 ? -errno : (int) fd;
}

static char *link_refused(const Tree *tree, const char *path, struct stat *ret) {
        autofd fd = open_beneath(tree, path, O_PATH);

        if (fd < 0)
                return g_strdup(fd == -EXDEV ? _("a link that leads out of the package") : g_strerror(-fd));
        if (fstat(fd, ret) < 0)
                return g_strdup(g_strerror(errno));
        return S_ISREG(ret->st_mode) ? NULL : g_strdup(_("a link to something that is no file"));
}

static int scan_directory(Tree *tree, const char *directory, unsigned depth);

static int scan_entry(Tree *tree, int directory_fd, const char *directory, const char *name, unsigned depth) {
        g_autofree char *path = *directory ? g_strdup_printf("%s/%s", directory, name) : g_strdup(name);
        struct stat st;
        char *why = NULL;

        if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode)) {
                int r;

                if (*name == '.')
                        return 0;
                r = tree_add(tree, g_strdup(path), TREE_DIRECTORY, st.st_mode, NULL, NULL);
                return r < 0 ? r : scan_directory(tree, path, depth + 1);
        }
        if (!tree_component_ok(name))
                why = g_strdup(_("its name is not plain text"));
        else if (S_ISLNK(st.st_mode))
                why = link_refused(tree, path, &st);
        else if (!S_ISREG(st.st_mode))
                why = g_strdup(_("no regular file"));
        return tree_add(tree, g_steal_pointer(&path), why ? TREE_REFUSED : TREE_FILE, st.st_mode, why, NULL);
}

static int scan_directory(Tree *tree, const char *directory, unsigned depth) {
        DIR *stream;
        int fd, r = 0;

        if (depth > TREE_DEPTH_MAX)
                return -ELOOP;
        fd = open_beneath(tree, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (fd < 0)
                return fd;
        stream = fdopendir(fd);
        if (!stream) {
                (void) safe_close(fd);
                return -errno;
        }
        while (r >= 0) {
                struct dirent *entry;

                errno = 0;
                entry = readdir(stream);
                if (!entry) {
                        r = -errno;
                        break;
                }
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        r = scan_entry(tree, fd, directory, entry->d_name, depth);
        }
        (void) closedir(stream);
        return r;
}

static int compare_entries(const void *a, const void *b) {
        return strcmp((*(TreeEntry *const *) a)->path, (*(TreeEntry *const *) b)->path);
}

static char *explain_scan(const char *path, int r) {
        if (r == -E2BIG)
                return g_strdup_printf(_("%s: more than %d files"), path, TREE_ENTRIES_MAX);
        if (r == -ELOOP)
                return g_strdup_printf(_("%s: directories more than %d levels deep"), path, TREE_DEPTH_MAX);
        return g_strdup_printf("%s: %s", path, g_strerror(-r));
}

int tree_open(const char *path, Tree **ret, char **ret_problem) {
        g_autoptr(Tree) tree = g_new0(Tree, 1);
        g_autofree char *shown = text_printable(path, false);
        autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        int r;

        tree->fd = -1;
        tree->name = g_strdup(shown);
        tree->entries = g_ptr_array_new_with_free_func(entry_free);
        tree->by_path = g_hash_table_new(g_str_hash, g_str_equal);
        if (fd < 0 || fstat(fd, &st) < 0) {
                r = -errno;
                *ret_problem = explain_scan(shown, r);
                return r;
        }
        if (S_ISDIR(st.st_mode)) {
                tree->fd = steal_fd(&fd);
                r = scan_directory(tree, "", 0);
                if (r < 0)
                        *ret_problem = explain_scan(shown, r);
        } else if (S_ISREG(st.st_mode)) {
                r = tree_read_archive(tree, fd, ret_problem);
        } else {
                r = -EINVAL;
                *ret_problem = g_strdup_printf(_("%s: neither a directory nor an archive"), shown);
        }
        if (r < 0)
                return r;
        g_ptr_array_sort(tree->entries, compare_entries);
        *ret = g_steal_pointer(&tree);
        return 0;
}

const char *tree_name(const Tree *tree) {
        return tree->name;
}

const TreeEntry *tree_find(const Tree *tree, const char *path) {
        return g_hash_table_lookup(tree->by_path, path);
}

bool tree_has_file(const Tree *tree, const char *path) {
        const TreeEntry *entry = tree_find(tree, path);

        /* one that is refused is there: whoever reads it is told why not */
        return entry && entry->kind != TREE_DIRECTORY;
}

bool tree_has_directory(const Tree *tree, const char *path) {
        const TreeEntry *entry = tree_find(tree, path);

        return entry && entry->kind == TREE_DIRECTORY;
}

static int refuse(const Tree *tree, const TreeEntry *entry, char **ret_problem) {
        g_autofree char *shown = text_printable(entry->path, false);

        *ret_problem = g_strdup_printf("%s: %s: %s", tree->name, shown, entry->why);
        return -EINVAL;
}

int tree_children(const Tree *tree, const char *directory, GPtrArray **ret, char **ret_problem) {
        g_autoptr(GPtrArray) children = g_ptr_array_new();
        size_t length = strlen(directory);

        for (unsigned i = 0; i < tree->entries->len; i++) {
                TreeEntry *entry = g_ptr_array_index(tree->entries, i);
                const char *name = entry->path;

                if (length > 0) {
                        if (strncmp(entry->path, directory, length) != 0 || entry->path[length] != '/')
                                continue;
                        name += length + 1;
                }
                if (strchr(name, '/') || *name == '.')
                        continue;
                if (entry->kind == TREE_REFUSED)
                        return refuse(tree, entry, ret_problem);
                g_ptr_array_add(children, entry);
        }
        *ret = g_steal_pointer(&children);
        return 0;
}

static int read_all(int fd, uint64_t max, GBytes **ret) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_autofree uint8_t *buffer = g_malloc(64 * 1024);

        for (;;) {
                ssize_t n = read(fd, buffer, 64 * 1024);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                if (bytes->len + (uint64_t) n > max)
                        return -EFBIG;
                g_byte_array_append(bytes, buffer, (unsigned) n);
        }
        *ret = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
        return 0;
}

static int read_entry(Tree *tree, TreeEntry *entry) {
        autofd fd = open_beneath(tree, entry->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        int r;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        r = read_all(fd, TREE_BYTES_MAX - tree->bytes, &entry->bytes);
        if (r < 0)
                return r;
        tree->bytes += g_bytes_get_size(entry->bytes);
        return 0;
}

int tree_read(Tree *tree, const char *path, GBytes **ret, char **ret_problem) {
        TreeEntry *entry = g_hash_table_lookup(tree->by_path, path);
        int r = 0;

        if (!entry || entry->kind == TREE_DIRECTORY) {
                *ret_problem = g_strdup_printf(_("%s: there is no file %s"), tree->name, path);
                return -ENOENT;
        }
        if (entry->kind == TREE_REFUSED)
                return refuse(tree, entry, ret_problem);
        if (!entry->bytes)
                r = read_entry(tree, entry);
        if (r == -EFBIG)
                *ret_problem = g_strdup_printf(_("%s: %s: more than 256 MiB altogether"), tree->name, path);
        else if (r < 0)
                *ret_problem = g_strdup_printf("%s: %s: %s", tree->name, path, g_strerror(-r));
        if (r < 0)
                return r;
        *ret = g_bytes_ref(entry->bytes);
        return 0;
}

const char *path_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

int natural_compare(const char *a, const char *b) {
        const char *x = a, *y = b;

        while (*x && *y) {
                size_t m, n;

                if (!g_ascii_isdigit(*x) || !g_ascii_isdigit(*y)) {
                        if (*x != *y)
                                return (unsigned char) *x < (unsigned char) *y ? -1 : 1;
                        x++;
                        y++;
                        continue;
                }
                x += strspn(x, "0");
                y += strspn(y, "0");
                m = strspn(x, "0123456789");
                n = strspn(y, "0123456789");
                if (m != n || strncmp(x, y, m) != 0)
                        return m != n ? (m < n ? -1 : 1) : strncmp(x, y, m);
                x += m;
                y += n;
        }
        if (*x || *y)
                return *x ? 1 : -1;
        return strcmp(a, b); /* "01" and "1" are not the same name */
}

Tree *tree_free(Tree *tree) {
        if (!tree)
                return NULL;
        (void) safe_close(tree->fd);
        g_clear_pointer(&tree->by_path, g_hash_table_unref);
        g_clear_pointer(&tree->entries, g_ptr_array_unref);
        g_free(tree->name);
        g_free(tree);
        return NULL;
}
