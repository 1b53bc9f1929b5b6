/* SPDX-License-Identifier: MIT */

/* Each check on a tree where it finds nothing wrong, and on trees where it does. */

#include <glib.h>
#include <sys/stat.h>

#include "examine.h"
#include "tree.h"

#define CPU "sys/devices/system/cpu/"
#define POLICY0 CPU "cpufreq/policy0/"
#define POLICY1 CPU "cpufreq/policy1/"
#define CLOCK "sys/devices/system/clocksource/clocksource0/"
#define THP "sys/kernel/mm/transparent_hugepage/enabled"
#define SWAPS "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
#define ENERGY "sys/class/powercap/intel-rapl:0/energy_uj"

static void set_mode(const char *tree, const char *file, mode_t mode) {
        g_autofree char *path = g_build_filename(tree, file, NULL);

        g_assert_cmpint(chmod(path, mode), ==, 0);
}

static void drop(const char *tree, const char *file) {
        g_autofree char *path = g_build_filename(tree, file, NULL);

        g_assert_cmpint(unlink(path), ==, 0);
}

/* A host of two cores at which nothing is wrong. */
static char *healthy_new(void) {
        static const struct {
                const char *file, *text;
        } files[] = {
                { "proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu tsc\n" },
                { "proc/sys/kernel/perf_event_paranoid", "3\n" },
                { "proc/sys/kernel/osrelease", "6.1.0-18-amd64\n" },
                { "proc/swaps", SWAPS },
                { "proc/1/comm", "systemd\n" },
                { CPU "cpu0/topology/core_cpus_list", "0\n" },
                { CPU "cpu1/topology/core_cpus_list", "1\n" },
                { CPU "intel_pstate/no_turbo", "1\n" },
                { POLICY0 "scaling_governor", "performance\n" },
                { POLICY0 "scaling_available_governors", "performance powersave\n" },
                { POLICY1 "scaling_governor", "performance\n" },
                { POLICY1 "scaling_available_governors", "performance powersave\n" },
                { CLOCK "current_clocksource", "tsc\n" },
                { CLOCK "available_clocksource", "tsc hpet acpi_pm\n" },
                { "sys/class/thermal/thermal_zone0/type", "acpitz\n" },
                { "sys/class/thermal/thermal_zone0/temp", "16800\n" },
                { "sys/class/thermal/thermal_zone1/type", "x86_pkg_temp\n" },
                { "sys/class/thermal/thermal_zone1/temp", "48500\n" },
                { THP, "always [madvise] never\n" },
                { "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n" },
                { "usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service", "" },
                { "usr/share/polkit-1/actions/org.jouletrace.JouleTrace1.policy", "" },
                { "usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so", "" },
                { "run/systemd/system/x", "" },
        };
        char *tree = tree_new();

        for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
                tree_put(tree, files[i].file, files[i].text);
        tree_zone(tree, "intel-rapl:0", "package-0", 1000, 262143328850);
        set_mode(tree, ENERGY, 0400);
        return tree;
}

static GArray *examine(const char *tree) {
        g_autoptr(Sysroot) root = NULL;
        GArray *findings = NULL;

        g_assert_cmpint(sysroot_open(tree, &root), ==, 0);
        g_assert_cmpint(doctor_examine(root, &findings), ==, 0);
        for (unsigned i = 0; i < findings->len; i++) {
                const Finding *finding = &g_array_index(findings, Finding, i);

                g_assert_nonnull(finding->value);
                g_assert_cmpstr(finding->why, !=, "");
                /* nothing is complained about without a way out, and nothing is mended that is well */
                g_assert_true((finding->level == FINDING_OK) == !(finding->command || finding->advice));
                g_assert_true(finding->level != FINDING_OK || finding->settings->len == 0);
        }
        return findings;
}

static const Finding *find(GArray *findings, const char *name) {
        for (unsigned i = 0; i < findings->len; i++)
                if (strcmp(g_array_index(findings, Finding, i).name, name) == 0)
                        return &g_array_index(findings, Finding, i);
        g_error("there is no check %s", name);
}

/* value and command may be NULL: any. */
static void expect(const char *tree, const char *name, FindingLevel level, const char *value, const char *command) {
        g_autoptr(GArray) findings = examine(tree);
        const Finding *finding = find(findings, name);

        if (value)
                g_assert_cmpstr(finding->value, ==, value);
        if (command)
                g_assert_cmpstr(finding->command, ==, command);
        g_assert_cmpstr(finding_level_to_string(finding->level), ==, finding_level_to_string(level));
}

static void test_healthy(void) {
        static const char *const values[][2] = {
                { "counters", "package-0 (powercap)" },
                { "permissions", "perf_event_paranoid 3, energy_uj 0400" },
                { "energy-filter", "off" },
                { "temperature", "x86_pkg_temp, 49 °C" },
                { "smt", "one thread on each core" },
                { "governor", "performance" },
                { "turbo", "off" },
                { "clock", "tsc" },
                { "battery", "none" },
                { "swap", "none" },
                { "thp", "madvise" },
                { "irqbalance", "none runs" },
                { "power-daemons", "none runs" },
                { "timers", "none is enabled" },
                { "reserved-cpus", "1" },
                { "partition", "can be made" },
                { "polkit", "installed, with the actions of JouleTrace" },
                { "kernel", "Linux 6.1.0-18-amd64" },
                { "systemd", "252" },
        };
        g_autoptr(Tree) tree = healthy_new();
        g_autoptr(GArray) findings = examine(tree);

        g_assert_cmpuint(findings->len, ==, G_N_ELEMENTS(values));
        for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
                g_assert_cmpstr(g_array_index(findings, Finding, i).name, ==, values[i][0]);
                expect(tree, values[i][0], FINDING_OK, values[i][1], NULL);
        }
}

static void test_counters(void) {
        g_autoptr(Tree) tree = tree_new();

        tree_put(tree, "proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu\n");
        expect(tree, "counters", FINDING_PROBLEM, "no energy counter", "modprobe -a rapl intel_rapl_msr");
        tree_put(tree, "proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor\n");
        {
                g_autoptr(GArray) findings = examine(tree);

                g_assert_null(find(findings, "counters")->command); /* no module helps there */
                g_assert_null(find(findings, "temperature")->command);
        }
        tree_zone(tree, "intel-rapl:0", "core", 1000, 262143328850);
        expect(tree, "counters", FINDING_PROBLEM, "no energy counter", NULL);
}

static void test_permissions(void) {
        g_autoptr(Tree) tree = healthy_new();

        set_mode(tree, ENERGY, 0444);
        expect(tree, "permissions", FINDING_NOTE, "perf_event_paranoid 3, energy_uj 0444",
               "chmod 0400 /sys/class/powercap/*/energy_uj");
        tree_put(tree, "proc/sys/kernel/perf_event_paranoid", "-1\n");
        expect(tree, "permissions", FINDING_NOTE, NULL,
               "sysctl kernel.perf_event_paranoid=2; chmod 0400 /sys/class/powercap/*/energy_uj");
        set_mode(tree, ENERGY, 0400);
        tree_put(tree, "proc/sys/kernel/perf_event_paranoid", "0\n");
        expect(tree, "permissions", FINDING_NOTE, "perf_event_paranoid 0, energy_uj 0400",
               "sysctl kernel.perf_event_paranoid=2");
        tree_put(tree, "proc/sys/kernel/perf_event_paranoid", "1\n");
        expect(tree, "permissions", FINDING_OK, NULL, NULL);
}

static void test_energy_filter(void) {
        g_autoptr(Tree) tree = healthy_new();

        tree_put(tree, "proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu sgx\n");
        expect(tree, "energy-filter", FINDING_PROBLEM, NULL, NULL);
        drop(tree, "proc/cpuinfo");
        expect(tree, "energy-filter", FINDING_NOTE, NULL, NULL); /* not known is not none */
}

static void test_temperature(void) {
        g_autoptr(Tree) tree = healthy_new();

        drop(tree, "sys/class/thermal/thermal_zone1/type");
        expect(tree, "temperature", FINDING_NOTE, NULL, "modprobe coretemp");
        tree_put(tree, "proc/cpuinfo", "vendor_id\t: AuthenticAMD\nflags\t\t: fpu\n");
        expect(tree, "temperature", FINDING_NOTE, NULL, "modprobe k10temp");
        tree_put(tree, "sys/class/hwmon/hwmon0/name", "nvme\n");
        tree_put(tree, "sys/class/hwmon/hwmon0/temp1_input", "30000\n");
        expect(tree, "temperature", FINDING_NOTE, NULL, NULL); /* a disk is no processor */
        tree_put(tree, "sys/class/hwmon/hwmon1/name", "k10temp\n");
        tree_put(tree, "sys/class/hwmon/hwmon1/temp1_input", "51250\n");
        expect(tree, "temperature", FINDING_OK, "k10temp, 51 °C", NULL);
}

static void test_smt_and_reserved(void) {
        g_autoptr(Tree) tree = healthy_new();

        tree_put(tree, CPU "cpu0/topology/core_cpus_list", "0-1\n");
        tree_put(tree, CPU "cpu1/topology/core_cpus_list", "0-1\n");
        expect(tree, "smt", FINDING_NOTE, NULL, "echo off > /sys/devices/system/cpu/smt/control");
        expect(tree, "reserved-cpus", FINDING_NOTE, "none: no whole core can be spared", NULL);
        tree_put(tree, CPU "online", "0\n");
        expect(tree, "smt", FINDING_OK, NULL, NULL); /* a thread that is offline does not count */
        expect(tree, "reserved-cpus", FINDING_NOTE, "none: there is one processor", NULL);
}

static void test_governor(void) {
        g_autoptr(Tree) tree = healthy_new();

        tree_put(tree, POLICY1 "scaling_governor", "powersave\n");
        tree_put(tree, POLICY1 "energy_performance_preference", "balance_performance\n");
        expect(tree, "governor", FINDING_NOTE, "performance, powersave (EPP balance_performance)",
               "echo performance | tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor");
        drop(tree, POLICY0 "scaling_governor");
        drop(tree, POLICY1 "scaling_governor");
        expect(tree, "governor", FINDING_NOTE, "not the kernel's: the firmware or hypervisor decides", NULL);
}

static void test_turbo(void) {
        g_autoptr(Tree) tree = healthy_new();

        tree_put(tree, CPU "intel_pstate/no_turbo", "0\n");
        expect(tree, "turbo", FINDING_NOTE, "on", "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo");
        drop(tree, CPU "intel_pstate/no_turbo");
        expect(tree, "turbo", FINDING_OK, "none that the kernel could switch", NULL);
        tree_put(tree, CPU "cpufreq/boost", "1\n"); /* the other way round */
        expect(tree, "turbo", FINDING_NOTE, "on", "echo 0 > /sys/devices/system/cpu/cpufreq/boost");
        tree_put(tree, CPU "cpufreq/boost", "0\n");
        expect(tree, "turbo", FINDING_OK, "off", NULL);
}

static void test_clock(void) {
        g_autoptr(Tree) tree = healthy_new();

        tree_put(tree, CLOCK "current_clocksource", "hpet\n");
        expect(tree, "clock", FINDING_PROBLEM, "hpet", "echo tsc > /" CLOCK "current_clocksource");
        tree_put(tree, CLOCK "available_clocksource", "hpet acpi_pm\n");
        {
                g_autoptr(GArray) findings = examine(tree);

                g_assert_null(find(findings, "clock")->command); /* the kernel would refuse it */
        }
        tree_put(tree, CLOCK "current_clocksource", "kvm-clock\n");
        expect(tree, "clock", FINDING_OK, "kvm-clock", NULL);
        drop(tree, CLOCK "current_clocksource");
        expect(tree, "clock", FINDING_NOTE, NULL, NULL);
}

static void test_battery(void) {
        g_autoptr(Tree) tree = healthy_new();

        tree_put(tree, "sys/class/power_supply/hid-mouse/type", "Battery\n");
        tree_put(tree, "sys/class/power_supply/hid-mouse/scope", "Device\n");
        tree_put(tree, "sys/class/power_supply/hid-mouse/status", "Discharging\n");
        expect(tree, "battery", FINDING_OK, "none", NULL);
        tree_put(tree, "sys/class/power_supply/BAT0/type", "Battery\n");
        tree_put(tree, "sys/class/power_supply/BAT0/status", "Charging\n");
        expect(tree, "battery", FINDING_OK, "on mains power", NULL);
        tree_put(tree, "sys/class/power_supply/BAT0/status", "Discharging\n");
        expect(tree, "battery", FINDING_PROBLEM, NULL, NULL);
}

static void test_memory(void) {
        g_autoptr(Tree) tree = healthy_new();

        tree_put(tree, "proc/swaps",
                 SWAPS "/dev/sda2 partition\t8388604\t2048\t-2\n/dev/zram0 partition\t8388604\t1024\t100\n");
        expect(tree, "swap", FINDING_NOTE, "on, 3 MiB used", "swapoff -a");
        drop(tree, "proc/swaps"); /* a kernel without swap */
        expect(tree, "swap", FINDING_OK, "none", NULL);

        tree_put(tree, THP, "[always] madvise never\n");
        expect(tree, "thp", FINDING_NOTE, "always", "echo madvise > /" THP);
        tree_put(tree, THP, "always madvise [never]\n");
        expect(tree, "thp", FINDING_OK, "never", NULL);
}

static void test_processes(void) {
        g_autoptr(Tree) tree = healthy_new();

        tree_put(tree, "proc/812/comm", "irqbalance\n");
        tree_put(tree, "proc/813/comm", "power-profiles-\n");
        tree_put(tree, "proc/814/comm", "tuned\n");
        tree_put(tree, "proc/815/comm", "tuned\n");
        expect(tree, "irqbalance", FINDING_NOTE, "irqbalance", "systemctl stop irqbalance");
        expect(tree, "power-daemons", FINDING_NOTE, "power-profiles-, tuned",
               "systemctl stop tuned power-profiles-daemon");
        drop(tree, "proc/812/comm");
        tree_put(tree, "proc/816/comm", "irqbalance-ui\n");
        expect(tree, "irqbalance", FINDING_OK, "none runs", NULL);
        drop(tree, "proc/1/comm"); /* hidepid=2 */
        expect(tree, "irqbalance", FINDING_NOTE, NULL, NULL);
}

static void test_timers(void) {
        g_autoptr(Tree) tree = healthy_new();

        tree_put(tree, "etc/systemd/system/timers.target.wants/README", "");
        expect(tree, "timers", FINDING_OK, NULL, NULL);
        tree_put(tree, "etc/systemd/system/timers.target.wants/fstrim.timer", "");
        tree_put(tree, "etc/systemd/system/timers.target.wants/apt-daily.timer", "");
        expect(tree, "timers", FINDING_NOTE, "apt-daily, fstrim",
               "systemctl disable --now apt-daily.timer fstrim.timer");
}

static void test_partition(void) {
        static const char partition[] = "sys/fs/cgroup/jouletrace.slice/cpuset.cpus.partition";
        g_autoptr(Tree) tree = healthy_new();

        tree_put(tree, partition, "isolated\n");
        expect(tree, "partition", FINDING_OK, "isolated", NULL);
        tree_put(tree, partition, "root invalid (Cpu list in cpuset.cpus not exclusive)\n");
        expect(tree, "partition", FINDING_PROBLEM, "root invalid (Cpu list in cpuset.cpus not exclusive)", NULL);
        drop(tree, partition);
        tree_put(tree, "sys/fs/cgroup/cgroup.controllers", "cpu io memory pids\n");
        expect(tree, "partition", FINDING_PROBLEM, "cgroup v2 has no cpuset controller", NULL);
        drop(tree, "sys/fs/cgroup/cgroup.controllers");
        expect(tree, "partition", FINDING_PROBLEM, "no cgroup v2 at /sys/fs/cgroup", NULL);
}

static void test_platform(void) {
        static const char library[] = "usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so";
        g_autoptr(Tree) tree = healthy_new();

        drop(tree, "usr/share/polkit-1/actions/org.jouletrace.JouleTrace1.policy");
        expect(tree, "polkit", FINDING_PROBLEM, "does not know the actions of JouleTrace", NULL);
        drop(tree, "usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service");
        expect(tree, "polkit", FINDING_PROBLEM, "not installed", NULL);

        tree_put(tree, "proc/sys/kernel/osrelease", "6.0.19\n");
        expect(tree, "kernel", FINDING_PROBLEM, "Linux 6.0.19", NULL);
        tree_put(tree, "proc/sys/kernel/osrelease", "5.15.0\n");
        expect(tree, "kernel", FINDING_PROBLEM, NULL, NULL);
        tree_put(tree, "proc/sys/kernel/osrelease", "7.0.0\n");
        expect(tree, "kernel", FINDING_OK, NULL, NULL);
        tree_put(tree, "proc/sys/kernel/osrelease", "?\n");
        expect(tree, "kernel", FINDING_NOTE, NULL, NULL);

        drop(tree, library);
        expect(tree, "systemd", FINDING_NOTE, NULL, NULL);
        tree_put(tree, "usr/lib/systemd/libsystemd-shared-257.9-1.fc42.so", "");
        expect(tree, "systemd", FINDING_OK, "257", NULL);
        drop(tree, "usr/lib/systemd/libsystemd-shared-257.9-1.fc42.so");
        tree_put(tree, "usr/lib/systemd/libsystemd-shared-249.so", "");
        expect(tree, "systemd", FINDING_PROBLEM, "249", NULL);
        drop(tree, "run/systemd/system/x");
        {
                g_autofree char *path = g_build_filename(tree, "run/systemd/system", NULL);

                g_assert_cmpint(rmdir(path), ==, 0);
        }
        expect(tree, "systemd", FINDING_PROBLEM, "does not run this machine", NULL);
}

static void test_mend(void) {
        g_autoptr(Tree) tree = healthy_new();
        g_autoptr(GArray) findings = NULL;
        g_autoptr(Sysroot) root = NULL;
        unsigned mended = 0;

        tree_put(tree, POLICY0 "scaling_governor", "powersave\n");
        tree_put(tree, POLICY1 "scaling_governor", "powersave\n");
        tree_put(tree, CPU "intel_pstate/no_turbo", "0\n");
        tree_put(tree, CPU "intel_pstate/min_perf_pct", "100\n");
        tree_put(tree, THP, "[always] madvise never\n");
        tree_put(tree, "proc/sys/kernel/perf_event_paranoid", "-1\n");
        tree_put(tree, "proc/swaps", SWAPS "/dev/sda2 partition\t8388604\t2048\t-2\n"); /* could end programs */
        g_assert_cmpint(sysroot_open(tree, &root), ==, 0);
        findings = examine(tree);
        for (unsigned i = 0; i < findings->len; i++) {
                const Finding *finding = &g_array_index(findings, Finding, i);
                size_t done;

                g_assert_cmpint(doctor_mend(root, finding, &done), ==, 0);
                g_assert_cmpuint(done, ==, finding->settings->len);
                if (done == 0)
                        continue;
                mended++;
                if (strcmp(finding->name, "turbo") == 0) {
                        g_autofree char *undo = doctor_undo(finding, done);

                        /* The kernel takes the least performance down, too, and nobody else raises it again. */
                        g_assert_cmpstr(undo, ==,
                                        "echo 0 | tee /" CPU "intel_pstate/no_turbo; echo 100 | tee /" CPU
                                        "intel_pstate/min_perf_pct");
                }
                if (strcmp(finding->name, "governor") == 0) {
                        g_autofree char *undo = doctor_undo(finding, done), *first = doctor_undo(finding, 1);

                        g_assert_cmpstr(undo, ==,
                                        "echo powersave | tee /" POLICY0 "scaling_governor /" POLICY1
                                        "scaling_governor");
                        g_assert_cmpstr(first, ==, "echo powersave | tee /" POLICY0 "scaling_governor");
                }
        }
        g_assert_cmpuint(mended, ==, 4);
        expect(tree, "governor", FINDING_OK, "performance", NULL);
        expect(tree, "turbo", FINDING_OK, "off", NULL);
        expect(tree, "permissions", FINDING_OK, "perf_event_paranoid 2, energy_uj 0400", NULL);
        expect(tree, "swap", FINDING_NOTE, NULL, NULL);
}

/* A governor that the driver does not have is not asked for, and a write that fails is told, with what was done. */
static void test_mend_fails(void) {
        g_autoptr(Tree) tree = healthy_new();
        g_autoptr(GArray) findings = NULL;
        g_autoptr(Sysroot) root = NULL;
        size_t done;

        tree_put(tree, POLICY0 "scaling_governor", "powersave\n");
        tree_put(tree, POLICY1 "scaling_governor", "schedutil\n");
        findings = examine(tree);
        tree_put(tree, ".faults", POLICY1 "scaling_governor EPERM\n");
        g_assert_cmpint(sysroot_open(tree, &root), ==, 0);
        g_assert_cmpint(doctor_mend(root, find(findings, "governor"), &done), ==, -EPERM);
        g_assert_cmpuint(done, ==, 1);

        drop(tree, ".faults");
        tree_put(tree, POLICY1 "scaling_available_governors", "schedutil\n");
        g_array_unref(g_steal_pointer(&findings));
        findings = examine(tree);
        g_assert_cmpuint(find(findings, "governor")->settings->len, ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/doctor/healthy", test_healthy);
        g_test_add_func("/doctor/counters", test_counters);
        g_test_add_func("/doctor/permissions", test_permissions);
        g_test_add_func("/doctor/energy-filter", test_energy_filter);
        g_test_add_func("/doctor/temperature", test_temperature);
        g_test_add_func("/doctor/smt-and-reserved", test_smt_and_reserved);
        g_test_add_func("/doctor/governor", test_governor);
        g_test_add_func("/doctor/turbo", test_turbo);
        g_test_add_func("/doctor/clock", test_clock);
        g_test_add_func("/doctor/battery", test_battery);
        g_test_add_func("/doctor/memory", test_memory);
        g_test_add_func("/doctor/processes", test_processes);
        g_test_add_func("/doctor/timers", test_timers);
        g_test_add_func("/doctor/partition", test_partition);
        g_test_add_func("/doctor/platform", test_platform);
        g_test_add_func("/doctor/mend", test_mend);
        g_test_add_func("/doctor/mend-fails", test_mend_fails);
        return g_test_run();
}
