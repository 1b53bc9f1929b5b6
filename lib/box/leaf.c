/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "leaf.h"

int leaf_create(int parent_fd, const char *name, Leaf **ret) {
        g_autoptr(Leaf) leaf = NULL;

        if (mkdirat(parent_fd, name, 0755) < 0)
                return -errno;

        leaf = g_new(Leaf, 1);
        *leaf = (Leaf){ .parent_fd = parent_fd, .name = g_strdup(name), .fd = -1, .events_fd = -1, .cpu_fd = -1 };
        leaf->fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (leaf->fd < 0)
                return -errno;
        leaf->events_fd = openat(leaf->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
        if (leaf->events_fd < 0)
                return -errno;
        leaf->cpu_fd = openat(leaf->fd, "cpu.stat", O_RDONLY | O_CLOEXEC);
        if (leaf->cpu_fd < 0)
                return -errno;

        *ret = g_steal_pointer(&leaf);
        return 0;
}

Leaf *leaf_free(Leaf *leaf) {
        if (!leaf)
                return NULL;
        safe_close(leaf->cpu_fd);
        safe_close(leaf->events_fd);
        safe_close(leaf->fd);
        (void) unlinkat(leaf->parent_fd, leaf->name, AT_REMOVEDIR);
        g_free(leaf->name);
        g_free(leaf);
        return NULL;
}

int leaf_set(Leaf *leaf, const char *file, const char *value) {
        g_autofree char *seen = NULL;
        int r;

        r = write_file_at(leaf->fd, file, value);
        if (r < 0)
                return -ENOTRECOVERABLE;
        r = read_file_at(leaf->fd, file, &seen);
        if (r < 0 || strcmp(seen, value) != 0)
                return -ENOTRECOVERABLE;
        return 0;
}

int leaf_kill(Leaf *leaf) {
        return write_file_at(leaf->fd, "cgroup.kill", "1");
}

/* Both files are some hundred bytes; reading at offset 0 makes the kernel compose them anew. */
static int pread_text(int fd, char *buffer, size_t size) {
        ssize_t n = pread(fd, buffer, size - 1, 0);

        if (n < 0)
                return -errno;
        buffer[n] = '\0';
        return 0;
}

int leaf_populated(const Leaf *leaf) {
        char buffer[256];
        uint64_t populated;
        int r;

        r = pread_text(leaf->events_fd, buffer, sizeof(buffer));
        if (r < 0)
                return r;
        r = flat_keyed_u64(buffer, "populated", &populated);
        if (r < 0)
                return r;
        return populated != 0;
}

int leaf_cpu_usec(const Leaf *leaf, uint64_t *ret_usec) {
        char buffer[2048];
        int r;

        r = pread_text(leaf->cpu_fd, buffer, sizeof(buffer));
        if (r < 0)
                return r;
        return flat_keyed_u64(buffer, "usage_usec", ret_usec);
}

int leaf_counter(const Leaf *leaf, const char *file, const char *key, uint64_t *ret) {
        g_autofree char *text = NULL;
        int r;

        if (!key)
                return read_u64_at(leaf->fd, file, ret);
        r = read_file_at(leaf->fd, file, &text);
        if (r < 0)
                return r;
        return flat_keyed_u64(text, key, ret);
}
