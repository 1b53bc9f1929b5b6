/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fs.h"
#include "lock.h"
#include "log.h"

#define GROUP "jouletrace"

struct MachineLock {
        int fd;
        char *path;
};

/* flock(2) needs no write permission: members of the group open it for reading. */
static int open_shared(const char *path) {
        const struct group *group;
        struct stat status;
        int fd;

        fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
        if (fd < 0)
                return -errno;
        if (geteuid() != 0)
                return fd;

        /* tmpfiles.d makes the file with its group; here only for a machine where it did not. */
        if (fstat(fd, &status) == 0 && status.st_gid != 0)
                return fd;
        group = getgrnam(GROUP);
        if (group && fchown(fd, 0, group->gr_gid) < 0)
                log_debug("%s stays with its group: %s", path, g_strerror(errno));
        return fd;
}

static int open_fallback(const char *directory, char **ret_path) {
        g_autofree char *boot = NULL, *path = NULL;
        int fd, r;

        r = read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot);
        if (r < 0)
                return r;
        path = g_strdup_printf("%s/jouletrace-machine-%s.lock", directory, boot);

        /* fs.protected_regular refuses O_CREAT on another user's file in a sticky directory, even one that is there.
         */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
        if (fd < 0 && errno == ENOENT) {
                fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0444);
                if (fd < 0 && errno == EEXIST)
                        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
                else if (fd >= 0 && fchmod(fd, 0444) < 0) /* the umask is the caller's, the lock everybody's */
                        log_debug("%s stays with its mode: %s", path, g_strerror(errno));
        }
        if (fd < 0)
                return -errno;
        *ret_path = g_steal_pointer(&path);
        return fd;
}

int machine_lock_open(const char *path, const char *fallback, MachineLock **ret) {
        g_autofree char *used = g_strdup(path);
        MachineLock *lock;
        int fd;

        fd = open_shared(path);
        if (fd < 0 && fallback) {
                g_clear_pointer(&used, g_free);
                fd = open_fallback(fallback, &used);
        }
        if (fd < 0)
                return fd;
        lock = g_new(MachineLock, 1);
        *lock = (MachineLock){ .fd = fd, .path = g_steal_pointer(&used) };
        *ret = lock;
        return 0;
}

MachineLock *machine_lock_free(MachineLock *lock) {
        if (!lock)
                return NULL;
        safe_close(lock->fd);
        g_free(lock->path);
        g_free(lock);
        return NULL;
}

int machine_lock_try(MachineLock *lock) {
        if (flock(lock->fd, LOCK_EX | LOCK_NB) < 0)
                return -errno;
        return 0;
}

void machine_lock_release(MachineLock *lock) {
        (void) flock(lock->fd, LOCK_UN);
}

/* "4: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF"; those that wait for it have an arrow after the number. */
static pid_t holder_in(const char *line, const struct stat *file) {
        unsigned device_major, device_minor;
        uint64_t inode;
        int pid;

        if (sscanf(line, "%*u: FLOCK %*s %*s %d %x:%x:%" SCNu64, &pid, &device_major, &device_minor, &inode) != 4)
                return 0;
        return device_major == major(file->st_dev) && device_minor == minor(file->st_dev) && inode == file->st_ino
                               ? MAX(pid, 0)
                               : 0;
}

pid_t machine_lock_holder(const MachineLock *lock) {
        g_autofree char *text = NULL;
        g_auto(GStrv) lines = NULL;
        struct stat file;

        if (fstat(lock->fd, &file) < 0 || read_file_at(AT_FDCWD, "/proc/locks", &text) < 0)
                return 0;
        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++) {
                pid_t pid = holder_in(*line, &file);

                if (pid > 0)
                        return pid;
        }
        return 0;
}

const char *machine_lock_path(const MachineLock *lock) {
        return lock->path;
}
