/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "box.h"
#include "box-child.h"
#include "boxed.h"
#include "clone.h"
#include "descendants.h"
#include "fs.h"

#define PIPE_BYTES (256U * 1024U)          /* fewer wake-ups of the drain while a window is open */
#define LAST_WAIT_USEC (2U * USEC_PER_SEC) /* for SIGKILL to have its way */

const char *box_stage_to_string(BoxStage stage) {
        switch (stage) {
        case BOX_STAGE_READY:
                return "waiting";
        case BOX_STAGE_SETUP:
                return "setting up the run";
        case BOX_STAGE_NAMESPACES:
                return "entering its namespaces";
        case BOX_STAGE_ROOT:
                return "making its file system";
        case BOX_STAGE_IDENTITY:
                return "becoming the caller";
        case BOX_STAGE_CHDIR:
                return "entering the working directory";
        case BOX_STAGE_FILTER:
                return "applying the system call filter";
        case BOX_STAGE_EXEC:
                return "starting the program";
        }
        g_assert_not_reached();
}

static int set_leaf_limits(Leaf *leaf, const BoxSpec *spec, char **ret_why) {
        const uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);
        g_autofree char *memory = g_strdup_printf("%" PRIu64, spec->memory_max / page * page);
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

static int make_leaf(Box *box, const BoxSpec *spec, char **ret_why) {
        g_autofree char *name = NULL;
        int r;

        if (box->containment->kind == CONTAINMENT_PROCESS_GROUP)
                return 0;
        name = g_strdup_printf("trial-%u", ++box->containment->next_leaf);
        r = leaf_create(box->containment->fd, name, &box->leaf);
        if (r < 0) {
                *ret_why = g_strdup_printf("The run's cgroup cannot be made: %s", g_strerror(-r));
                return -ENOTRECOVERABLE;
        }
        if (box->containment->kind == CONTAINMENT_SCOPE)
                return set_leaf_limits(box->leaf, spec, ret_why);
        return 0;
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

static int start_child(Box *box, const BoxSpec *spec, char **ret_why) {
        autofd child_out = -1, child_err = -1, child_gate = -1, child_status = -1, null_fd = -1;
        ChildPlan plan;
        pid_t pid;
        int r;

        r = make_output_pipe(spec->identity, &box->stdout_fd, &child_out);
        if (r < 0)
                return r;
        r = make_output_pipe(spec->identity, &box->stderr_fd, &child_err);
        if (r < 0)
                return r;
        r = make_pipe(&child_gate, &box->gate_fd);
        if (r < 0)
                return r;
        r = spec->root ? boxed_make_socket(&box->status_fd, &child_status) : make_pipe(&box->status_fd, &child_status);
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
                .parent = getpid(),
                .memory_rlimit = box->containment->kind != CONTAINMENT_SCOPE,
        };
        if (spec->root)
                return boxed_start(box, &plan, ret_why);
        pid = clone_into(box->leaf ? box->leaf->fd : -1, &box->pidfd);
        if (pid < 0)
                return pid;
        if (pid == 0)
                child_run(&plan);

        box->pid = pid;
        g_hash_table_add(box->containment->others, GINT_TO_POINTER(pid));
        return 0;
}

int box_spawn(const BoxSpec *spec, Box **ret, char **ret_why) {
        g_autoptr(Box) box = NULL;
        int r;

        g_assert(g_str_equal(spec->profile, spec->root ? "box" : "host"));
        *ret_why = NULL;

        box = g_new(Box, 1);
        *box = (Box){ .pidfd = -1,
                      .gate_fd = -1,
                      .status_fd = -1,
                      .stdout_fd = -1,
                      .stderr_fd = -1,
                      .containment = spec->containment };
        r = make_leaf(box, spec, ret_why);
        if (r < 0)
                return r;
        r = start_child(box, spec, ret_why);
        if (r < 0) {
                if (!*ret_why)
                        *ret_why = g_strdup_printf("The run's process cannot be made: %s", g_strerror(-r));
                return r;
        }
        *ret = g_steal_pointer(&box);
        return 0;
}

/* 1 with a message, 0 at the end of the pipe. */
static int read_status(Box *box, ChildStatus *ret) {
        ssize_t n;

        if (box->boxed)
                return boxed_read_status(box, ret);
        do
                n = read(box->status_fd, ret, sizeof(*ret));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        if (n == 0)
                return 0;
        if (n != sizeof(*ret) || ret->stage < BOX_STAGE_READY || ret->stage > BOX_STAGE_EXEC)
                return -EBADMSG;
        return 1;
}

static int poll_until(int fd, uint64_t deadline_usec) {
        struct pollfd item = { .fd = fd, .events = POLLIN };

        for (;;) {
                uint64_t now = now_monotonic_usec();
                int r;

                if (now >= deadline_usec)
                        return -ETIMEDOUT;
                r = poll(&item, 1, (int) ((deadline_usec - now) / USEC_PER_MSEC) + 1);
                if (r > 0)
                        return 0;
                if (r < 0 && errno != EINTR)
                        return -errno;
        }
}

/* A box's stub is not in the account. */
static const Leaf *cpu_leaf(const Box *box) {
        return box->boxed ? boxed_run_leaf(box) : box->leaf;
}

/* What the child needed to get to its gate: outside the window in time, so outside it in CPU time as well. */
static int set_up_cost(Box *box, uint64_t *ret_usec) {
        clockid_t clock;
        int r;

        if (box->leaf)
                return leaf_cpu_usec(cpu_leaf(box), ret_usec);
        r = clock_getcpuclockid(box->pid, &clock);
        if (r > 0)
                return -r;
        *ret_usec = clock_ns(clock) / NSEC_PER_USEC;
        return 0;
}

int box_wait_ready(Box *box, uint64_t timeout_usec) {
        ChildStatus status = {};
        int r;

        box->stage = BOX_STAGE_SETUP;
        r = poll_until(box->status_fd, now_monotonic_usec() + timeout_usec);
        if (r >= 0) {
                r = read_status(box, &status);
                if (r == 0)
                        r = -ESRCH;
        }
        if (r < 0)
                return box->error = r;
        box->stage = (BoxStage) status.stage;
        box->error = status.error;
        if (box->error < 0)
                return box->error;
        return box->error = set_up_cost(box, &box->setup_cpu_usec);
}

int box_open_gate(Box *box) {
        char byte = 0;

        box->gate_open = true;
        if (write(box->gate_fd, &byte, 1) != 1)
                return -errno;
        return 0;
}

static int signal_main(Box *box) {
        if (box->reaped || box->boxed)
                return 0;
        if (syscall(SYS_pidfd_send_signal, box->pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
                return -errno;
        return 0;
}

int box_kill(Box *box) {
        uint64_t ignored = 0;
        int r;

        if (box->boxed)
                return boxed_kill(box);
        if (box->leaf)
                return leaf_kill(box->leaf);
        r = signal_main(box);
        if (!box->gate_open)
                return r;
        if (!box->reaped)
                (void) kill(-box->pid, SIGKILL);
        r = descendants_sweep(box->containment->others, box->pid, true, &ignored);
        box->reaped_cpu_usec += ignored;
        return r < 0 ? r : 0;
}

int box_reap(Box *box) {
        siginfo_t info = {};
        struct rusage usage;
        long r;

        if (box->reaped)
                return 0;
        if (box->boxed)
                return boxed_reap(box);
        r = syscall(SYS_waitid, P_PIDFD, box->pidfd, &info, WEXITED | WNOHANG, &usage);
        if (r < 0)
                return -errno;
        if (info.si_pid == 0)
                return -EAGAIN;
        box->reaped = true;
        box->end_code = info.si_code;
        box->end_status = info.si_status;
        box->reaped_cpu_usec += rusage_cpu_usec(&usage);
        box->max_rss = (uint64_t) usage.ru_maxrss * 1024U;
        g_hash_table_remove(box->containment->others, GINT_TO_POINTER(box->pid));
        return 0;
}

int box_empty(Box *box) {
        uint64_t cpu_usec = 0;
        int r;

        if (box->boxed)
                return boxed_empty(box);
        if (box->leaf) {
                r = leaf_populated(box->leaf);
                return r < 0 ? r : r == 0;
        }
        /* Killed and reaped first, so that its children are ours before they are counted. */
        r = box_reap(box);
        if (r < 0)
                return r == -EAGAIN ? 0 : r;
        if (!box->gate_open)
                return 1;
        r = descendants_sweep(box->containment->others, 0, true, &cpu_usec);
        box->reaped_cpu_usec += cpu_usec;
        box->over = r == 0;
        return r < 0 ? r : r == 0;
}

static uint64_t without_setup(const Box *box, uint64_t cpu_usec) {
        return cpu_usec - MIN(cpu_usec, box->setup_cpu_usec);
}

int box_cpu_usec(Box *box, uint64_t *ret_usec) {
        uint64_t living = 0;
        int r;

        if (box->leaf)
                r = leaf_cpu_usec(cpu_leaf(box), &living);
        else if (box->gate_open && !box->over)
                r = descendants_cpu_usec(box->containment->others, box->pid, &living);
        else
                r = 0;
        if (r < 0)
                return r;
        *ret_usec = without_setup(box, living + (box->leaf ? 0 : box->reaped_cpu_usec));
        return 0;
}

/* A child that is not there for us to wait for is a zombie nobody counts on. */
static void reap_orphans(Box *box) {
        uint64_t ignored = 0;

        if (box->containment->kind == CONTAINMENT_CGROUP)
                (void) descendants_sweep(box->containment->others, 0, false, &ignored);
}

static int read_evidence(Box *box, BoxEnd *end) {
        int r;

        end->memory_peak = box->max_rss;
        r = box_cpu_usec(box, &end->cpu_usec);
        if (r < 0)
                return r;
        if (!box->leaf)
                return 0;
        if (box->containment->kind != CONTAINMENT_SCOPE)
                return 0;
        r = leaf_counter(box->leaf, "memory.events", "oom_kill", &end->oom_kills);
        if (r < 0)
                return r;
        r = leaf_counter(box->leaf, "pids.events", "max", &end->tasks_denied);
        if (r < 0)
                return r;
        return leaf_counter(box->leaf, "memory.peak", NULL, &end->memory_peak);
}

int box_collect(Box *box, BoxEnd *ret) {
        BoxEnd end = {};
        ChildStatus status;
        int r;

        if (box->boxed)
                boxed_wait_end(box);
        r = box_reap(box);
        if (r < 0)
                return r;
        reap_orphans(box);

        if (box->stage == BOX_STAGE_READY) {
                r = read_status(box, &status);
                if (r < 0)
                        return r;
                if (r > 0) {
                        box->stage = (BoxStage) status.stage;
                        box->error = status.error;
                }
        }
        end.stage = box->stage;
        end.error = box->error;
        end.end_code = box->end_code;
        end.end_status = box->end_status;
        r = read_evidence(box, &end);
        if (r < 0)
                return r;
        *ret = end;
        return 0;
}

static void make_empty(Box *box) {
        const uint64_t begin = now_monotonic_usec(), patience = MIN(LAST_WAIT_USEC, box->containment->patience_usec);
        uint64_t waited = 0;

        if (box->boxed)
                boxed_dismiss(box);
        (void) box_kill(box);
        while (box_empty(box) != 1 || box_reap(box) < 0) {
                waited = now_monotonic_usec() - begin;
                if (waited >= patience)
                        break;
                g_usleep(200);
                (void) signal_main(box);
        }
        box->containment->patience_usec -= MIN(waited, box->containment->patience_usec);
        reap_orphans(box);
}

Box *box_free(Box *box) {
        if (!box)
                return NULL;
        if (box->pid > 0)
                make_empty(box);
        boxed_free(box);
        g_hash_table_remove(box->containment->others, GINT_TO_POINTER(box->pid));
        safe_close(box->pidfd);
        safe_close(box->gate_fd);
        safe_close(box->status_fd);
        safe_close(box->stdout_fd);
        safe_close(box->stderr_fd);
        leaf_free(box->leaf);
        g_free(box);
        return NULL;
}
