/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#include "fs.h"

#define FILE_SIZE_MAX (1024U * 1024U)

struct Sysroot {
        int fd;
        bool host;
        GHashTable *faults; /* path → positive errno; NULL without a fault table */
};

static int read_fd(int fd, char **ret);

static int load_faults(Sysroot *root) {
        static const struct {
                const char *name;
                int error;
        } names[] = { { "EACCES", EACCES }, { "EIO", EIO },     { "ENODATA", ENODATA },
                      { "ENODEV", ENODEV }, { "EPERM", EPERM }, { "ENXIO", ENXIO } };
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;
        int r;

        r = sysroot_read(root, ".faults", &text);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;

        root->faults = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++) {
                char *space = strchr(*line, ' ');
                int error = 0;

                if (**line == '\0')
                        continue;
                for (size_t i = 0; space && i < G_N_ELEMENTS(names); i++)
                        if (strcmp(space + 1, names[i].name) == 0)
                                error = names[i].error;
                if (error == 0)
                        return -EINVAL;
                g_hash_table_insert(root->faults, g_strndup(*line, (gsize) (space - *line)), GINT_TO_POINTER(error));
        }
        return 0;
}

int sysroot_open(const char *path, Sysroot **ret) {
        g_autoptr(Sysroot) root = NULL;
        autofd fd = -1;
        int r;

        fd = open(path ?: "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        root = g_new(Sysroot, 1);
        *root = (Sysroot){ .fd = steal_fd(&fd), .host = !path || strcmp(path, "/") == 0 };
        if (!root->host) {
                r = load_faults(root);
                if (r < 0)
                        return r;
        }
        *ret = g_steal_pointer(&root);
        return 0;
}

Sysroot *sysroot_free(Sysroot *root) {
        if (!root)
                return NULL;
        safe_close(root->fd);
        if (root->faults)
                g_hash_table_unref(root->faults);
        g_free(root);
        return NULL;
}

bool sysroot_is_host(const Sysroot *root) {
        return root->host;
}

int sysroot_openat(const Sysroot *root, const char *path, int flags) {
        struct open_how how = { .flags = (uint64_t) (flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT };
        int fd;

        if (root->faults) {
                int error = GPOINTER_TO_INT(g_hash_table_lookup(root->faults, path));

                if (error > 0)
                        return -error;
        }

        /* The real root needs no confinement, and some containers' seccomp filters do not know openat2. */
        if (root->host)
                fd = openat(root->fd, path, flags | O_CLOEXEC);
        else
                fd = (int) syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
        return fd < 0 ? -errno : fd;
}

static int read_fd(int fd, char **ret) {
        g_autoptr(GString) text = g_string_new(NULL);
        char buffer[4096];

        for (;;) {
                ssize_t n = read(fd, buffer, sizeof(buffer));

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (n == 0)
                        break;
                if (text->len + (size_t) n > FILE_SIZE_MAX)
                        return -EFBIG;
                g_string_append_len(text, buffer, n);
        }
        if (text->len > 0 && text->str[text->len - 1] == '\n')
                g_string_truncate(text, text->len - 1);

        *ret = g_string_free(g_steal_pointer(&text), FALSE);
        return 0;
}

int sysroot_read(const Sysroot *root, const char *path, char **ret) {
        autofd fd = sysroot_openat(root, path, O_RDONLY | O_NOCTTY);

        if (fd < 0)
                return fd;
        return read_fd(fd, ret);
}

int sysroot_read_u64(const Sysroot *root, const char *path, uint64_t *ret) {
        g_autofree char *text = NULL;
        int r;

        r = sysroot_read(root, path, &text);
        if (r < 0)
                return r;
        return parse_u64(text, ret);
}

int sysroot_write(const Sysroot *root, const char *path, const char *text) {
        g_autofree char *line = g_strconcat(text, "\n", NULL);
        /* The kernel's files have no length to cut; those of a fixture tree have. */
        autofd fd = sysroot_openat(root, path, O_WRONLY | O_TRUNC | O_NOCTTY | O_NOFOLLOW);
        ssize_t n;

        if (fd < 0)
                return fd;
        n = write(fd, line, strlen(line));
        if (n < 0)
                return -errno;
        return (size_t) n == strlen(line) ? 0 : -EIO;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

int sysroot_list(const Sysroot *root, const char *path, char ***ret) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        autofd fd = sysroot_openat(root, path, O_RDONLY | O_DIRECTORY);
        DIR *dir;

        if (fd < 0)
                return fd;
        dir = fdopendir(fd);
        if (!dir)
                return -errno;
        fd = -1;

        for (;;) {
                struct dirent *entry;

                errno = 0;
                entry = readdir(dir);
                if (!entry)
                        break;
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        g_ptr_array_add(names, g_strdup(entry->d_name));
        }
        if (errno != 0) {
                int saved = errno;

                closedir(dir);
                return -saved;
        }
        closedir(dir);

        g_ptr_array_sort(names, compare_names);
        g_ptr_array_add(names, NULL);
        *ret = (char **) g_ptr_array_free(g_steal_pointer(&names), FALSE);
        return 0;
}

int read_file_at(int dir_fd, const char *path, char **ret) {
        autofd fd = openat(dir_fd, path, O_RDONLY | O_NOCTTY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        return read_fd(fd, ret);
}

int read_u64_at(int dir_fd, const char *path, uint64_t *ret) {
        g_autofree char *text = NULL;
        int r;

        r = read_file_at(dir_fd, path, &text);
        if (r < 0)
                return r;
        return parse_u64(text, ret);
}

int write_file_at(int dir_fd, const char *path, const char *text) {
        autofd fd = openat(dir_fd, path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
        size_t length = strlen(text);
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = write(fd, text, length);
        if (n < 0)
                return -errno;
        return (size_t) n == length ? 0 : -EIO;
}

int write_all(int fd, const void *data, size_t size) {
        const uint8_t *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

int parse_u64(const char *text, uint64_t *ret) {
        uint64_t value = 0;

        if (*text == '\0')
                return -EINVAL;
        for (const char *p = text; *p != '\0'; p++) {
                if (!g_ascii_isdigit(*p))
                        return -EINVAL;
                if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
                    __builtin_add_overflow(value, (uint64_t) (*p - '0'), &value))
                        return -ERANGE;
        }
        *ret = value;
        return 0;
}

int flat_keyed_u64(const char *text, const char *key, uint64_t *ret) {
        size_t length = strlen(key);

        for (const char *line = text; line; line = strchr(line, '\n')) {
                if (*line == '\n')
                        line++;
                if (strncmp(line, key, length) == 0 && line[length] == ' ') {
                        g_autofree char *value = g_strndup(line + length + 1, strcspn(line + length + 1, "\n"));

                        return parse_u64(value, ret);
                }
        }
        return -ENODATA;
}
