/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "box-child.h"
#include "boxed.h"
#include "descendants.h"
#include "launcher.h"
#include "box-make.h"
#include "root.h"

#define STOP_TIMEOUT_USEC (2U * USEC_PER_MSEC) /* for a program to stand still */
#define LAST_WAIT_USEC (2U * USEC_PER_SEC)     /* for SIGKILL to have its way */

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

int box_spawn(const BoxSpec *spec, Box **ret, char **ret_why) {
        BoxParts parts;
        Box *box;
        int r;

        r = spec->launcher ? launcher_spawn(spec->launcher, spec, &parts, ret_why)
                           : box_make(spec, getpid(), &parts, ret_why);
        if (r < 0)
                return r;
        g_hash_table_add(spec->containment->others, GINT_TO_POINTER(parts.pid));
        box = g_new(Box, 1);
        *box = (Box){ .pid = parts.pid,
                      .pidfd = parts.boxed ? -1 : parts.fds[BOX_FD_PID],
                      .gate_fd = parts.fds[BOX_FD_GATE],
                      .status_fd = parts.fds[BOX_FD_STATUS],
                      .stdout_fd = parts.fds[BOX_FD_STDOUT],
                      .stderr_fd = parts.fds[BOX_FD_STDERR],
                      .leaf = parts.leaf,
                      .id = parts.id,
                      .file_bytes = root_file_bytes(spec),
                      .containment = spec->containment,
                      .launcher = spec->launcher };
        if (parts.boxed) {
                r = boxed_watch(box, &parts);
                if (r < 0) {
                        *ret_why = g_strdup_printf("The box cannot be watched: %s", g_strerror(-r));
                        box_free(box);
                        return r;
                }
        }
        *ret = box;
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

/* What only a box needs, refused. */
static bool no_box(const Box *box) {
        return box->boxed && (box->stage == BOX_STAGE_NAMESPACES || box->stage == BOX_STAGE_ROOT ||
                              box->stage == BOX_STAGE_IDENTITY || box->stage == BOX_STAGE_FILTER);
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
                return no_box(box) ? -ENOTSUP : box->error;
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

int box_exact_cpu_usec(Box *box, uint64_t *ret_usec) {
        uint64_t usec;

        if (!box->leaf || leaf_exact_cpu_usec(cpu_leaf(box), STOP_TIMEOUT_USEC, &usec) < 0)
                return box_cpu_usec(box, ret_usec);
        *ret_usec = without_setup(box, usec);
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
        r = leaf_counter(box->leaf, LEAF_MEMORY_EVENTS, "oom_kill", &end->oom_kills);
        if (r < 0)
                return r;
        r = leaf_counter(box->leaf, LEAF_MEMORY_EVENTS, "max", &end->cache_capped);
        if (r < 0)
                return r;
        r = leaf_counter(box->leaf, LEAF_PIDS_EVENTS, "max", &end->tasks_denied);
        if (r < 0)
                return r;
        r = leaf_counter(box->leaf, LEAF_MEMORY_PEAK, NULL, &end->memory_peak);
        if (r >= 0)
                end->memory_peak -= MIN(end->memory_peak, box->file_bytes);
        return r;
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
        make_empty(box);
        boxed_free(box);
        g_hash_table_remove(box->containment->others, GINT_TO_POINTER(box->pid));
        safe_close(box->pidfd);
        safe_close(box->gate_fd);
        safe_close(box->status_fd);
        safe_close(box->stdout_fd);
        safe_close(box->stderr_fd);
        leaf_free(box->leaf);
        if (box->launcher)
                (void) launcher_remove(box->launcher, box->id); /* what it cannot remove goes with the containment */
        g_free(box);
        return NULL;
}
