/* SPDX-License-Identifier: MIT */
#pragma once

/* Small files of the kernel's file systems, below a root that can be a tree of fixtures.
 *
 * Sysroot is a directory descriptor; every path is relative to it ("sys/class/powercap/…", "proc/cpuinfo").
 * Symbolic links are followed by the kernel inside the root only (openat2 RESOLVE_IN_ROOT), so that a fixture tree
 * with absolute links does not reach out into the real host.
 *
 * A fixture tree may hold a file `.faults` of lines "path ERRNO" ("sys/…/energy_uj EACCES"): opening that path fails
 * with that error, because a tree of plain files cannot express errors of the kernel, and root is refused nothing. The
 * file is not looked at on the running system. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"

typedef struct Sysroot Sysroot;

/* path NULL or "/" is the running system. -EINVAL when a fixture tree's .faults cannot be understood. */
int sysroot_open(const char *path, Sysroot **ret);
Sysroot *sysroot_free(Sysroot *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sysroot, sysroot_free)

/* Whether this is the running system, not a fixture tree. */
bool sysroot_is_host(const Sysroot *root);

/* A new O_CLOEXEC descriptor, or negative errno. */
int sysroot_openat(const Sysroot *root, const char *path, int flags);

/* The whole file, without the trailing newline; at most 1 MiB, else -EFBIG. NUL-terminated.
 * Errors are the kernel's: -ENOENT, -EACCES, -EIO… and never turned into an empty string. */
int sysroot_read(const Sysroot *root, const char *path, char **ret);

/* The file holds one unsigned decimal integer and nothing else, or -EINVAL; -ERANGE beyond 64 bits. */
int sysroot_read_u64(const Sysroot *root, const char *path, uint64_t *ret);

/* The names in a directory, sorted by strcmp, without "." and "..", NULL-terminated. */
int sysroot_list(const Sysroot *root, const char *path, char ***ret);

/* One write(2) of the text and a newline to a file that is there; a short write is -EIO. No symbolic link is followed
 * in the last component. */
int sysroot_write(const Sysroot *root, const char *path, const char *text);

/* The same two reads on a directory descriptor, for cgroup and proc files. */
int read_file_at(int dir_fd, const char *path, char **ret);
int read_u64_at(int dir_fd, const char *path, uint64_t *ret);

/* One write(2) of the text; a short write is -EIO. */
int write_file_at(int dir_fd, const char *path, const char *text);

/* Writes until all of it is written. */
int write_all(int fd, const void *data, size_t size);

/* Strict decimal: digits only, whole string; -EINVAL or -ERANGE otherwise. */
int parse_u64(const char *text, uint64_t *ret);

/* Reads "key value" lines as in cpu.stat or memory.events; -ENODATA when the key is not there. */
int flat_keyed_u64(const char *text, const char *key, uint64_t *ret);
