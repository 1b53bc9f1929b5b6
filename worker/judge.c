/* SPDX-License-Identifier: MIT */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "judge.h"
#include "log.h"

void judge_keep_aside(const Topology *topology, const cpu_set_t *cpus) {
        cpu_set_t ours;

        if (!topology || CPU_COUNT(cpus) == 0)
                return;
        topology_housekeeping(topology, cpus, &ours);
        if (sched_setaffinity(0, sizeof(ours), &ours) < 0)
                log_debug("Staying where we are: the housekeeping CPUs are not ours to have (%s)", g_strerror(errno));
}

/* The descriptors of all the runs of a window are here. */
static int allow_open_files(void) {
        struct rlimit files;

        if (getrlimit(RLIMIT_NOFILE, &files) < 0)
                return -errno;
        files.rlim_cur = files.rlim_max;
        return setrlimit(RLIMIT_NOFILE, &files) < 0 ? -errno : 0;
}

int judge_split(const LauncherSpec *spec, uid_t uid, gid_t gid, Launcher **ret) {
        int r;

        r = launcher_start(spec, ret);
        if (r < 0)
                return r;
        /* What follows is the judge's alone: the program comes from the launcher and inherits none of it. */
        (void) prctl(PR_SET_NAME, "jt-judge", 0, 0, 0);
        (void) prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
        r = allow_open_files();
        if (r < 0)
                return r;
        return privileges_drop(uid, gid);
}
