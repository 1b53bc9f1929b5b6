/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "clone.h"
#include "containment.h"
#include "dbus/names.h"
#include "fs.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define OWN_PREFIX "jouletrace-"
#define PATIENCE_USEC (4U * USEC_PER_SEC)

const char *containment_kind_to_string(ContainmentKind kind) {
        switch (kind) {
        case CONTAINMENT_SCOPE:
                return "scope";
        case CONTAINMENT_CGROUP:
                return "cgroup";
        case CONTAINMENT_PROCESS_GROUP:
                return "process group";
        }
        g_assert_not_reached();
}

static Containment *containment_new(ContainmentKind kind, int fd) {
        Containment *containment = g_new0(Containment, 1);

        containment->kind = kind;
        containment->fd = fd;
        containment->patience_usec = PATIENCE_USEC;
        containment->others = g_hash_table_new(NULL, NULL);
        return containment;
}

void containment_hand_over(Containment *containment) {
        containment->fd = safe_close(containment->fd);
        g_clear_pointer(&containment->own_path, g_free);
}

Containment *containment_free(Containment *containment) {
        if (!containment)
                return NULL;
        safe_close(containment->fd);
        if (containment->own_path)
                (void) rmdir(containment->own_path);
        g_free(containment->own_path);
        g_hash_table_unref(containment->others);
        g_free(containment);
        return NULL;
}

bool containment_scope_path_valid(const char *control_group) {
        g_auto(GStrv) parts = g_strsplit(control_group, "/", -1);
        size_t n = g_strv_length(parts);

        /* "", …, "jouletrace.slice", "jouletrace-job-….scope" */
        if (n < 3 || !g_str_equal(parts[0], "") || !g_str_equal(parts[n - 2], JT_SLICE))
                return false;
        for (size_t i = 1; i < n; i++)
                if (g_str_equal(parts[i], "") || g_str_equal(parts[i], ".") || g_str_equal(parts[i], ".."))
                        return false;
        return g_str_has_prefix(parts[n - 1], JT_SCOPE_PREFIX) && g_str_has_suffix(parts[n - 1], ".scope");
}

static int fail(char **ret_why, const char *format, ...) G_GNUC_PRINTF(2, 3);
static int fail(char **ret_why, const char *format, ...) {
        va_list args;

        va_start(args, format);
        *ret_why = g_strdup_vprintf(format, args);
        va_end(args);
        return -ENOTRECOVERABLE;
}

static int open_scope_directory(const char *control_group) {
        struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
        autofd root = open(CGROUP_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
        autofd fd = -1;
        struct statfs fs;

        if (root < 0)
                return -errno;
        fd = (int) syscall(SYS_openat2, root, control_group + 1, &how, sizeof(how));
        if (fd < 0)
                return -errno;
        if (fstatfs(fd, &fs) < 0)
                return -errno;
        if (fs.f_type != CGROUP2_SUPER_MAGIC)
                return -EMEDIUMTYPE;
        return steal_fd(&fd);
}

static bool has_word(const char *text, const char *separators, const char *word) {
        g_auto(GStrv) words = g_strsplit_set(text, separators, -1);

        return g_strv_contains((const char *const *) words, word);
}

static int move_keeper(int fd, pid_t keeper, char **ret_why) {
        g_autofree char *pid = g_strdup_printf("%d", keeper);
        g_autofree char *procs = NULL;
        int r;

        r = read_file_at(fd, "cgroup.procs", &procs);
        if (r < 0)
                return fail(ret_why, "The scope's list of processes cannot be read: %s", g_strerror(-r));
        if (!has_word(procs, "\n", pid))
                return fail(ret_why, "The keeper (process %s) is not in the scope", pid);

        if (mkdirat(fd, "keeper", 0755) < 0 && errno != EEXIST)
                return fail(ret_why, "The keeper's cgroup cannot be made: %s", g_strerror(errno));
        r = write_file_at(fd, "keeper/cgroup.procs", pid);
        if (r < 0)
                return fail(ret_why, "The keeper cannot be moved to its cgroup: %s", g_strerror(-r));
        return 0;
}

static int hand_on_controllers(int fd, char **ret_why) {
        static const char *const needed[] = { "cpu", "cpuset", "memory", "pids" };
        g_autofree char *there = NULL, *enabled = NULL;
        int r;

        r = read_file_at(fd, "cgroup.controllers", &there);
        if (r < 0)
                return fail(ret_why, "The scope's controllers cannot be read: %s", g_strerror(-r));
        for (size_t i = 0; i < G_N_ELEMENTS(needed); i++)
                if (!has_word(there, " ", needed[i]))
                        return fail(ret_why, "The scope has no %s controller (it has: %s)", needed[i], there);

        r = write_file_at(fd, "cgroup.subtree_control", "+cpu +cpuset +memory +pids");
        if (r < 0)
                return fail(ret_why, "The scope's controllers cannot be handed on: %s", g_strerror(-r));
        r = read_file_at(fd, "cgroup.subtree_control", &enabled);
        if (r < 0)
                return fail(ret_why, "The scope's controllers cannot be read back: %s", g_strerror(-r));
        for (size_t i = 0; i < G_N_ELEMENTS(needed); i++)
                if (!has_word(enabled, " ", needed[i]))
                        return fail(ret_why, "The %s controller was not handed on (only: %s)", needed[i], enabled);
        return 0;
}

static int check_cpus(int fd, const cpu_set_t *cpus, char **ret_why) {
        g_autofree char *text = NULL, *wanted = NULL;
        cpu_set_t effective;
        int r;

        if (CPU_COUNT(cpus) == 0)
                return 0;
        r = read_file_at(fd, "cpuset.cpus.effective", &text);
        if (r >= 0)
                r = cpulist_parse(text, &effective);
        if (r < 0)
                return fail(ret_why, "The scope's CPUs cannot be read: %s", g_strerror(-r));
        if (CPU_EQUAL(cpus, &effective))
                return 0;
        wanted = cpulist_format(cpus);
        return fail(ret_why, "The scope has CPUs %s instead of %s", text, wanted);
}

int containment_open_scope(const char *control_group, pid_t keeper, const cpu_set_t *cpus, Containment **ret,
                           char **ret_why) {
        autofd fd = -1;
        Containment *containment;
        int r;

        if (!containment_scope_path_valid(control_group))
                return fail(ret_why, "\"%s\" is no scope of a job below %s", control_group, JT_SLICE);
        fd = open_scope_directory(control_group);
        if (fd < 0)
                return fail(ret_why, "The cgroup %s cannot be opened: %s", control_group, g_strerror(-fd));

        r = check_cpus(fd, cpus, ret_why);
        if (r < 0)
                return r;
        r = move_keeper(fd, keeper, ret_why);
        if (r < 0)
                return r;
        r = hand_on_controllers(fd, ret_why);
        if (r < 0)
                return r;

        containment = containment_new(CONTAINMENT_SCOPE, steal_fd(&fd));
        containment->cpus = *cpus;
        *ret = containment;
        return 0;
}

/* mountinfo(5): id parent major:minor root mount-point options… - type source super-options */
static int parse_mount(const char *line, char **ret_root, char **ret_point) {
        g_auto(GStrv) halves = g_strsplit(line, " - ", 2);
        g_auto(GStrv) fields = NULL;

        if (g_strv_length(halves) != 2 || !g_str_has_prefix(halves[1], "cgroup2 "))
                return -ENOENT;
        fields = g_strsplit(halves[0], " ", -1);
        if (g_strv_length(fields) < 5)
                return -EINVAL;
        *ret_root = g_strcompress(fields[3]); /* the kernel escapes blanks as \040 */
        *ret_point = g_strcompress(fields[4]);
        return 0;
}

int containment_own_cgroup(const char *mountinfo, const char *cgroup, char **ret_path) {
        g_auto(GStrv) mounts = g_strsplit(mountinfo, "\n", -1), memberships = g_strsplit(cgroup, "\n", -1);
        const char *own = NULL;

        for (char **line = memberships; *line; line++)
                if (g_str_has_prefix(*line, "0::/"))
                        own = *line + strlen("0::");
        if (!own)
                return -ENOENT;

        for (char **line = mounts; *line; line++) {
                g_autofree char *root = NULL, *point = NULL;
                const char *below;

                if (parse_mount(*line, &root, &point) < 0)
                        continue;
                if (g_str_equal(root, "/"))
                        below = own;
                else if (g_str_has_prefix(own, root) && strchr("/", own[strlen(root)]))
                        below = own + strlen(root);
                else
                        continue;
                *ret_path = g_strconcat(point, g_str_equal(below, "/") ? "" : below, NULL);
                return 0;
        }
        return -ENOENT;
}

/* Whether the kernel lets us put a child there and kill it: a directory that can be made says neither. */
static int try_leaf(int fd) {
        g_autoptr(Leaf) leaf = NULL;
        autofd pidfd = -1;
        siginfo_t info;
        pid_t pid;
        int r;

        r = leaf_create(fd, "probe", &leaf);
        if (r < 0)
                return r;
        pid = clone_into(leaf->fd, 0, &pidfd);
        if (pid < 0)
                return pid;
        if (pid == 0)
                for (;;)
                        (void) pause();

        r = leaf_kill(leaf);
        if (r < 0)
                (void) kill(pid, SIGKILL);
        while (waitid(P_PID, (id_t) pid, &info, WEXITED) < 0 && errno == EINTR)
                ;
        for (unsigned i = 0; r >= 0 && i < 100 && leaf_populated(leaf) > 0; i++)
                g_usleep(100);
        return r;
}

static void remove_cgroup(const char *path) {
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *below = g_build_filename(path, name, NULL);

                if (g_file_test(below, G_FILE_TEST_IS_DIR))
                        remove_cgroup(below);
        }
        (void) rmdir(path);
}

/* Its worker holds a lock on it as long as it lives; a PID would say nothing to a process of another PID namespace. */
static int lock_cgroup(const char *path, int *ret_fd) {
        autofd fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
                return -errno;
        *ret_fd = steal_fd(&fd);
        return 0;
}

/* A worker that was killed could not remove its cgroups. The kernel keeps those in which something still lives. */
static void remove_stale(const char *own) {
        g_autoptr(GDir) dir = g_dir_open(own, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(own, name, NULL);
                autofd fd = -1;

                if (g_str_has_prefix(name, OWN_PREFIX) && lock_cgroup(path, &fd) >= 0)
                        remove_cgroup(path);
        }
}

/* Under our PID another worker's may stand: one that had the PID before us and left something that lives, or one of
 * another PID namespace. Before it is locked somebody else may take it for a leftover, and remove it. */
static int make_own_cgroup(const char *own, int *ret_fd, char **ret_path) {
        int r = -EEXIST;

        for (unsigned i = 0; i < 100; i++) {
                g_autofree char *path = g_strdup_printf("%s/" OWN_PREFIX "%d.%u", own, getpid(), i);
                autofd fd = -1;

                if (mkdir(path, 0755) < 0) {
                        r = -errno;
                        if (r == -EEXIST)
                                continue;
                        return r;
                }
                r = lock_cgroup(path, &fd);
                if (r >= 0)
                        r = try_leaf(fd);
                if (r >= 0) {
                        *ret_fd = steal_fd(&fd);
                        *ret_path = g_steal_pointer(&path);
                        return 0;
                }
                (void) rmdir(path);
                if (r != -ENOENT && r != -ENODEV && r != -EWOULDBLOCK)
                        return r;
        }
        return r;
}

static int open_own_cgroup(int *ret_fd, char **ret_path) {
        g_autofree char *mountinfo = NULL, *cgroup = NULL, *own = NULL;
        int r;

        r = read_file_at(AT_FDCWD, "/proc/self/mountinfo", &mountinfo);
        if (r < 0)
                return r;
        r = read_file_at(AT_FDCWD, "/proc/self/cgroup", &cgroup);
        if (r < 0)
                return r;
        r = containment_own_cgroup(mountinfo, cgroup, &own);
        if (r < 0)
                return r;
        remove_stale(own);
        return make_own_cgroup(own, ret_fd, ret_path);
}

int containment_open_process(Containment **ret) {
        Containment *containment;
        char *path = NULL;
        int fd = -1;

        if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
                return -errno;
        if (open_own_cgroup(&fd, &path) < 0)
                containment = containment_new(CONTAINMENT_PROCESS_GROUP, -1);
        else
                containment = containment_new(CONTAINMENT_CGROUP, fd);
        containment->own_path = path;
        *ret = containment;
        return 0;
}
