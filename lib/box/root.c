/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "root.h"

#define BUILD_AT "/tmp" /* where the new root is put together; what the host has there is hidden meanwhile */
#define OWN_INODES 64U  /* of the skeleton, so that all that are promised are the program's */

const char *const box_environment[] = {
        "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" BOX_DIRECTORY, "LANG=C.UTF-8", "TMPDIR=/tmp", NULL,
};

/* Directories of a merged-/usr system are links; a host that has real ones gets them bound. */
static const char *const system_directories[] = { "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" };

/* Not ld.so.preload: what is measured is the program. */
static const char *const etc_files[] = { "/etc/ld.so.cache" };
static const char *const etc_directories[] = { "/etc/alternatives" };

static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom" };

static const struct {
        const char *path, *target;
} device_links[] = {
        { "dev/fd", "/proc/self/fd" },
        { "dev/stdin", "/proc/self/fd/0" },
        { "dev/stdout", "/proc/self/fd/1" },
        { "dev/stderr", "/proc/self/fd/2" },
};

static const char *const writable[] = { "box", "tmp", "dev/shm" };

/* ---- before the clone ---- */

static bool name_valid(const char *name) {
        g_auto(GStrv) parts = g_strsplit(name, "/", -1);

        for (char **part = parts; *part; part++)
                if (g_str_equal(*part, "") || g_str_equal(*part, ".") || g_str_equal(*part, "..") ||
                    strlen(*part) > NAME_MAX)
                        return false;
        return strlen(name) > 0 && strlen(BOX_DIRECTORY "/") + strlen(name) < PATH_MAX;
}

static uint64_t file_size(const BoxSpec *spec, const BoxFile *file) {
        const size_t n = BOX_HANDED_NUMBER(file->fd);
        struct stat st;

        if (file->fd >= 0)
                return file->size;
        return n < spec->n_handed && fstat(spec->handed[n], &st) >= 0 ? (uint64_t) st.st_size : 0;
}

uint64_t root_file_bytes(const BoxSpec *spec) {
        const uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);
        uint64_t bytes = 0;

        for (size_t i = 0; spec->root && i < spec->root->n_files; i++)
                bytes += (file_size(spec, &spec->root->files[i]) + page - 1) / page * page;
        return bytes;
}

int root_plan_new(const BoxSpec *spec, RootPlan **ret) {
        const BoxRoot *root = spec->root;
        const Identity *identity = spec->identity;
        /* The files sent along take nothing away from what the program may write. */
        const uint64_t bytes = root->tmpfs_bytes + root_file_bytes(spec);
        uint64_t inodes = root->inodes + OWN_INODES;
        RootPlan *plan;

        for (size_t i = 0; i < root->n_files; i++) {
                if (!name_valid(root->files[i].name))
                        return -EINVAL;
                inodes++;
                for (const char *c = root->files[i].name; *c; c++)
                        inodes += *c == '/';
        }

        plan = g_new(RootPlan, 1);
        *plan = (RootPlan){
                .root = root,
                .options = g_strdup_printf("mode=0755,size=%" PRIu64 ",nr_inodes=%" PRIu64, bytes, inodes),
                .passwd = g_strdup_printf("root:x:0:0:root:/:/usr/sbin/nologin\n"
                                          "box:x:%u:%u:box:" BOX_DIRECTORY ":/bin/sh\n"
                                          "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
                                          identity->uid, identity->gid),
                .group = g_strdup_printf("root:x:0:\nbox:x:%u:\nnogroup:x:65534:\n", identity->gid),
                .uid_map = g_strdup_printf("%u %u 1", identity->uid, geteuid()),
                .gid_map = g_strdup_printf("%u %u 1", identity->gid, getegid()),
        };
        *ret = plan;
        return 0;
}

RootPlan *root_plan_free(RootPlan *plan) {
        if (!plan)
                return NULL;
        g_free(plan->options);
        g_free(plan->passwd);
        g_free(plan->group);
        g_free(plan->uid_map);
        g_free(plan->gid_map);
        g_free(plan);
        return NULL;
}

/* ---- in the child ---- */

static int write_text(const char *path, int flags, const char *text) {
        autofd fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
        const size_t length = strlen(text);

        if (fd < 0)
                return -errno;
        return write(fd, text, length) == (ssize_t) length ? 0 : -errno;
}

int root_map_ids(const RootPlan *plan) {
        int r;

        /* Without this an unprivileged process may not map its group. */
        r = write_text("/proc/self/setgroups", 0, "deny");
        if (r < 0)
                return r;
        r = write_text("/proc/self/gid_map", 0, plan->gid_map);
        if (r < 0)
                return r;
        return write_text("/proc/self/uid_map", 0, plan->uid_map);
}

/* A copy of what is mounted at the host's path, submounts included (a user namespace is given them only together),
 * put onto a path of the root. Absent from the host, absent from the box: -ENOENT. */
static int bind(const char *from, const char *to, uint64_t attributes) {
        struct mount_attr attr = { .attr_set = attributes, .propagation = MS_PRIVATE };
        autofd tree = (int) syscall(SYS_open_tree, AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

        if (tree < 0)
                return -errno;
        if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
                return -errno;
        if (syscall(SYS_move_mount, tree, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return -errno;
        return 0;
}

#define SYSTEM_ATTRIBUTES (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define DEVICE_ATTRIBUTES (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
#define WRITABLE_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static int add_system_directory(const char *path) {
        char target[PATH_MAX];
        struct stat st;
        ssize_t n;

        if (lstat(path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (S_ISLNK(st.st_mode)) {
                n = readlink(path, target, sizeof(target) - 1);
                if (n < 0)
                        return -errno;
                target[n] = '\0';
                return symlink(target, path + 1) < 0 ? -errno : 0;
        }
        if (mkdir(path + 1, 0755) < 0)
                return -errno;
        return bind(path, path + 1, SYSTEM_ATTRIBUTES);
}

static int add_file(const char *path, uint64_t attributes) {
        autofd fd = -1;

        if (access(path, F_OK) < 0)
                return errno == ENOENT ? 0 : -errno;
        fd = open(path + 1, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0)
                return -errno;
        return bind(path, path + 1, attributes);
}

static int add_system(void) {
        int r;

        for (size_t i = 0; i < G_N_ELEMENTS(system_directories); i++) {
                r = add_system_directory(system_directories[i]);
                if (r < 0)
                        return r;
        }
        if (mkdir("etc", 0755) < 0)
                return -errno;
        for (size_t i = 0; i < G_N_ELEMENTS(etc_files); i++) {
                r = add_file(etc_files[i], SYSTEM_ATTRIBUTES | MOUNT_ATTR_NOEXEC);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(etc_directories); i++) {
                r = add_system_directory(etc_directories[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_etc(const RootPlan *plan) {
        const struct {
                const char *path, *text;
        } files[] = {
                { "etc/passwd", plan->passwd },
                { "etc/group", plan->group },
                { "etc/hosts", "127.0.0.1 localhost\n::1 localhost\n" },
                { "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
                int r = write_text(files[i].path, O_CREAT | O_EXCL, files[i].text);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_devices(void) {
        int r;

        if (mkdir("dev", 0755) < 0)
                return -errno;
        for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
                r = add_file(devices[i], DEVICE_ATTRIBUTES);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < G_N_ELEMENTS(device_links); i++)
                if (symlink(device_links[i].target, device_links[i].path) < 0)
                        return -errno;
        return 0;
}

/* Only the box's processes, and of these only the program's user's: no counters of the machine, no kernel settings. */
static int add_proc(void) {
        if (mkdir("proc", 0555) < 0)
                return -errno;
        if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "subset=pid,hidepid=invisible") < 0)
                return -errno;
        return 0;
}

/* Sticky and ours: the program may put files beside those sent along, but neither change nor remove these. */
static int make_writable(const char *path) {
        if (mkdir(path, 0755) < 0)
                return -errno;
        return chmod(path, 01777) < 0 ? -errno : 0;
}

static int make_parents(char *path) {
        for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                int r;

                *slash = '\0';
                r = make_writable(path);
                *slash = '/';
                if (r < 0 && r != -EEXIST)
                        return r;
        }
        return 0;
}

static int put_file(int box_fd, const BoxFile *file) {
        const mode_t mode = file->mode & 0111 ? 0555 : 0444;
        off_t offset = (off_t) file->offset;
        uint64_t left = file->size;
        char path[PATH_MAX];
        autofd fd = -1;
        int r;

        strncpy(path, file->name, sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        r = make_parents(path);
        if (r < 0)
                return r;
        fd = openat(box_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        while (left > 0) {
                ssize_t n = sendfile(fd, file->fd, &offset, (size_t) MIN(left, (uint64_t) G_MAXINT32));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -ENODATA;
                left -= (uint64_t) n;
        }
        return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int put_files(const BoxRoot *root) {
        autofd box_fd = -1;

        if (chdir("box") < 0)
                return -errno;
        box_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (box_fd < 0)
                return -errno;
        for (size_t i = 0; i < root->n_files; i++) {
                int r = put_file(box_fd, &root->files[i]);

                if (r < 0)
                        return r;
        }
        return chdir("..") < 0 ? -errno : 0;
}

static int add_writable(const BoxRoot *root) {
        int r;

        for (size_t i = 0; i < G_N_ELEMENTS(writable); i++) {
                r = make_writable(writable[i]);
                if (r < 0)
                        return r;
        }
        r = put_files(root);
        if (r < 0)
                return r;
        /* Mounts of their own stay writable when the root does not. */
        for (size_t i = 0; i < G_N_ELEMENTS(writable); i++) {
                r = bind(writable[i], writable[i], WRITABLE_ATTRIBUTES);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The old root is stacked on the new one for the moment between the two calls. */
static int change_root(void) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

        if (syscall(SYS_pivot_root, ".", ".") < 0)
                return -errno;
        if (umount2(".", MNT_DETACH) < 0)
                return -errno;
        if (chdir("/") < 0)
                return -errno;
        return syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

int root_enter(const RootPlan *plan) {
        int r;

        (void) umask(0022);
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return -errno;
        if (mount("box", BUILD_AT, "tmpfs", MS_NOSUID | MS_NODEV, plan->options) < 0)
                return -errno;
        if (chdir(BUILD_AT) < 0)
                return -errno;
        r = add_system();
        if (r < 0)
                return r;
        r = add_etc(plan);
        if (r < 0)
                return r;
        r = add_devices();
        if (r < 0)
                return r;
        r = add_proc();
        if (r < 0)
                return r;
        r = add_writable(plan->root);
        if (r < 0)
                return r;
        return change_root();
}
