/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "leaf.h"

static const struct {
        const char *name;
        int flags;
        bool optional; /* its controller may be missing */
} files[LEAF_FILES] = {
        [LEAF_KILL] = { "cgroup.kill", O_WRONLY, false },
        [LEAF_EVENTS] = { "cgroup.events", O_RDONLY, false },
        [LEAF_FREEZE] = { "cgroup.freeze", O_WRONLY, false },
        [LEAF_CPU_STAT] = { "cpu.stat", O_RDONLY, false },
        [LEAF_MEMORY_EVENTS] = { "memory.events", O_RDONLY, true },
        [LEAF_MEMORY_PEAK] = { "memory.peak", O_RDONLY, true },
        [LEAF_PIDS_EVENTS] = { "pids.events", O_RDONLY, true },
};

static Leaf *leaf_new(void) {
        Leaf *leaf = g_new(Leaf, 1);

        *leaf = (Leaf){ .parent_fd = -1, .fd = -1 };
        for (size_t i = 0; i < LEAF_FILES; i++)
                leaf->files[i] = -1;
        return leaf;
}

int leaf_create(int parent_fd, const char *name, Leaf **ret) {
        g_autoptr(Leaf) leaf = NULL;

        if (mkdirat(parent_fd, name, 0755) < 0)
                return -errno;

        leaf = leaf_new();
        leaf->parent_fd = parent_fd;
        leaf->name = g_strdup(name);
        leaf->fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (leaf->fd < 0)
                return -errno;
        for (size_t i = 0; i < LEAF_FILES; i++) {
                leaf->files[i] = openat(leaf->fd, files[i].name, files[i].flags | O_CLOEXEC | O_NOFOLLOW);
                if (leaf->files[i] < 0 && !(files[i].optional && errno == ENOENT))
                        return -errno;
        }

        *ret = g_steal_pointer(&leaf);
        return 0;
}

Leaf *leaf_from_files(const int taken[static LEAF_FILES]) {
        Leaf *leaf = leaf_new();

        memcpy(leaf->files, taken, sizeof(leaf->files));
        return leaf;
}

void leaf_close_figures(Leaf *leaf) {
        for (size_t i = 0; i < LEAF_FILES; i++)
                if (i != LEAF_KILL && i != LEAF_EVENTS)
                        leaf->files[i] = safe_close(leaf->files[i]);
        leaf->fd = safe_close(leaf->fd);
}

Leaf *leaf_free(Leaf *leaf) {
        if (!leaf)
                return NULL;
        for (size_t i = 0; i < LEAF_FILES; i++)
                safe_close(leaf->files[i]);
        safe_close(leaf->fd);
        if (leaf->parent_fd >= 0)
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

int leaf_kill(const Leaf *leaf) {
        return write(leaf->files[LEAF_KILL], "1", 1) == 1 ? 0 : -errno;
}

/* The files are some hundred bytes; reading at offset 0 makes the kernel compose them anew. */
static int pread_text(int fd, char *buffer, size_t size) {
        ssize_t n = pread(fd, buffer, size - 1, 0);

        if (n < 0)
                return -errno;
        buffer[n] = '\0';
        return 0;
}

int leaf_populated(const Leaf *leaf) {
        uint64_t populated;
        int r;

        r = leaf_counter(leaf, LEAF_EVENTS, "populated", &populated);
        return r < 0 ? r : populated != 0;
}

/* The kernel tells of it at most every 10 ms, so it is looked for. */
static int wait_frozen(const Leaf *leaf, uint64_t deadline_usec) {
        uint64_t frozen;
        int r;

        do {
                r = leaf_counter(leaf, LEAF_EVENTS, "frozen", &frozen);
                if (r < 0 || frozen)
                        return r;
        } while (now_monotonic_usec() < deadline_usec);
        return -ETIMEDOUT;
}

static int write_freeze(const Leaf *leaf, const char *state) {
        return write(leaf->files[LEAF_FREEZE], state, 1) == 1 ? 0 : -errno;
}

int leaf_exact_cpu_usec(const Leaf *leaf, uint64_t timeout_usec, uint64_t *ret_usec) {
        const uint64_t deadline = now_monotonic_usec() + timeout_usec;
        int r, thawed;

        r = write_freeze(leaf, "1");
        if (r < 0)
                return r;
        r = wait_frozen(leaf, deadline);
        if (r >= 0)
                r = leaf_cpu_usec(leaf, ret_usec);
        thawed = write_freeze(leaf, "0");
        return r < 0 ? r : thawed;
}

int leaf_cpu_usec(const Leaf *leaf, uint64_t *ret_usec) {
        return leaf_counter(leaf, LEAF_CPU_STAT, "usage_usec", ret_usec);
}

int leaf_counter(const Leaf *leaf, LeafFile file, const char *key, uint64_t *ret) {
        char buffer[2048];
        int r;

        if (leaf->files[file] < 0)
                return -ENOENT;
        r = pread_text(leaf->files[file], buffer, sizeof(buffer));
        if (r < 0)
                return r;
        return key ? flat_keyed_u64(buffer, key, ret) : parse_u64(g_strchomp(buffer), ret);
}
