/* SPDX-License-Identifier: MIT */
/* X20: makes itself important.
 * Tries: real-time and deadline scheduling, nice -20, a real-time I/O class, a lower bound of the CPU's clock
 * (uclamp). Expected: AC Why: EPERM for each: it has no CAP_SYS_NICE, and the filter says the same. */

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct SchedAttr {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
        uint32_t util_min, util_max;
} SchedAttr;

static void denied(const char *what, long r) {
        if (r >= 0)
                printf("%s worked\n", what);
        else if (errno != EPERM)
                printf("%s: %s\n", what, strerror(errno));
}

int main(void) {
        struct sched_param param = { .sched_priority = 1 };
        SchedAttr deadline = {
                .size = sizeof(SchedAttr), .policy = 6, .runtime = 5000000, .deadline = 10000000, .period = 10000000
        };
        SchedAttr clamp = { .size = sizeof(SchedAttr), .flags = 0x20, .util_min = 1024, .util_max = 1024 };

        denied("SCHED_FIFO", syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param));
        denied("SCHED_RR", syscall(SYS_sched_setscheduler, 0, SCHED_RR, &param));
        denied("SCHED_DEADLINE", syscall(SYS_sched_setattr, 0, &deadline, 0));
        denied("uclamp", syscall(SYS_sched_setattr, 0, &clamp, 0));
        denied("ioprio", syscall(SYS_ioprio_set, 1, 0, 1 << 13));
        if (syscall(SYS_setpriority, PRIO_PROCESS, 0, -20) == 0)
                puts("nice worked");
        puts("denied");
        return 0;
}
