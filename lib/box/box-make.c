/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/stat.h>

#include "box-child.h"
#include "boxed.h"
#include "clone.h"
#include "fs.h"
#include "box-make.h"
#include "root.h"

#define PIPE_BYTES (256U * 1024U) /* fewer wake-ups of the drain while a window is open */

void box_parts_clear(BoxParts *parts) {
        for (size_t i = 0; i < BOX_FDS; i++)
                parts->fds[i] = safe_close(parts->fds[i]);
        g_clear_pointer(&parts->run, leaf_free);
        g_clear_pointer(&parts->leaf, leaf_free);
}

static int set_leaf_limits(Leaf *leaf, const BoxSpec *spec, char **ret_why) {
        const uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);
        /* The files sent along take nothing away from what the program may use. */
        g_autofree char *memory = g_strdup_printf("%" PRIu64, spec->memory_max / page * page + root_file_bytes(spec));
        g_autofree char *tasks = g_strdup_printf("%u", spec->tasks_max + (spec->root ? 1 : 0)); /* the stub */
        const struct {
                const char *file, *value;
        } limits[] = {
                { "memory.max", memory },
                { "memory.swap.max", "0" },
                { "memory.oom.group", "1" },
                { "pids.max", tasks },
        };
        g_autofree char *text = NULL;
        cpu_set_t effective;
        int r;

        for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
                r = leaf_set(leaf, limits[i].file, limits[i].value);
                if (r < 0) {
                        *ret_why = g_strdup_printf("The kernel did not take %s = %s for the run's cgroup",
                                                   limits[i].file, limits[i].value);
                        return r;
                }
        }

        if (CPU_COUNT(&spec->containment->cpus) == 0)
                return 0;
        r = read_file_at(leaf->fd, "cpuset.cpus.effective", &text);
        if (r >= 0)
                r = cpulist_parse(text, &effective);
        if (r < 0 || !CPU_EQUAL(&effective, &spec->containment->cpus)) {
                *ret_why = g_strdup_printf("The run's cgroup has CPUs %s, not those of its scope", r < 0 ? "?" : text);
                return -ENOTRECOVERABLE;
        }
        return 0;
}

static int make_leaf(const BoxSpec *spec, BoxParts *parts, char **ret_why) {
        Containment *containment = spec->containment;
        g_autofree char *name = NULL;
        int r;

        if (containment->kind == CONTAINMENT_PROCESS_GROUP)
                return 0;
        name = g_strdup_printf("trial-%u", parts->id);
        r = leaf_create(containment->fd, name, &parts->leaf);
        if (r < 0) {
                *ret_why = g_strdup_printf("The run's cgroup cannot be made: %s", g_strerror(-r));
                return -ENOTRECOVERABLE;
        }
        if (containment->kind == CONTAINMENT_SCOPE) {
                r = set_leaf_limits(parts->leaf, spec, ret_why);
                if (r < 0)
                        return r;
        }
        if (!spec->root)
                return 0;
        r = leaf_create(parts->leaf->fd, "run", &parts->run);
        if (r < 0)
                *ret_why = g_strdup_printf("The program's cgroup cannot be made: %s", g_strerror(-r));
        return r;
}

/* The write end belongs to the program's user, or it could not open /dev/stdout. */
static int make_output_pipe(const Identity *identity, int *ret_ours, int *ret_theirs) {
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        *ret_ours = fds[0];
        *ret_theirs = fds[1];
        (void) fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES); /* above the user's quota it keeps the default */
        if (identity->change && fchown(fds[1], identity->uid, identity->gid) < 0)
                return -errno;
        if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        return 0;
}

static int make_pipe(int *ret_read, int *ret_write) {
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        *ret_read = fds[0];
        *ret_write = fds[1];
        return 0;
}

static int make_status(const BoxSpec *spec, int *ret_ours, int *ret_theirs) {
        return spec->root ? boxed_make_socket(ret_ours, ret_theirs) : make_pipe(ret_ours, ret_theirs);
}

static int start_child(const BoxSpec *spec, pid_t watcher, BoxParts *parts, char **ret_why) {
        const uint64_t flags = watcher == getpid() ? 0 : CLONE_PARENT;
        autofd child_out = -1, child_err = -1, child_gate = -1, child_status = -1, null_fd = -1;
        ChildPlan plan;
        int r;

        r = make_output_pipe(spec->identity, &parts->fds[BOX_FD_STDOUT], &child_out);
        if (r < 0)
                return r;
        r = make_output_pipe(spec->identity, &parts->fds[BOX_FD_STDERR], &child_err);
        if (r < 0)
                return r;
        r = make_pipe(&child_gate, &parts->fds[BOX_FD_GATE]);
        if (r < 0)
                return r;
        r = make_status(spec, &parts->fds[BOX_FD_STATUS], &child_status);
        if (r < 0)
                return r;
        if (spec->stdin_fd < 0) {
                null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
                if (null_fd < 0)
                        return -errno;
        }

        plan = (ChildPlan){
                .spec = spec,
                .stdin_fd = spec->stdin_fd < 0 ? null_fd : spec->stdin_fd,
                .stdout_fd = child_out,
                .stderr_fd = child_err,
                .gate_fd = child_gate,
                .status_fd = child_status,
                .parent = watcher,
                .memory_rlimit = spec->containment->kind != CONTAINMENT_SCOPE,
        };
        if (spec->root)
                return boxed_clone(&plan, flags, parts, ret_why);
        parts->pid = clone_into(parts->leaf ? parts->leaf->fd : -1, flags, &parts->fds[BOX_FD_PID]);
        if (parts->pid == 0)
                child_run(&plan);
        return parts->pid < 0 ? parts->pid : 0;
}

int box_make(const BoxSpec *spec, pid_t watcher, BoxParts *ret, char **ret_why) {
        g_auto(BoxParts) parts = BOX_PARTS_NONE;
        int r;

        g_assert(g_str_equal(spec->profile, spec->root ? "box" : "host"));
        *ret_why = NULL;

        parts.id = ++spec->containment->last_run;
        r = make_leaf(spec, &parts, ret_why);
        if (r < 0)
                return r;
        r = start_child(spec, watcher, &parts, ret_why);
        if (r < 0) {
                if (!*ret_why)
                        *ret_why = g_strdup_printf("The run's process cannot be made: %s", g_strerror(-r));
                return r;
        }
        *ret = parts;
        parts = BOX_PARTS_NONE;
        return 0;
}
