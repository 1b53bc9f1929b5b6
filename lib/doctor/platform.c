/* SPDX-License-Identifier: MIT */

/* What the service stands on. */

#include <stdio.h>
#include <string.h>

#include "examine-internal.h"

#define CGROUP "sys/fs/cgroup"
#define SLICE_PARTITION CGROUP "/jouletrace.slice/cpuset.cpus.partition"
#define POLICY "usr/share/polkit-1/actions/org.jouletrace.JouleTrace1.policy"
#define POLKIT "usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service"
#define SYSTEMD_LIBRARY "libsystemd-shared-"
#define SYSTEMD_MIN 252

void check_reserved_cpus(const Host *host, Finding *ret) {
        g_autofree char *list = NULL;
        cpu_set_t cpus;
        Reservation reservation = topology_reserve_auto(host->topology, &cpus);

        list = cpulist_format(&cpus);
        if (reservation == RESERVATION_CORE) {
                finding_set(ret, FINDING_OK, "%s", list);
                return;
        }
        finding_set(ret, FINDING_NOTE, "%s",
                    reservation == RESERVATION_NONE ? N_("none: there is one processor")
                                                    : N_("none: no whole core can be spared"));
        ret->advice = N_("Measure on a machine with two cores or more; switch on those that are offline.");
}

static bool has_word(const char *text, const char *word) {
        g_auto(GStrv) words = g_strsplit(text, " ", -1);

        return g_strv_contains((const char *const *) words, word);
}

void check_partition(const Host *host, Finding *ret) {
        g_autofree char *controllers = NULL, *state = NULL;

        if (sysroot_read(host->root, CGROUP "/cgroup.controllers", &controllers) < 0) {
                finding_set(ret, FINDING_PROBLEM, "%s", N_("no cgroup v2 at /sys/fs/cgroup"));
                ret->advice = N_("Boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line.");
                return;
        }
        if (!has_word(controllers, "cpuset")) {
                finding_set(ret, FINDING_PROBLEM, "%s", N_("cgroup v2 has no cpuset controller"));
                ret->advice = N_("Boot with cgroup_no_v1=all on the kernel's command line.");
                return;
        }
        if (sysroot_read(host->root, SLICE_PARTITION, &state) < 0) {
                finding_set(ret, FINDING_OK, "%s", N_("can be made"));
                return;
        }
        finding_set(ret, strstr(state, "invalid") ? FINDING_PROBLEM : FINDING_OK, "%s", state);
        if (ret->level != FINDING_OK)
                ret->advice = N_("Give those processors free (isolcpus=, cpusets of others), or choose others with "
                                 "ReservedCPUs= in jouletraced.conf.");
}

void check_polkit(const Host *host, Finding *ret) {
        if (!host_has(host->root, POLKIT)) {
                finding_set(ret, FINDING_PROBLEM, "%s", N_("not installed"));
                ret->advice = N_("Install polkit (Debian: polkitd).");
                return;
        }
        if (!host_has(host->root, POLICY)) {
                finding_set(ret, FINDING_PROBLEM, "%s", N_("does not know the actions of JouleTrace"));
                ret->advice = N_("Install jouletrace completely.");
                return;
        }
        finding_set(ret, FINDING_OK, "%s", N_("installed, with the actions of JouleTrace"));
}

void check_kernel(const Host *host, Finding *ret) {
        g_autofree char *release = NULL;
        unsigned major, minor;

        if (sysroot_read(host->root, "proc/sys/kernel/osrelease", &release) < 0 ||
            sscanf(release, "%u.%u", &major, &minor) != 2) {
                finding_set(ret, FINDING_NOTE, "%s", N_("cannot be told"));
                ret->advice = N_("See that it is Linux 6.1 or newer.");
                return;
        }
        finding_set(ret, major > 6 || (major == 6 && minor >= 1) ? FINDING_OK : FINDING_PROBLEM, "Linux %s", release);
        if (ret->level != FINDING_OK)
                ret->advice = N_("Install Linux 6.1 or newer.");
}

/* systemd's private library carries the version in its name; 0 when there is none here. */
static unsigned library_version(const Sysroot *root, const char *directory) {
        g_auto(GStrv) names = NULL;
        unsigned version = 0;

        (void) sysroot_list(root, directory, &names);
        for (char **name = names; name && *name; name++)
                if (g_str_has_prefix(*name, SYSTEMD_LIBRARY) &&
                    sscanf(*name + strlen(SYSTEMD_LIBRARY), "%u", &version) == 1)
                        break;
        return version;
}

static unsigned systemd_version(const Sysroot *root) {
        unsigned version = library_version(root, "usr/lib/systemd");
        g_auto(GStrv) names = NULL;

        if (version == 0)
                version = library_version(root, "usr/lib64/systemd");
        (void) sysroot_list(root, "usr/lib", &names);
        for (char **name = names; version == 0 && name && *name; name++) {
                g_autofree char *directory = g_build_filename("usr/lib", *name, "systemd", NULL);

                if (strstr(*name, "-linux-gnu"))
                        version = library_version(root, directory);
        }
        return version;
}

void check_systemd(const Host *host, Finding *ret) {
        unsigned version = systemd_version(host->root);

        if (!host_has(host->root, "run/systemd/system")) {
                finding_set(ret, FINDING_PROBLEM, "%s", N_("does not run this machine"));
                ret->advice = N_("Without systemd joulectl --local measures, without reserved cores.");
                return;
        }
        if (version == 0) {
                finding_set(ret, FINDING_NOTE, "%s", N_("of unknown version"));
                ret->command = g_strdup("systemctl --version");
                return;
        }
        finding_set(ret, version >= SYSTEMD_MIN ? FINDING_OK : FINDING_PROBLEM, "%u", version);
        if (ret->level != FINDING_OK)
                ret->advice = N_("Install systemd 252 or newer.");
}
