/* SPDX-License-Identifier: MIT */
#pragma once

/* A place without cgroup v2, for a test run as root: what it starts has no other containment than a process group. */

#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "base.h"

static inline void leave_cgroups(void) {
        g_autofree char *mountinfo = NULL;
        g_auto(GStrv) lines = NULL;

        g_assert_cmpint(unshare(CLONE_NEWNS), ==, 0);
        g_assert_cmpint(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), ==, 0);
        g_assert_true(g_file_get_contents("/proc/self/mountinfo", &mountinfo, NULL, NULL));
        lines = g_strsplit(mountinfo, "\n", -1);
        for (char **line = lines; *line; line++) {
                g_auto(GStrv) fields = g_strsplit(*line, " ", -1);

                if (strstr(*line, " - cgroup2 "))
                        g_assert_cmpint(umount2(fields[4], MNT_DETACH), ==, 0);
        }
}
