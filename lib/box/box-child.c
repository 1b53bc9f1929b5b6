/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "box-child.h"
#include "clone.h"

/* Where the child keeps what it still needs until exec. */
enum {
        FD_EXTRA = 3,
        FD_CWD,
        FD_GATE,
        FD_STATUS,
};

#define CHILD_FDS_MAX 8U
#define OOM_SCORE_ADJUST "500" /* before the user's own session when memory runs out */

_Noreturn static void report(int status_fd, BoxStage stage, int error) {
        ChildStatus status = { .stage = (int32_t) stage, .error = error };

        (void) !write(status_fd, &status, sizeof(status));
        _exit(127);
}

int child_arrange_fds(const int *fds, size_t n, size_t close_from) {
        int high[CHILD_FDS_MAX];

        for (size_t i = 0; i < n; i++) {
                high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, (int) n);
                if (fds[i] >= 0 && high[i] < 0)
                        return -errno;
        }
        for (size_t i = 0; i < n; i++)
                if (high[i] < 0)
                        (void) close((int) i); /* what we happened to have there */
                else if ((i < close_from ? dup2(high[i], (int) i) : dup3(high[i], (int) i, O_CLOEXEC)) < 0)
                        return -errno;
        return syscall(SYS_close_range, (unsigned) n, ~0U, 0) < 0 ? -errno : 0;
}

/* The soft limit wanted, within the hard limit there is. */
static int limit_soft(int resource, rlim_t soft) {
        struct rlimit limit;

        if (getrlimit(resource, &limit) < 0)
                return -errno;
        limit.rlim_cur = MIN(soft, limit.rlim_max);
        return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

int child_limit_hard(int resource, rlim_t most) {
        struct rlimit limit;

        if (getrlimit(resource, &limit) < 0)
                return -errno;
        limit.rlim_cur = limit.rlim_max = MIN(most, limit.rlim_max);
        return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

int child_limit(const ChildPlan *plan) {
        int r;

        /* Not 0, which a handler that core_pattern pipes to is started in spite of, as root and outside of everything
         * that is measured: at 1 the kernel lets it be (do_coredump()). A file needs a page at least. */
        r = child_limit_hard(RLIMIT_CORE, 1);
        if (r < 0)
                return r;
        /* No RLIMIT_CPU: under it the kernel tells a process its own CPU time (CLOCK_PROCESS_CPUTIME_ID) only as of
         * the last tick, and looks at it in each. RLIMIT_DATA counts private writable memory (Linux 4.7), RLIMIT_AS
         * also what a runtime merely reserves. */
        return plan->memory_rlimit ? child_limit_hard(RLIMIT_DATA, plan->spec->memory_max) : 0;
}

static int set_limits(const ChildPlan *plan) {
        int r;

        r = limit_soft(RLIMIT_NOFILE, CHILD_OPEN_FILES);
        if (r < 0)
                return r;
        r = limit_soft(RLIMIT_STACK, CHILD_STACK_BYTES);
        if (r < 0)
                return r;
        return child_limit(plan);
}

int child_pin(const ChildPlan *plan) {
        const cpu_set_t *cpus = plan->spec->cpus;

        if (cpus && CPU_COUNT(cpus) > 0 && sched_setaffinity(0, sizeof(*cpus), cpus) < 0)
                return -errno;
        return 0;
}

void child_adjust_oom_score(void) {
        autofd fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

        /* Without proc, or where it may not be lowered, it stays as it is. */
        if (fd >= 0)
                (void) !write(fd, OOM_SCORE_ADJUST, strlen(OOM_SCORE_ADJUST));
}

static int set_up(const ChildPlan *plan) {
        int r;

        child_reset_signals();
        if (setsid() < 0)
                return -errno;
        child_adjust_oom_score();
        r = set_limits(plan);
        if (r < 0)
                return r;
        return child_pin(plan);
}

_Noreturn void child_run(const ChildPlan *plan) {
        const ChildStatus ready = { .stage = BOX_STAGE_READY };
        const BoxSpec *spec = plan->spec;
        const int fds[] = { plan->stdin_fd, plan->stdout_fd, plan->stderr_fd, spec->extra_fd,
                            spec->cwd_fd,   plan->gate_fd,   plan->status_fd };
        char byte;
        int r;

        r = child_arrange_fds(fds, G_N_ELEMENTS(fds), FD_CWD);
        if (r < 0)
                report(plan->status_fd, BOX_STAGE_SETUP, r);
        r = set_up(plan);
        if (r < 0)
                report(FD_STATUS, BOX_STAGE_SETUP, r);
        r = identity_assume(spec->identity, plan->parent);
        if (r < 0)
                report(FD_STATUS, BOX_STAGE_IDENTITY, r);
        if ((spec->cwd_fd >= 0 ? fchdir(FD_CWD) : chdir("/")) < 0)
                report(FD_STATUS, BOX_STAGE_CHDIR, -errno);

        environ = (char **) spec->env; /* execvpe() looks for PATH here, not in the environment it is given */
        if (write(FD_STATUS, &ready, sizeof(ready)) != sizeof(ready))
                _exit(127);
        if (read(FD_GATE, &byte, 1) != 1)
                _exit(127); /* the worker is gone, or has changed its mind */

        (void) execvpe(spec->argv[0], spec->argv, spec->env);
        report(FD_STATUS, BOX_STAGE_EXEC, -errno);
}
